"""
``bench``: latency and memory of the service on generated fleets.

Every pod and claim is new, and all nodes are offered, over the loopback
interface. An echo service with the same HTTP server and codecs is asked in
between; its share of the time is not the price of an opinion.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from extender.core.releases.history import LATEST

from ..cluster_input import release_of
from ..exit_status import Exit
from ..options import add_kubernetes, add_output
from ..text import columns
from .load import SPECS
from .measure import BenchError, Limits, Measurement, measure

MOST_NODES = 20_000
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
    add_kubernetes(parser, f"{LATEST.version}, the newest known")
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Measure each size and print; 1 if the service answered wrongly. Raises ``WrongInput``."""
    release, _ = release_of(args.kubernetes, LATEST.version, args.feature_gates)
    limits = Limits(args.requests, args.seconds)
    try:
        measured = [measure(nodes, release.version, args.feature_gates, limits) for nodes in args.nodes]
    except BenchError as error:
        print(f"dra-extender bench: {error}", file=sys.stderr)
        return Exit.FINDING
    if args.output == "json":
        fleets = [asdict(measurement) for measurement in measured]
        print(json.dumps({"kubernetes": release.version, "specs": list(SPECS), "fleets": fleets}, indent=2))
    else:
        print("\n".join(report(release.version, measured)))
    return Exit.FINE


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


def report(kubernetes: str, measured: Sequence[Measurement]) -> Iterator[str]:
    """Yield the lines of two tables: what each fleet takes to build and to hold, then the times."""
    fleets = [("nodes", "devices", "dump MiB", "build s", "snapshot MiB", "process MiB")]
    times = [("nodes", "request", "count", "p50 ms", "p99 ms", "x echo")]
    for measurement in measured:
        size = measurement.size
        fleets.append(
            (
                f"{size.nodes:,}",
                f"{size.devices:,}",
                f"{size.dump_bytes / _MEBIBYTE:.1f}",
                f"{size.build_seconds:.2f}",
                f"{size.snapshot_bytes / _MEBIBYTE:.0f}",
                f"{size.process_bytes / _MEBIBYTE:.0f}",
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
    yield f"Kubernetes {kubernetes}"
    yield ""
    yield from columns(fleets, right=range(6))
    yield ""
    yield from columns(times, right=(0, 2, 3, 4, 5))
    yield ""
    yield f"Pods ask in turns for {'; '.join(SPECS)}."
    yield "x echo: the median, over that of a service that has no opinion (same HTTP server, same codecs)."
