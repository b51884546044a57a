"""
One case of the allocator, as data, and what we predict for it.

A case is a mapping as in ``tests/data/allocator/*.jsonl``: ``features`` (exactly
the allocator features that are on), ``node`` (null: none), ``classes``, ``slices``,
``claims`` (unallocated, in order), ``allocatedDevices`` and
``allocatedSharedDeviceIDs`` (``driver/pool/device[/share]``), ``allocatedCapacity``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from extender.cel import unlimited
from extender.core.allocator.answer import find
from extender.core.allocator.budget import Budget
from extender.core.allocator.layout_usage import usage_of
from extender.core.allocator.order import combinations_suffice
from extender.core.allocator.picking import Fatal, Unpredictable
from extender.core.allocator.problem import Problem
from extender.core.allocator.projection import Projector
from extender.core.allocator.results import SHARE_ID, allocations
from extender.core.allocator.search import Search
from extender.core.claims.compiled_claims import InvalidClaims, compile_claims
from extender.core.cluster.snapshot import Snapshot
from extender.core.reasons import Certainty, Outcome
from extender.core.releases.features import Features
from extender.core.releases.history import implementation_for, release_with
from extender.core.releases.release import Implementation, Release
from extender.kube import decode
from extender.model import Allocation, Claim, ClaimSpec, DeviceID, DeviceResult, Node, ResourceSlice
from extender.model.quantity import parse_quantity

ALLOCATOR_FEATURES: dict[str, tuple[str, ...]] = {
    "AdminAccess": ("admin_access",),
    "PrioritizedList": ("prioritized_list",),
    "PartitionableDevices": ("partitionable_devices",),
    "DeviceTaints": ("device_taints",),
    "DeviceBinding": ("binding_conditions",),
    "DeviceStatus": ("device_status",),
    "DeviceBindingAndStatus": ("binding_conditions", "device_status"),
    "ConsumableCapacity": ("consumable_capacity",),
    "FractionalCapacityRange": ("fractional_capacity_range",),
    "ListTypeAttributes": ("list_type_attributes",),
    "DerivedAttributes": ("derived_attributes",),
    "CompatibilityGroups": ("compatibility_groups",),
    "OptionalNodeOperations": ("optional_node_operations",),
}
"""
Upstream's names of the features that its allocator knows.

Source: k8s.io/dynamic-resource-allocation structured/internal/types.go Features, v0.34 to v0.38.0-beta.0.
"""


@dataclass(frozen=True)
class Answer:
    """
    ``allocations`` per claim, for ``Outcome.ALLOCATED`` only; ``detail`` says why there are none.

    ``node_fails``: nothing fits and the node's pools are invalid, which upstream reports as an
    error of this node only. ``steps``: upstream's allocateOne calls, ``None`` where no search
    ran or ours takes fewer. ``fixed_order``: the allocator does not walk pools at random.
    ``refused``: the claims are, before any node is looked at.
    """

    outcome: Outcome
    certainty: Certainty = Certainty.EXACT
    allocations: tuple[Allocation, ...] = ()
    detail: str = ""
    node_fails: bool = False
    steps: int | None = None
    fixed_order: bool = True
    refused: bool = False


def features_named(names: Iterable[str]) -> Features:
    """Exactly the allocator features in ``names`` (upstream's own names), no others."""
    on = {field for name in names for field in ALLOCATOR_FEATURES[name]}
    return Features(**{field.name: field.name in on for field in fields(Features)})


def predict_case(
    case: Mapping[str, Any],
    version: str,
    implementation: Implementation | None = None,
    budget: int = 1_000_000,
) -> Answer:
    """
    What we say of a case on a release such as ``"1.36.2"``, with exactly the features it lists.

    ``implementation``: the one to run; else the one that the scheduler picks for the features.
    """
    features = features_named(case["features"])
    minor = version.rsplit(".", 1)[0]
    release = release_with(version, features, implementation or implementation_for(minor, features))
    return replace(_predict(case, release, budget), fixed_order=release.order.fixed)


def _predict(case: Mapping[str, Any], release: Release, budget: int) -> Answer:
    interner = decode.Interner()
    node = decode.node(_json(case["node"]), interner) if case.get("node") else Node("")
    snapshot = Snapshot.of(
        release=release,
        nodes=[node],
        slices=_uniquely_named(
            [decode.resource_slice(_json(item), interner) for item in case.get("slices") or ()]
        ),
        classes=[decode.device_class(_json(item), interner) for item in case.get("classes") or ()],
        claims=_holders(case),
    )
    specs = [decode.resource_claim(_json(item), interner).spec for item in case.get("claims") or ()]
    state = snapshot.nodes[node.name]
    if state.inventory.failure is not None:
        return Answer(Outcome.ERROR, detail=str(state.inventory.failure))
    try:
        compiled = compile_claims(specs, snapshot.classes, release, unlimited())
    except InvalidClaims as refused:
        return Answer(Outcome.ERROR, detail=str(refused.reason), refused=True)
    node_layout = Projector(compiled, release).project(state.inventory, Budget(0, 2**62))
    assert node_layout is not None
    usage = usage_of(node_layout, state.inventory, state.usage, release)
    problem = Problem(compiled, node_layout.layout, usage, release)
    found = find(problem, budget)
    steps = _upstream_steps(problem, budget)
    if isinstance(found.answer, Fatal):
        detail, node_fails = str(found.answer.reason), found.answer.node_only
        outcome = Outcome.UNSCHEDULABLE if node_fails else Outcome.ERROR
        return Answer(outcome, found.certainty, detail=detail, node_fails=node_fails, steps=steps)
    if isinstance(found.answer, Unpredictable):
        detail = str(found.answer.reason)
        return Answer(Outcome.UNKNOWN, found.certainty, detail=detail, steps=steps)
    if found.answer is None:
        invalid = any(pool.invalid for pool in state.inventory.pools)
        return Answer(Outcome.UNSCHEDULABLE, found.certainty, node_fails=invalid, steps=steps)
    try:
        made = allocations(node.name, compiled, found.answer, node_layout, state.inventory, release)
    except InvalidClaims as refused:
        return Answer(Outcome.ERROR, found.certainty, detail=str(refused.reason))
    return Answer(Outcome.ALLOCATED, found.certainty, tuple(made), steps=steps)


def _upstream_steps(problem: Problem, budget: int) -> int | None:
    """The search steps that upstream counts; ``None`` where it takes more, as it tries every order."""
    if not problem.release.order.combinations and combinations_suffice(problem):
        return None
    search = Search(problem, budget)
    try:
        search.run()
    except Fatal:
        pass
    except Unpredictable:
        return None
    return search.steps


def _uniquely_named(slices: Iterable[ResourceSlice]) -> Iterator[ResourceSlice]:
    """As an API server has them; those of one name stay together and in order."""
    counts: Counter[str] = Counter()
    for slice_ in slices:
        counts[slice_.name] += 1
        number = counts[slice_.name]
        yield replace(slice_, name=f"{slice_.name}\0{number:04}") if number > 1 else slice_


def expected_allocations(results: Sequence[Mapping[str, Any]]) -> tuple[Allocation, ...]:
    """Decode what the real allocator answered: an AllocationResult per claim."""
    interner = decode.Interner()
    return tuple(decode.allocation(_json(result), interner) for result in results)


def comparable(allocations: Sequence[Allocation]) -> list[Allocation]:
    """Share IDs are random; quantities compare by value."""
    return [
        replace(
            allocation,
            results=tuple(
                replace(
                    result,
                    share_id=SHARE_ID if result.share_id else "",
                    consumed_capacity=tuple(
                        sorted(
                            (name, replace(quantity, text="")) for name, quantity in result.consumed_capacity
                        )
                    ),
                )
                for result in allocation.results
            ),
        )
        for allocation in allocations
    ]


def _holders(case: Mapping[str, Any]) -> list[Claim]:
    """Claims that hold what the case says is allocated."""
    results = [DeviceResult("r", _device_id(text)) for text in case.get("allocatedDevices") or ()]
    for text in case.get("allocatedSharedDeviceIDs") or ():
        # 1.38 counts devices that are shared, where earlier releases count the shares.
        device, share = text.rsplit("/", 1) if text.count("/") > 2 else (text, "share")
        results.append(DeviceResult("r", _device_id(device), share_id=share))
    for text, amounts in (case.get("allocatedCapacity") or {}).items():
        consumed = tuple(sorted((name, parse_quantity(value)) for name, value in amounts.items()))
        results.append(DeviceResult("r", _device_id(text), share_id="share", consumed_capacity=consumed))
    return [
        Claim("ns", f"holder-{number}", f"uid-{number}", ClaimSpec("holder"), Allocation(results=(result,)))
        for number, result in enumerate(results)
    ]


def _device_id(text: str) -> DeviceID:
    """Parse ``driver/pool/device``; the pool's name may have slashes of its own."""
    driver, rest = text.split("/", 1)
    pool, device = rest.rsplit("/", 1)
    return DeviceID(driver, pool, device)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
