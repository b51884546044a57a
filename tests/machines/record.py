"""The machines of ``tests/data/machines.json`` as values, and how far their devices really are apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from extender.core.topology.locations import Distance
from tests.paths import DATA

_FILE = DATA / "machines.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A device of a machine; ``kind`` ``root`` is a root with no device that matters. -1: not known."""

    kind: str
    name: str
    address: str
    root: str
    numa: int
    rdma: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """
    ``sockets``: of each NUMA node. ``flat``: the one root is a hypervisor's. ``roots_assumed``: no root
    is documented, so each documented switch stands for one.
    """

    name: str
    gpu_driver: str
    sockets: Mapping[int, int]
    parts: tuple[Part, ...]
    flat: bool
    roots_assumed: bool

    def roots(self, nodes: set[int]) -> list[str]:
        """The roots of these NUMA nodes; a flat root is of each."""
        found = {part.root for part in self.parts if part.root and (self.flat or part.numa in nodes)}
        return sorted(found)


def machines() -> tuple[Machine, ...]:
    """Read all machines, in the order of the file."""
    found = []
    for entry in json.loads(_FILE.read_text())["machines"]:
        assumed = entry.get("rootPerSwitch", False)
        parts = tuple(
            Part(
                kind=device["kind"],
                name=device["name"],
                address=device["bdf"] or "",
                root=f"pci0000:{8 * device['switch']:02x}" if assumed else device["pcieRoot"] or "",
                numa=-1 if device["numaNode"] is None else device["numaNode"],
                rdma=device["kind"] == "nic" and device.get("rdma", True),
            )
            for device in entry["devices"]
        )
        sockets = {int(node): socket for node, socket in entry["numaToSocket"].items()}
        flat = entry.get("flat", False)
        found.append(Machine(entry["name"], entry["gpuDriver"], sockets, parts, flat, assumed))
    return tuple(found)


def documented(machine: Machine, a: Part, b: Part) -> Distance:
    """How far two devices are apart by the machine's own record."""
    if a.root and a.root == b.root and not machine.flat:
        return Distance.PCIE_ROOT
    if a.numa < 0 or b.numa < 0:
        return Distance.UNKNOWN
    if a.numa == b.numa:
        return Distance.NUMA
    return Distance.SOCKET if machine.sockets[a.numa] == machine.sockets[b.numa] else Distance.REMOTE
