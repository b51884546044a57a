"""
Fill a fleet in waves of pods and count those with aligned devices.

    python -m tests.waves [--fleet FILE] [--seeds N] [--mix mixed|pairs]

Takes about a minute per seed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.snapshot import Snapshot
from tests.waves.bound import most_aligned
from tests.waves.fleets import generated
from tests.waves.machines import machine_of
from tests.waves.schedule import Chooser, schedule
from tests.waves.workload import MIXED, PAIRS, Ask, draw

_WORDS = {
    Chooser.STOCK: "stock scheduler",
    Chooser.PLAIN: "alignment alone",
    Chooser.SCORES: "scores as sent",
    Chooser.DECISIVE: "with `--decisive`",
}


def main(arguments: Sequence[str]) -> int:
    """Print one table."""
    parser = argparse.ArgumentParser(prog="python -m tests.waves", description=__doc__)
    parser.add_argument("--fleet", help="a dump (default: 500 nodes of the embedded machines)")
    parser.add_argument("--seeds", type=int, default=5, help="how often, each with other pods (default: 5)")
    parser.add_argument("--mix", choices=("mixed", "pairs"), default="mixed")
    parser.add_argument("--waves", type=int, default=4)
    parser.add_argument("--wave", type=int, default=300, help="pods of each (default: 300)")
    args = parser.parse_args(arguments)
    fleet = cluster_input(read_cluster([args.fleet]), "1.36").snapshot if args.fleet else generated(500)
    mix = MIXED if args.mix == "mixed" else PAIRS
    totals = [args.wave * number for number in range(1, args.waves + 1)]
    _line("seed", "nodes chosen by", *(f"{total:,} pods" for total in totals))
    _line(*["---"] * (len(totals) + 2))
    for seed in range(1, args.seeds + 1):
        asks = draw(mix, totals[-1], seed)
        for chooser in Chooser:
            reached = schedule(fleet, asks, chooser, seed, args.wave)
            _line(seed, _WORDS[chooser], *(each.aligned for each in reached))
        _line(seed, "at most", *(_bound(fleet, asks[:total]) for total in totals))
    return 0


def _bound(fleet: Snapshot, asks: Sequence[Ask]) -> int:
    machines = [machine_of(state) for state in fleet.nodes.values()]
    return most_aligned(machines, Counter((ask.gpus, ask.nics) for ask in asks))


def _line(*cells: object) -> None:
    sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
