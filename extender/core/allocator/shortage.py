"""
Whether requests ask for more devices than they can have, told without a search.

Devices that cannot be picked first cannot be picked at all: what others hold, taints and
constraints only get in the way of more as a search goes on. So counting them tells that nothing
fits, though never that something does.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb, perm
from typing import Generic, NamedTuple, TypeVar

from extender.model import MAX_RESULTS

from ..claims.compiled_claims import Alternative
from .layout import Candidate
from .picking import Fatal, Picks, Unpredictable
from .problem import Problem
from .selector_result import SelectorResult

_MOST_EDGES = 50_000
"""Most pairs of a request and a device that are counted with; beyond, nothing is told."""


D = TypeVar("D", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Demand(Generic[D]):
    """So many devices, out of those that would do."""

    count: int
    devices: Sequence[D]


def passes(candidate: Candidate, alternative: Alternative) -> bool:
    """Whether the selectors of class and request match the device."""
    return candidate.selector_results[alternative.selectors_of] is SelectorResult.SELECTED


def without_leaks(problem: Problem) -> Problem:
    """The problem in a release that returns the counters of devices that it rejects."""
    release = problem.release
    return problem._replace(release=replace(release, counters=replace(release.counters, leak=False)))


def pickable(problem: Problem, alternative: Alternative, numbers: Collection[int]) -> list[int]:
    """
    Those of ``numbers`` that can be picked for the alternative before anything else is.

    A device on which upstream aborts counts as one that can.
    """
    picks = Picks(without_leaks(problem))
    binding = problem.release.features.binding
    found = []
    for number in numbers:
        if problem.layout.candidates[number].traits.binding_conditions and not binding:
            continue
        try:
            undo = picks.pick(number, alternative, must=False)
        except (Fatal, Unpredictable):
            found.append(number)
            picks = Picks(without_leaks(problem))
            continue
        if undo is not None:
            undo()
            found.append(number)
    return found


def granted(demands: Sequence[Demand[D]], roomy: Collection[D] = ()) -> list[int] | None:
    """
    How many devices each demand can have when no two have the same one: as many as possible in all.

    Those ``roomy`` can go to several demands, once to each. ``None``: too many to count.
    """
    if sum(len(demand.devices) for demand in demands) > _MOST_EDGES:
        return None
    often = frozenset(roomy)
    holder: dict[D, int] = {}
    given = [0] * len(demands)
    for number, demand in enumerate(demands):
        free = [device for device in demand.devices if device in often or device not in holder]
        for device in free[: max(demand.count, 0)]:
            if device not in often:
                holder[device] = number
            given[number] += 1
    for number, demand in enumerate(demands):
        while given[number] < demand.count and _shift(number, demands, often, holder):
            given[number] += 1
    return given


def _shift(start: int, demands: Sequence[Demand[D]], often: Collection[D], holder: dict[D, int]) -> bool:
    """Give ``start`` one device more, by letting demands change theirs; false if there is no way."""
    before: dict[int, tuple[int, D]] = {}
    reached = [start]
    seen = {start}
    for demand in reached:
        for device in demands[demand].devices:
            if device in often or holder.get(device) == demand:
                continue
            other = holder.get(device)
            if other is None:
                _hand_over(start, demand, device, before, holder)
                return True
            if other not in seen:
                seen.add(other)
                before[other] = (demand, device)
                reached.append(other)
    return False


def _hand_over(
    start: int, demand: int, device: D, before: Mapping[int, tuple[int, D]], holder: dict[D, int]
) -> None:
    while True:
        holder[device] = demand
        if demand == start:
            return
        demand, device = before[demand]


class Shortage(NamedTuple):
    """
    Nothing fits, because there are too few devices to pick.

    ``most_steps``: upstream's search takes no more, counted in calls of allocateOne.
    """

    most_steps: int


def shortage_of(problem: Problem) -> Shortage | None:
    """
    Tell that nothing fits, where counting suffices and upstream's search cannot abort either.

    ``None``: no telling. Looks at requests for a number of devices, without alternatives.
    """
    if problem.release.rechecks_wrong_device:
        return None
    requests = [request for claim in problem.claims.claims for request in claim.requests]
    alternatives = [alternative for request in requests for alternative in request.alternatives]
    if len(alternatives) > len(requests) or not all(map(is_plain, alternatives)):
        return None
    if any(pool.ambiguous for pool in problem.layout.pools):
        return None
    if sum(alternative.request.count for alternative in alternatives) > MAX_RESULTS:
        return None
    candidates = problem.layout.candidates
    demands = []
    for alternative in alternatives:
        numbers = [
            number
            for number, candidate in enumerate(candidates)
            if candidate.selector_results[alternative.selectors_of]
        ]
        if any(not passes(candidates[number], alternative) for number in numbers):
            return None
        devices = _pickable_without_abort(problem, alternative, numbers)
        if devices is None:
            return None
        demands.append(Demand(alternative.request.count, devices))
    given = granted(demands)
    if given is None or all(count >= demand.count for count, demand in zip(given, demands, strict=True)):
        return None
    return Shortage(most_steps(demands, combined=problem.release.order.combinations))


def is_plain(alternative: Alternative) -> bool:
    """Whether it asks for a number of devices, which it then holds."""
    return not alternative.all_devices and not alternative.admin and alternative.request.count > 0


def _pickable_without_abort(
    problem: Problem, alternative: Alternative, numbers: Sequence[int]
) -> list[int] | None:
    """Like ``pickable``; ``None`` where a device aborts the attempt or can be had several times."""
    candidates, features = problem.layout.candidates, problem.release.features
    picks = Picks(without_leaks(problem))
    found = []
    for number in numbers:
        traits = candidates[number].traits
        if features.consumable_capacity and traits.allow_multiple_allocations:
            return None
        if traits.binding_conditions and not features.binding:
            continue
        try:
            undo = picks.pick(number, alternative, must=False)
        except (Fatal, Unpredictable):
            return None
        if undo is not None:
            undo()
            found.append(number)
    return found


def most_steps(demands: Sequence[Demand[D]], *, combined: bool) -> int:
    """
    The most partial choices there are: for each request those of its devices that are left.

    ``combined``: sets of devices, else the orders of each set count too.
    """
    ways = comb if combined else perm
    steps, prefixes = 0, 1
    for number, demand in enumerate(demands):
        mine = set(demand.devices)
        left = len(mine) - sum(
            max(0, earlier.count - len(set(earlier.devices) - mine)) for earlier in demands[:number]
        )
        left = max(left, 0)
        # One more where the claim is another one.
        steps += prefixes * (number > 0)
        steps += prefixes * sum(ways(left, size) for size in range(min(demand.count, left) + 1))
        prefixes *= ways(left, demand.count)
        if not prefixes:
            break
    return steps
