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
from ..alignment.worths import DEFAULT_WORTHS, WorthRow, Worths
from ..allocator.layout import Layout
from ..allocator.problem import Problem
from ..allocator.selector_result import SelectorResult
from ..claims.compiled_claims import CompiledClaims
from ..topology.locations import Distance, Location, distance
from ..topology.vocabulary import DeviceKind

NO_LIMIT = 1.0

# Comparing all with all must stay cheaper than the search that it saves.
_MOST_CANDIDATES = 128

_NEARNESS = (Distance.DEVICE, Distance.PCIE_ROOT, Distance.NUMA, Distance.SOCKET)
_NEXT_FARTHER = dict(zip(_NEARNESS, (*_NEARNESS[1:], Distance.REMOTE), strict=True))


def alignment_limit(problem: Problem, fixed: Sequence[Location], worths: Worths = DEFAULT_WORTHS) -> float:
    """
    No devices that satisfy the claims, together with those at ``fixed``, are aligned better.

    0..1, with pairs of unknown distance counted as far apart; ``NO_LIMIT`` where
    the claims leave open how many devices of which kind they get.
    """
    wanted = _wanted(problem.claims, problem.layout)
    if wanted is None:
        return NO_LIMIT
    locations: dict[DeviceKind, list[Location]] = {}
    for location in fixed:
        wanted[location.kind] += 1
        locations.setdefault(location.kind, []).append(location)
    for number, candidate in enumerate(problem.layout.candidates):
        if not problem.usage.in_use >> number & 1:
            locations.setdefault(candidate.location.kind, []).append(candidate.location)
    return _limit(wanted, locations, worths)


def _wanted(compiled: CompiledClaims, layout: Layout) -> Counter[DeviceKind] | None:
    """How many devices of each kind the claims ask for, where that is certain."""
    wanted: Counter[DeviceKind] = Counter()
    for claim in compiled.claims:
        for request in claim.requests:
            asked: set[tuple[DeviceKind, int]] = set()
            for alternative in request.alternatives:
                if alternative.all_devices or alternative.admin:
                    return None
                asked |= {
                    (candidate.location.kind, alternative.request.count)
                    for candidate in layout.candidates
                    if candidate.selector_results[alternative.selectors_of] is SelectorResult.SELECTED
                }
            if len(asked) != 1:
                return None
            for kind, count in asked:
                wanted[kind] += count
    return wanted


def _limit(
    wanted: Mapping[DeviceKind, int], locations: Mapping[DeviceKind, Sequence[Location]], worths: Worths
) -> float:
    kinds = [kind for kind in DeviceKind if wanted.get(kind) and kind is not DeviceKind.VIRTUAL]
    if sum(len(locations.get(kind, ())) for kind in kinds) > _MOST_CANDIDATES:
        return NO_LIMIT
    worth, pairs = 0.0, 0
    for position, first in enumerate(kinds):
        if wanted[first] > 1:
            worth += _chain(worths.row(first, first), wanted[first], locations.get(first, ()))
            pairs += wanted[first] - 1
        for second in kinds[position + 1 :]:
            many, few = (first, second) if wanted[first] >= wanted[second] else (second, first)
            worth += _matched(wanted[many], locations.get(many, ()), locations.get(few, ()), worths)
            pairs += wanted[many]
    return worth / pairs if pairs else NO_LIMIT


def _matched(count: int, many: Sequence[Location], few: Sequence[Location], worths: Worths) -> float:
    """The most that ``count`` pairs are worth if each device of ``many`` takes its nearest."""
    nearest = (max((certain_worth(a, b, worths) for b in few), default=0.0) for a in many)
    return sum(sorted(nearest, reverse=True)[:count])


def _chain(row: WorthRow, count: int, locations: Sequence[Location]) -> float:
    """
    The most that a chain of ``count`` devices of one kind is worth.

    It has to leave every group of near devices that is too small for it, and each step out
    of a group is at least that far.
    """
    worth, left = 0.0, 0
    for size in range(len(_NEARNESS), 0, -1):
        steps = _groups_needed(count, locations, frozenset(_NEARNESS[:size])) - 1
        worth += (steps - left) * row.worth(_NEXT_FARTHER[_NEARNESS[size - 1]])
        left = steps
    return worth + (count - 1 - left) * row.worth(Distance.DEVICE)


def _groups_needed(count: int, locations: Sequence[Location], near: frozenset[Distance]) -> int:
    """The fewest groups of devices ``near`` each other that hold ``count``; as many if there are too few."""
    group = list(range(len(locations)))
    for a, b in combinations(range(len(locations)), 2):
        if group[a] != group[b] and distance(locations[a], locations[b]) in near:
            old, new = group[b], group[a]
            group = [new if number == old else number for number in group]
    needed = 0
    for size in sorted(Counter(group).values(), reverse=True):
        if count <= 0:
            break
        count -= size
        needed += 1
    return needed
