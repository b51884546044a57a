"""
What the allocator will do for compiled claims on nodes that look alike.

A prediction is nameless: devices are candidates of a layout, claims and pools
are positions. ``verdict`` puts in the names of a pod and a node.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..alignment.pairs import Alignment, align, score
from ..alignment.worths import DEFAULT_WORTHS, Worths
from ..allocator.layout import Layout
from ..allocator.order import check_order, combinations_suffice
from ..allocator.picking import Fatal, Unpredictable
from ..allocator.problem import Problem
from ..allocator.search import Search, Solution
from ..allocator.solutions import Best, best_of
from ..reasons import Certainty, Outcome, Reason, ReasonCode, reason
from ..topology.locations import Location
from .settings import Settings


class Slot(NamedTuple):
    """
    A claim of the pod: ``pending`` is its position in the compiled claims, or -1.

    ``fixed`` are the locations of the devices it holds already, ``None`` for those
    that have none: admin access, or gone from the node's slices.
    """

    pending: int
    fixed: tuple[Location | None, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """
    ``alignment`` pairs are positions in the pod's devices, claim by claim in pod
    order. ``steps`` is what the search took, and what it is charged.
    """

    outcome: Outcome
    reason: Reason | None
    solution: Solution | None
    alignment: Alignment | None
    score: int
    steps: int = 0
    certainty: Certainty = Certainty.EXACT


def predict(problem: Problem, slots: Sequence[Slot], settings: Settings) -> Prediction:
    """Search once and rate the result. ``slots`` are the pod's claims in pod order."""
    found = find(problem, settings.search_steps)
    if isinstance(found.answer, Unpredictable):
        return without_devices(Outcome.UNKNOWN, found.answer.reason, settings, found.steps)
    if isinstance(found.answer, Fatal):
        return without_devices(Outcome.ERROR, found.answer.reason, settings, found.steps, found.certainty)
    if found.answer is None:
        why = _why_nothing_fits(problem.layout)
        return without_devices(Outcome.UNSCHEDULABLE, why, settings, found.steps, found.certainty)
    node_resources = problem.release.features.node_allocatable_resources
    if node_resources and _uses_node_resources(problem.layout, found.answer):
        why = reason(ReasonCode.NOT_MODELLED, detail="devices that take resources of their node")
        return without_devices(Outcome.UNKNOWN, why, settings, found.steps)
    alignment = align_devices(problem, found.answer, slots, settings.worths)
    return Prediction(
        Outcome.ALLOCATED,
        None,
        found.answer,
        alignment,
        score(alignment, settings.score_max),
        found.steps,
        found.certainty,
    )


def _uses_node_resources(layout: Layout, solution: Solution) -> bool:
    """Whether a device stands for cpu or the like, which can rule the node out after all."""
    return any(
        layout.candidates[pick.candidate].traits.node_allocatable
        for picks in solution.picks
        for pick in picks
    )


class Found(NamedTuple):
    """
    What a search came to: devices, none, or why it stopped.

    ``steps`` were taken in all, ``search_steps`` are those that upstream counts;
    ``None`` where it takes more, because it tries devices in every order.
    """

    answer: Solution | Fatal | Unpredictable | None
    certainty: Certainty
    steps: int
    search_steps: int | None


def find(problem: Problem, budget: int) -> Found:
    """Search, and see whether the answer hangs on an order that the release leaves to chance."""
    release = problem.release
    combined = problem
    if not release.order.combinations and combinations_suffice(problem):
        order = replace(release.order, combinations=True)
        combined = problem._replace(release=replace(release, order=order))
    search = Search(combined, budget)
    answer: Solution | Fatal | None
    try:
        answer = search.run()
    except Fatal as fatal:
        answer = fatal
    except Unpredictable as undecided:
        return Found(undecided, Certainty.EXACT, search.steps + search.tried, None)
    check = check_order(problem, budget, search, answer)
    certainty = Certainty.ORDER_DEPENDENT if check.matters else Certainty.EXACT
    counted = search.steps if combined is problem else None
    return Found(answer, certainty, search.steps + search.tried + check.steps, counted)


def without_devices(
    outcome: Outcome,
    why: Reason,
    settings: Settings,
    steps: int = 0,
    certainty: Certainty = Certainty.EXACT,
) -> Prediction:
    """A prediction with no devices: unknown scores neutral, all else 0."""
    points = settings.neutral if outcome is Outcome.UNKNOWN else 0
    return Prediction(outcome, why, None, None, points, steps, certainty)


def best_alignment(
    problem: Problem, slots: Sequence[Slot], budget: int, worths: Worths = DEFAULT_WORTHS
) -> Best:
    """
    The best alignment that any set of devices has that satisfies the claims; ``budget`` in steps.

    A choice of less than two devices to align is not rated.
    """
    rated: dict[Hashable, float | None] = {}

    def rate(solution: Solution) -> float | None:
        _, locations = _working(problem, solution, slots)
        form = _form(locations)
        if form not in rated:
            rated[form] = align(locations, worths).predicted
        return rated[form]

    return best_of(problem, budget, rate, enough=1.0)


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


def _why_nothing_fits(layout: Layout) -> Reason:
    for number, pool in enumerate(layout.pools):
        if pool.invalid:
            return reason(ReasonCode.INVALID_POOL, pool=number, detail=pool.invalid)
    return reason(ReasonCode.NO_FIT)
