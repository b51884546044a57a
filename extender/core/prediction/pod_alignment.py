"""
How near the devices of a pod are to each other: those of a solution, and those it holds already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..alignment.pairs import Alignment, align
from ..alignment.worths import DEFAULT_WORTHS, Worths
from ..allocator.budget import PIECE_UNITS
from ..allocator.picking import Unpredictable
from ..allocator.problem import Problem
from ..allocator.search import Solution
from ..allocator.solutions import Best, best_of
from ..claims.preferences import Position, passed_over
from ..reasons import ReasonCode, reason
from ..topology.locations import Location


class Placed(NamedTuple):
    """Where a device of the pod is, and which asker got it; numbers below 0 are of claims that hold it."""

    location: Location
    asker: int


class Slot(NamedTuple):
    """
    A claim of the pod: ``pending`` is its position in the compiled claims, or -1.

    ``fixed`` are the devices it holds already, ``None`` for those that have no location: those with
    admin access, and those that no slice of the node lists. ``unlisted``: there are some of the latter.
    """

    pending: int
    fixed: tuple[Placed | None, ...] = ()
    unlisted: bool = False


def align_devices(
    problem: Problem,
    solution: Solution,
    slots: Sequence[Slot],
    worths: Worths = DEFAULT_WORTHS,
    askers: Sequence[int] = (),
) -> Alignment:
    """
    Align all devices of the pod; those with admin access watch, they do not work.

    ``askers``: by alternative; without them all devices have one.
    """
    numbers, devices = _working(problem, solution, slots, askers)
    alignment = aligned(devices, worths)
    if numbers == list(range(len(numbers))):
        return alignment
    return Alignment(
        alignment.predicted,
        tuple(replace(pair, a=numbers[pair.a], b=numbers[pair.b]) for pair in alignment.pairs),
    )


def aligned(devices: Sequence[Placed], worths: Worths) -> Alignment:
    """Align devices in the order given."""
    return align([each.location for each in devices], worths, [each.asker for each in devices])


def best_alignment(
    problem: Problem,
    slots: Sequence[Slot],
    budget: int,
    askers: Sequence[int] = (),
    preferring: frozenset[Position] = frozenset(),
    worths: Worths = DEFAULT_WORTHS,
) -> Best:
    """
    The best alignment that any set of devices has that satisfies the claims; ``budget`` in steps.

    A choice of less than two devices to align is not rated, nor one that passes over more alternatives
    of ``preferring`` requests than the first choice that fits, which is what the pod gets: nearer
    devices of a kind that it wants less are no better. Ratings take ``PIECE_UNITS`` at most, too.
    """
    rated: dict[Hashable, float | None] = {}
    allowed: int | None = None
    units = 0

    def rate(solution: Solution) -> float | None:
        nonlocal allowed, units
        if units > PIECE_UNITS:
            raise Unpredictable(reason(ReasonCode.SEARCH_BUDGET, steps=budget))
        units += 1
        missed = passed_over(solution.selected, preferring)
        if allowed is None:
            allowed = missed
        if missed > allowed:
            return None
        _, devices = _working(problem, solution, slots, askers)
        units += len(devices) >> 2
        form = _form(devices)
        if form not in rated:
            units += len(devices) * (len(devices) - 1) // 2
            rated[form] = aligned(devices, worths).predicted
        return rated[form]

    return best_of(problem, budget, rate, enough=1.0)._replace(units=units)


def _form(devices: Sequence[Placed]) -> Hashable:
    """
    What is left of locations when each is numbered by its rank among them.

    Alignment asks for equality and order of the numbers only, so equal forms have equal alignment. It asks
    for the askers of parts of one card.
    """
    locations = [each.location for each in devices]
    numbers = [(*location[1:5], location.switch) for location in locations]
    columns = [
        {number: rank for rank, number in enumerate(sorted({-1, *column}), -1)}
        for column in zip(*numbers, strict=True)
    ]
    cards = Counter(location.device for location in locations)
    return tuple(
        sorted(
            (
                location.kind,
                *(ranks[number] for ranks, number in zip(columns, of_device, strict=True)),
                location.groups,
                asker if cards[location.device] > 1 else 0,
            )
            for (location, asker), of_device in zip(devices, numbers, strict=True)
        )
    )


def _working(
    problem: Problem, solution: Solution, slots: Sequence[Slot], askers: Sequence[int]
) -> tuple[list[int], list[Placed]]:
    """The positions in the pod's devices, and the devices, of those that take part in the work."""
    numbers: list[int] = []
    working: list[Placed] = []
    position = 0
    for slot in slots:
        if slot.pending < 0:
            devices = slot.fixed
        else:
            devices = tuple(
                None
                if problem.claims.alternatives[pick.alternative].admin
                else Placed(
                    problem.layout.candidates[pick.candidate].location,
                    askers[pick.alternative] if askers else 0,
                )
                for pick in solution.picks[slot.pending]
            )
        for device in devices:
            if device is not None:
                numbers.append(position)
                working.append(device)
            position += 1
    return numbers, working
