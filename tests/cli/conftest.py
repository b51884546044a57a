"""A small cluster as kubectl dumps it, and the program in this process."""

from __future__ import annotations

import copy
import json
from typing import NamedTuple

import pytest

from extender.cli import main

ROOT = "resource.kubernetes.io/pcieRoot"
NUMA = "resource.kubernetes.io/numaNode"


class Ran(NamedTuple):
    status: object
    out: str
    err: str

    @property
    def document(self):
        """The JSON that was printed."""
        return json.loads(self.out)


@pytest.fixture
def run(capsys):
    """Run the program; the status is the process's, whether returned or raised."""

    def run_main(*argv):
        status: object
        try:
            status = main([str(each) for each in argv])
        except SystemExit as stop:
            status = stop.code
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run_main


def node(name):
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}


def device_class(name, driver):
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": name},
        "spec": {"selectors": [{"cel": {"expression": f"device.driver == '{driver}'"}}]},
    }


def resource_slice(node_name, driver, *devices):
    """``devices`` are (name, PCIe root, NUMA node)."""
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": f"{node_name}-{driver}"},
        "spec": {
            "driver": driver,
            "nodeName": node_name,
            "pool": {"name": node_name, "generation": 1, "resourceSliceCount": 1},
            "devices": [
                {"name": name, "attributes": {ROOT: {"string": root}, NUMA: {"int": numa}}}
                for name, root, numa in devices
            ],
        },
    }


def claim(name, *requests, allocated=()):
    """``requests`` are (name, class); ``allocated`` results are (request, driver, node, device)."""
    made = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
        "spec": {
            "devices": {
                "requests": [
                    {"name": request, "exactly": {"deviceClassName": device_class}}
                    for request, device_class in requests
                ]
            }
        },
    }
    if allocated:
        made["status"] = {
            "allocation": {
                "devices": {
                    "results": [
                        {"request": request, "driver": driver, "pool": node_name, "device": device}
                        for request, driver, node_name, device in allocated
                    ]
                }
            }
        }
    return made


def pod(name, *claims, **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}", **metadata},
        "spec": {
            "containers": [{"name": "main"}],
            "resourceClaims": [{"name": each, "resourceClaimName": each} for each in claims],
        },
    }


GPU_AND_NIC = (("gpu", "gpu"), ("nic", "nic"))

OBJECTS = [
    node("near"),
    node("far"),
    node("empty"),
    device_class("gpu", "gpu.nvidia.com"),
    device_class("nic", "dra.net"),
    resource_slice("near", "gpu.nvidia.com", ("gpu-0", "pci0000:10", 0)),
    resource_slice("near", "dra.net", ("net0", "pci0000:10", 0), ("net1", "pci0000:80", 1)),
    resource_slice("far", "gpu.nvidia.com", ("gpu-0", "pci0000:10", 0)),
    resource_slice("far", "dra.net", ("net0", "pci0000:80", 1), ("net1", "pci0000:10", 0)),
    claim("job-1-devices", *GPU_AND_NIC),
    pod("job-1", "job-1-devices"),
]
"""
On ``near`` the first GPU and the first NIC share a PCIe root; on ``far`` the GPU
shares its root with the second NIC only; ``empty`` has no devices.
"""


@pytest.fixture
def objects():
    """The objects of the cluster, free to be changed."""
    return copy.deepcopy(OBJECTS)


@pytest.fixture
def dump(tmp_path):
    """Write objects as the List that kubectl prints; returns the path."""

    def write(objects, name="cluster.json"):
        path = tmp_path / name
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        return path

    return write


@pytest.fixture
def cluster_file(dump, objects):
    """The cluster in one file."""
    return dump(objects)


@pytest.fixture
def version_file(tmp_path):
    """What ``kubectl version -o json`` prints."""
    path = tmp_path / "version.json"
    path.write_text(json.dumps({"serverVersion": {"gitVersion": "v1.36.2"}}))
    return path


@pytest.fixture
def make_claim():
    """The builder of claims."""
    return claim


@pytest.fixture
def make_pod():
    """The builder of pods."""
    return pod


def attempt(pod_object, claims, *, node="near", allocations=None, condition=None, offered=("far", "near")):
    """One line of a recording; no requests where ``pod_object`` is a name only."""
    requests = []
    name = pod_object
    if not isinstance(pod_object, str):
        name = pod_object["metadata"]["name"]
        body = {"Pod": pod_object, "Nodes": None, "NodeNames": list(offered)}
        requests.append({"verb": "filter", "body": body, "answer": {}})
        if len(offered) > 1:
            requests.append({"verb": "prioritize", "body": body, "answer": []})
        requests.append(
            {
                "verb": "bind",
                "body": {"PodName": name, "PodNamespace": "default", "PodUID": "1", "Node": node or "near"},
                "answer": {"Error": ""},
            }
        )
    return {
        "pod": name,
        "claims": claims,
        "requests": requests,
        "outcome": {"node": node, "condition": condition, "allocations": allocations or {}},
    }


def allocation(*results):
    """``results`` are (request, driver, node, device)."""
    return {
        "devices": {
            "results": [
                {"request": request, "driver": driver, "pool": node_name, "device": device}
                for request, driver, node_name, device in results
            ]
        }
    }


FIRST_ON_NEAR = allocation(("gpu", "gpu.nvidia.com", "near", "gpu-0"), ("nic", "dra.net", "near", "net0"))
"""What first fit takes on ``near``."""


@pytest.fixture
def placed(make_pod, make_claim):
    """The line of an attempt that put job-1 on ``near``; keywords change it."""

    def build(**changes):
        line = {
            "pod_object": make_pod("job-1", "job-1-devices"),
            "claims": [make_claim("job-1-devices", *GPU_AND_NIC)],
            "allocations": {"job-1-devices": FIRST_ON_NEAR},
        }
        return attempt(**{**line, **changes})

    return build


@pytest.fixture
def record(tmp_path, objects):
    """Write attempts as a recording on the small cluster; returns the path."""

    def write(*attempts, kubernetes="1.36.2", cluster=None):
        path = tmp_path / "recording.jsonl"
        kept = [each for each in cluster or objects if each["kind"] not in {"ResourceClaim", "Pod"}]
        header = {"kubernetes": kubernetes, "cluster": {"kind": "List", "items": kept}}
        path.write_text("".join(json.dumps(line) + "\n" for line in (header, *attempts)))
        return path

    return write


@pytest.fixture
def make_attempt():
    """The builder of a recording's lines."""
    return attempt


@pytest.fixture
def make_allocation():
    """The builder of allocations."""
    return allocation
