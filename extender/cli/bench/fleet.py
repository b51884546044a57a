"""
A fleet of real machine types, as the List that ``kubectl get -o json`` prints.

The machines are those of ``extender/data/topologies.json``, where each one names
its sources and how sure every fact is. The ResourceSlices have the form that the
drivers publish: ``gpu.nvidia.com`` gives a PCIe root and no NUMA node,
``gpu.amd.com`` both, ``dra.net`` what it can resolve, ``dra.cpu`` one device per
NUMA node. Product names and capacities are one and the same for every GPU of a
driver; alignment does not depend on them.

Everything is deterministic: the same size gives the same fleet. UUIDs and MAC
addresses differ on each device, as on real machines.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib import resources
from typing import IO

JSON = dict[str, object]
"""A Kubernetes object, ready for ``json.dumps``."""

PCI_BUS_ID = "resource.kubernetes.io/pciBusID"
PCIE_ROOT = "resource.kubernetes.io/pcieRoot"
CPUS = 192
"""CPUs of each node, split evenly over its NUMA nodes."""

_CLASSES = {
    "gpu.nvidia.com": (
        "device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'gpu'",
    ),
    "gpu.amd.com": ("device.driver == 'gpu.amd.com' && device.attributes['gpu.amd.com'].type == 'amdgpu'",),
    "gpu": ("device.driver in ['gpu.nvidia.com', 'gpu.amd.com']",),
    "rdma": ("device.driver == 'dra.net'", "device.attributes['dra.net'].?rdma.orValue(false)"),
    "dra.cpu": ("device.driver == 'dra.cpu'",),
}
# Class name to its selectors. "rdma" spells the attribute as optional: dra.net leaves it out on some devices.

_NVIDIA: Mapping[str, JSON] = {
    "productName": {"string": "NVIDIA H100 80GB HBM3"},
    "architecture": {"string": "Hopper"},
    "brand": {"string": "Nvidia"},
    "cudaComputeCapability": {"version": "9.0.0"},
    "driverVersion": {"version": "570.86.15"},
    "cudaDriverVersion": {"version": "12.8.0"},
}
_AMD: Mapping[str, JSON] = {
    "productName": {"string": "AMD Instinct MI300X"},
    "driverVersion": {"version": "6.14.14"},
}


@dataclass(frozen=True, slots=True)
class MachineDevice:
    """
    A GPU or NIC of a machine. ``None``: not known; ``numa_node`` -1: the kernel does not know. ``switch``:
    number of its PCIe switch, on machines of which no root is documented.
    """

    kind: str
    bdf: str | None
    pcie_root: str | None
    numa_node: int | None
    rdma: bool
    switch: int | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine type. ``sockets`` holds the socket of each NUMA node, ``devices`` are in driver order."""

    name: str
    gpu_driver: str
    sockets: tuple[int, ...]
    devices: tuple[MachineDevice, ...]

    def of_kind(self, kind: str) -> tuple[MachineDevice, ...]:
        return tuple(device for device in self.devices if device.kind == kind)


def machines() -> tuple[Machine, ...]:
    """Every machine of ``extender/data/topologies.json``, in file order."""
    text = resources.files("extender").joinpath("data/topologies.json").read_text(encoding="utf-8")
    return tuple(
        Machine(
            name=machine["name"],
            gpu_driver=machine["gpuDriver"],
            sockets=tuple(machine["numaToSocket"]),
            devices=tuple(
                MachineDevice(
                    kind=device["kind"],
                    bdf=device["bdf"],
                    pcie_root=device["pcieRoot"],
                    numa_node=device["numaNode"],
                    rdma=device.get("rdma", False),
                    switch=device.get("switch"),
                )
                for device in machine["devices"]
            ),
        )
        for machine in json.loads(text)["machines"]
    )


def fleet(nodes: int, types: Sequence[Machine] = ()) -> JSON:
    """A ``v1`` List of ``fleet_objects(nodes, types)``."""
    return {"apiVersion": "v1", "kind": "List", "items": list(fleet_objects(nodes, types))}


def fleet_objects(nodes: int, types: Sequence[Machine] = ()) -> Iterator[JSON]:
    """
    Yield DeviceClasses and ``nodes`` Nodes, each followed by its ResourceSlices.

    The nodes are of these types in turn, by default of all.
    """
    yield from map(device_class, _CLASSES)
    types = types or machines()
    for index in range(nodes):
        yield from _node_with_slices(types[index % len(types)], index)


def write_fleet(nodes: int, file: IO[bytes]) -> int:
    """Write ``fleet(nodes)`` as JSON, object by object, and return how many devices it has."""
    devices = 0
    file.write(b'{"apiVersion":"v1","kind":"List","items":[')
    for number, each in enumerate(fleet_objects(nodes)):
        text = json.dumps(each, separators=(",", ":")).encode()
        devices += text.count(b'"attributes":')
        file.write(b"," + text if number else text)
    file.write(b"]}")
    return devices


def node_name(machine: Machine, index: int) -> str:
    return f"{machine.name.replace('.', '-')}-{index:04d}"


def gpu_name(position: int) -> str:
    return f"gpu-{position}"


def nic_name(nic: MachineDevice, position: int) -> str:
    """The name that dra.net gives a NIC: its address, where there is one."""
    if nic.bdf is None:
        return f"nic-{position}"
    return "pci-" + nic.bdf.replace(":", "-").replace(".", "-")


def device_class(name: str) -> JSON:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": name},
        "spec": {"selectors": [{"cel": {"expression": text}} for text in _CLASSES[name]]},
    }


def _node_with_slices(machine: Machine, index: int) -> Iterator[JSON]:
    name = node_name(machine, index)
    resources_of_node = {"cpu": str(CPUS), "memory": "2Ti", "pods": "250"}
    yield {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "node.kubernetes.io/instance-type": machine.name,
                "topology.kubernetes.io/zone": "abc"[_digest(name, "zone")[0] % 3],
            },
        },
        "status": {"allocatable": resources_of_node, "capacity": resources_of_node},
    }
    for driver, devices in (
        (machine.gpu_driver, _gpus(machine, name)),
        ("dra.net", _nics(machine, name)),
        ("dra.cpu", _cpus(machine)),
    ):
        if devices:
            yield _slice(driver, name, devices)


def _slice(driver: str, node: str, devices: list[JSON]) -> JSON:
    suffix = _digest(node, driver).hex()[:5]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": f"00000-{driver}-{node}-{suffix}"},
        "spec": {
            "driver": driver,
            "nodeName": node,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
            "devices": devices,
        },
    }


def _gpus(machine: Machine, node: str) -> list[JSON]:
    published = _nvidia_gpu if machine.gpu_driver == "gpu.nvidia.com" else _amd_gpu
    return [
        {
            "name": gpu_name(index),
            "attributes": published(device, f"{node}/{gpu_name(index)}"),
            "capacity": {"memory": {"value": "81559Mi"}},
        }
        for index, device in enumerate(machine.of_kind("gpu"))
    ]


def _pci(device: MachineDevice) -> JSON:
    known = ((PCI_BUS_ID, device.bdf), (PCIE_ROOT, device.pcie_root))
    return {name: {"string": value} for name, value in known if value is not None}


def _nvidia_gpu(device: MachineDevice, identity: str) -> JSON:
    unique = uuid.UUID(bytes=_digest(identity, "uuid"), version=4)
    return {**_pci(device), "type": {"string": "gpu"}, "uuid": {"string": f"GPU-{unique}"}, **_NVIDIA}


def _amd_gpu(device: MachineDevice, _identity: str) -> JSON:
    return {
        **_pci(device),
        "type": {"string": "amdgpu"},
        **_AMD,
        **({} if device.numa_node is None else {"numaNode": {"int": device.numa_node}}),
    }


def _nics(machine: Machine, node: str) -> list[JSON]:
    return [_nic(device, index, node) for index, device in enumerate(machine.of_kind("nic"))]


def _nic(device: MachineDevice, index: int, node: str) -> JSON:
    """A dra.net device; the NUMA node is left out where the kernel says -1."""
    name = nic_name(device, index)
    attributes: JSON = {}
    if device.pcie_root is not None:
        attributes[PCIE_ROOT] = {"string": device.pcie_root}
    attributes["dra.net/ifName"] = {"string": f"eth{index}"}
    attributes["dra.net/mac"] = {"string": "02:" + _digest(f"{node}/{name}", "mac")[:5].hex(":")}
    attributes["dra.net/rdma"] = {"bool": device.rdma}
    if device.numa_node is not None and device.numa_node >= 0:
        attributes["dra.net/numaNode"] = {"int": device.numa_node}
    if device.bdf is not None:
        attributes["dra.net/pciAddress"] = {"string": device.bdf}
    return {"name": name, "attributes": attributes}


def _cpus(machine: Machine) -> list[JSON]:
    policy = {"default": "1", "validRange": {"min": "1", "step": "1"}}
    per_node = str(CPUS // len(machine.sockets))
    return [
        {
            "name": f"cpudevnuma{numa:03d}",
            "attributes": {
                "dra.cpu/numaNodeID": {"int": numa},
                "dra.net/numaNode": {"int": numa},
                "dra.cpu/socketID": {"int": socket},
            },
            "allowMultipleAllocations": True,
            "capacity": {"dra.cpu/cpu": {"value": per_node, "requestPolicy": policy}},
        }
        for numa, socket in enumerate(machine.sockets)
    ]


def _digest(identity: str, purpose: str) -> bytes:
    """16 bytes that depend on nothing but the two texts."""
    return blake2b(f"{purpose}:{identity}".encode(), digest_size=16).digest()
