"""ResourceClaims, templates and allocations: fields, versions, defaults, what is shared."""

from __future__ import annotations

import json

import msgspec
import pytest

from extender.kube import decode
from extender.kube.decode import Interner
from extender.kube.encode import claim_json
from extender.model import (
    AllocationConfig,
    Binding,
    ClaimConfig,
    Constraint,
    Consumer,
    DeviceID,
    DeviceResult,
    ExactRequest,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
    OpaqueConfig,
    Request,
    Toleration,
)
from extender.model.quantity import parse_quantity


def claim(spec=None, status=None, interner=None, **metadata):
    wire = {
        "metadata": {"name": "claim", "namespace": "team", "uid": "u1"} | metadata,
        "spec": spec,
        "status": status,
    }
    return decode.resource_claim(json.dumps(wire).encode(), interner or Interner())


def requests(*wire):
    return claim({"devices": {"requests": list(wire)}}).spec.requests


def test_identity():
    """Namespace, name and UID identify the claim."""
    found = claim()
    assert (found.key, found.uid, found.allocation, found.reserved_for) == (("team", "claim"), "u1", None, ())
    assert found.spec.requests == ()


def test_exact_request_has_the_defaults_of_the_api_server():
    """Mode, count and a toleration's operator are filled in as on admission."""
    (found,) = requests(
        {"name": "gpu", "exactly": {"deviceClassName": "c", "tolerations": [{"key": "k", "value": "v"}]}}
    )
    assert found == Request(
        "gpu",
        exactly=ExactRequest(
            "gpu", "c", mode="ExactCount", count=1, tolerations=(Toleration("k", "Equal", "v"),)
        ),
    )


def test_exact_request_fields():
    """What the claim says is kept, an unknown kind of selector as None."""
    (found,) = requests(
        {
            "name": "gpu",
            "exactly": {
                "deviceClassName": "c",
                "selectors": [{"cel": {"expression": "true"}}, {"rego": {}}],
                "allocationMode": "ExactCount",
                "count": 2,
                "adminAccess": False,
                "capacity": {"requests": {"memory": "10Gi", "cores": 4}},
            },
        }
    )
    exactly = found.exactly
    assert exactly is not None
    assert (exactly.selectors, exactly.count, exactly.admin_access) == (("true", None), 2, False)
    assert exactly.capacity == (("cores", parse_quantity("4")), ("memory", parse_quantity("10Gi")))


@pytest.mark.parametrize(("wire", "capacity"), [({}, None), ({"capacity": {}}, ())])
def test_capacity_tells_absent_from_empty(wire, capacity):
    """Upstream refuses the field's presence where the feature is off."""
    (found,) = requests({"name": "gpu", "exactly": {"deviceClassName": "c", **wire}})
    assert found.exactly is not None
    assert found.exactly.capacity == capacity


def test_mode_all_has_no_count():
    """Only ExactCount gets the default count."""
    (found,) = requests({"name": "gpu", "exactly": {"deviceClassName": "c", "allocationMode": "All"}})
    assert found.exactly is not None
    assert (found.exactly.mode, found.exactly.count) == ("All", 0)


def test_v1beta1_request_is_flat():
    """The same request in the form without ``exactly``."""
    body = {"deviceClassName": "c", "count": 3, "selectors": [{"cel": {"expression": "true"}}]}
    assert requests({"name": "gpu", **body}) == requests({"name": "gpu", "exactly": body})


def test_first_available():
    """Alternatives keep their order and have the defaults too."""
    (found,) = requests(
        {
            "name": "gpu",
            "firstAvailable": [
                {"name": "big", "deviceClassName": "b"},
                {"name": "any", "deviceClassName": "a"},
            ],
        }
    )
    assert found == Request("gpu", first_available=(ExactRequest("big", "b"), ExactRequest("any", "a")))


def test_request_of_an_unknown_kind():
    """A request that is neither exact nor a list has an empty class, which upstream refuses."""
    assert requests({"name": "gpu", "oracle": {}}) == (Request("gpu", exactly=ExactRequest("gpu", "")),)


def test_constraints_and_config():
    """Constraints keep what they name; configuration is opaque, with sorted keys."""
    spec = claim(
        {
            "devices": {
                "constraints": [
                    {"matchAttribute": "d/x"},
                    {"requests": ["a"], "distinctAttribute": "d/y"},
                    {"riddle": 1},
                ],
                "config": [{"requests": ["a"], "opaque": {"parameters": {"b": 1, "a": [2]}, "driver": "d"}}],
            }
        }
    ).spec
    assert spec.constraints == (
        Constraint((), "d/x"),
        Constraint(("a",), None, "d/y"),
        Constraint(),
    )
    assert spec.config == (ClaimConfig(("a",), OpaqueConfig('{"driver":"d","parameters":{"a":[2],"b":1}}')),)


def test_same_spec_is_the_same_object():
    """Order of keys, white space and the claim's name do not count; content does."""
    interner = Interner()
    spec = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "c", "count": 1}}]}}
    turned = {"devices": {"requests": [{"exactly": {"count": 1, "deviceClassName": "c"}, "name": "gpu"}]}}
    other = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "c", "count": 2}}]}}
    first = claim(spec, interner=interner).spec
    assert claim(turned, interner=interner, name="second").spec is first
    assert claim(other, interner=interner).spec != first


def test_owner_annotations_and_deletion():
    """The controlling owner counts, not any; the controller's annotations are read."""
    found = claim(
        ownerReferences=[{"uid": "x"}, {"uid": "pod-uid", "controller": True}],
        annotations={
            "resource.kubernetes.io/pod-claim-name": "c0",
            "resource.kubernetes.io/extended-resource-claim": "true",
        },
        deletionTimestamp="2026-01-01T00:00:00Z",
    )
    assert (found.owner_uid, found.pod_claim_name) == ("pod-uid", "c0")
    assert found.extended_resource
    assert found.deleting


def test_status():
    """Allocation and consumers, every field of a result included."""
    found = claim(
        status={
            "allocation": {
                "devices": {
                    "results": [
                        {
                            "request": "gpu/big",
                            "driver": "d",
                            "pool": "p",
                            "device": "x",
                            "adminAccess": True,
                            "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
                            "bindingConditions": ["Ready"],
                            "bindingFailureConditions": ["Broken"],
                            "shareID": "s1",
                            "consumedCapacity": {"b": "2", "a": "1"},
                        }
                    ],
                    "config": [{"source": "FromClass", "requests": ["gpu"], "opaque": {"driver": "d"}}],
                },
                "nodeSelector": {
                    "nodeSelectorTerms": [
                        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}
                    ]
                },
            },
            "reservedFor": [{"resource": "pods", "name": "job-0", "uid": "u2"}],
        }
    )
    assert found.reserved_for == (Consumer("pods", "job-0", "u2"),)
    allocation = found.allocation
    assert allocation is not None
    assert allocation.results == (
        DeviceResult(
            "gpu/big",
            DeviceID("d", "p", "x"),
            admin_access=True,
            tolerations=(Toleration("", "Exists", "", "NoSchedule"),),
            binding_conditions=("Ready",),
            binding_failure_conditions=("Broken",),
            share_id="s1",
            consumed_capacity=(("a", parse_quantity("1")), ("b", parse_quantity("2"))),
        ),
    )
    assert allocation.config == (AllocationConfig("FromClass", ("gpu",), OpaqueConfig('{"driver":"d"}')),)
    assert allocation.node_selector == NodeSelector(
        (NodeSelectorTerm((), (NodeRequirement("metadata.name", "In", ("n",)),)),)
    )


def test_allocation_by_itself():
    """An AllocationResult that is not part of a claim, as in recordings."""
    found = decode.allocation(b'{"devices": {"results": [{"request": "gpu", "device": "x"}]}}', Interner())
    assert found.results == (DeviceResult("gpu", DeviceID("", "", "x")),)


def test_template():
    """A template's spec is that of its claims, shared with them."""
    interner = Interner()
    spec = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "c"}}]}}
    wire = {"metadata": {"name": "t"}, "spec": {"metadata": {"labels": {"a": "b"}}, "spec": spec}}
    found = decode.claim_template(json.dumps(wire).encode(), interner)
    assert (found.namespace, found.name) == ("default", "t")
    assert found.spec is claim(spec, interner=interner).spec


def test_derived_attributes():
    """Expressions by the attribute that they replace, in order."""
    wire = [{"name": "example.com/numa", "expression": "1"}, {"name": "example.com/root", "expression": "2"}]
    (found,) = requests({"name": "gpu", "exactly": {"deviceClassName": "c", "derivedAttributes": wire}})
    assert found.exactly.derived == (("example.com/numa", "1"), ("example.com/root", "2"))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (None, Binding.WAITING),
        ([], Binding.WAITING),
        ([{"type": "Ready", "status": "False"}], Binding.WAITING),
        ([{"type": "Ready", "status": "True"}], Binding.READY),
        ([{"type": "Ready", "status": "True"}, {"type": "Broken", "status": "True"}], Binding.FAILED),
        ([{"type": "Ready", "status": "True"}, {"type": "Broken", "status": "Unknown"}], Binding.READY),
    ],
)
def test_binding_conditions(conditions, expected):
    """Every condition of every device must be true, and no failure condition."""
    result = {
        "request": "r",
        "driver": "d",
        "pool": "p",
        "device": "x",
        "bindingConditions": ["Ready"],
        "bindingFailureConditions": ["Broken"],
    }
    reported = [{"driver": "d", "pool": "p", "device": "x", "conditions": conditions}]
    status = {
        "allocation": {"devices": {"results": [result]}},
        "devices": None if conditions is None else reported,
    }
    assert claim(status=status).binding is expected


def test_no_binding_conditions():
    """Nothing to wait for."""
    assert claim().binding is Binding.READY


def owned_by(kind, version, **owner):
    return [
        {"apiVersion": version, "kind": kind, "name": "crew", "uid": "u-crew", "controller": True} | owner
    ]


@pytest.mark.parametrize(
    ("owners", "uid", "group"),
    [
        (owned_by("PodGroup", "scheduling.k8s.io/v1alpha2"), "u-crew", "crew"),
        (owned_by("PodGroup", "scheduling.k8s.io/v1beta1"), "u-crew", "crew"),
        (owned_by("PodGroup", "scheduling.k8s.io/v1beta1", controller=False), "", ""),
        (owned_by("PodGroup", "scheduling.volcano.sh/v1beta1"), "u-crew", ""),
        (owned_by("Pod", "v1"), "u-crew", ""),
    ],
)
def test_owners(owners, uid, group):
    """The controller; its name counts where it is a PodGroup of Kubernetes, of any version."""
    found = claim(ownerReferences=owners)
    assert (found.owner_uid, found.pod_group) == (uid, group)


def test_the_claim_of_a_pod_group_is_written_as_it_is_read():
    """Its owner, and the group that it is reserved for."""
    consumer = {"apiGroup": "scheduling.k8s.io", "resource": "podgroups", "name": "crew", "uid": "u-crew"}
    allocation = {"devices": {"results": [{"request": "r", "driver": "d", "pool": "p", "device": "x"}]}}
    found = claim(
        status={"allocation": allocation, "reservedFor": [consumer]},
        ownerReferences=owned_by("PodGroup", "scheduling.k8s.io/v1beta1"),
    )
    assert found.reserved_for == (Consumer("podgroups", "crew", "u-crew", "scheduling.k8s.io"),)
    again = decode.resource_claim(msgspec.json.encode(claim_json(found)), Interner())
    assert (again.pod_group, again.owner_uid) == ("crew", "u-crew")
    assert again.reserved_for == found.reserved_for
