"""Options that several commands have, worded once."""

from __future__ import annotations

import argparse

from extender.core.releases.feature_gates import WrongGate, parse_gates

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
        help=f"dump of a cluster, made by '{DUMP}'; JSON or YAML, may be gzipped, '-' reads standard input; "
        f"several files are merged ({absent})",
    )


def add_kubernetes(parser: argparse.ArgumentParser, default: str) -> None:
    """
    Add ``--kubernetes`` and ``--feature-gates``; ``default`` says which release counts without.

    The gates arrive as a mapping, given several times or not.
    """
    parser.add_argument(
        "--kubernetes",
        metavar="VERSION",
        help=f"release whose scheduler is predicted, such as 1.36 or 1.36.2 (default: {default})",
    )
    parser.add_argument(
        "--feature-gates",
        type=_gates,
        action=_MergeGates,
        default={},
        metavar="NAME=BOOL,...",
        help="feature gates that the scheduler sets differently from the defaults of its release, "
        "such as DRAListTypeAttributes=true",
    )


class _MergeGates(argparse.Action):
    """Later gates join earlier ones, as with the flag of the Kubernetes commands."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        del parser, option_string
        assert isinstance(values, dict)
        setattr(namespace, self.dest, {**getattr(namespace, self.dest), **values})


def _gates(text: str) -> dict[str, bool]:
    try:
        return parse_gates(text)
    except WrongGate as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add ``-o``, a table for people or JSON for programs."""
    parser.add_argument(
        "-o",
        "--output",
        choices=("table", "json"),
        default="table",
        help="output format (default: table)",
    )
