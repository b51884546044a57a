"""ResourceSlices: fields, versions, defaults, what is shared."""

from __future__ import annotations

import json

import pytest

from extender.kube import decode
from extender.kube.decode import Interner
from extender.model import (
    NO_DEVICES,
    NO_TRAITS,
    Attribute,
    AttributeKind,
    Capacity,
    CounterConsumption,
    CounterSet,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
    RequestPolicy,
    Taint,
)
from extender.model.quantity import parse_quantity

DRIVER = "gpu.example.com"


def slice_json(*devices, **spec):
    """A slice of two pools' worth of fields, as JSON."""
    spec = {
        "driver": DRIVER,
        "pool": {"name": "node-a", "generation": 3, "resourceSliceCount": 2},
        "nodeName": "node-a",
        "devices": list(devices),
    } | spec
    return json.dumps({"metadata": {"name": "slice-1"}, "spec": spec}).encode()


def decoded(*devices, interner=None, **spec):
    return decode.resource_slice(slice_json(*devices, **spec), interner or Interner())


def only_device(**fields):
    return decoded({"name": "gpu-0", **fields}).devices[0]


def test_slice_fields():
    """Name, driver, pool and node are those of the slice."""
    found = decoded()
    assert (found.name, found.driver, found.pool) == ("slice-1", DRIVER, "node-a")
    assert (found.generation, found.resource_slice_count, found.node_name) == (3, 2, "node-a")
    assert (found.all_nodes, found.per_device_node_selection, found.devices) == (False, None, NO_DEVICES)


def test_absent_and_null_fields_are_one():
    """A slice of only a name, or of nulls, has the API's zero values."""
    bare = decode.resource_slice(b'{"metadata": {"name": "slice-1"}}', Interner())
    nulls = decode.resource_slice(
        b'{"metadata": {"name": "slice-1"}, "spec": {"driver": null, "pool": null, "devices": null,'
        b' "nodeName": null, "allNodes": null, "sharedCounters": null, "nodeSelector": null}}',
        Interner(),
    )
    assert bare == nulls
    assert (bare.driver, bare.pool, bare.generation, bare.resource_slice_count) == ("", "", 0, 1)


def test_per_device_node_selection_tells_false_from_absent():
    """Upstream looks at the field's presence when the feature is off."""
    assert decoded(perDeviceNodeSelection=False).per_device_node_selection is False


def test_device_order_is_kept():
    """The driver's order is the search order."""
    names = ["gpu-10", "gpu-9", "gpu-0"]
    assert [device.name for device in decoded(*({"name": name} for name in names)).devices] == names


KINDS = [
    ({"string": ""}, AttributeKind.STRING, ""),
    ({"int": -1}, AttributeKind.INT, -1),
    ({"int": 1}, AttributeKind.INT, 1),
    ({"bool": True}, AttributeKind.BOOL, True),
    ({"bool": False}, AttributeKind.BOOL, False),
    ({"version": "1.2.3"}, AttributeKind.VERSION, "1.2.3"),
    ({"strings": ["a", "b"]}, AttributeKind.STRINGS, ("a", "b")),
    ({"ints": [0, 1]}, AttributeKind.INTS, (0, 1)),
    ({"bools": [True]}, AttributeKind.BOOLS, (True,)),
    ({"versions": ["1.0.0"]}, AttributeKind.VERSIONS, ("1.0.0",)),
    ({"strings": []}, AttributeKind.STRINGS, ()),
    ({"quaternion": [1, 0, 0, 0]}, AttributeKind.UNKNOWN, None),
]


@pytest.mark.parametrize(("wire", "kind", "value"), KINDS)
def test_attribute_kinds(wire, kind, value):
    """Every kind keeps its type, of which one we do not know has no value."""
    found = only_device(attributes={"x": wire}).attributes[f"{DRIVER}/x"]
    assert found == Attribute(kind, value)
    assert type(found.value) is type(value)


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
def test_devices_may_give_one_attribute_in_several_kinds(first, second):
    """Each has its own, in whatever order; equal columns of two slices are one."""
    interner = Interner()
    devices = [{"name": f"d-{each[0]}", "attributes": {"x": each[0]}} for each in (first, second, first)]
    (column,) = decoded(*devices, interner=interner).devices.columns
    assert column.values == tuple(Attribute(kind, value) for _, kind, value in (first, second, first))
    other = [{**device, "name": f"{number}"} for number, device in enumerate(devices)]
    (again,) = decoded(*other, interner=interner).devices.columns
    assert again is column


def test_attribute_kinds_do_not_mix_in_the_interner():
    """1, true, [1] and [true] are four values although Python takes them for two."""
    found = only_device(
        attributes={"a": {"int": 1}, "b": {"bool": True}, "c": {"ints": [1]}, "d": {"bools": [True]}}
    ).attributes
    assert [repr(found[f"{DRIVER}/{name}"].value) for name in "abcd"] == ["1", "True", "(1,)", "(True,)"]


def test_attribute_names_are_qualified_with_the_driver():
    """A bare name belongs to the driver's domain, another domain stays."""
    found = only_device(attributes={"model": {"string": "m"}, "example.org/numa": {"int": 0}}).attributes
    assert set(found) == {f"{DRIVER}/model", "example.org/numa"}


@pytest.mark.parametrize("names", [("x", f"{DRIVER}/x"), (f"{DRIVER}/x", "x")])
def test_qualified_name_wins_over_the_bare_one(names):
    """Where a device has both spellings, in either order, the qualified one counts."""
    values = {"x": {"int": 1}, f"{DRIVER}/x": {"int": 2}}
    found = only_device(attributes={name: values[name] for name in names}).attributes
    assert found == {f"{DRIVER}/x": Attribute(AttributeKind.INT, 2)}


def test_v1beta1_nests_the_device_in_basic():
    """Attributes and traits are found below ``basic``."""
    body = {"attributes": {"x": {"int": 1}}, "capacity": {"memory": {"value": "40Gi"}}, "allNodes": True}
    nested, flat = only_device(basic=body), only_device(**body)
    assert nested == flat
    assert flat.traits.all_nodes


def test_capacity():
    """Capacities are sorted by name; a policy keeps absent parts apart from empty ones."""
    policy = {
        "default": "1",
        "validRange": {"min": "1", "step": "2"},
    }
    found = only_device(
        capacity={
            "memory": {"value": "40Gi", "requestPolicy": policy},
            "cores": {"value": 8, "requestPolicy": {"validValues": []}},
        }
    ).traits.capacity
    one, two = parse_quantity("1"), parse_quantity("2")
    assert found == (
        ("cores", Capacity(parse_quantity("8"), RequestPolicy(valid_values=()))),
        (
            "memory",
            Capacity(
                parse_quantity("40Gi"),
                RequestPolicy(default=one, range_min=one, range_step=two, has_range=True),
            ),
        ),
    )


def test_bare_capacity_of_v1alpha3():
    """A quantity that stands by itself is a capacity without policy."""
    assert only_device(capacity={"memory": "40Gi"}).traits.capacity == (
        ("memory", Capacity(parse_quantity("40Gi"))),
    )


def test_counters():
    """Counter sets and consumption are sorted by counter."""
    counters = {"memory": {"value": "40Gi"}, "engines": {"value": "7"}}
    found = decoded(
        {"name": "gpu-0", "consumesCounters": [{"counterSet": "set", "counters": counters}]},
        sharedCounters=[{"name": "set", "counters": counters}],
    )
    expected = (("engines", parse_quantity("7")), ("memory", parse_quantity("40Gi")))
    assert found.shared_counters == (CounterSet("set", expected),)
    assert found.devices[0].traits.consumes_counters == (CounterConsumption("set", expected),)


def test_compatibility_groups():
    """Sorted and each once: a set."""
    consumes = [{"counterSet": "s", "counters": {}, "compatibilityGroups": ["vgpu", "mig", "vgpu"]}]
    (consumption,) = decoded({"name": "d", "consumesCounters": consumes}).devices[0].traits.consumes_counters
    assert consumption.compatibility_groups == ("mig", "vgpu")


def test_skipped_node_operations():
    """What the drivers of this slice's devices need not do on the node."""
    assert decoded({"name": "d"}, skipNodeOperations=["*"]).skip_node_operations == ("*",)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({}, False),
        ({"nodeAllocatableResources": {}}, False),
        ({"nodeAllocatableResources": None}, False),
        ({"nodeAllocatableResources": {"cpu": {"mapping": {"deviceMultiplier": "1"}}}}, True),
        ({"nodeAllocatableResourceMappings": {"cpu": {"allocationMultiplier": "1"}}}, True),
    ],
)
def test_devices_that_stand_for_resources_of_the_node(field, expected):
    """In the spelling of 1.36 and of 1.37."""
    assert decoded({"name": "d"} | field).devices[0].traits.node_allocatable is expected


def test_taints_conditions_and_flags():
    """The rest of a device's traits."""
    traits = only_device(
        taints=[{"key": "k", "effect": "NoSchedule", "timeAdded": "2026-01-01T00:00:00Z"}],
        bindingConditions=["Ready"],
        bindingFailureConditions=["Broken"],
        bindsToNode=True,
        allowMultipleAllocations=True,
        nodeName="node-b",
    ).traits
    assert traits.taints == (Taint("k", "NoSchedule"),)
    assert (traits.binding_conditions, traits.binding_failure_conditions) == (("Ready",), ("Broken",))
    assert (traits.binds_to_node, traits.allow_multiple_allocations) == (True, True)
    assert (traits.node_name, traits.all_nodes) == ("node-b", False)


def test_node_selectors_of_slice_and_device():
    """Terms and requirements keep their order and spelling, for upstream to judge."""
    wire = {
        "nodeSelectorTerms": [
            {
                "matchExpressions": [{"key": "zone", "operator": "IN", "values": ["b", "a"]}],
                "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-a"]}],
            }
        ]
    }
    found = decoded({"name": "gpu-0", "nodeSelector": wire}, nodeSelector=wire)
    expected = NodeSelector(
        (
            NodeSelectorTerm(
                (NodeRequirement("zone", "IN", ("b", "a")),),
                (NodeRequirement("metadata.name", "In", ("node-a",)),),
            ),
        )
    )
    assert found.node_selector == expected
    assert found.devices[0].traits.node_selector == expected


def test_broken_rules_of_the_api_are_not_ours_to_refuse():
    """Two devices of one name and two ways to name nodes decode as they are written."""
    found = decoded({"name": "gpu-0"}, {"name": "gpu-0"}, allNodes=True)
    assert len(found.devices) == 2
    assert (found.node_name, found.all_nodes) == ("node-a", True)


def test_equal_parts_are_shared():
    """Devices of one model share traits and attributes, whatever the spelling of the JSON."""
    interner = Interner()
    body = {
        "attributes": {"model": {"string": "H100"}},
        "capacity": {"a": {"value": "1"}, "b": {"value": "2"}},
    }
    published = decoded({"name": "gpu-0", **body}, interner=interner)
    first = published.devices[0]
    spelled = {**body, "capacity": {"b": {"value": "2"}, "a": {"value": "1"}}, "taints": []}
    second = decoded({"name": "gpu-0", **spelled}, interner=interner).devices[0]
    assert first.traits is second.traits
    assert first.attributes[f"{DRIVER}/model"] is second.attributes[f"{DRIVER}/model"]
    assert first.name is second.name


def test_plain_devices_share_the_empty_traits_value():
    """A device of only a name and attributes has no traits of its own."""
    assert only_device().traits == NO_TRAITS
