"""
How near the devices of a pod are to each other: those of a solution, and those it holds already.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..alignment.pairs import Alignment, align
from ..alignment.worths import DEFAULT_WORTHS, Worths
from ..allocator.problem import Problem
from ..allocator.search import Solution
from ..allocator.solutions import Best, best_of
from ..claims.preferences import Position, passed_over
from ..topology.locations import Location


class Slot(NamedTuple):
    """
    A claim of the pod: ``pending`` is its position in the compiled claims, or -1.

    ``fixed`` are the locations of the devices it holds already, ``None`` for those that it has admin
    access to.
    """

    pending: int
    fixed: tuple[Location | None, ...] = ()


def align_devices(
    problem: Problem, solution: Solution, slots: Sequence[Slot], worths: Worths = DEFAULT_WORTHS
) -> Alignment:
    """Align all devices of the pod; those with admin access watch, they do not work."""
    numbers, locations = _working(problem, solution, slots)
    alignment = align(locations, worths)
    if numbers == list(range(len(numbers))):
        return alignment
    return Alignment(
        alignment.predicted,
        tuple(replace(pair, a=numbers[pair.a], b=numbers[pair.b]) for pair in alignment.pairs),
    )


def best_alignment(
    problem: Problem,
    slots: Sequence[Slot],
    budget: int,
    preferring: frozenset[Position] = frozenset(),
    worths: Worths = DEFAULT_WORTHS,
) -> Best:
    """
    The best alignment that any set of devices has that satisfies the claims; ``budget`` in steps.

    A choice of less than two devices to align is not rated, nor one that passes over more alternatives
    of ``preferring`` requests than the first choice that fits, which is what the pod gets: nearer
    devices of a kind that it wants less are no better.
    """
    rated: dict[Hashable, float | None] = {}
    allowed: int | None = None

    def rate(solution: Solution) -> float | None:
        nonlocal allowed
        missed = passed_over(solution.selected, preferring)
        if allowed is None:
            allowed = missed
        if missed > allowed:
            return None
        _, locations = _working(problem, solution, slots)
        form = _form(locations)
        if form not in rated:
            rated[form] = align(locations, worths).predicted
        return rated[form]

    return best_of(problem, budget, rate, enough=1.0)


def _form(locations: Sequence[Location]) -> Hashable:
    """
    What is left of locations when each is numbered by its rank among them.

    Alignment asks for equality and order of the numbers only, so equal forms have equal alignment.
    """
    columns = [
        {number: rank for rank, number in enumerate(sorted({-1, *column}), -1)}
        for column in zip(*(location[1:] for location in locations), strict=True)
    ]
    return tuple(
        sorted(
            (location.kind, *(ranks[number] for ranks, number in zip(columns, location[1:], strict=True)))
            for location in locations
        )
    )


def _working(problem: Problem, solution: Solution, slots: Sequence[Slot]) -> tuple[list[int], list[Location]]:
    """The positions in the pod's devices, and the locations, of those that take part in the work."""
    numbers: list[int] = []
    locations: list[Location] = []
    position = 0
    for slot in slots:
        if slot.pending < 0:
            devices = slot.fixed
        else:
            devices = tuple(
                None
                if problem.claims.alternatives[pick.alternative].admin
                else problem.layout.candidates[pick.candidate].location
                for pick in solution.picks[slot.pending]
            )
        for location in devices:
            if location is not None:
                numbers.append(position)
                locations.append(location)
            position += 1
    return numbers, locations
