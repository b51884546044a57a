"""
Fill a fleet in waves of pods and count those with aligned devices, by documents and as published.

    python -m tests.waves [--fleet FILE] [--seeds N] [--mix mixed|pairs]

Takes about a minute per seed on an idle machine.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from extender.cli.bench.documents import documented_facts
from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.cluster.snapshot import Snapshot
from extender.core.topology.machine_facts import NO_FACTS, MachineFacts
from tests.printed import table_row
from tests.waves.bound import most_aligned
from tests.waves.fleets import generated
from tests.waves.judgement import Documents, built_in_facts, told
from tests.waves.machines import machine_of
from tests.waves.schedule import Chooser, Reached, schedule
from tests.waves.workload import MIXED, PAIRS, Ask, draw

_AT_MOST = "at most"


class _Row(NamedTuple):
    """Who chooses, and what facts of machines it has."""

    words: str
    chooser: Chooser
    facts: MachineFacts = NO_FACTS


def _rows() -> list[_Row]:
    known, all_known = built_in_facts(), documented_facts()
    return [
        _Row("stock scheduler", Chooser.STOCK),
        _Row("alignment alone", Chooser.PLAIN),
        _Row("score as sent", Chooser.SCORES),
        _Row("score, built-in facts", Chooser.SCORES, known),
        _Row("score, facts of all types", Chooser.SCORES, all_known),
        _Row("rank (`--decisive`)", Chooser.DECISIVE),
        _Row("rank, built-in facts", Chooser.DECISIVE, known),
        _Row("rank, facts of all types", Chooser.DECISIVE, all_known),
    ]


def main(arguments: Sequence[str]) -> int:
    """Print aligned pods by wave, means over the seeds, and pairs at the end by both judgements."""
    parser = argparse.ArgumentParser(prog="python -m tests.waves", description=__doc__)
    parser.add_argument("--fleet", help="a dump (default: 500 nodes of the embedded machines)")
    parser.add_argument("--seeds", type=int, default=5, help="how often, each with other pods (default: 5)")
    parser.add_argument("--mix", choices=("mixed", "pairs"), default="mixed")
    parser.add_argument("--waves", type=int, default=4)
    parser.add_argument("--wave", type=int, default=300, help="pods of each (default: 300)")
    args = parser.parse_args(arguments)
    fleet = cluster_input(read_cluster([args.fleet]), "1.36").snapshot if args.fleet else generated(500)
    documents = Documents(fleet)
    mix = MIXED if args.mix == "mixed" else PAIRS
    totals = [args.wave * number for number in range(1, args.waves + 1)]
    rows = _rows()
    found: dict[str, list[list[Reached]]] = {row.words: [] for row in rows}
    bounds: list[list[int]] = []
    for seed in range(1, args.seeds + 1):
        asks = draw(mix, totals[-1], seed)
        for row in rows:
            seen = told(fleet, row.facts)
            found[row.words].append(schedule(seen, asks, row.chooser, seed, args.wave, documents))
        bounds.append([_bound(documents.fleet, asks[:total]) for total in totals])
        sys.stderr.write(f"seed {seed} of {args.seeds} done\n")
    table_row("nodes chosen by", *(f"{total:,} pods" for total in totals), f"each seed at {totals[-1]:,}")
    table_row(*["---"] * (len(totals) + 2))
    for words, seeds in found.items():
        _aligned(words, [[each.aligned for each in reached] for reached in seeds])
    _aligned(_AT_MOST, bounds)
    sys.stdout.write("\n")
    table_row(
        "nodes chosen by", *(f"{name}: {words}" for name in ("documented", "published") for words in _PAIRS)
    )
    table_row(*["---"] * (1 + 2 * len(_PAIRS)))
    for words, seeds in found.items():
        ends = [reached[-1] for reached in seeds]
        documented = map(fmean, zip(*(end.documented for end in ends), strict=True))
        published = map(fmean, zip(*(end.published for end in ends), strict=True))
        table_row(words, *map(round, documented), *map(round, published))
    return 0


_PAIRS = ("one root", "one NUMA node", "farther", "unknown")


def _aligned(words: str, seeds: Sequence[Sequence[int]]) -> None:
    means = (round(fmean(wave)) for wave in zip(*seeds, strict=True))
    table_row(words, *means, ", ".join(str(counts[-1]) for counts in seeds))


def _bound(fleet: Snapshot, asks: Sequence[Ask]) -> int:
    machines = [machine_of(state) for state in fleet.nodes.values()]
    return most_aligned(machines, Counter((ask.gpus, ask.nics) for ask in asks))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
