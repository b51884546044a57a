"""
The audit's plan on Kubernetes' own allocator: each move gives exactly the devices that it promises.

Skipped where no oracle is built: ``make oracle``.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import msgspec
import pytest

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.kube.decode.readings import SCHEDULING_READINGS
from extender.kube.encode.claims import claim_json, class_json
from extender.kube.encode.nodes import node_json
from extender.kube.encode.slices import slice_json
from tests.cli.allocated_fleet import allocated_fleet
from tests.core.audit.carried_out import audited
from tests.oracle.client import Oracle
from tests.oracle.releases import oracle_path

NODES = 60
FEATURES = (
    "AdminAccess",
    "ConsumableCapacity",
    "DeviceBindingAndStatus",
    "DeviceTaints",
    "PartitionableDevices",
    "PrioritizedList",
)

pytestmark = pytest.mark.skipif(oracle_path("1.36") is None, reason="the oracle of 1.36 is not built")


def as_json(value):
    return json.loads(msgspec.json.encode(value))


def asked(snapshot, move):
    """The move as a question: the node, what others hold there, and the pod's claims."""
    name = move.node
    held = [
        result
        for claim in snapshot.claims.values()
        if claim.allocation is not None
        for result in claim.allocation.results
        if result.id.pool == name
    ]
    shared = [result for result in held if result.consumed_capacity]
    capacity: dict[str, Counter[str]] = {}
    for result in shared:
        amounts = {key: quantity.nanos // 10**9 for key, quantity in result.consumed_capacity}
        capacity.setdefault(str(result.id), Counter()).update(amounts)
    slices = [each for each in snapshot.published.values() if each.node_name == name]
    pending = [replace(claim, allocation=None, reserved_for=()) for claim in move.claims]
    return {
        "features": FEATURES,
        "node": as_json(node_json(snapshot.nodes[name].node)),
        "classes": [as_json(class_json(each)) for each in snapshot.classes.values()],
        "slices": [as_json(slice_json(each)) for each in slices],
        "claims": [as_json(claim_json(each)) for each in pending],
        "allocatedDevices": [str(result.id) for result in held if result not in shared],
        "allocatedSharedDeviceIDs": [f"{result.id}/{number}" for number, result in enumerate(shared)],
        "allocatedCapacity": {
            device: {key: str(amount) for key, amount in amounts.items()}
            for device, amounts in capacity.items()
        },
    }


def test_every_promised_device_is_what_the_allocator_hands_out(tmp_path):
    """With claims as written, and with claims that are rewritten."""
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(allocated_fleet(NODES)))
    snapshot = cluster_input(read_cluster([str(path)], SCHEDULING_READINGS), "1.36.2").snapshot
    moves = audited(snapshot).plan.moves
    assert {bool(move.rewritten) for move in moves} == {True, False}
    with Oracle("1.36") as oracle:
        for move in moves:
            snapshot = snapshot.with_claims([replace(claim, allocation=None) for claim in move.claims])
            (*results,) = oracle.allocate(asked(snapshot, move))["results"]
            handed_out = [
                f"{each['driver']}/{each['pool']}/{each['device']}"
                for result in results
                for each in result["devices"]["results"]
            ]
            assert handed_out == [str(result.id) for _, result in move.devices]
            snapshot = snapshot.with_claims(move.claims)
