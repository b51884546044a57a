"""
What the allocator will do for compiled claims on nodes that look alike.

A prediction is nameless: devices are candidates of a layout, claims and pools
are positions. ``verdict`` puts in the names of a pod and a node. It says nothing of
how good the devices are: ``pod_alignment`` rates them, ``rank`` scores that.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..allocator.answer import find
from ..allocator.layout import Layout
from ..allocator.picking import Fatal, Unpredictable
from ..allocator.problem import Problem
from ..allocator.search import Solution
from ..allocator.shortage import shortage_of
from ..reasons import Certainty, Outcome, Reason, ReasonCode, reason

# As a power of two.
_LISTED_PER_UNIT = 4
# Fewer devices than these are told as fast by the search; each device more doubles its steps.
_MANY_DEVICES = 13
# The scheduler takes less than a second for so many steps, and gives a node 10 s. Where running out
# of time aborts the attempt, nothing is said of longer searches before they are done.
_MOST_STEPS = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """
    ``steps`` is what the search took, and what it is charged; ``units`` what else is charged: laying
    the search out, and rating the devices that it finds.
    """

    outcome: Outcome
    reason: Reason | None
    solution: Solution | None
    steps: int = 0
    certainty: Certainty = Certainty.EXACT
    units: int = 0


def predict(problem: Problem, search_steps: int) -> Prediction:
    """
    Search once, within ``search_steps``; not at all where more devices are asked for than there are.

    Upstream has no such short cut, so it serves only where upstream's search ends soon, or where a
    node that takes too long is passed over like one on which nothing fits.
    """
    if _is_short(problem):
        return without_devices(Outcome.UNSCHEDULABLE, _why_nothing_fits(problem.layout))
    found = find(problem, search_steps)
    units = _units(problem)
    if isinstance(found.answer, Unpredictable):
        return without_devices(Outcome.UNKNOWN, found.answer.reason, found.steps, units=units)
    if isinstance(found.answer, Fatal):
        outcome = Outcome.UNSCHEDULABLE if found.answer.node_only else Outcome.ERROR
        return without_devices(outcome, found.answer.reason, found.steps, found.certainty, units=units)
    if found.answer is None:
        why = _why_nothing_fits(problem.layout)
        return without_devices(Outcome.UNSCHEDULABLE, why, found.steps, found.certainty, units=units)
    node_resources = problem.release.features.node_allocatable_resources
    if node_resources and _uses_node_resources(problem.layout, found.answer):
        why = reason(ReasonCode.NOT_MODELLED, detail="devices that take resources of their node")
        return without_devices(Outcome.UNKNOWN, why, found.steps, units=units)
    units += pairs_of(found.answer)
    return Prediction(Outcome.ALLOCATED, None, found.answer, found.steps, found.certainty, units)


def without_devices(
    outcome: Outcome,
    why: Reason,
    steps: int = 0,
    certainty: Certainty = Certainty.EXACT,
    *,
    units: int = 0,
) -> Prediction:
    """A prediction with no devices."""
    return Prediction(outcome, why, None, steps, certainty, units)


def pairs_of(solution: Solution) -> int:
    """The most pairs that the devices of a solution form; rating one takes about a unit of work."""
    devices = sum(map(len, solution.picks))
    return devices * (devices - 1) // 2


def _units(problem: Problem) -> int:
    """What it takes to begin a search, whatever it finds: each alternative lists its candidates."""
    return len(problem.claims.alternatives) * len(problem.layout.candidates) >> _LISTED_PER_UNIT


def _is_short(problem: Problem) -> bool:
    asked = sum(
        alternative.request.count
        for alternative in problem.claims.alternatives
        if not alternative.all_devices
    )
    if asked < _MANY_DEVICES:
        return False
    shortage = shortage_of(problem)
    if shortage is None:
        return False
    return shortage.most_steps <= _MOST_STEPS or not problem.release.plugin.timeout_aborts


def _uses_node_resources(layout: Layout, solution: Solution) -> bool:
    """Whether a device stands for cpu or the like, which can rule the node out after all."""
    return any(
        layout.candidates[pick.candidate].traits.node_allocatable
        for picks in solution.picks
        for pick in picks
    )


def _why_nothing_fits(layout: Layout) -> Reason:
    for number, pool in enumerate(layout.pools):
        if pool.invalid:
            return reason(ReasonCode.INVALID_POOL, pool=number, detail=pool.invalid)
    return reason(ReasonCode.NO_FIT)
