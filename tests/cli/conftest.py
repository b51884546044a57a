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
    status: int
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
