"""
How near the devices of a claim are, on a coarser scale than alignment: can a constraint say it?
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from ..alignment.pairs import Alignment
from ..allocator.layout import Layout, LayoutUsage
from ..allocator.problem import Problem
from ..allocator.search import Solution
from ..allocator.solutions import Best, best_of
from ..prediction.pod_alignment import Slot, align_devices
from ..topology.locations import Distance, Location, distance


class Nearness(StrEnum):
    """All pairs of devices are at least this near; nearest first, ``unknown`` before ``far``."""

    PCIE_ROOT = "pcie-root"
    NUMA = "numa"
    UNKNOWN = "unknown"
    FAR = "far"


_NEARNESS = {
    Distance.DEVICE: Nearness.PCIE_ROOT,
    Distance.PCIE_SWITCH: Nearness.PCIE_ROOT,
    Distance.PCIE_ROOT: Nearness.PCIE_ROOT,
    Distance.GROUP: Nearness.NUMA,
    Distance.NUMA: Nearness.NUMA,
    Distance.SOCKET: Nearness.FAR,
    Distance.REMOTE: Nearness.FAR,
    Distance.UNKNOWN: Nearness.UNKNOWN,
}
_RANK = {nearness: rank for rank, nearness in enumerate(Nearness)}


def nearness_of(alignment: Alignment) -> Nearness | None:
    """
    That of the farthest pair; pairs of different kinds decide where there are any.

    Two GPUs with a NIC each are as near as GPU and NIC are: that the GPUs are on two
    roots is how machines are built.
    """
    mixed = [pair for pair in alignment.pairs if not _is_of_one_kind(pair.kinds)]
    apart = [_NEARNESS[pair.distance] for pair in mixed or alignment.pairs]
    return max(apart, key=_RANK.__getitem__, default=None)


def best_nearness(problem: Problem, slots: Sequence[Slot], budget: int) -> tuple[Nearness | None, Best]:
    """
    The nearest that any set of devices is that satisfies the claims; ``budget`` in steps.

    ``None`` where no choice has two devices. Also returns how the search for it went.
    """

    def rate(solution: Solution) -> float | None:
        nearness = _nearness(problem, solution, slots)
        return None if nearness is None else -_RANK[nearness]

    best = best_of(problem, budget, rate, enough=-_RANK[Nearness.PCIE_ROOT])
    return next((nearness for nearness, rank in _RANK.items() if -rank == best.rating), None), best


def nearest_possible(layout: Layout, usage: LayoutUsage) -> Nearness:
    """A bound that costs no search: no choice of free devices is nearer, whatever the claims ask."""
    roots: set[int] = set()
    nodes: set[int] = set()
    devices: set[int] = set()
    on_one_node = False
    for number, candidate in enumerate(layout.candidates):
        location = candidate.location
        if usage.in_use >> number & 1 and not candidate.traits.allow_multiple_allocations:
            continue
        if (
            candidate.traits.allow_multiple_allocations
            or location.device in devices
            or location.root in roots
        ):
            return Nearness.PCIE_ROOT
        on_one_node = on_one_node or location.numa in nodes
        for number_of, seen in ((location.device, devices), (location.root, roots), (location.numa, nodes)):
            if number_of >= 0:
                seen.add(number_of)
    return Nearness.NUMA if on_one_node else Nearness.UNKNOWN


def _nearness(problem: Problem, solution: Solution, slots: Sequence[Slot]) -> Nearness | None:
    locations = _two_locations(problem, solution, slots)
    if locations is not None:
        return _NEARNESS[distance(*locations)]
    return nearness_of(align_devices(problem, solution, slots))


def _two_locations(
    problem: Problem, solution: Solution, slots: Sequence[Slot]
) -> tuple[Location, Location] | None:
    """The locations where there are just two devices, by far the most common claim."""
    picks = [pick for claim_picks in solution.picks for pick in claim_picks]
    if len(picks) != 2 or any(slot.fixed for slot in slots):
        return None
    if any(problem.claims.alternatives[pick.alternative].admin for pick in picks):
        return None
    candidates = problem.layout.candidates
    first, second = picks
    return candidates[first.candidate].location, candidates[second.candidate].location


def _is_of_one_kind(kinds: str) -> bool:
    first, _, second = kinds.partition("-")
    return first == second
