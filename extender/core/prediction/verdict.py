"""
A prediction with the names of one pod and one node.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from extender.model import DeviceID, DeviceResult

from ..alignment.pairs import Alignment
from ..allocator.results import device_id, device_result
from ..allocator.search import Solution
from ..claims.plan import Plan
from ..cluster.inventory import EMPTY, Inventory
from ..reasons import Certainty, Outcome, Reason
from ..releases.release import Release
from ..topology.machine_facts import FactsUse
from .fragmentation import Fragmentation
from .judge import Judgement
from .node_view import NodeView


@dataclass(frozen=True, slots=True)
class PredictedDevice:
    """
    ``claim`` is the ResourceClaim's name; ``allocated``: the claim held it before. ``listed``: a
    ResourceSlice of the node lists it; else nobody says where it is.
    """

    claim: str
    result: DeviceResult
    allocated: bool
    listed: bool = True


@dataclass(frozen=True, slots=True)
class NodeVerdict:
    """
    What happens to the pod on one node.

    ``devices``: claims in pod order, each in allocation order; the indexes in
    ``alignment`` count in them. ``fragmentation``: what it leaves for later pods, where
    devices are predicted. ``passed_over``: the alternatives that the claims prefer to those used.
    ``facts``: what became of facts of machines on the node.
    """

    outcome: Outcome
    certainty: Certainty
    reason: Reason | None
    devices: tuple[PredictedDevice, ...]
    alignment: Alignment | None
    score: int
    steps: int
    fragmentation: Fragmentation | None = None
    passed_over: int = 0
    facts: FactsUse | None = None


def scored(verdicts: Mapping[str, NodeVerdict], why: Reason) -> dict[str, NodeVerdict]:
    """
    The verdicts of a pod for which scoring fails: of several nodes that would do, none is sure to.

    Other plugins may leave only one of them, or none, so none is sure to fail either.
    """
    able = [name for name, verdict in verdicts.items() if verdict.outcome is Outcome.ALLOCATED]
    if len(able) < 2:
        return dict(verdicts)
    failing = {
        name: replace(
            verdicts[name],
            outcome=Outcome.UNKNOWN,
            certainty=Certainty.EXACT,
            reason=why,
            devices=(),
            alignment=None,
            fragmentation=None,
        )
        for name in able
    }
    return {**verdicts, **failing}


def verdict_of(plan: Plan, judgement: Judgement, score: int, release: Release) -> NodeVerdict:
    """Name the claims, pools and devices of a judgement."""
    prediction, view = judgement.prediction, judgement.view
    inventory = judgement.state.inventory if judgement.state is not None else EMPTY
    devices: tuple[PredictedDevice, ...] = ()
    if view is not None and prediction.solution is not None:
        devices = tuple(_devices(plan, prediction.solution, view, inventory, release))
    return NodeVerdict(
        prediction.outcome,
        prediction.certainty,
        named_reason(prediction.reason, plan, view, inventory),
        devices,
        judgement.alignment,
        score,
        prediction.steps,
        judgement.fragmentation,
        judgement.passed_over,
        facts=inventory.facts,
    )


def named_reason(
    reason: Reason | None, plan: Plan, view: NodeView | None, inventory: Inventory
) -> Reason | None:
    """Replace positions by the names of claims, pools and devices; what is no position is a name already."""
    if reason is None:
        return None
    params = []
    for key, value in reason.params:
        named = value
        if value.isdigit():
            number = int(value)
            if key == "claim":
                named = plan.claim_names[number]
            elif key == "pool":
                named = str(inventory.pools[number].id)
            elif key == "device" and view is not None:
                named = str(device_id(number, view.node_layout, inventory))
        params.append((key, named))
    return Reason(reason.code, tuple(params))


def _devices(
    plan: Plan, solution: Solution, view: NodeView, inventory: Inventory, release: Release
) -> list[PredictedDevice]:
    compiled = view.memo.compiled
    picks = iter(solution.picks)
    names = iter(plan.claim_names)
    devices: list[PredictedDevice] = []
    listed: Collection[DeviceID] = ()

    def add_next_claim() -> None:
        name = next(names)
        for pick in next(picks):
            result = device_result(pick, compiled, view.node_layout, inventory, release)
            devices.append(PredictedDevice(name, result, allocated=False))

    for claim in plan.claims.claims:
        if claim.allocation is None:
            add_next_claim()
            continue
        listed = listed or inventory.locations()
        devices += [
            PredictedDevice(claim.name, held, allocated=True, listed=held.id in listed)
            for held in claim.allocation.results
        ]
    if len(compiled.claims) > len(plan.specs):
        add_next_claim()
    return devices
