"""
Fill a fleet with gangs and count the jobs of which every pod has aligned devices, by documents.

    python -m tests.waves.gangs [--fleet FILE] [--seeds N]

A job is as fast as its slowest pod. A gang whose pods do not all fit is left out as a whole.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.cluster.snapshot import Snapshot
from tests.printed import table_row
from tests.waves.bound import most_aligned
from tests.waves.fleets import generated
from tests.waves.judgement import Documents
from tests.waves.machines import machine_of
from tests.waves.schedule import Chooser, Run
from tests.waves.workload import Ask

SIZES = (4, 8, 16, 32, 64)
PAIR, TWO_CLAIMS, DOUBLE, GPU = Ask(1, 1), Ask(1, 1, claims=2), Ask(2, 2), Ask(1, 0)
KINDS: tuple[tuple[Ask, ...], ...] = ((PAIR,), (TWO_CLAIMS,), (DOUBLE,), (PAIR, PAIR, PAIR, GPU))
"""What the pods of a gang ask for, in turn. The last kind has pods for which any GPU will do."""

Gang = tuple[Ask, ...]


def draw(count: int, seed: int) -> list[Gang]:
    """``count`` gangs at random, each with its pods in the order in which they were created."""
    chance = random.Random(seed)
    gangs = []
    for _ in range(count):
        kind, size = chance.choice(KINDS), chance.choice(SIZES)
        pods = [kind[number % len(kind)] for number in range(size)]
        chance.shuffle(pods)
        gangs.append(tuple(pods))
    return gangs


def fill(
    fleet: Snapshot,
    gangs: Sequence[Gang],
    chooser: Chooser,
    seed: int,
    documents: Documents,
    *,
    or_else: Chooser | None = None,
) -> list[tuple[int, int]]:
    """
    Place the gangs in order; after each, how many were placed and how many of these are aligned as a whole.

    ``or_else``: who chooses for a gang that would not be aligned as a whole.
    """
    run = Run(fleet, chooser, seed, documents)
    placed = whole = 0
    reached = []
    for number, gang in enumerate(gangs):
        trial, aligned = _trial(run, gang, number)
        if aligned is False and or_else is not None:
            trial, aligned = _trial(run, gang, number, or_else)
        if aligned is not None:
            run, placed, whole = trial, placed + 1, whole + aligned
        reached.append((placed, whole))
    return reached


def _trial(run: Run, gang: Gang, number: int, chooser: Chooser | None = None) -> tuple[Run, bool | None]:
    """The run with the gang, and whether all its pods are aligned; ``None`` where one does not fit."""
    trial, whole = run.copy(chooser), True
    for position, ask in enumerate(gang):
        aligned = trial.place(f"gang-{number}-{position}", ask, frozenset(gang))
        if aligned is None:
            return run, None
        whole &= aligned or not (ask.gpus and ask.nics)
    return trial.copy(run.chooser), whole


def most_whole(fleet: Snapshot, gangs: Sequence[Gang]) -> int:
    """
    How many gangs any choice of nodes could align as a whole: a bound, not a plan.

    No choice aligns more pods together than ``most_aligned``. So many are enough for the gangs with the
    fewest pods to align.
    """
    machines = [machine_of(state) for state in fleet.nodes.values()]
    left = most_aligned(machines, Counter((ask.gpus, ask.nics) for gang in gangs for ask in gang))
    sizes = sorted(sum(bool(ask.gpus and ask.nics) for ask in gang) for gang in gangs)
    for count, size in enumerate(sizes):
        left -= size
        if left < 0:
            return count
    return len(gangs)


ROWS = (
    ("stock scheduler", Chooser.STOCK, None),
    ("score as sent", Chooser.SCORES, None),
    ("rank (`--decisive`)", Chooser.DECISIVE, None),
    ("rank, near pairs left to the gang's other pods", Chooser.GROUP, None),
    ("rank, near pairs left to other gangs where not all can have one", Chooser.DECISIVE, Chooser.SPARING),
)


def main(arguments: Sequence[str]) -> int:
    """Print the jobs of which all pods are aligned, means over the seeds, for several numbers of gangs."""
    parser = argparse.ArgumentParser(prog="python -m tests.waves.gangs", description=__doc__)
    parser.add_argument("--fleet", help="a dump (default: 200 nodes of the embedded machines)")
    parser.add_argument("--seeds", type=int, default=3, help="how often, each with other gangs (default: 3)")
    parser.add_argument("--gangs", type=int, nargs="+", default=[12, 24, 36], metavar="N", help="how many")
    args = parser.parse_args(arguments)
    fleet = cluster_input(read_cluster([args.fleet]), "1.36").snapshot if args.fleet else generated(200)
    documents = Documents(fleet)
    draws = {seed: draw(max(args.gangs), seed) for seed in range(1, args.seeds + 1)}
    table_row("nodes chosen by", *(f"of {count} jobs" for count in args.gangs), "placed")
    table_row(*["---"] * (len(args.gangs) + 2))
    for words, chooser, or_else in ROWS:
        runs = [
            fill(fleet, gangs, chooser, seed, documents, or_else=or_else) for seed, gangs in draws.items()
        ]
        wholes = (fmean(run[count - 1][1] for run in runs) for count in args.gangs)
        table_row(words, *(f"{whole:.1f}" for whole in wholes), f"{fmean(run[-1][0] for run in runs):.1f}")
    bounds = [
        fmean(most_whole(documents.fleet, gangs[:count]) for gangs in draws.values()) for count in args.gangs
    ]
    table_row("at most", *(f"{bound:.1f}" for bound in bounds), "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
