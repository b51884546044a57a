"""Taint rules that come and go, and what concerns every node: nodes of one type stay of one type."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.model import Devices, Node, ResourceSlice, Taint
from extender.model.kinds import DEVICE_TAINT_RULE, RESOURCE_SLICE
from tests import builders as b
from tests.core.cluster.test_snapshot_update import DRAIN, GPU, NAMES, world


def taints(snapshot: Snapshot, node: str) -> tuple[Taint, ...]:
    (traits,) = snapshot.nodes[node].inventory.type.traits
    return traits.values[0].taints


def test_a_taint_rule_that_goes_leaves_nothing_behind():
    """Devices are again as the driver published them."""
    snapshot = world()
    drained = snapshot.updated(Changes.of(DEVICE_TAINT_RULE, (DRAIN,)))
    assert [taints(drained, name) for name in NAMES] == [(DRAIN.taint,), (), ()]
    restored = drained.updated(Changes.of(DEVICE_TAINT_RULE, gone=("drain",)))
    assert restored.nodes["a"].inventory == snapshot.nodes["a"].inventory
    assert restored.changed_since(drained.number) == frozenset("a")


@pytest.mark.parametrize(
    "event",
    [
        Changes.of(DEVICE_TAINT_RULE, (replace(DRAIN, pool=""),)),
        Changes.of(DEVICE_TAINT_RULE, (replace(DRAIN, pool="", device="gpu-0"),)),
        Changes.of(
            RESOURCE_SLICE,
            (
                ResourceSlice(
                    "fabric", "dra.net", "fabric", all_nodes=True, devices=Devices.of((b.device("nic-0"),))
                ),
            ),
        ),
    ],
    ids=["rule", "rule for a device", "slice"],
)
def test_nodes_of_one_type_get_one_type(event):
    """And one pool, where it is for all of them."""
    names = [f"node-{number}" for number in range(3)]
    snapshot = Snapshot.of(
        release=release_for("1.37"),
        nodes=map(Node, names),
        slices=[b.slice_of("gpu.nvidia.com", name, [b.device("gpu-0")]) for name in names],
    )
    (before,) = {id(state.inventory.type) for state in snapshot.nodes.values()}
    after = snapshot.updated(event)
    assert after.changed_since(snapshot.number) == frozenset(names)
    (now,) = {id(state.inventory.type) for state in after.nodes.values()}
    assert now != before
    pools = {id(pool) for state in after.nodes.values() for pool in state.inventory.pools}
    assert len(pools) == len(names) + bool(event[RESOURCE_SLICE])


def test_a_taint_rule_holds_for_slices_that_come_later():
    """And for the next version of one that it has tainted."""
    snapshot = world(taint_rules=[DRAIN]).updated(
        Changes.of(RESOURCE_SLICE, (replace(GPU["a"], devices=Devices.of((b.device("gpu-9"),))),))
    )
    assert taints(snapshot, "a") == (DRAIN.taint,)
