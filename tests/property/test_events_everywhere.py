"""What concerns many nodes at once is worked out once for nodes alike, and is right for each of them."""

from __future__ import annotations

import operator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.cluster.changes import Changes
from extender.core.cluster.objects import Objects
from extender.core.cluster.snapshot import Snapshot
from extender.core.topology.machine_facts import NO_FACTS
from extender.model import (
    Device,
    Devices,
    DeviceTaintRule,
    DeviceTraits,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
    ResourceSlice,
    Taint,
)
from extender.model.kinds import DEVICE_TAINT_RULE, NODE, RESOURCE_CLAIM, RESOURCE_SLICE
from tests import builders as b
from tests.property.draws import below, between
from tests.property.test_node_types import FACTS, GPU, NAMES, NIC, UUID, assert_as_if_alone, fleets
from tests.property.test_snapshot_update import RELEASES, assert_names_what_changed, assert_same

OTHER = "other.example.com"

_DRIVERS = st.sampled_from((GPU, NIC, OTHER, OTHER))
_POOLS = st.sampled_from(("shared", "shared", "fabric", NAMES[0]))
_REACH = st.sampled_from(("all", "all", "all", "box", "invalid", "each", "one"))
_TEXTS = st.sampled_from(("a", "b", "free"))
_ANY_DRIVER = st.sampled_from(("", GPU, NIC, OTHER))
_ANY_POOL = st.sampled_from(("", "", "", "shared", NAMES[0]))
_ANY_DEVICE = st.sampled_from(("", "", "gpu-0", "other-gpu-0", "nic-0"))


@st.composite
def shared_slices(draw: st.DrawFn) -> ResourceSlice:
    """A slice for many nodes: all, those with a label, or each device for itself."""
    reach = draw(_REACH)
    traits = [
        DeviceTraits(node_name=NAMES[1]),
        DeviceTraits(all_nodes=True),
        DeviceTraits(node_selector=_box()),
    ]
    devices = []
    for number in range(draw(between(0, 2))):
        attributes = {UUID: b.text(draw(_TEXTS))} if draw(below(2)) else {}
        of_device = traits[draw(below(3))] if reach == "each" else DeviceTraits()
        devices.append(Device(f"device-{number}", attributes, of_device))
    made = ResourceSlice(
        f"shared-{draw(below(3))}",
        draw(_DRIVERS),
        draw(_POOLS),
        generation=draw(below(2)),
        resource_slice_count=draw(between(1, 2)),
        devices=Devices.of(devices),
        skip_node_operations=("PrepareResources",) if draw(below(4)) == 0 else (),
    )
    match reach:
        case "all":
            return replace(made, all_nodes=True)
        case "box":
            return replace(made, node_selector=_box())
        case "invalid":
            return replace(made, node_selector=_box(()))
        case "each":
            return replace(made, per_device_node_selection=True)
        case _:
            return replace(made, node_name=NAMES[2])


def _box(values: tuple[str, ...] = ("yes",)) -> NodeSelector:
    return NodeSelector((NodeSelectorTerm((NodeRequirement("box", "In", values),)),))


@st.composite
def rules(draw: st.DrawFn) -> DeviceTaintRule:
    taint = Taint("drain", draw(st.sampled_from(("NoSchedule", "None"))))
    name = f"rule-{draw(below(2))}"
    return DeviceTaintRule(name, taint, draw(_ANY_DRIVER), draw(_ANY_POOL), draw(_ANY_DEVICE))


_EVENTS = st.one_of(
    st.lists(shared_slices(), min_size=1, max_size=2).map(lambda some: Changes.of(RESOURCE_SLICE, some)),
    st.integers(0, 2).map(lambda number: Changes.of(RESOURCE_SLICE, gone=[f"shared-{number}"])),
    st.lists(rules(), min_size=1, max_size=2).map(lambda some: Changes.of(DEVICE_TAINT_RULE, some)),
    st.integers(0, 1).map(lambda number: Changes.of(DEVICE_TAINT_RULE, gone=[f"rule-{number}"])),
)
_BATCHES = st.builds(operator.or_, _EVENTS, st.just(Changes()) | _EVENTS)


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
@settings(max_examples=40, deadline=None)
@given(
    fleet=fleets(),
    facts=st.sampled_from((NO_FACTS, FACTS)),
    events=st.lists(
        st.builds(lambda one, other: one | other, _EVENTS, st.just(Changes()) | _EVENTS), max_size=5
    ),
)
def test_each_node_is_as_if_it_were_made_afresh(release, fleet, facts, events):
    """Value by value after each batch, on machines of two types, some nearly alike."""
    objects = Objects().updated(
        Changes.of(NODE, fleet.nodes)
        | Changes.of(RESOURCE_SLICE, fleet.slices)
        | Changes.of(RESOURCE_CLAIM, fleet.claims)
    )
    snapshot = Snapshot.of_objects(objects, release, machines=facts)
    for batch in events:
        before, snapshot = snapshot, snapshot.updated(batch)
        objects = objects.updated(batch)
        assert_same(snapshot, Snapshot.of_objects(objects, release, machines=facts))
        assert_names_what_changed(before, snapshot)
        assert_as_if_alone(snapshot)
