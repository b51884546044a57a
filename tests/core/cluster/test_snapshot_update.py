"""Events of every kind: which nodes they change, what stays shared, and what is no event at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest

from extender.core.cluster import signature
from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.model import (
    NO_DEVICES,
    CounterConsumption,
    CounterSet,
    Device,
    DeviceClass,
    DeviceID,
    Devices,
    DeviceTaintRule,
    DeviceTraits,
    Node,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
    PoolID,
    ResourceSlice,
    Taint,
)
from extender.model.kinds import DEVICE_CLASS, DEVICE_TAINT_RULE, NODE, POD, RESOURCE_CLAIM, RESOURCE_SLICE
from extender.model.quantity import Quantity
from tests import builders as b

NAMES = ("a", "b", "c")
ONE = Quantity(10**9, "1")
UNITS = (("units", ONE),)
IN_ZONE = NodeSelector((NodeSelectorTerm((NodeRequirement("zone", "In", ("one",)),)),))
REFUSED = NodeSelector((NodeSelectorTerm((NodeRequirement("zone", "In"),)),))

GPU = {name: b.slice_of("gpu.nvidia.com", name, [b.device("gpu-0")]) for name in NAMES}
NODES = {"a": Node("a", {"zone": "one"}), "b": Node("b", {"zone": "two"}), "c": Node("c")}
HALF_A, HALF_B = (
    ResourceSlice(
        f"half-{node}",
        "dra.net",
        "halves",
        resource_slice_count=2,
        node_name=node,
        devices=Devices.of((b.device(f"nic-{node}"),)),
    )
    for node in ("a", "b")
)
COUNTERS = ResourceSlice(
    "counters",
    "parts",
    "c",
    resource_slice_count=2,
    node_name="c",
    shared_counters=(CounterSet("set", UNITS),),
)
PART = ResourceSlice(
    "part",
    "parts",
    "c",
    resource_slice_count=2,
    node_name="c",
    devices=Devices.of(
        (b.device("part-0", traits=DeviceTraits(consumes_counters=(CounterConsumption("set", UNITS),))),)
    ),
)
ZONAL = ResourceSlice(
    "zonal", "dra.net", "zonal", node_selector=IN_ZONE, devices=Devices.of((b.device("nic-0"),))
)
ON_ROOT = b.device("nic-0", "pci0000:10", 0)
PICKY = ResourceSlice(
    "picky",
    "dra.net",
    "picky",
    per_device_node_selection=True,
    devices=Devices.of(
        (
            b.device("nic-0", traits=DeviceTraits(node_name="b")),
            b.device("nic-1", traits=DeviceTraits(node_selector=IN_ZONE)),
        )
    ),
)
# Of the GPUs' driver, between their pools; and a pool with the name of one of theirs.
AMONG = replace(ZONAL, driver="gpu.nvidia.com", pool="b0", node_selector=None, all_nodes=True)
NAMESAKE = replace(ZONAL, driver="other", pool="a", node_selector=None, all_nodes=True)
DRAIN = DeviceTaintRule("drain", Taint("drain", "NoSchedule"), driver="gpu.nvidia.com", pool="a")


def world(*slices: ResourceSlice, version: str = "1.36.2", **given: object) -> Snapshot:
    """Three nodes with a GPU each, and what else is given."""
    gates = {"DRADeviceTaintRules": True}
    if version == "1.37":
        gates |= {"DRAOptionalNodeOperations": True}
    release = release_for(version, gates)
    return Snapshot.of(
        release=release,
        nodes=NODES.values(),
        slices=[*GPU.values(), *slices],
        classes=b.CLASSES,
        **given,  # type: ignore[arg-type]
    )


class Case(NamedTuple):
    """Slices besides the GPUs, what happens, and which nodes that changes."""

    slices: tuple[ResourceSlice, ...]
    changes: Changes
    changed: str


CASES = {
    "a node's label": Case((), Changes.of(NODE, (Node("c", {"zone": "two"}),)), "c"),
    "a node's resources": Case((), Changes.of(NODE, (replace(NODES["c"], allocatable={"x": ONE}),)), "c"),
    "a new node": Case((), Changes.of(NODE, (Node("d"),)), "d"),
    "a node goes": Case((), Changes.of(NODE, gone=("b",)), "b"),
    "one comes, one goes": Case((), Changes.of(NODE, (Node("d"),), gone=("b",)), "bd"),
    "a node moves into a slice's zone": Case(
        (ZONAL,), Changes.of(NODE, (replace(NODES["b"], labels={"zone": "one"}),)), "b"
    ),
    "a node moves to where devices are for it": Case(
        (PICKY,), Changes.of(NODE, (replace(NODES["c"], labels={"zone": "one"}),)), "c"
    ),
    "a node that learns what its slice needs": Case(
        (replace(ZONAL, node_selector=None, node_name="c", skip_node_operations=("PrepareResources",)),),
        Changes.of(NODE, (replace(NODES["c"], declared_features=("DRAOptionalNodeOperations",)),)),
        "c",
    ),
    "a node's own slice becomes one for all": Case(
        (replace(ZONAL, node_selector=None, node_name="a", devices=Devices.of((ON_ROOT,))),),
        Changes.of(
            RESOURCE_SLICE,
            (replace(ZONAL, node_selector=None, all_nodes=True, devices=Devices.of((ON_ROOT,))),),
        ),
        "abc",
    ),
    "a slice for all becomes a node's own": Case(
        (replace(ZONAL, node_selector=None, all_nodes=True, devices=Devices.of((ON_ROOT,))),),
        Changes.of(
            RESOURCE_SLICE,
            (replace(ZONAL, node_selector=None, node_name="a", devices=Devices.of((ON_ROOT,))),),
        ),
        "abc",
    ),
    "a slice of one node": Case(
        (), Changes.of(RESOURCE_SLICE, (replace(GPU["a"], devices=Devices.of((b.device("gpu-1"),))),)), "a"
    ),
    "the last of two with one name": Case(
        (), Changes.of(RESOURCE_SLICE, (replace(GPU["a"], devices=NO_DEVICES), GPU["a"])), ""
    ),
    "a slice goes": Case((), Changes.of(RESOURCE_SLICE, gone=(GPU["a"].name,)), "a"),
    "a slice that came and went": Case((), Changes.of(RESOURCE_SLICE, (ZONAL,), gone=("zonal",)), ""),
    "a slice moves to another node": Case(
        (), Changes.of(RESOURCE_SLICE, (replace(GPU["a"], node_name="b", pool="moved"),)), "ab"
    ),
    "a slice moves to another pool": Case(
        (), Changes.of(RESOURCE_SLICE, (replace(GPU["a"], pool="moved"),)), "a"
    ),
    "a slice of a node that is not there": Case(
        (), Changes.of(RESOURCE_SLICE, (replace(GPU["a"], name="x", node_name="x", pool="x"),)), ""
    ),
    "a slice for all": Case(
        (), Changes.of(RESOURCE_SLICE, (replace(ZONAL, node_selector=None, all_nodes=True),)), "abc"
    ),
    "a slice for all whose pool is before some nodes' own and after others'": Case(
        (), Changes.of(RESOURCE_SLICE, (AMONG,)), "abc"
    ),
    "such a slice changes": Case(
        (AMONG,), Changes.of(RESOURCE_SLICE, (replace(AMONG, devices=NO_DEVICES),)), "abc"
    ),
    "such a slice goes": Case((AMONG,), Changes.of(RESOURCE_SLICE, gone=(AMONG.name,)), "abc"),
    "a slice for all whose pool has the name of a node's own": Case(
        (), Changes.of(RESOURCE_SLICE, (NAMESAKE,)), "abc"
    ),
    "a node's own pool becomes one for all": Case(
        (), Changes.of(RESOURCE_SLICE, (replace(GPU["a"], node_name="", all_nodes=True),)), "abc"
    ),
    "a slice for all and a rule for it": Case(
        (NAMESAKE,),
        Changes.of(RESOURCE_SLICE, (replace(NAMESAKE, generation=1),))
        | Changes.of(DEVICE_TAINT_RULE, (replace(DRAIN, driver="", pool=""),)),
        "abc",
    ),
    "a slice for a zone": Case((), Changes.of(RESOURCE_SLICE, (ZONAL,)), "a"),
    "a zone's slice for all": Case(
        (ZONAL,), Changes.of(RESOURCE_SLICE, (replace(ZONAL, node_selector=None, all_nodes=True),)), "abc"
    ),
    "a slice whose devices choose": Case((), Changes.of(RESOURCE_SLICE, (PICKY,)), "ab"),
    "a slice whose devices choose goes": Case((PICKY,), Changes.of(RESOURCE_SLICE, gone=("picky",)), "ab"),
    "a selector that is refused": Case(
        (), Changes.of(RESOURCE_SLICE, (replace(ZONAL, node_selector=REFUSED),)), "abc"
    ),
    "a selector that was refused": Case(
        (replace(ZONAL, node_selector=REFUSED),), Changes.of(RESOURCE_SLICE, (ZONAL,)), "abc"
    ),
    "the other half of a pool": Case((HALF_A,), Changes.of(RESOURCE_SLICE, (HALF_B,)), "ab"),
    "one half of a pool goes": Case((HALF_A, HALF_B), Changes.of(RESOURCE_SLICE, gone=("half-b",)), "ab"),
    "one half gets ahead": Case(
        (HALF_A, HALF_B), Changes.of(RESOURCE_SLICE, (replace(HALF_B, generation=1),)), "ab"
    ),
    "the other half catches up": Case(
        (HALF_A, replace(HALF_B, generation=1)),
        Changes.of(RESOURCE_SLICE, (replace(HALF_A, generation=1),)),
        "ab",
    ),
    "counters without devices": Case((), Changes.of(RESOURCE_SLICE, (COUNTERS,)), "abc"),
    "devices for counters": Case((COUNTERS,), Changes.of(RESOURCE_SLICE, (PART,)), "abc"),
    "counters and devices at once": Case((), Changes.of(RESOURCE_SLICE, (COUNTERS, PART)), "c"),
    "counters of a pool": Case(
        (COUNTERS, PART),
        Changes.of(
            RESOURCE_SLICE,
            (replace(COUNTERS, shared_counters=(CounterSet("set", (("units", Quantity(2)),)),)),),
        ),
        "c",
    ),
    "a taint rule": Case((), Changes.of(DEVICE_TAINT_RULE, (DRAIN,)), "a"),
    "a taint rule for nothing": Case((), Changes.of(DEVICE_TAINT_RULE, (replace(DRAIN, pool="x"),)), ""),
    "a class": Case((), Changes.of(DEVICE_CLASS, (DeviceClass("any"),)), ""),
    "a pod": Case((), Changes.of(POD, (b.pod("p", "c"),)), ""),
    "a claim": Case(
        (), Changes.of(RESOURCE_CLAIM, (b.holding("c", DeviceID("gpu.nvidia.com", "b", "gpu-0")),)), "b"
    ),
    "a claim and a slice": Case(
        (),
        (
            Changes.of(RESOURCE_SLICE, (replace(GPU["a"], devices=NO_DEVICES),))
            | Changes.of(RESOURCE_CLAIM, (b.holding("c", DeviceID("gpu.nvidia.com", "b", "gpu-0")),))
        ),
        "ab",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_nodes_that_change(case):
    """They are named; all others are the very same objects, and the snapshot before stays as it was."""
    slices, changes, changed = CASES[case]
    before = world(*slices)
    states = dict(before.nodes)
    after = before.updated(changes)
    assert after.changed_since(before.number) == frozenset(changed)
    for name in after.nodes.keys() - set(changed):
        assert after.nodes[name] is states[name]
    assert before.nodes == states
    assert after.lineage is before.lineage


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("version", ["1.36.2", "1.37"])
def test_the_result_is_that_of_a_fresh_snapshot(case, version):
    """Inventories and usage are as if the cluster were read anew."""
    slices, changes, _ = CASES[case]
    after = world(*slices, version=version).updated(changes)
    fresh = Snapshot.of(
        release=after.release,
        nodes=[state.node for state in after.nodes.values()],
        slices=after.published.values(),
        claims=after.claims.values(),
        taint_rules=after.taint_rules.values(),
    )
    assert after.slices == fresh.slices
    for name, state in fresh.nodes.items():
        followed = after.nodes[name]
        assert (followed.node, followed.inventory, followed.usage) == (
            state.node,
            state.inventory,
            state.usage,
        )


EVENTS_WITHOUT_NEWS: dict[str, Callable[[], Changes]] = {
    "nothing": Changes,
    "a node's heartbeat": lambda: Changes.of(NODE, (Node("a", {"zone": "one"}),)),
    "the same slice again": lambda: Changes.of(
        RESOURCE_SLICE, (b.slice_of("gpu.nvidia.com", "a", [b.device("gpu-0")]),)
    ),
    "the same class": lambda: Changes.of(DEVICE_CLASS, (replace(b.GPU_CLASS),)),
    "the same claim": lambda: Changes.of(
        RESOURCE_CLAIM, (b.holding("c", DeviceID("gpu.nvidia.com", "a", "gpu-0")),)
    ),
    "the same pod": lambda: Changes.of(POD, (b.pod("p", "c"),)),
    "the same rule": lambda: Changes.of(DEVICE_TAINT_RULE, (replace(DRAIN),)),
    "strangers go": lambda: (
        Changes.of(NODE, gone=("x",))
        | Changes.of(RESOURCE_SLICE, gone=("x",))
        | Changes.of(DEVICE_CLASS, gone=("x",))
        | Changes.of(RESOURCE_CLAIM, gone=(("x", "x"),))
        | Changes.of(POD, gone=(("x", "x"),))
        | Changes.of(DEVICE_TAINT_RULE, gone=("x",))
    ),
}


@pytest.mark.parametrize("event", EVENTS_WITHOUT_NEWS)
def test_without_news_it_is_the_same_snapshot(event):
    """Values count, not objects: most events of a live cluster say nothing that is read."""
    claim = b.holding("c", DeviceID("gpu.nvidia.com", "a", "gpu-0"))
    snapshot = world(claims=[claim], pods=[b.pod("p", "c")], taint_rules=[DRAIN])
    assert snapshot.updated(EVENTS_WITHOUT_NEWS[event]()) is snapshot


def test_classes_are_the_same_mapping_until_one_differs():
    """The memo starts afresh with another mapping."""
    snapshot = world()
    same = Changes.of(NODE, (Node("d"),)) | Changes.of(DEVICE_CLASS, (replace(b.GPU_CLASS),))
    assert snapshot.updated(same).classes is snapshot.classes
    other = snapshot.updated(Changes.of(DEVICE_CLASS, (replace(b.GPU_CLASS, selectors=()),), gone=("nic",)))
    assert dict(other.classes) == {"gpu": DeviceClass("gpu")}


def test_events_without_slices_share_the_index():
    snapshot = world()
    after = snapshot.updated(Changes.of(NODE, (Node("d"),)) | Changes.of(POD, (b.pod("p"),)))
    assert (after.slices, after.usage) == (snapshot.slices, snapshot.usage)
    assert after.slices is snapshot.slices


def test_a_new_node_finds_what_is_there():
    """Slices published before the node, pools for all nodes, and what is taken of both."""
    fabric = ResourceSlice(
        "fabric", "dra.net", "fabric", all_nodes=True, devices=Devices.of((b.device("nic-0"),))
    )
    early = b.slice_of("gpu.nvidia.com", "d", [b.device("gpu-0")])
    claim = b.holding("c", DeviceID("gpu.nvidia.com", "d", "gpu-0"), DeviceID("dra.net", "fabric", "nic-0"))
    snapshot = world(fabric, early, claims=[claim]).updated(Changes.of(NODE, (Node("d"),)))
    state = snapshot.nodes["d"]
    assert [pool.id.pool for pool in state.inventory.pools] == ["fabric", "d"]
    assert [usage.exclusive for usage in state.usage] == [{"nic-0"}, {"gpu-0"}]
    assert snapshot.pool_nodes[PoolID("dra.net", "fabric")] == ("a", "b", "c", "d")


def test_nodes_stay_in_the_order_of_their_names():
    snapshot = world().updated(Changes.of(NODE, (Node("aa"), Node("0"))))
    assert list(snapshot.nodes) == ["0", "a", "aa", "b", "c"]


@pytest.mark.parametrize("version", ["1.34", "1.35"])
def test_what_a_release_does_not_look_at_changes_nothing(version):
    """Without the feature, devices that choose their nodes are no devices."""
    snapshot = (
        world(version=version)
        if version == "1.35"
        else Snapshot.of(release=release_for(version), nodes=NODES.values(), slices=GPU.values())
    )
    after = snapshot.updated(Changes.of(RESOURCE_SLICE, (PICKY,)))
    assert after.changed_since(snapshot.number) == frozenset()
    assert after.published["picky"] is PICKY


def test_types_that_no_node_has_are_dropped(monkeypatch):
    """A driver that never stops changing its slices does not fill the memory, rules of taints or not."""
    monkeypatch.setattr(signature, "SPARE_TYPES", 5)
    tainted = DeviceTaintRule("rule", Taint("k", "v", "NoSchedule"), driver="gpu.nvidia.com")
    snapshot = world().updated(Changes.of(DEVICE_TAINT_RULE, (tainted,)))
    kept = snapshot.nodes["b"].inventory.type
    for number in range(1, 200):
        # A pair of types, one of them tainted.
        devices = tuple(b.device(f"gpu-{i}") for i in range(1 + number % 2))
        heading = {f"example.com/{number}": b.text("x")}
        traits = DeviceTraits(taints=(Taint("n", str(number), "NoSchedule"),))
        published = Devices.of((*devices, Device("more", heading, traits)))
        snapshot = snapshot.updated(Changes.of(RESOURCE_SLICE, (replace(GPU["a"], devices=published),)))
        lineage = snapshot.lineage
        assert max(len(lineage.types), len(lineage.tainted), len(lineage.reads)) <= lineage.most
        assert lineage.tainted
        assert len(lineage.signatures) <= len(lineage.types)
    # The node's types with and without taints of rules, and that of nodes without devices.
    assert snapshot.lineage.most <= 5 + 2 * 2 * len(NAMES)
    assert snapshot.nodes["b"].inventory.type is kept
    for state in snapshot.nodes.values():
        own = state.inventory.type
        assert snapshot.lineage.signatures[own.signature] is own.signature
        assert any(each is own.published for each in snapshot.lineage.types.values())
