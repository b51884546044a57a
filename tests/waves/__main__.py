"""
Fill a fleet in waves of pods and count those with aligned devices.

    python -m tests.waves [--fleet FILE] [--seeds N] [--mix mixed|pairs]

Takes about half a minute per seed on an idle machine.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.cluster.snapshot import Snapshot
from tests.waves.bound import most_aligned
from tests.waves.fleets import generated
from tests.waves.machines import machine_of
from tests.waves.schedule import Chooser, schedule
from tests.waves.workload import MIXED, PAIRS, Ask, draw

_WORDS = {
    Chooser.STOCK: "stock scheduler",
    Chooser.PLAIN: "alignment alone",
    Chooser.SCORES: "score as sent",
    Chooser.DECISIVE: "rank (`--decisive`)",
}
_AT_MOST = "at most"


def main(arguments: Sequence[str]) -> int:
    """Print one table: means over the seeds, and what each seed came to."""
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
    rows: dict[str, list[list[int]]] = {words: [] for words in (*_WORDS.values(), _AT_MOST)}
    for seed in range(1, args.seeds + 1):
        asks = draw(mix, totals[-1], seed)
        for chooser, words in _WORDS.items():
            rows[words].append([each.aligned for each in schedule(fleet, asks, chooser, seed, args.wave)])
        rows[_AT_MOST].append([_bound(fleet, asks[:total]) for total in totals])
        sys.stderr.write(f"seed {seed} of {args.seeds} done\n")
    _line("nodes chosen by", *(f"{total:,} pods" for total in totals), f"each seed at {totals[-1]:,}")
    _line(*["---"] * (len(totals) + 2))
    for words, seeds in rows.items():
        means = (round(fmean(wave)) for wave in zip(*seeds, strict=True))
        _line(words, *means, ", ".join(str(counts[-1]) for counts in seeds))
    return 0


def _bound(fleet: Snapshot, asks: Sequence[Ask]) -> int:
    machines = [machine_of(state) for state in fleet.nodes.values()]
    return most_aligned(machines, Counter((ask.gpus, ask.nics) for ask in asks))


def _line(*cells: object) -> None:
    sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
