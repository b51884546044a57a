"""
A prediction with the names of one pod and one node.
"""

from __future__ import annotations

from dataclasses import dataclass

from extender.model import DeviceResult

from ..alignment.pairs import Alignment
from ..allocator.layout import Placed
from ..allocator.results import device_id, device_result
from ..claims.compiled_claims import CompiledClaims
from ..claims.plan import Plan
from ..cluster.inventory import Inventory
from ..reasons import Certainty, Outcome, Reason
from ..releases.release import Release
from .fragmentation import Fragmentation
from .predict import Prediction


@dataclass(frozen=True, slots=True)
class PredictedDevice:
    """``claim`` is the ResourceClaim's name; ``allocated``: the claim held it before."""

    claim: str
    result: DeviceResult
    allocated: bool


@dataclass(frozen=True, slots=True)
class NodeVerdict:
    """
    What happens to the pod on one node.

    ``devices``: claims in pod order, each in allocation order; the indexes in
    ``alignment`` count in them. ``fragmentation``: what it leaves for later pods, where
    devices are predicted.
    """

    outcome: Outcome
    certainty: Certainty
    reason: Reason | None
    devices: tuple[PredictedDevice, ...]
    alignment: Alignment | None
    score: int
    steps: int
    fragmentation: Fragmentation | None = None


def verdict_of(
    plan: Plan,
    prediction: Prediction,
    score: int,
    fragmentation: Fragmentation | None,
    compiled: CompiledClaims | None,
    placed: Placed | None,
    inventory: Inventory,
    release: Release,
) -> NodeVerdict:
    """Name the claims, pools and devices of a prediction."""
    devices: tuple[PredictedDevice, ...] = ()
    if prediction.solution is not None:
        devices = tuple(_devices(plan, prediction, compiled, placed, inventory, release))
    return NodeVerdict(
        prediction.outcome,
        prediction.certainty,
        _named(prediction.reason, plan, placed, inventory),
        devices,
        prediction.alignment,
        score,
        prediction.steps,
        fragmentation,
    )


def _devices(
    plan: Plan,
    prediction: Prediction,
    compiled: CompiledClaims | None,
    placed: Placed | None,
    inventory: Inventory,
    release: Release,
) -> list[PredictedDevice]:
    picks = iter(prediction.solution.picks if prediction.solution is not None else ())
    names = iter(plan.claim_names)
    devices: list[PredictedDevice] = []

    def add_next_claim() -> None:
        name = next(names)
        for pick in next(picks):
            if compiled is not None and placed is not None:
                result = device_result(pick, compiled, placed, inventory, release)
                devices.append(PredictedDevice(name, result, allocated=False))

    for claim in plan.claims.claims:
        if claim.allocation is None:
            add_next_claim()
            continue
        devices += [PredictedDevice(claim.name, held, allocated=True) for held in claim.allocation.results]
    if compiled is not None and len(compiled.claims) > len(plan.specs):
        add_next_claim()
    return devices


def _named(reason: Reason | None, plan: Plan, placed: Placed | None, inventory: Inventory) -> Reason | None:
    """Replace positions by names; what is no position is a name already."""
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
            elif key == "device" and placed is not None:
                named = str(device_id(number, placed, inventory))
        params.append((key, named))
    return Reason(reason.code, tuple(params))
