"""
What each request finds on a node: the devices that pass class and selectors, and what takes them away.

To a device that passes, one obstacle after the other is given back, in the order of ``_STAGES``; the
first with which it cannot be picked any more is its loss.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from extender.model import DeviceID

from ...allocator.shortage import Demand, granted, passes, pickable
from ...claims.compiled_claims import Alternative
from .causes import CauseCode
from .obstacles import Obstacle, Obstacles
from .without_obstacles import WithoutObstacles

_STAGES = (
    CauseCode.POOL_INCOMPLETE,
    CauseCode.CAPACITY_TOO_SMALL,
    CauseCode.COUNTERS_TOO_SMALL,
    CauseCode.FEATURE_OFF,
    CauseCode.NODE_OPERATIONS,
    CauseCode.CONSTRAINT,
    CauseCode.TAINTED,
    CauseCode.HELD,
    CauseCode.COUNTERS_SPENT,
    CauseCode.CAPACITY_SPENT,
)


class Found(NamedTuple):
    """Of one alternative: the devices that pass, those left, and the losses in the order of stages."""

    passing: tuple[DeviceID, ...]
    left: tuple[DeviceID, ...]
    losses: tuple[tuple[Obstacle, tuple[DeviceID, ...]], ...]

    def renamed(self, names: Mapping[DeviceID, DeviceID]) -> Found:
        """The same on a node where the devices have other names."""

        def of(devices: Iterable[DeviceID]) -> tuple[DeviceID, ...]:
            return tuple(names[id_] for id_ in devices)

        losses = tuple((stage, of(lost)) for stage, lost in self.losses)
        return Found(of(self.passing), of(self.left), losses)


class Findings:
    """
    What the requests of one plan find on the nodes of one snapshot.

    What was asked of the allocator for one node serves all that look the same.
    """

    def __init__(self) -> None:
        self._pickable: dict[Hashable, frozenset[int]] = {}

    def of(self, node: WithoutObstacles, stages: tuple[Obstacle, ...], alternative: Alternative) -> Found:
        """``stages``: the obstacles that there may be on the node, in order; see ``stages_of``."""
        gone = frozenset(stages)
        numbers = node.numbers(gone)
        candidates = node.layout(gone)[0].layout.candidates
        remaining = [id_ for id_, number in numbers.items() if passes(candidates[number], alternative)]
        passing, losses = tuple(remaining), []
        for stage in stages:
            gone -= {stage}
            numbers = node.numbers(gone)
            there = tuple(numbers[id_] for id_ in remaining if id_ in numbers)
            left = self._ask_pickable(node, gone, alternative, there)
            lost = tuple(id_ for id_ in remaining if numbers.get(id_) not in left)
            if lost:
                losses.append((stage, lost))
                remaining = [id_ for id_ in remaining if numbers.get(id_) in left]
        return Found(passing, tuple(remaining), tuple(losses))

    def _ask_pickable(
        self, node: WithoutObstacles, gone: Obstacles, alternative: Alternative, numbers: tuple[int, ...]
    ) -> frozenset[int]:
        key = (node.key(gone), gone, alternative.index, numbers)
        if key not in self._pickable:
            problem = node.problem(gone)
            reduced = problem.claims.alternatives[alternative.index]
            self._pickable[key] = frozenset(pickable(problem, reduced, numbers))
        return self._pickable[key]


def stages_of(node: WithoutObstacles) -> Iterator[Obstacle]:
    """The obstacles that there may be on the node, in order."""
    for code in _STAGES:
        if code is CauseCode.FEATURE_OFF:
            yield from (Obstacle(code, feature) for feature in node.off)
        elif code is CauseCode.CONSTRAINT:
            for number, claim in enumerate(node.claims.claims):
                for position in range(len(claim.constraints)):
                    yield Obstacle(code, f"{number}/{position}")
        elif code is not CauseCode.POOL_INCOMPLETE or node.missing_pools:
            yield Obstacle(code)


def granted_counts(node: WithoutObstacles, found: Sequence[Found]) -> dict[int, int]:
    """
    How many devices each request can have with no obstacle at all, where that is fewer than it asks for.

    By the index of the alternative; of alternatives, the one that comes nearest.
    """
    chosen = _chosen(node, found)
    demands = [
        Demand(_asked(each, found[each.index]), _owned(each, found[each.index].passing)) for each in chosen
    ]
    given = granted(demands, node.roomy)
    if given is None:
        return {}
    return {
        alternative.index: count
        for alternative, demand, count in zip(chosen, demands, given, strict=True)
        if count < demand.count
    }


def granted_together(node: WithoutObstacles, found: Sequence[Found]) -> tuple[int, int] | None:
    """What all requests ask for and what they can have of the devices left, if that is fewer."""
    chosen = _chosen(node, found)
    demands = [
        Demand(_asked(each, found[each.index]), _owned(each, found[each.index].left)) for each in chosen
    ]
    given = granted(demands, node.roomy)
    asked = sum(demand.count for demand in demands)
    if given is None or sum(given) >= asked:
        return None
    if any(len(demand.devices) < demand.count for demand in demands):
        return None
    return asked, sum(given)


def _chosen(node: WithoutObstacles, found: Sequence[Found]) -> list[Alternative]:
    """Of the alternatives of each request the one that comes nearest to what it asks for."""
    return [
        max(request.alternatives, key=lambda each: _enough(each, found[each.index]))
        for claim in node.claims.claims
        for request in claim.requests
    ]


def _asked(alternative: Alternative, found: Found) -> int:
    return max(1, len(found.passing)) if alternative.all_devices else alternative.request.count


def _enough(alternative: Alternative, found: Found) -> int:
    return min(0, len(found.passing) - _asked(alternative, found))


def _owned(alternative: Alternative, devices: Iterable[DeviceID]) -> list[tuple[DeviceID, int]]:
    """The devices as demands see them: for admin access they are not taken but within the claim."""
    owner = alternative.claim if alternative.admin else -1
    return [(id_, owner) for id_ in devices]
