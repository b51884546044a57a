"""
How near devices of given kinds can be at most, whatever the search finds.

A search for the best devices need not go on once it has found some that reach this
limit. On real machines it mostly does within the first few choices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

from ..alignment.bounds import certain_worth
from ..alignment.worths import DEFAULT_WORTHS, Row, Worths
from ..allocator.device_verdict import SELECTED
from ..allocator.layout import Layout, LayoutUsage
from ..claims.shape import Shape
from ..topology.places import Distance, Place, distance
from ..topology.vocabulary import Kind

NO_LIMIT = 1.0

_MOST_CANDIDATES = 128
# Comparing all with all must stay cheaper than the search that it saves.

_NEARNESS = (Distance.DEVICE, Distance.PCIE_ROOT, Distance.NUMA, Distance.SOCKET)
_NEXT_FARTHER = dict(zip(_NEARNESS, (*_NEARNESS[1:], Distance.REMOTE), strict=True))


def alignment_limit(
    shape: Shape,
    layout: Layout,
    usage: LayoutUsage,
    fixed: Sequence[Place],
    worths: Worths = DEFAULT_WORTHS,
) -> float:
    """
    No devices that satisfy the shape, together with those at ``fixed``, are aligned better.

    0..1, with pairs of unknown distance counted as far apart; ``NO_LIMIT`` where
    the claims leave open how many devices of which kind they get.
    """
    wanted = _wanted(shape, layout)
    if wanted is None:
        return NO_LIMIT
    places: dict[Kind, list[Place]] = {}
    for place in fixed:
        wanted[place.kind] += 1
        places.setdefault(place.kind, []).append(place)
    for number, candidate in enumerate(layout.candidates):
        if not usage.in_use >> number & 1:
            places.setdefault(candidate.place.kind, []).append(candidate.place)
    return _limit(wanted, places, worths)


def _wanted(shape: Shape, layout: Layout) -> Counter[Kind] | None:
    """How many devices of each kind the shape asks for, where that is certain."""
    wanted: Counter[Kind] = Counter()
    for claim in shape.claims:
        for request in claim.requests:
            asked: set[tuple[Kind, int]] = set()
            for alternative in request.alternatives:
                if alternative.all_devices or alternative.admin:
                    return None
                asked |= {
                    (candidate.place.kind, alternative.request.count)
                    for candidate in layout.candidates
                    if candidate.verdicts[alternative.judge] == SELECTED
                }
            if len(asked) != 1:
                return None
            for kind, count in asked:
                wanted[kind] += count
    return wanted


def _limit(wanted: Mapping[Kind, int], places: Mapping[Kind, Sequence[Place]], worths: Worths) -> float:
    kinds = [kind for kind in Kind if wanted.get(kind) and kind is not Kind.VIRTUAL]
    if sum(len(places.get(kind, ())) for kind in kinds) > _MOST_CANDIDATES:
        return NO_LIMIT
    worth, pairs = 0.0, 0
    for position, first in enumerate(kinds):
        if wanted[first] > 1:
            worth += _chain(worths.row(first, first), wanted[first], places.get(first, ()))
            pairs += wanted[first] - 1
        for second in kinds[position + 1 :]:
            many, few = (first, second) if wanted[first] >= wanted[second] else (second, first)
            worth += _matched(wanted[many], places.get(many, ()), places.get(few, ()), worths)
            pairs += wanted[many]
    return worth / pairs if pairs else NO_LIMIT


def _matched(count: int, many: Sequence[Place], few: Sequence[Place], worths: Worths) -> float:
    """The most that ``count`` pairs are worth if each device of ``many`` takes its nearest."""
    nearest = (max((certain_worth(a, b, worths) for b in few), default=0.0) for a in many)
    return sum(sorted(nearest, reverse=True)[:count])


def _chain(row: Row, count: int, places: Sequence[Place]) -> float:
    """
    The most that a chain of ``count`` devices of one kind is worth.

    It has to leave every group of near devices that is too small for it, and each step out
    of a group is at least that far.
    """
    worth, left = 0.0, 0
    for size in range(len(_NEARNESS), 0, -1):
        steps = _groups_needed(count, places, frozenset(_NEARNESS[:size])) - 1
        worth += (steps - left) * row.worth(_NEXT_FARTHER[_NEARNESS[size - 1]])
        left = steps
    return worth + (count - 1 - left) * row.worth(Distance.DEVICE)


def _groups_needed(count: int, places: Sequence[Place], near: frozenset[Distance]) -> int:
    """The fewest groups of devices ``near`` each other that hold ``count``; as many if there are too few."""
    group = list(range(len(places)))
    for a, b in combinations(range(len(places)), 2):
        if group[a] != group[b] and distance(places[a], places[b]) in near:
            old, new = group[b], group[a]
            group = [new if each == old else each for each in group]
    needed = 0
    for size in sorted(Counter(group).values(), reverse=True):
        if count <= 0:
            break
        count -= size
        needed += 1
    return needed
