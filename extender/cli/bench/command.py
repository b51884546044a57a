"""
``bench``: latency and memory of the service on generated fleets.

Every pod and claim is new, and nodes are offered by name, over the loopback
interface. An echo service with the same HTTP server and codecs is asked in
between; its share of the time is not the price of an opinion.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from extender.core.releases.history import LATEST

from ..cluster_input import release_of
from ..exit_status import Exit, WrongInput
from ..options import add_kubernetes, add_output
from ..text import columns, counted
from .aims import aims_table
from .figures import comparison, growth_table
from .load import SPECS
from .measure import BenchError, Limits, measure
from .measurement import Run, document, read_run
from .plot import plot

MOST_NODES = 100_000
_MEBIBYTE = 1024 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--nodes",
        type=sizes,
        default=[500, 5000],
        metavar="N[,N...]",
        help="sizes of the generated fleets, whose nodes repeat 20 real machine types (default: 500,5000)",
    )
    parser.add_argument(
        "--requests",
        type=positive,
        default=200,
        metavar="N",
        help="most pods in each of the three phases (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        default=10,
        metavar="S",
        help="most seconds for each of the three phases (default: %(default)s)",
    )
    parser.add_argument("--keep", metavar="FILE", help="also write all figures to FILE, as JSON")
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument(
        "--compare",
        nargs=2,
        metavar=("BEFORE", "AFTER"),
        help="measure nothing, and compare the figures that two runs have kept",
    )
    kept.add_argument(
        "--plot",
        metavar="FILE",
        help="measure nothing, and print the figures kept in FILE as an SVG: how they grow with the fleet",
    )
    add_kubernetes(parser, f"{LATEST.version}, the newest known")
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """
    Measure each size and print; 1 if the service answered wrongly. Or print what is kept of runs.

    Raises ``WrongInput``.
    """
    if args.compare:
        before, after = map(read_run, args.compare)
        print("\n".join(comparison(before, after)))
    elif args.plot:
        print(plot(_of_several_sizes(args.plot)), end="")
    else:
        return _measure(args)
    return Exit.FINE


def _measure(args: argparse.Namespace) -> int:
    release, _ = release_of(args.kubernetes, LATEST.version, args.feature_gates)
    limits = Limits(args.requests, args.seconds)
    try:
        measured = [measure(nodes, release.version, args.feature_gates, limits) for nodes in args.nodes]
    except BenchError as error:
        print(f"dra-extender bench: {error}", file=sys.stderr)
        return Exit.FINDING
    done = Run(release.version, tuple(SPECS), tuple(measured))
    if args.keep:
        _keep(done, args.keep)
    print(document(done) if args.output == "json" else "\n".join(report(done)))
    return Exit.FINE


def _keep(done: Run, path: str) -> None:
    try:
        Path(path).write_text(f"{document(done)}\n", encoding="utf-8")
    except OSError as error:
        raise WrongInput(f"--keep {path}: {error.strerror or error}") from error


def _of_several_sizes(path: str) -> Run:
    kept = read_run(path)
    if len({measurement.size.nodes for measurement in kept.fleets}) < 2:
        raise WrongInput(f"{path}: has fewer than two sizes of fleets; measure with --nodes 500,5000")
    return kept


def positive(text: str) -> int:
    """Parse a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def sizes(text: str) -> list[int]:
    """Parse comma-separated fleet sizes."""
    numbers = [positive(part) for part in text.split(",")]
    if max(numbers) > MOST_NODES:
        raise argparse.ArgumentTypeError(f"expected at most {MOST_NODES} nodes, got {max(numbers)}")
    return numbers


def report(done: Run) -> Iterator[str]:
    """Yield the lines of tables: what fleets take to build and hold, the times, their growth, the aims."""
    fleets = [("nodes", "devices", "dump MiB", "build s", "snapshot MiB", "process MiB", "most MiB")]
    times = [("nodes", "request", "count", "p50 ms", "p99 ms", "x echo")]
    for measurement in done.fleets:
        size = measurement.size
        fleets.append(
            (
                f"{size.nodes:,}",
                f"{size.devices:,}",
                f"{size.dump_bytes / _MEBIBYTE:.1f}",
                f"{size.build_seconds:.2f}",
                f"{size.snapshot_bytes / _MEBIBYTE:.0f}",
                f"{size.process_bytes / _MEBIBYTE:.0f}",
                f"{size.most_bytes / _MEBIBYTE:.0f}",
            )
        )
        times += [
            (
                f"{size.nodes:,}",
                timing.kind,
                f"{timing.count}",
                f"{timing.p50:.2f}",
                f"{timing.p99:.2f}",
                f"{timing.ratio:.2f}",
            )
            for timing in measurement.timings
        ]
    yield f"Kubernetes {done.kubernetes}"
    yield ""
    yield from columns(fleets, right=range(7))
    yield ""
    yield from columns(times, right=(0, 2, 3, 4, 5))
    yield ""
    yield f"Pods ask in turns for {'; '.join(done.specs)}."
    yield "x echo: the median, over that of a service that has no opinion (same HTTP server, same codecs)."
    for measurement in done.fleets:
        if measurement.neutral or measurement.unknown:
            neutral = counted(measurement.neutral, "answer")
            unknown = f"{measurement.unknown} unknown predictions"
            yield (
                f"{measurement.size.nodes:,} nodes: {neutral} without an opinion, {unknown}; "
                "such answers are fast, so mistrust the times."
            )
    for table in (growth_table(done), aims_table(done)):
        lines = list(table)
        if lines:
            yield ""
            yield from lines
