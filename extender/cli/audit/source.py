"""Where the input of an audit is from, and which commands ask more about it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from extender.core.audit.move import Move


@dataclass(frozen=True, slots=True)
class Source:
    """
    ``cluster``: the files, or the address of the API server. ``when``: when it was read, in UTC, with
    what is known of its age. ``command``: the one that made the audit. ``arguments``: what names the same
    cluster, release and files of the site to other commands; of a recording only these files, since its
    cluster may be there no more.
    """

    cluster: str
    when: str
    command: str
    arguments: tuple[str, ...] = ()

    def advise(self, pod: str) -> str:
        """The command that tells how the claims of a pod could be written."""
        return _command("advise", ("--pod", pod), self.arguments)

    def explain(self, pod: str, node: str = "") -> str:
        """The command that shows what a pod would get if it came anew, on all nodes or one."""
        on_node = ("--node", node) if node else ()
        return _command("explain", ("--pod", pod, "--anew", *on_node), self.arguments)

    def of_move(self, move: Move) -> str:
        """The command that shows how to make a move, and what comes of it."""
        pod = move.finding.name
        return self.advise(pod) if move.rewritten else self.explain(pod, move.node)


def _command(name: str, *arguments: Sequence[str]) -> str:
    return shlex.join(("dra-extender", name, *(each for group in arguments for each in group)))
