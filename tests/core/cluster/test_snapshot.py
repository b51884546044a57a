"""Snapshots that follow from another: which nodes claims change, and that the rest is shared."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from extender.core.cluster.snapshot import ClaimKey, Snapshot
from extender.model import Claim, DeviceID, Devices, Node, PoolID, ResourceSlice
from tests import builders as b

GPU_A, GPU_B = (DeviceID("gpu.nvidia.com", node, "gpu-0") for node in ("a", "b"))
FABRIC = DeviceID("dra.net", "fabric", "nic-0")
GONE = DeviceID("gpu.nvidia.com", "gone", "gpu-0")


def world(*claims: Claim) -> Snapshot:
    """Two nodes with a GPU each, and a pool that both can reach; a third has nothing."""
    gpus = [b.slice_of("gpu.nvidia.com", node, [b.device("gpu-0")]) for node in ("a", "b")]
    on_a_and_b = b.device("nic-0")
    fabric = ResourceSlice("fabric", "dra.net", "fabric", all_nodes=True, devices=Devices.of((on_a_and_b,)))
    nodes = [Node("a"), Node("b"), Node("bare")]
    return b.snapshot(nodes=nodes, slices=[*gpus, fabric], claims=claims)


def exclusive(snapshot: Snapshot, node: str) -> set[str]:
    """Devices of a node that are taken, as pool/device."""
    state = snapshot.nodes[node]
    return {
        f"{pool.id.pool}/{device}"
        for pool, usage in zip(state.inventory.pools, state.usage, strict=True)
        for device in usage.exclusive
    }


class Case(NamedTuple):
    """What is there, what comes and goes, and which nodes that changes."""

    before: tuple[Claim, ...]
    upserts: tuple[Claim, ...]
    deletions: tuple[ClaimKey, ...]
    changed: frozenset[str]


HOLDS_A, HOLDS_B = b.holding("c", GPU_A), b.holding("c", GPU_B)
KEY = HOLDS_A.key
CASES = {
    "nothing": Case((), (), (), frozenset()),
    "a claim without devices": Case((), (b.claim("c"),), (), frozenset()),
    "allocated": Case((b.claim("c"),), (HOLDS_A,), (), frozenset(("a",))),
    "new and allocated": Case((), (HOLDS_A,), (), frozenset(("a",))),
    "moved": Case(
        (HOLDS_A,),
        (HOLDS_B,),
        (),
        frozenset(
            (
                "a",
                "b",
            )
        ),
    ),
    "deallocated": Case((HOLDS_A,), (b.claim("c"),), (), frozenset(("a",))),
    "deleted": Case((HOLDS_A,), (), (KEY,), frozenset(("a",))),
    "deleted, without devices": Case((b.claim("c"),), (), (KEY,), frozenset()),
    "deleted, never known": Case((), (), (KEY,), frozenset()),
    "the same allocation again": Case((HOLDS_A,), (b.holding("c", GPU_A),), (), frozenset()),
    "reserved for another": Case((HOLDS_A,), (replace(HOLDS_A, deleting=True),), (), frozenset()),
    "a pool of several nodes": Case(
        (),
        (b.holding("c", FABRIC),),
        (),
        frozenset(
            (
                "a",
                "b",
                "bare",
            )
        ),
    ),
    "a pool that is gone": Case((), (b.holding("c", GONE),), (), frozenset()),
    "came and went at once": Case((), (HOLDS_A,), (KEY,), frozenset()),
}


@pytest.mark.parametrize("case", CASES)
def test_nodes_that_claims_change(case):
    """Only those whose pools are touched; the others are the very same objects."""
    before, upserts, deletions, changed = CASES[case]
    first = world(*before)
    second = first.with_claims(upserts, deletions)
    assert second.changed_since(first.number) == changed
    for name, state in first.nodes.items():
        assert (second.nodes[name] is state) == (name not in changed)
    assert second.slices is first.slices
    assert second.classes is first.classes
    assert second.lineage is first.lineage


@pytest.mark.parametrize("case", CASES)
def test_the_result_is_that_of_a_fresh_snapshot(case):
    """Claims, holders and usage are as if read anew."""
    before, upserts, deletions, _ = CASES[case]
    followed = world(*before).with_claims(upserts, deletions)
    fresh = world(*followed.claims.values())
    assert followed.claims == fresh.claims
    assert followed.holders == fresh.holders
    for name, state in fresh.nodes.items():
        assert followed.nodes[name].usage == state.usage


def test_what_is_taken():
    """A pool of several nodes is taken on each of them."""
    snapshot = world(HOLDS_A, b.holding("d", FABRIC))
    assert {name: exclusive(snapshot, name) for name in snapshot.nodes} == {
        "a": {"a/gpu-0", "fabric/nic-0"},
        "b": {"fabric/nic-0"},
        "bare": {"fabric/nic-0"},
    }
    assert snapshot.pool_nodes[PoolID("dra.net", "fabric")] == ("a", "b", "bare")


def test_a_device_held_twice_stays_taken_until_both_went():
    """Admin mistakes and races are no reason to hand it out."""
    snapshot = world(HOLDS_A, b.holding("d", GPU_A))
    once = snapshot.with_claims(deletions=[HOLDS_A.key])
    assert exclusive(once, "a") == {"a/gpu-0"}
    assert exclusive(once.with_claims(deletions=[("default", "d")]), "a") == set()


def test_the_first_snapshot_is_not_changed():
    """A request under way goes on reading its own."""
    first = world()
    first.with_claims([HOLDS_A])
    assert exclusive(first, "a") == set()
    assert first.claims == {}


def test_changes_add_up_over_several_snapshots():
    """Whoever is behind learns of all that it missed."""
    first = world()
    second = first.with_claims([HOLDS_A])
    third = second.with_claims([b.holding("d", GPU_B)])
    assert third.changed_since(first.number) == frozenset(("a", "b"))
    assert third.changed_since(second.number) == frozenset(("b",))
    assert third.changed_since(third.number) == frozenset()


def test_too_long_ago_is_not_known():
    """The history is bounded; a number from the future is not known either."""
    first = snapshot = world()
    for number in range(256):
        snapshot = snapshot.with_claims(
            [b.holding(f"c-{number}", DeviceID("dra.net", "fabric", f"nic-{number}"))]
        )
    assert snapshot.changed_since(first.number) == frozenset(snapshot.nodes)
    assert snapshot.with_claims([HOLDS_A]).changed_since(first.number) is None
    assert first.changed_since(snapshot.number) is None


def test_what_changes_no_node_takes_no_room_in_the_history():
    """Most events of a live cluster are about claims and pods that hold nothing."""
    first = snapshot = world(HOLDS_A)
    for number in range(300):
        snapshot = snapshot.with_claims([b.claim(f"c-{number}")])
    assert len(snapshot.claims) == 301
    assert snapshot.changed_since(first.number) == frozenset()
