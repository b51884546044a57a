"""
How one node looks to a pod: all that its prediction can depend on.
"""

from __future__ import annotations

from typing import NamedTuple

from extender.model import ClaimSpec

from ..allocator.budget import Budget
from ..allocator.layout import NOTHING, LayoutUsage, NodeLayout
from ..allocator.layout_usage import usage_of
from ..allocator.problem import Problem
from ..allocator.search import Solution
from ..claims.askers import askers_of
from ..claims.plan import Plan
from ..cluster.snapshot import NodeState, Snapshot
from ..reasons import Outcome, Reason, ReasonCode, reason
from ..topology.vocabulary import Vocabulary
from .claims_memo import ClaimsMemo, ClaimsMemos, PredictionKey, beyond, memo_of
from .fragmentation import Fragmentation, fragmentation_of
from .pod_alignment import Placed, Slot
from .predict import Prediction, without_devices

VIEW_UNITS = 60
"""What it takes to look at one node, with nothing new on it."""


class NodeView(NamedTuple):
    """
    One node as the compiled claims see it: the memo, the key into it, and what is behind the key.

    ``bound_elsewhere``: why the node is out of the question, unless the attempt aborts before.
    """

    memo: ClaimsMemo
    key: PredictionKey
    node_layout: NodeLayout
    slots: tuple[Slot, ...]
    bound_elsewhere: Reason | None

    @property
    def usage(self) -> LayoutUsage:
        """What is allocated of the layout's candidates."""
        return self.key[1]

    @property
    def problem(self) -> Problem:
        """What to search on this node."""
        return Problem(self.memo.compiled, self.node_layout.layout, self.usage, self.memo.release)


def view_node(
    plan: Plan,
    state: NodeState,
    snapshot: Snapshot,
    memos: ClaimsMemos,
    specs_for: dict[tuple[str, ...], tuple[ClaimSpec, ...]],
    budget: Budget,
) -> NodeView | Prediction:
    """
    How the node looks to the pod, or a prediction that needs no search.

    Fills in ``memos``, and ``specs_for``: the claims to allocate by the extended resources that come
    from device classes.

    Compiling the claims and judging devices is charged to the ``budget``. Raises ``TurnOver``.
    """
    budget.work(VIEW_UNITS)
    if state.inventory.failure is not None:
        return without_devices(Outcome.ERROR, state.inventory.failure)
    if state.unclear:
        unclear = reason(ReasonCode.ALLOCATION_UNREADABLE, claim=state.unclear)
        return without_devices(Outcome.UNKNOWN, unclear)
    bound_elsewhere = plan.bound_elsewhere(state.node, snapshot.release)
    if bound_elsewhere is not None and not (plan.specs or plan.claims.extended):
        return without_devices(Outcome.UNSCHEDULABLE, bound_elsewhere)
    resources = plan.resources_on(state.node, snapshot.classes)
    if isinstance(resources, Reason):
        return without_devices(Outcome.UNSCHEDULABLE, resources)
    specs = specs_for.get(resources)
    if specs is None:
        budget.work(_made_up_units(plan, resources))
        specs = specs_for[resources] = plan.specs_for(resources, snapshot.classes)
    memo = memo_of(specs, snapshot, memos, budget)
    if isinstance(memo, Prediction):
        return memo
    # Of claims that are all allocated no device is looked for.
    node_layout = memo.projector.project(state.inventory, budget) if specs else NOTHING
    if node_layout is None:
        return beyond(budget)
    usage = usage_of(node_layout, state.inventory, state.usage, snapshot.release)
    slots = _slots(plan, len(specs), state, snapshot.vocabulary)
    key = (node_layout.number, usage, tuple(slot.fixed for slot in slots))
    return NodeView(memo, key, node_layout, slots, bound_elsewhere)


def fragmentation_on(state: NodeState, view: NodeView, prediction: Prediction) -> Fragmentation | None:
    """What the predicted devices leave of the node's free pairs; ``None`` where none are predicted."""
    if prediction.solution is None:
        return None
    pairable = state.inventory.pairable
    key = (prediction, id(view.node_layout), pairable, state.free)
    fragmentation = view.memo.fragmentations.get(key)
    if fragmentation is None:
        taken = _taken(view, prediction.solution)
        fragmentation = fragmentation_of(pairable, state.free, state.pairs, taken)
        view.memo.remember_fragmentation(key, fragmentation)
    return fragmentation


def _made_up_units(plan: Plan, resources: tuple[str, ...]) -> int:
    """What it takes to make up a claim for extended resources: each is looked for in each container."""
    containers = (*plan.pod.init_containers, *plan.pod.containers) if resources else ()
    return len(resources) * sum(1 + len(container.requests) for container in containers)


def _taken(view: NodeView, solution: Solution) -> list[tuple[int, int]]:
    """Where on the node the devices are that others then lack."""
    alternatives, positions = view.memo.compiled.alternatives, view.node_layout.positions
    return [
        positions[pick.candidate]
        for picks in solution.picks
        for pick in picks
        if not alternatives[pick.alternative].admin
    ]


def _slots(plan: Plan, specs: int, state: NodeState, vocabulary: Vocabulary) -> tuple[Slot, ...]:
    """The pod's claims in pod order, the one for extended resources last."""
    slots: list[Slot] = []
    pending = held = 0
    locations = state.inventory.locations() if any(plan.holdings) else {}
    for claim, holding in zip(plan.claims.claims, plan.holdings, strict=True):
        if holding is None:
            slots.append(Slot(pending))
            pending += 1
            continue
        askers = askers_of(claim.spec, vocabulary)
        numbers: dict[str, int] = {}
        fixed: list[Placed | None] = []
        unlisted = False
        for result in holding.results:
            location = None if result.admin_access else locations.get(result.id)
            if location is None:
                unlisted = unlisted or not result.admin_access
                fixed.append(None)
                continue
            name = result.request.partition("/")[0]
            asker = numbers.setdefault(askers.get(name, name), -1 - held - len(numbers))
            fixed.append(Placed(location, asker))
        held += len(numbers)
        slots.append(Slot(-1, tuple(fixed), unlisted))
    slots += [Slot(number) for number in range(pending, specs)]
    return tuple(slots)
