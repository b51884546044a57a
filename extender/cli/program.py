"""The program ``dra-extender``: picks the command, turns its result into an exit status."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from extender import __version__

from .call_stack import on_one_stack
from .exit_status import Exit, WrongInput


class Command(Protocol):
    """What the module of a command offers; the first line of its docstring is its help."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int:
        """Do the work and return the exit status. Raises ``WrongInput``."""
        ...


COMMANDS = {
    "serve": "answer kube-scheduler over HTTP",
    "demo": "show where recorded pods ran, and where they could have",
    "check": "show which distances are known on your nodes, and what to do about the others",
    "probe": "print where the devices of this machine are, as facts for --machines",
    "explain": "show which devices a pod would get on each node, and why",
    "audit": "show what running pods lose to the distance of their devices",
    "advise": "show which constraints suit a claim, and what is wrong with it",
    "replay": "check predictions against a recording of a real scheduler",
    "renew": "renew certificates of the Helm chart that end soon, under the authority that it made",
    "bench": "measure latency and memory on generated fleets",
}
"""Commands by name, each a module of this package, with one line of help."""


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command that ``argv`` names (default: the process's arguments).

    Returns the exit status; raises ``SystemExit`` as argparse does after
    ``--help`` (0) and for options that do not exist (2). With the process's arguments, an interrupt ends the
    process here.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else ""
    try:
        return _run(name, arguments)
    except WrongInput as error:
        print(f"dra-extender {name}: {error}", file=sys.stderr)
        return Exit.WRONG_INPUT
    except KeyboardInterrupt:
        print(f"dra-extender {name}: interrupted", file=sys.stderr, flush=True)
        if argv is None:
            # To free a large fleet, object by object, would take a second more.
            os._exit(Exit.INTERRUPTED)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader, say `head`, has what it wants. What is still buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE


def _run(name: str, arguments: Sequence[str]) -> int:
    parser, commands = _parser()
    command: Command | None = None
    if name in commands:
        # Only the command that runs is imported: a web server costs half a second.
        command = cast("Command", importlib.import_module(f"{__package__}.{name}.command"))
        command.add_arguments(commands[name])
    args = parser.parse_args(arguments)
    assert command is not None, "argparse ends the program where no command was given"
    status = on_one_stack(command.run, args)
    sys.stdout.flush()
    return status


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Return the program's parser and those of the commands, which have no options yet."""
    parser = argparse.ArgumentParser(
        prog="dra-extender",
        description="A kube-scheduler extender that predicts which DRA devices a pod gets on each node, "
        "and prefers nodes where they sit close together.",
        epilog="Exit status: 0 fine, 1 a finding, 2 wrong usage or input. "
        "Options follow the command: dra-extender COMMAND --help.",
    )
    parser.add_argument("--version", action="version", version=f"dra-extender {__version__}")
    choices = parser.add_subparsers(metavar="COMMAND", required=True)
    commands = {
        name: choices.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False
        )
        for name, text in COMMANDS.items()
    }
    return parser, commands
