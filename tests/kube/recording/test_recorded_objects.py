"""What a recording leaves out of objects and requests, and what it keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extender.kube import decode
from extender.kube.decode import Interner
from extender.kube.recording.recorded_objects import (
    assumed_claim,
    claim_allocation,
    recorded_answer,
    recorded_object,
    recorded_request,
)
from extender.model import Allocation, Claim, ClaimSpec, DeviceID, DeviceResult

SECRET = "hunter2"
POD: dict[str, Any] = {
    "metadata": {
        "name": "job",
        "annotations": {"example.com/token": SECRET, "dra-extender.io/alignment": "required"},
        "managedFields": [{"manager": SECRET}],
    },
    "spec": {
        kind: [
            {
                "name": "main",
                "command": ["sh", "-c", SECRET],
                "args": [SECRET],
                "env": [{"name": "TOKEN", "value": SECRET}, {"name": "OTHER", "valueFrom": {"fieldRef": {}}}],
                "lifecycle": {"preStop": {"exec": {"command": [SECRET]}}},
                "livenessProbe": {"exec": {"command": [SECRET]}},
                "readinessProbe": {"httpGet": {"httpHeaders": [{"name": "a", "value": SECRET}]}},
                "startupProbe": {"exec": {"command": [SECRET]}},
                "resources": {"requests": {"cpu": "1"}},
            }
        ]
        for kind in ("containers", "initContainers", "ephemeralContainers")
    },
}


def objects(kind, /, **fields):
    return json.loads(recorded_object(kind, json.dumps({"metadata": {"name": "x"}, **fields}).encode()))


def test_no_secret_of_a_pod_is_recorded():
    """Environment, annotations, commands, probes and hooks are left out; what decides devices stays."""
    body = {"Pod": POD, "Nodes": None, "NodeNames": ["b", "a"]}
    text = (recorded_request(json.dumps(body).encode()) or b"").decode()
    assert SECRET not in text
    found = json.loads(text)
    assert found["NodeNames"] == ["b", "a"]
    assert found["Pod"]["metadata"] == {
        "name": "job",
        "annotations": {"dra-extender.io/alignment": "required"},
    }
    assert found["Pod"]["spec"].keys() == {"containers", "initContainers"}
    for kind in found["Pod"]["spec"]:
        (container,) = found["Pod"]["spec"][kind]
        assert container["resources"] == {"requests": {"cpu": "1"}}
        assert container.keys() == {"name", "resources"}


def test_nor_of_a_victim():
    """Preempt sends whole pods where nodeCacheCapable is off."""
    body = {"Pod": POD, "NodeNameToVictims": {"a": {"Pods": [POD], "NumPDBViolations": 0}, "b": None}}
    text = (recorded_request(json.dumps(body).encode()) or b"").decode()
    assert SECRET not in text
    assert json.loads(text)["NodeNameToVictims"]["a"]["Pods"][0]["metadata"]["name"] == "job"


@pytest.mark.parametrize("body", [b"[]", b"7", b'"text"', b'{"Pod": 7}', b"{"])
def test_a_body_of_another_form_is_dropped(body):
    """Nobody knows what is in it."""
    assert recorded_request(body) is None


def test_what_is_new_to_us_is_left_out():
    """Volumes, aliases and messages, a null container beside one with a secret, annotations of nodes."""
    pod = {
        "metadata": {"name": "job", "labels": {"a": SECRET}},
        "spec": {
            "containers": [
                None,
                {"name": "main", "env": [{"name": "TOKEN", "value": SECRET}], "args": [SECRET]},
            ],
            "volumes": [
                {"csi": {"volumeAttributes": {"key": SECRET}}},
                {"flexVolume": {"options": {"a": SECRET}}},
            ],
            "hostAliases": [{"ip": "127.0.0.1", "hostnames": [SECRET]}],
        },
        "status": {"message": SECRET, "conditions": [{"message": SECRET}]},
    }
    node = {"metadata": {"name": "n", "annotations": {"a": SECRET}}, "status": {"allocatable": {"cpu": "1"}}}
    body = {"Pod": pod, "Nodes": {"items": [node]}, "Future": SECRET}
    text = recorded_request(json.dumps(body).encode())
    assert text is not None
    assert SECRET not in text.decode()
    assert json.loads(text)["Pod"]["spec"]["containers"] == [None, {"name": "main"}]
    answer = recorded_answer(json.dumps({"Nodes": {"items": [node]}, "Error": ""}).encode())
    assert SECRET not in answer.decode()
    assert SECRET not in recorded_object("Node", json.dumps(node).encode()).decode()


@pytest.mark.parametrize("body", [{"Pod": None}, {"Pod": {"spec": None, "metadata": None}}, {}])
def test_nothing_there_is_nothing_to_leave_out(body):
    """What is absent or null stays so."""
    assert json.loads(recorded_request(json.dumps(body).encode()) or b"7") == body


def test_objects_lose_what_is_large_and_says_nothing():
    """Managed fields, last-applied configurations; of a node all but its labels, resources and features."""
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}
    metadata = {"name": "n", "managedFields": [{}], "annotations": applied, "labels": {"l": "1"}}
    found = objects("Node", metadata=metadata, status={"images": [{}], "allocatable": {"cpu": "1"}})
    assert found == {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n", "labels": {"l": "1"}},
        "status": {"allocatable": {"cpu": "1"}},
    }


@pytest.mark.parametrize(
    ("kind", "version"), [("Node", "v1"), ("ResourceSlice", "resource.k8s.io/v1"), ("DeviceTaintRule", None)]
)
def test_kind_and_version(kind, version):
    """Items of lists lack both; a version that is told is kept. Claims have neither."""
    if version is not None:
        assert objects(kind)["apiVersion"] == version
    assert objects(kind, apiVersion="resource.k8s.io/v1beta2", kind=kind)["apiVersion"].endswith("v1beta2")
    assert objects(kind)["kind"] == kind
    assert objects("ResourceClaim", apiVersion="resource.k8s.io/v1", kind="ResourceClaim") == {
        "metadata": {"name": "x"}
    }


CLAIM = Claim("team", "c", "u", ClaimSpec(""), Allocation((DeviceResult("gpu", DeviceID("d", "p", "x")),)))


@pytest.mark.parametrize(
    "data", [None, b'{"metadata": {"name": "c", "namespace": "team"}, "spec": {}, "status": {"devices": []}}']
)
def test_an_assumed_claim_has_its_allocation(data):
    """Also one that the API server does not have yet."""
    written = assumed_claim(CLAIM, data)
    found = decode.resource_claim(written, Interner())
    assert (found.key, found.allocation) == (CLAIM.key, CLAIM.allocation)
    given = claim_allocation(written)
    assert given is not None
    assert decode.allocation(given, Interner()) == CLAIM.allocation


@pytest.mark.parametrize("status", ["{}", "null", '{"allocation": null}'])
def test_no_allocation(status):
    """Absent and null are one."""
    assert claim_allocation(f'{{"status": {status}}}'.encode()) is None
    assert claim_allocation(b"{}") is None
