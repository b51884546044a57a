"""
Which attribute of which driver means what.

Drivers name one fact in many ways: the NUMA node of a device is
``resource.kubernetes.io/numaNode``, ``gpu.amd.com/numaNode``, ``dra.net/numaNode``
or ``dra.cpu/numaNodeID``. The words are data, so that a driver or a site is added
without code. A driver that is not listed is read by the standard names and the
spellings that drivers share, and its devices are of kind ``other``.

The names are those found in the drivers' sources in August 2026; the repository is
named beside each driver.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

STANDARD = "resource.kubernetes.io"
PCIE_ROOT = f"{STANDARD}/pcieRoot"
PCI_BUS_ID = f"{STANDARD}/pciBusID"
NUMA_NODE = f"{STANDARD}/numaNode"


class Kind(StrEnum):
    """What a device is for. The order is that of the two names in ``gpu-nic``."""

    GPU = "gpu"
    ACCELERATOR = "accelerator"
    NIC = "nic"
    NVME = "nvme"
    CPU = "cpu"
    MEMORY = "memory"
    OTHER = "other"


OFF_BUS = frozenset({Kind.CPU, Kind.MEMORY})
"""Kinds that sit on no PCI bus: the roots they publish only say which NUMA node they serve."""


@dataclass(frozen=True, slots=True)
class Words:
    """
    The attributes of one driver by meaning, each list in order of trust.

    A name without a domain belongs to the driver's own domain. The first name
    whose value says something is taken; ``-1`` and ``""`` say nothing.

    ``root``: PCIe root, a string or a list of strings.
    ``root_bus``: only the bus number of the root, in hex; it needs the PCI domain.
    ``numa``: NUMA node, an integer, a list of integers (the physical node first)
    or a decimal string.
    ``socket``: CPU socket, an integer.
    ``address``: PCI address. ``address_parts``: its domain, bus, device and function
    in four attributes. ``address_in_name``: the device's name may hold it.
    ``parent``: PCI address of the device that this one is a part of.
    ``identity``: any other name of the physical device, its own or its parent's.
    ``own_memory``: attribute and value that mark devices whose NUMA node may be
    their own memory, which no CPU and no NIC is near.
    """

    kind: Kind
    root: tuple[str, ...] = (PCIE_ROOT,)
    root_bus: tuple[str, ...] = ()
    numa: tuple[str, ...] = (NUMA_NODE,)
    socket: tuple[str, ...] = ()
    address: tuple[str, ...] = (PCI_BUS_ID,)
    address_parts: tuple[str, ...] = ()
    address_in_name: bool = False
    parent: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    own_memory: tuple[str, str] | None = None

    def qualified(self, driver: str) -> Words:
        """Spell every name in full, the bare ones in the domain of *driver*."""

        def full(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name if "/" in name else f"{driver}/{name}" for name in names)

        mark = self.own_memory
        return Words(
            kind=self.kind,
            root=full(self.root),
            root_bus=full(self.root_bus),
            numa=full(self.numa),
            socket=full(self.socket),
            address=full(self.address),
            address_parts=full(self.address_parts),
            address_in_name=self.address_in_name,
            parent=full(self.parent),
            identity=full(self.identity),
            own_memory=None if mark is None else (full(mark[:1])[0], mark[1]),
        )


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """
    The words of every driver that has its own, and those of all others.

    Build it with ``Vocabulary.of``; ``drivers`` holds qualified names.
    """

    unknown: Words
    drivers: Mapping[str, Words] = field(hash=False)

    @classmethod
    def of(cls, drivers: Mapping[str, Words], unknown: Words) -> Vocabulary:
        return cls(unknown, {driver: words.qualified(driver) for driver, words in drivers.items()})

    def words(self, driver: str) -> Words:
        """Return the words of *driver* with every name in full."""
        words = self.drivers.get(driver)
        return self.unknown.qualified(driver) if words is None else words


def traits_read(vocabulary: Vocabulary, driver: str) -> frozenset[str]:
    """
    Name every attribute (``domain/id``) of a device of *driver* that can move it.

    Two devices of a driver that agree on these, and on their names where
    ``Words.address_in_name`` is set, are in the same place.
    """
    words = vocabulary.words(driver)
    names = {
        *words.root,
        *words.root_bus,
        *words.numa,
        *words.socket,
        *words.address,
        *words.address_parts,
        *words.parent,
        *words.identity,
    }
    if words.own_memory is not None:
        names.add(words.own_memory[0])
    return frozenset(names)


_UNKNOWN = Words(
    kind=Kind.OTHER,
    numa=(NUMA_NODE, "numaNode", "dra.net/numaNode", "dra.cpu/numaNodeID", "dra.cpu/numaNode"),
    socket=("dra.cpu/socketID", f"{STANDARD}/cpuSocketID"),
    address=(PCI_BUS_ID, "pciBusID", "pcieBusID", "pciAddress", "k8s.cni.cncf.io/deviceID"),
    address_in_name=True,
)

_DRIVERS = {
    # kubernetes-sigs/dra-driver-nvidia-gpu. GPUs have a NUMA node from v0.5 on, VFIO
    # devices had `numa` before. addressingMode ATS: Grace, where the node may be the HBM.
    "gpu.nvidia.com": Words(
        kind=Kind.GPU,
        numa=(NUMA_NODE, "numa"),
        address=(PCI_BUS_ID, "pcieBusID"),
        identity=("uuid", "parentUUID"),
        own_memory=("addressingMode", "ATS"),
    ),
    # ROCm/k8s-gpu-dra-driver. A partition's pciAddr is its parent's.
    "gpu.amd.com": Words(
        kind=Kind.GPU,
        numa=(NUMA_NODE, "numaNode"),
        address=(PCI_BUS_ID, "pciAddr"),
        parent=("parentPciAddr",),
    ),
    # intel/intel-resource-drivers-for-kubernetes: no NUMA node in any of the three.
    "gpu.intel.com": Words(
        kind=Kind.GPU,
        root_bus=("pciRoot",),
        address=(PCI_BUS_ID, "pciAddress"),
        address_in_name=True,
    ),
    "gaudi.intel.com": Words(kind=Kind.ACCELERATOR, root_bus=("pciRoot",), address_in_name=True),
    "qat.intel.com": Words(kind=Kind.ACCELERATOR, address_in_name=True),
    # kubernetes-sigs/dranet. The standard NUMA node came after v1.4.0; the four parts
    # are the spelling of 2024 and 2025.
    "dra.net": Words(
        kind=Kind.NIC,
        numa=(NUMA_NODE, "numaNode"),
        address=(PCI_BUS_ID, "pciAddress"),
        address_parts=("pciAddressDomain", "pciAddressBus", "pciAddressDevice", "pciAddressFunction"),
        address_in_name=True,
    ),
    # k8snetworkplumbingwg/dra-driver-sriov: VFs only, with the root of their PF.
    "sriovnetwork.k8snetworkplumbingwg.io": Words(
        kind=Kind.NIC,
        numa=(NUMA_NODE, "dra.net/numaNode"),
        address=(PCI_BUS_ID, "pciAddress", "k8s.cni.cncf.io/deviceID"),
        parent=("pfPciAddress",),
        identity=("PFName",),
    ),
    # kubernetes-sigs/dra-driver-cpu: no NUMA node where CPUs are grouped by socket or machine.
    "dra.cpu": Words(
        kind=Kind.CPU,
        numa=(NUMA_NODE, "numaNodeID", "dra.net/numaNode", "numaNode"),
        socket=("socketID",),
        address=(),
    ),
}

DEFAULT_VOCABULARY = Vocabulary.of(_DRIVERS, _UNKNOWN)
