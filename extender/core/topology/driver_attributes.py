"""
The names of the attributes by which one driver publishes where a device is.

Drivers name one fact in many ways: the NUMA node of a device is
``resource.kubernetes.io/numaNode``, ``gpu.amd.com/numaNode``, ``dra.net/numaNode``
or ``dra.cpu/numaNodeID``. The names are data, so that a driver or a site is added
without code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

STANDARD = "resource.kubernetes.io"
PCIE_ROOT = f"{STANDARD}/pcieRoot"
PCI_BUS_ID = f"{STANDARD}/pciBusID"
NUMA_NODE = f"{STANDARD}/numaNode"


class DeviceKind(StrEnum):
    """
    What a device is for. Names of pairs have their kinds in this order: ``gpu-nic``.

    ``virtual``: the device is nowhere on the node: it is no hardware, or several nodes reach it over a
    network or a fabric, whatever its driver's kind. It has no location and forms no pairs.
    """

    GPU = "gpu"
    ACCELERATOR = "accelerator"
    NIC = "nic"
    NVME = "nvme"
    CPU = "cpu"
    MEMORY = "memory"
    OTHER = "other"
    VIRTUAL = "virtual"


OFF_BUS = frozenset({DeviceKind.CPU, DeviceKind.MEMORY})
"""Kinds that sit on no PCI bus: the roots that they publish are those near their NUMA node."""


CARDS = frozenset({DeviceKind.GPU, DeviceKind.ACCELERATOR})
"""
Kinds of which two requests want two cards. Two VFs of one port are the usual way to be in two networks,
and CPUs and memory are no cards.
"""


@dataclass(frozen=True, slots=True)
class DriverAttributes:
    """
    The attributes of one driver by meaning, each list in order of trust.

    A name without a domain belongs to the driver's own domain: ``numaNode`` of ``gpu.amd.com`` is
    ``gpu.amd.com/numaNode``. The first name with a usable value counts; ``-1`` and ``""`` are
    not usable, drivers publish them for what they do not know.

    ``root``: PCIe root, a string or a list of strings.
    ``root_bus``: only the bus number of the root, in hex; it needs the PCI domain.
    ``numa``: NUMA node, an integer, a list of integers (the physical node first)
    or a decimal string.
    ``socket``: CPU socket, an integer.
    ``address``: PCI address. ``address_parts``: its domain, bus, device and function
    in four attributes. ``address_in_name``: the device's name may hold it.
    ``parent``: PCI address of the device that this one is a part of.
    ``identity``: any other name of the physical device, its own or its parent's. ``parent_identity``:
    likewise the name of the device that this one is a part of.
    ``groups``: attributes whose value devices near each other share, whatever drivers they are of,
    each with what a pair within a group is worth, 0..1.
    ``own_memory``: attribute and value that mark devices whose NUMA node may be
    their own memory, which no CPU and no NIC is near.
    ``rdma``: whether a NIC does RDMA, a boolean. It moves no device.
    """

    kind: DeviceKind
    root: tuple[str, ...] = (PCIE_ROOT,)
    root_bus: tuple[str, ...] = ()
    numa: tuple[str, ...] = (NUMA_NODE,)
    socket: tuple[str, ...] = ()
    address: tuple[str, ...] = (PCI_BUS_ID,)
    address_parts: tuple[str, ...] = ()
    address_in_name: bool = False
    parent: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    parent_identity: tuple[str, ...] = ()
    groups: tuple[tuple[str, float], ...] = ()
    own_memory: tuple[str, str] | None = None
    rdma: tuple[str, ...] = ()

    def qualified(self, driver: str) -> DriverAttributes:
        """Spell every name in full, the bare ones in the domain of *driver*."""

        def full(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name if "/" in name else f"{driver}/{name}" for name in names)

        mark = self.own_memory
        return replace(
            self,
            root=full(self.root),
            root_bus=full(self.root_bus),
            numa=full(self.numa),
            socket=full(self.socket),
            address=full(self.address),
            address_parts=full(self.address_parts),
            parent=full(self.parent),
            identity=full(self.identity),
            parent_identity=full(self.parent_identity),
            groups=tuple((full((name,))[0], worth) for name, worth in self.groups),
            own_memory=None if mark is None else (full(mark[:1])[0], mark[1]),
            rdma=full(self.rdma),
        )
