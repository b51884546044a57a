"""Values written as JSON and read again: what decodes is what was encoded."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from extender.kube import decode, encode
from extender.kube.decode import Interner
from extender.kube.files import cluster_file
from extender.kube.recording.reader import embedded_recording, open_recording
from extender.model import (
    Allocation,
    AllocationConfig,
    Attribute,
    AttributeKind,
    Binding,
    Capacity,
    Claim,
    ClaimConfig,
    ClaimSpec,
    Constraint,
    Consumer,
    Container,
    ContainerClaim,
    CounterConsumption,
    CounterSet,
    Device,
    DeviceClass,
    DeviceID,
    DeviceResult,
    Devices,
    DeviceTaintRule,
    DeviceTraits,
    ExactRequest,
    Node,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
    OpaqueConfig,
    Pod,
    PodClaim,
    Request,
    RequestPolicy,
    ResourceSlice,
    Taint,
    Toleration,
)
from extender.model.quantity import parse_quantity
from tests.paths import DATA

EIGHT = parse_quantity("8Gi")
SELECTOR = NodeSelector(
    (
        NodeSelectorTerm(
            expressions=(NodeRequirement("zone", "In", ("a", "b")),),
            fields=(NodeRequirement("metadata.name", "In", ("n",)),),
        ),
    )
)


def again(decoder, document):
    """What ``decoder`` makes of a document, once it is JSON."""
    return decoder(msgspec.json.encode(document), Interner())


def test_node():
    node = Node("n", {"zone": "a"}, {"cpu": EIGHT}, ("DRAOptionalNodeOperations",))
    assert again(decode.node, encode.node_json(node)) == node
    assert again(decode.node, encode.node_json(Node("n"))) == Node("n")


def test_slice():
    """Every field of a slice, of its devices and of their traits."""
    policies = (
        RequestPolicy(default=EIGHT, valid_values=(EIGHT,)),
        RequestPolicy(range_min=EIGHT, range_max=EIGHT, range_step=EIGHT, has_range=True),
        RequestPolicy(),
        RequestPolicy(valid_values=(), has_range=True),
    )
    traits = DeviceTraits(
        capacity=(
            *((f"memory-{number}", Capacity(EIGHT, each)) for number, each in enumerate(policies)),
            ("plain", Capacity(EIGHT)),
        ),
        consumes_counters=(CounterConsumption("set", (("units", EIGHT),), ("group",)),),
        taints=(Taint("drain", "NoSchedule", "now"),),
        allow_multiple_allocations=True,
        binds_to_node=True,
        binding_conditions=("Attached",),
        binding_failure_conditions=("Failed",),
        node_name="n",
        all_nodes=True,
        node_selector=SELECTOR,
        node_allocatable=True,
    )
    attributes = {
        "d/string": Attribute(AttributeKind.STRING, ""),
        "d/int": Attribute(AttributeKind.INT, 0),
        "d/bool": Attribute(AttributeKind.BOOL, False),
        "d/version": Attribute(AttributeKind.VERSION, "1.2.3"),
        "d/strings": Attribute(AttributeKind.STRINGS, ("a", "b")),
        "d/ints": Attribute(AttributeKind.INTS, (1, 2)),
        "d/bools": Attribute(AttributeKind.BOOLS, (True, False)),
        "d/versions": Attribute(AttributeKind.VERSIONS, ("1.2.3",)),
        "d/unknown": Attribute(AttributeKind.UNKNOWN, None),
    }
    full = ResourceSlice(
        "s",
        "d",
        "p",
        generation=3,
        resource_slice_count=2,
        node_name="n",
        all_nodes=True,
        node_selector=SELECTOR,
        per_device_node_selection=False,
        shared_counters=(CounterSet("set", (("units", EIGHT),)),),
        devices=Devices.of((Device("x", attributes, traits), Device("y"))),
        skip_node_operations=("PrepareResources",),
    )
    assert again(decode.resource_slice, encode.slice_json(full)) == full
    bare = ResourceSlice("s", "d", "p", resource_slice_count=0)
    assert again(decode.resource_slice, encode.slice_json(bare)) == bare


@pytest.mark.parametrize(
    "rule",
    [
        DeviceTaintRule("r", Taint("drain", "NoExecute"), "d", "p", "x"),
        DeviceTaintRule("r", Taint("drain", "None", "soon"), selects=False),
        DeviceTaintRule("r", Taint("drain", "None"), by_class_or_cel=True),
        DeviceTaintRule("r", Taint("drain", "None")),
    ],
)
def test_taint_rule(rule):
    assert again(decode.device_taint_rule, encode.taint_rule_json(rule)) == rule


def test_class():
    """A selector of an unknown kind stays one."""
    found = DeviceClass("c", ("true", None), (OpaqueConfig('{"driver":"d"}'),), "example.com/gpu", "2026")
    assert again(decode.device_class, encode.class_json(found)) == found


def test_pod():
    """Claims by name, made from a template, yet to be made, and not needed."""
    pod = Pod(
        "team",
        "job",
        "u",
        {"dra-extender.io/alignment": "required"},
        (
            PodClaim("named", "c"),
            PodClaim("made", "job-made-1", "t"),
            PodClaim("later", "", "t"),
            PodClaim("none", "", "t", needed=False),
        ),
        (Container("init", (("cpu", EIGHT),), restartable=True),),
        (Container("main", claims=(ContainerClaim("c", "gpu"), ContainerClaim("d"))),),
        "n",
    )
    assert again(decode.pod, encode.pod_json(pod)) == pod


def spec():
    """A spec with every field."""
    full = ExactRequest(
        "r",
        "gpu",
        ("true", None),
        "ExactCount",
        2,
        admin_access=False,
        tolerations=(Toleration("drain", "Exists", "", "NoSchedule"),),
        capacity=(("memory", EIGHT),),
        derived=(("d/x", "1 + 1"),),
    )
    every = ExactRequest("every", "gpu", mode="All", count=0, capacity=())
    return ClaimSpec(
        "",
        (Request("r", full), Request("either", first_available=(replace(full, name="a"), every))),
        (Constraint(("r",), "d/root"), Constraint((), None, "d/x"), Constraint()),
        (ClaimConfig(("r",), OpaqueConfig('{"driver":"d"}')),),
    )


def test_claim_spec():
    """Only the fingerprint, which is that of the JSON, is another one."""
    claim = Claim("team", "c", "u", spec())
    found = again(decode.resource_claim, encode.claim_json(claim))
    parts = [(each.requests, each.constraints, each.config) for each in (found.spec, claim.spec)]
    assert parts[0] == parts[1]
    assert replace(found, spec=claim.spec) == claim


@pytest.mark.parametrize("binding", list(Binding))
def test_allocated_claim(binding):
    """How far the binding conditions are is kept, though not the conditions of a claim that is ready."""
    conditions = binding is not Binding.READY
    result = DeviceResult(
        "r",
        DeviceID("d", "p", "x"),
        admin_access=True,
        tolerations=(Toleration("drain", "Equal", "now", ""),),
        binding_conditions=("Attached",) if conditions else (),
        binding_failure_conditions=("Failed",) if conditions else (),
        share_id="share",
        consumed_capacity=(("memory", EIGHT),),
        skip_node_operations=("PrepareResources",),
    )
    config = (AllocationConfig("FromClass", ("r",), OpaqueConfig('{"driver":"d"}')),)
    claim = Claim(
        "team",
        "c",
        "u",
        ClaimSpec(""),
        Allocation((result,), config, SELECTOR),
        (Consumer("pods", "job", "uid"),),
        deleting=True,
        owner_uid="o",
        pod_claim_name="devices",
        extended_resource=True,
        binding=binding,
    )
    found = again(decode.resource_claim, encode.claim_json(claim))
    assert replace(found, spec=claim.spec) == claim


def test_a_ready_claim_stays_ready():
    """Its conditions are left out, as without a status of the devices they would make it wait."""
    result = DeviceResult("r", DeviceID("d", "p", "x"), binding_conditions=("Attached",))
    claim = Claim("team", "c", "u", ClaimSpec(""), Allocation((result,)))
    found = again(decode.resource_claim, encode.claim_json(claim))
    assert found.binding is Binding.READY
    assert found.allocation is not None
    assert found.allocation.results == (replace(result, binding_conditions=()),)


def test_real_machines():
    """Whatever the embedded fleet and the sample clusters hold comes back."""
    with open_recording(embedded_recording()) as recording:
        clusters = [recording.cluster]
    clusters += [cluster_file.read([str(path)]) for path in sorted((DATA / "clusters").iterdir())]
    for cluster in clusters:
        assert cluster.slices
        for node in cluster.nodes:
            assert again(decode.node, encode.node_json(node)) == node
        for each in cluster.slices:
            assert again(decode.resource_slice, encode.slice_json(each)) == each
        for device_class in cluster.classes:
            assert again(decode.device_class, encode.class_json(device_class)) == device_class
        for pod in cluster.pods:
            assert again(decode.pod, encode.pod_json(pod)) == pod
