"""What is wrong is told by object, field and fix."""

from __future__ import annotations

import json

import pytest

from extender.kube import decode
from extender.kube.decode import DecodeError, Interner


def refusal(kind, wire):
    data = wire if isinstance(wire, bytes) else json.dumps(wire).encode()
    with pytest.raises(DecodeError) as error:
        getattr(decode, kind)(data, Interner())
    return error.value


def slice_with(device):
    return {"metadata": {"name": "s"}, "spec": {"devices": [{"name": "fine"}, device]}}


@pytest.mark.parametrize(
    ("device", "field", "problem"),
    [
        (
            {"attributes": {"a": {"int": 1}, "b.example/x": {"int": "1"}, "c": {"int": 2}}},
            'spec.devices[1].attributes["b.example/x"].int',
            "expected int, got str",
        ),
        (
            {"basic": {"attributes": {"a": {"ints": [1, 2**63]}}}},
            'spec.devices[1].basic.attributes["a"].ints[1]',
            "expected int <= 9223372036854775807",
        ),
        (
            {"capacity": {"a": {"value": "1"}, "b": {"value": []}}},
            'spec.devices[1].capacity["b"].value',
            "got array",
        ),
        (
            {"capacity": {"b": {"value": "40Gx"}}},
            'spec.devices[1].capacity["b"].value',
            "'40Gx' is not a quantity (want a number such as 40Gi, 250m or 1e3)",
        ),
        (
            {"basic": {"capacity": {"b": {"value": "40Gx"}}}},
            'spec.devices[1].basic.capacity["b"].value',
            "'40Gx' is not a quantity",
        ),
        (
            {"capacity": {"b": {"value": "1", "requestPolicy": {"validRange": {"step": "?"}}}}},
            'spec.devices[1].capacity["b"].requestPolicy.validRange.step',
            "'?' is not a quantity",
        ),
        (
            {"consumesCounters": [{"counterSet": "s", "counters": {"c": {"value": "x"}}}]},
            'spec.devices[1].consumesCounters[0].counters["c"].value',
            "'x' is not a quantity",
        ),
        ({"taints": {}}, "spec.devices[1].taints", "expected array, got object"),
    ],
)
def test_place_within_a_slice(device, field, problem):
    """Index, key and field are those of the object as the user knows it."""
    error = refusal("resource_slice", slice_with(device))
    assert (error.kind, error.name, error.field) == ("ResourceSlice", "s", field)
    assert problem in error.problem


@pytest.mark.parametrize(
    ("kind", "wire", "field"),
    [
        (
            "node",
            {"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "?"}}},
            'status.allocatable["cpu"]',
        ),
        ("node", {"metadata": {"name": "n", "labels": {"a": "b", "c": 1}}}, 'metadata.labels["c"]'),
        (
            "pod",
            {
                "metadata": {"name": "n"},
                "spec": {"initContainers": [{}, {"resources": {"limits": {"cpu": "?"}}}]},
            },
            'spec.initContainers[1].resources.limits["cpu"]',
        ),
        (
            "resource_claim",
            {
                "metadata": {"name": "n"},
                "spec": {"devices": {"requests": [{"exactly": {"capacity": {"requests": {"m": "?"}}}}]}},
            },
            'spec.devices.requests[0].exactly.capacity.requests["m"]',
        ),
        (
            "resource_claim",
            {
                "metadata": {"name": "n"},
                "status": {"allocation": {"devices": {"results": [{"consumedCapacity": {"m": "?"}}]}}},
            },
            'status.allocation.devices.results[0].consumedCapacity["m"]',
        ),
        (
            "claim_template",
            {"metadata": {"name": "n"}, "spec": {"spec": {"devices": {"requests": [{"count": "2"}]}}}},
            "spec.spec.devices.requests[0].count",
        ),
        (
            "device_class",
            {"metadata": {"name": "n"}, "spec": {"selectors": [{"cel": 1}]}},
            "spec.selectors[0].cel",
        ),
        ("device_class", {"metadata": {}}, "metadata.name"),
        ("allocation", {"devices": {"results": {}}}, "devices.results"),
    ],
)
def test_place_within_other_kinds(kind, wire, field):
    """Every kind tells the path from its own root."""
    assert refusal(kind, wire).field == field


def test_text_names_object_field_problem_and_fix():
    """One line that a user can act on."""
    wire = slice_with({"attributes": {"x": {"int": "a"}}}) | {"metadata": {"name": "node-a-gpu"}}
    assert str(refusal("resource_slice", wire)) == (
        'ResourceSlice "node-a-gpu": spec.devices[1].attributes["x"].int: expected int, got str;'
        " kubectl explain resourceslice.spec.devices.attributes.int tells what belongs there"
    )


def test_namespaced_name():
    """A namespaced object is named with its namespace."""
    wire = {"metadata": {"name": "c", "namespace": "team"}, "spec": {"devices": 1}}
    assert refusal("resource_claim", wire).name == "team/c"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "truncated"),
        (b'{"metadata": {', "truncated"),
        (b'{"metadata": nonsense}', "malformed"),
        (b"[]", "expected object, got array"),
        (b'{"metadata": {"name": "\xff"}}', "not UTF-8"),
        (b'{"spec": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ],
    ids=["empty", "cut", "syntax", "list", "encoding", "depth"],
)
@pytest.mark.parametrize("kind", ["node", "pod", "resource_slice", "resource_claim", "device_class"])
def test_no_object_at_all(kind, data, problem):
    """What is not a JSON object is refused without a name."""
    error = refusal(kind, data)
    assert error.name == ""
    assert problem in error.problem


def test_the_first_of_many_wrong_keys_is_named():
    """A map with several wrong values names one that is wrong, the first."""
    labels = {f"k{index}": "v" for index in range(100)} | {"bad": 1, "worse": 2} | {"last": "v"}
    assert refusal("node", {"metadata": {"name": "n", "labels": labels}}).field == 'metadata.labels["bad"]'


def test_a_later_fault_does_not_hide_the_first():
    """Of two faults, one in another map of the same shape, the first is told with its key."""
    wire = slice_with({"attributes": {"good": {"int": 1}, "bad": {"int": "1"}}})
    wire["spec"]["devices"].append({"attributes": {"too": {"int": "1"}}})
    assert refusal("resource_slice", wire).field == 'spec.devices[1].attributes["bad"].int'


@pytest.mark.parametrize(
    ("data", "field", "problem"),
    [
        (
            b'{"metadata":{"name":"n","uid":1e999}}',
            "metadata.uid",
            "number out of range; kubectl explain pod.m",
        ),
        (b'{"metadata":{"name":"n","uid":%s}}' % (b"9" * 5000), "metadata.uid", "out of range"),
        (
            b'{"metadata":{"name":"n","labels":{"a":1e999}}}',
            "metadata.labels[...]",
            "number out of range; kubectl explain pod.metadata.labels tells what belongs there",
        ),
        (b'{"metadata":{"name":"n","uid":7},"x":1e999}', "metadata.uid", "expected str, got int"),
        (b'{"metadata":{"name":"n","uid":7},"x":NaN}', "", "malformed"),
        (b'{"metadata":{"name":"n","uid":7},"x":%s}' % (b"[" * 5000 + b"]" * 5000), "", "nested too deeply"),
        (b'{"metadata":{"name":"n","labels":{"a":%s}}}' % (b"9" * 30), 'metadata.labels["a"]', "got float"),
    ],
)
def test_faults_that_hide_each_other(data, field, problem):
    """The place is told once, shortly, also where the whole text cannot be read untyped."""
    error = refusal("pod", data)
    assert (error.name, error.field) == ("n", field)
    assert problem in error.problem
    assert len(str(error)) < 200
