"""Options that several commands have, worded once."""

from __future__ import annotations

import argparse

DUMP = "kubectl get nodes,deviceclasses,resourceslices,resourceclaims,pods -A -o json > cluster.json"
"""The command that dumps a cluster."""


def add_cluster(parser: argparse.ArgumentParser, absent: str) -> None:
    """Add ``--cluster``; ``absent`` says what happens without it."""
    parser.add_argument(
        "--cluster",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help=f"what '{DUMP}' wrote, JSON or YAML, gzipped or not, '-' for standard input; "
        f"several files add up ({absent})",
    )


def add_kubernetes(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--kubernetes``; ``default`` says which release counts without it."""
    parser.add_argument(
        "--kubernetes",
        metavar="VERSION",
        help=f"release whose scheduler is predicted, such as 1.36 or 1.36.2 (default: {default})",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add ``-o``, a table for people or JSON for programs."""
    parser.add_argument(
        "-o",
        "--output",
        choices=("table", "json"),
        default="table",
        help="form of the output (default: table)",
    )
