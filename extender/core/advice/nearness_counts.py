"""
On how many nodes the devices of a pod are how near, as the scheduler takes them and at best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .nearness import Nearness, best_nearness, nearest_possible, nearness_of
from .survey import NodeGroup, Step

BEST_STEPS = 20_000
"""Search steps for the nearest choice of devices on nodes that look alike."""

BEST_VISITS = 60_000
"""Choices of devices looked at in all; what is beyond is not judged."""

_RANK = {nearness: rank for rank, nearness in enumerate(Nearness)}


@dataclass(frozen=True, slots=True)
class NearnessCounts:
    """
    Nodes by how near the devices are where no constraint asks for it, whatever attributes say.

    ``first_fit``: of the devices that the scheduler takes now; ``rewritten``: that it takes
    now for the claims rewritten, empty where none can be; ``best``: of the nearest that it
    could take now, ``best_empty``: with nothing allocated. ``guessed``: nodes of ``best`` and
    ``best_empty`` whose search was given up, so that there may be nearer.
    """

    first_fit: Mapping[Nearness, int]
    rewritten: Mapping[Nearness, int]
    best: Mapping[Nearness, int]
    best_empty: Mapping[Nearness, int]
    guessed: int
    guessed_empty: int


def nearness_counts(
    now: Sequence[NodeGroup],
    empty: Sequence[NodeGroup],
    rewritten: Sequence[NodeGroup],
    step: Step,
) -> NearnessCounts:
    """Count over surveys of the claims without constraints; ``rewritten`` is one of the rewritten claims."""
    # The empty cluster has few distinct views, so it is judged while there is budget.
    best_empty, guessed_empty, visits = _best(empty, BEST_VISITS, step)
    best, guessed, _ = _best(now, visits, step)
    return NearnessCounts(_taken(now), _taken(rewritten), best, best_empty, guessed, guessed_empty)


def _taken(surveyed: Sequence[NodeGroup]) -> Counter[Nearness]:
    counts: Counter[Nearness] = Counter()
    for group in surveyed:
        nearness = _first_fit(group)
        if nearness is not None:
            counts[nearness] += len(group.nodes)
    return counts


def _best(surveyed: Sequence[NodeGroup], visits: int, step: Step) -> tuple[Counter[Nearness], int, int]:
    """Nodes by the nearest choice there, those where it is a guess, and the visits left."""
    counts: Counter[Nearness] = Counter()
    guessed = 0
    for group in surveyed:
        nearness, view = _first_fit(group), group.view
        if nearness is None or view is None:
            continue
        if _RANK[nearness] > _RANK[nearest_possible(view.node_layout.layout, view.usage)]:
            complete = False
            if visits > 0:
                nearest, best = best_nearness(view.problem, view.slots, min(BEST_STEPS, visits * 2))
                visits -= max(best.visits, 1)
                complete = best.complete
                nearness = nearest or nearness
            if not complete:
                guessed += len(group.nodes)
        counts[nearness] += len(group.nodes)
        step(group.nodes[0])
    return counts, guessed, visits


def _first_fit(group: NodeGroup) -> Nearness | None:
    return None if group.alignment is None else nearness_of(group.alignment)
