"""``probe``: print the facts of the machine that it runs on, as an entry of a file for ``--machines``."""

from __future__ import annotations

import argparse
from importlib.resources import files

from . import sysfs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sysfs.add_arguments(parser)
    parser.add_argument(
        "--print-script",
        action="store_true",
        help="print a Python file that does the same with nothing installed, to pipe into a pod on a node",
    )


def run(args: argparse.Namespace) -> int:
    """Print the entry, or the script that prints it."""
    if args.print_script:
        print(files(__package__).joinpath("sysfs.py").read_text(), end="")
        return sysfs.FINE
    return sysfs.run(args)
