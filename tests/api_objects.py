"""
Objects as the API writes them: JSON, for files that a command reads and answers that a server gives.

Values of the model, which most tests of ``core`` and ``service`` want, are in ``builders``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

JSON = dict[str, Any]

ROOT = "resource.kubernetes.io/pcieRoot"
NUMA = "resource.kubernetes.io/numaNode"


def node(name: str) -> JSON:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}


def device_class(name: str, driver: str) -> JSON:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": name},
        "spec": {"selectors": [{"cel": {"expression": f"device.driver == '{driver}'"}}]},
    }


def resource_slice(node_name: str, driver: str, *devices: tuple[str, str, int]) -> JSON:
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


def claim(name: str, *requests: tuple[str, str], allocated: Iterable[tuple[str, str, str, str]] = ()) -> JSON:
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


def pod(name: str, *claims: str, **metadata: object) -> JSON:
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

SMALL_CLUSTER = [
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


def allocation(*results: tuple[str, str, str, str]) -> JSON:
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
