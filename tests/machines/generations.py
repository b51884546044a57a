"""
What each generation of each driver publishes of a machine.

An ``Entry`` holds the device as the slice shows it, and beside it the facts that its driver meant to say, so
that what follows from them can be told without reading the attributes again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from extender.model import Attribute, AttributeKind, Device
from tests.machines.record import Machine, Part

STANDARD = "resource.kubernetes.io"
ROOT, BUS_ID, NUMA = f"{STANDARD}/pcieRoot", f"{STANDARD}/pciBusID", f"{STANDARD}/numaNode"
SRIOV = "sriovnetwork.k8snetworkplumbingwg.io"
GRACE = ("azure-nd-gb300-v6", "oci-bm.gpu.gb200-v3.4")


@dataclass(frozen=True, slots=True)
class Entry:
    """A published device. ``part`` is ``None`` for CPUs; ``reach``: roots that a CPU serves; -1: not said."""

    driver: str
    device: Device
    part: Part | None = None
    root: str = ""
    reach: tuple[str, ...] = ()
    numa: int = -1
    socket: int = -1
    own_memory: bool = False


Generation = Callable[[Machine], list[Entry]]


def _device(name: str, values: Mapping[str, str | int | tuple[int, ...] | tuple[str, ...] | None]) -> Device:
    """Absent values are left out, empty texts are not."""
    kinds = {str: AttributeKind.STRING, int: AttributeKind.INT}
    attributes = {}
    for key, value in values.items():
        if isinstance(value, tuple):
            lists = AttributeKind.INTS if isinstance(value[0], int) else AttributeKind.STRINGS
            attributes[key] = Attribute(lists, value)
        elif value is not None:
            attributes[key] = Attribute(kinds[type(value)], value)
    return Device(name, attributes)


def _known(numa: int) -> int | None:
    return numa if numa >= 0 else None


def _nvidia(*, address: str, numa: str = "") -> Generation:
    """kubernetes-sigs/dra-driver-nvidia-gpu; ``numa``: empty, ``int`` or ``ints``."""

    def publish(machine: Machine) -> list[Entry]:
        coherent = machine.name in GRACE and address == BUS_ID
        entries = []
        for part in machine.parts:
            if part.kind != "gpu" or machine.gpu_driver != "gpu.nvidia.com":
                continue
            node = _known(part.numa) if numa else None
            values = {
                ROOT: part.root or None,
                address: part.address or None,
                NUMA: node if numa == "int" or node is None else (node,),
                "gpu.nvidia.com/addressingMode": "ATS" if coherent else None,
            }
            entries.append(
                Entry(
                    "gpu.nvidia.com",
                    _device(part.name, values),
                    part,
                    part.root,
                    numa=-1 if node is None else node,
                    own_memory=coherent,
                )
            )
        return entries

    return publish


def _amd(*, address: str, numa: bool) -> Generation:
    """ROCm/k8s-gpu-dra-driver: the NUMA node is the kernel's, -1 included."""

    def publish(machine: Machine) -> list[Entry]:
        return [
            Entry(
                "gpu.amd.com",
                _device(
                    part.name,
                    {
                        ROOT: part.root or None,
                        address: part.address or None,
                        "gpu.amd.com/numaNode": part.numa if numa else None,
                    },
                ),
                part,
                part.root,
                numa=part.numa if numa else -1,
            )
            for part in machine.parts
            if part.kind == "gpu" and machine.gpu_driver == "gpu.amd.com"
        ]

    return publish


def _dranet(*, standard: bool) -> Generation:
    """kubernetes-sigs/dranet: what it cannot resolve it leaves out."""

    def publish(machine: Machine) -> list[Entry]:
        return [
            Entry(
                "dra.net",
                _device(
                    part.name,
                    {
                        ROOT: part.root or None,
                        "dra.net/pciAddress": part.address or None,
                        "dra.net/numaNode": _known(part.numa),
                        NUMA: _known(part.numa) if standard else None,
                    },
                ),
                part,
                part.root,
                numa=part.numa,
            )
            for part in machine.parts
            if part.kind == "nic"
        ]

    return publish


def sriov(machine: Machine) -> list[Entry]:
    """k8snetworkplumbingwg/dra-driver-sriov: one VF of each NIC, root ``""`` and node -1 where unknown."""
    entries = []
    for part in machine.parts:
        if part.kind != "nic":
            continue
        bus, _, function = part.address.rpartition(":00.") if ":00." in part.address else ("", "", "")
        virtual = f"{bus}:1{function}.0" if bus else None
        values = {
            ROOT: part.root,
            BUS_ID: virtual,
            f"{SRIOV}/pfPciAddress": part.address or None,
            "dra.net/numaNode": part.numa,
        }
        entries.append(Entry(SRIOV, _device(part.name, values), part, part.root, numa=part.numa))
    return entries


def nvme(machine: Machine) -> list[Entry]:
    """johnahull/dra-driver-nvme: what has no NUMA node is not published."""
    return [
        Entry(
            "dra.nvme",
            _device(
                part.name,
                {
                    ROOT: part.root,
                    BUS_ID: part.address,
                    NUMA: part.numa,
                    "dra.nvme/numaNode": part.numa,
                    f"{STANDARD}/cpuSocketID": machine.sockets[part.numa],
                },
            ),
            part,
            part.root,
            numa=part.numa,
            socket=machine.sockets[part.numa],
        )
        for part in machine.parts
        if part.kind == "nvme" and part.numa >= 0
    ]


def _cpus(
    names: Mapping[str, set[int]], machine: Machine, *, numa: bool, socket: bool, **how: bool
) -> list[Entry]:
    """A CPU device for each name, of these NUMA nodes; ``how``: with roots, with the standard NUMA node."""
    entries = []
    for name, nodes in names.items():
        node = min(nodes)
        roots = tuple(machine.roots(nodes)) if how["roots"] else ()
        values = {
            ROOT: roots or None,
            "dra.cpu/numaNodeID": node if numa else None,
            "dra.net/numaNode": node if numa else None,
            NUMA: node if numa and how["standard"] else None,
            "dra.cpu/socketID": machine.sockets[node] if socket else None,
        }
        entries.append(
            Entry(
                "dra.cpu",
                _device(name, values),
                reach=roots,
                numa=node if numa else -1,
                socket=machine.sockets[node] if socket else -1,
            )
        )
    return entries


def _by_numa(*, roots: bool, standard: bool) -> Generation:
    """kubernetes-sigs/dra-driver-cpu, grouped by NUMA node."""
    return lambda machine: _cpus(
        {f"cpudevnuma{node:03}": {node} for node in machine.sockets},
        machine,
        numa=True,
        socket=True,
        roots=roots,
        standard=standard,
    )


def by_socket(machine: Machine) -> list[Entry]:
    """The same driver, grouped by socket: no NUMA node."""
    groups: dict[str, set[int]] = {}
    for node, number in machine.sockets.items():
        groups.setdefault(f"cpudevsocket{number:03}", set()).add(node)
    return _cpus(groups, machine, numa=False, socket=True, roots=True, standard=True)


def by_machine(machine: Machine) -> list[Entry]:
    """The same driver, one group: every root, and no location."""
    nodes = {"cpudevmachine": set(machine.sockets)}
    return _cpus(nodes, machine, numa=False, socket=False, roots=True, standard=True)


def individual(machine: Machine) -> list[Entry]:
    """The same driver, a device for each CPU; two of each NUMA node stand for all."""
    cpus = {f"cpudev{2 * node + i:03}": {node} for node in machine.sockets for i in (0, 1)}
    return _cpus(cpus, machine, numa=True, socket=True, roots=True, standard=True)


def nothing(_: Machine) -> list[Entry]:
    return []


GPUS: Mapping[str, Mapping[str, Generation]] = {
    "gpu.nvidia.com": {
        "NVIDIA v25.3": _nvidia(address="gpu.nvidia.com/pcieBusID"),
        "NVIDIA v25.12": _nvidia(address=BUS_ID),
        "NVIDIA v0.4": _nvidia(address=BUS_ID),
        "NVIDIA main": _nvidia(address=BUS_ID, numa="int"),
        "NVIDIA main (list)": _nvidia(address=BUS_ID, numa="ints"),
    },
    "gpu.amd.com": {
        "AMD 2025-10": _amd(address="gpu.amd.com/pciAddr", numa=False),
        "AMD 2026-04": _amd(address=BUS_ID, numa=True),
    },
}
"""By driver, oldest first. GPUs themselves are the same in NVIDIA v25.12 and v0.4."""

NICS: Mapping[str, Generation] = {
    "dranet to v1.4": _dranet(standard=False),
    "dranet main": _dranet(standard=True),
    "SR-IOV": sriov,
}
CPUS: Mapping[str, Generation] = {
    "no dra.cpu": nothing,
    "by NUMA node": _by_numa(roots=False, standard=False),
    "by NUMA node, roots": _by_numa(roots=True, standard=True),
    "by socket": by_socket,
    "by machine": by_machine,
    "individual": individual,
}
"""``by NUMA node`` is v0.2 without ``--expose-pcie-roots``, all others are main with it."""
