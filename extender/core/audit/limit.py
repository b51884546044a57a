"""
How near devices of given kinds can be at most, whatever the search finds.

A search for the best devices need not go on once it has found some that reach this
limit. On real machines it mostly does within the first few choices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from ..alignment.bounds import certain_worth
from ..alignment.worths import DEFAULT_WORTHS, Worths
from ..allocator.layout import Layout
from ..allocator.problem import Problem
from ..allocator.selector_result import SelectorResult
from ..claims.compiled_claims import CompiledClaims
from ..prediction.pod_alignment import Placed
from ..topology.locations import Location
from ..topology.vocabulary import DeviceKind

NO_LIMIT = 1.0

# Comparing all with all must stay cheaper than the search that it saves.
_MOST_CANDIDATES = 128


def alignment_limit(
    problem: Problem,
    fixed: Sequence[Placed],
    askers: Sequence[int],
    worths: Worths = DEFAULT_WORTHS,
) -> float:
    """
    No devices that satisfy the claims, together with those at ``fixed``, are aligned better.

    ``askers``: of each alternative; ``fixed`` has them, too. 0..1, with pairs of unknown distance
    counted as far apart; ``NO_LIMIT`` where the claims leave open how many devices of which kind they get.
    """
    wanted = _wanted(problem.claims, problem.layout, askers)
    if wanted is None:
        return NO_LIMIT
    locations: dict[DeviceKind, list[Location]] = {}
    for location, asker in fixed:
        wanted[location.kind, asker] += 1
        locations.setdefault(location.kind, []).append(location)
    total: Counter[DeviceKind] = Counter()
    for (kind, _), count in wanted.items():
        total[kind] += count
    for number, candidate in enumerate(problem.layout.candidates):
        if not problem.usage.in_use >> number & 1:
            kind = candidate.location.kind
            # One device can be had several times where it can be shared.
            times = total[kind] if candidate.traits.allow_multiple_allocations else 1
            locations.setdefault(kind, []).extend([candidate.location] * times)
    apart = {kind for kind in total if all(count == 1 for (of, _), count in wanted.items() if of is kind)}
    return _limit(total, locations, worths, apart)


def _wanted(
    compiled: CompiledClaims, layout: Layout, askers: Sequence[int]
) -> Counter[tuple[DeviceKind, int]] | None:
    """How many devices of each kind each asker wants, where that is certain."""
    wanted: Counter[tuple[DeviceKind, int]] = Counter()
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
                wanted[kind, askers[request.alternatives[0].index]] += count
    return wanted


def _limit(
    wanted: Mapping[DeviceKind, int],
    locations: Mapping[DeviceKind, Sequence[Location]],
    worths: Worths,
    apart: Collection[DeviceKind] = (),
) -> float:
    kinds = [kind for kind in DeviceKind if wanted.get(kind) and kind is not DeviceKind.VIRTUAL]
    if sum(len(locations.get(kind, ())) for kind in kinds) > _MOST_CANDIDATES:
        return NO_LIMIT
    worth, pairs = 0.0, 0
    for position, first in enumerate(kinds):
        if wanted[first] > 1:
            worth += _spread(wanted[first], locations.get(first, ()), worths, apart=first in apart)
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


def _spread(count: int, locations: Sequence[Location], worths: Worths, *, apart: bool) -> float:
    """
    The most that ``count`` devices of one kind are worth around the one in the middle.

    ``apart``: each is asked for by another, so that two parts of one card are worth little.
    """
    most = 0.0
    for middle, a in enumerate(locations):
        worth = [
            certain_worth(a, b, worths, apart=apart) for number, b in enumerate(locations) if number != middle
        ]
        most = max(most, sum(sorted(worth, reverse=True)[: count - 1]))
    return most
