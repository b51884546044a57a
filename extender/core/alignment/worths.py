"""
What the closeness of two devices is worth.

A worth is the part of the best throughput of a pod that is left at a distance, 0..1: GPU-NIC
pairs keep 0.4 of their bandwidth when the two are on different sockets. Each row of the table
holds the worths of one pair of kinds and says where they come from. Where something was
published the worth is that number; the rest is assumed, with steps no larger than a measured one.

docs/alignment.md shows the table, and a test holds it to this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from operator import attrgetter

from ..topology.driver_attributes import DeviceKind
from ..topology.locations import Distance, Location, distance, group_worth, switches_differ

KUBECON = "KubeCon NA 2025, Ghildiyal and Chun"
"""
Misaligned, GPU-NIC keeps about 40 % of the best bandwidth, CPU-GPU about 60 % (about 83 % when
placed at random), CPU-NIC about 71 %.
"""

DRANET = "kubernetes-sigs/dranet, examples/ and site/content/docs"
"""
One GPU with one NIC, near and far: 56 and 25 GB/s (GB300), 46 and 25 (GB200), 11.35 and 6.04
(A100, p4d). Four with four: 42.5 and 6.1 (MI300X). KV transfer: 39.1 and 27.5 (H100). A
training job: 36.06 and 32.83 % MFU. The near pairs of GB300 and GB200 share a NUMA node and no
root, and reach about line rate: a shared root adds little to a shared NUMA node.
"""

SLIT = "kubernetes/enhancements KEP-6072 and johnahull/dra-topology-aware-co-placement"
"""
Memory distance 10 on the node, 12 within the socket, 21 across sockets (Xeon with SNC): a pair
within the socket loses a fifth of what it loses across, (12 - 10) / (21 - 10).
"""

HAMI = "order of Project-HAMi/HAMi, pkg/device/nvidia/calculate_score.go"
"""
Only the order: no measurement isolates the PCIe path of two GPUs. Most GPUs of one node also have
links of their own (NVLink), which no driver publishes.
"""

NEAR_THE_CPU = "they gain by being near the CPU, not each other"
SITE_FILE = "its file of worths"


class Basis(StrEnum):
    """What the worths of a row rest on."""

    MEASURED = "measured"
    ASSUMED = "assumed"
    SITE = "of this site"


@dataclass(frozen=True, slots=True)
class WorthRow:
    """
    The worths of one pair of kinds by distance, in the order of ``Distance``, and their origin.

    ``sources``: publications if ``basis`` is measured, else what the assumption rests on. A row
    that names no origin is one of the site's own.
    """

    device: float
    pcie_root: float
    numa: float
    socket: float
    remote: float
    unknown: float
    basis: Basis = field(default=Basis.SITE, kw_only=True)
    sources: tuple[str, ...] = field(default=(SITE_FILE,), kw_only=True)

    def worth(self, at: Distance) -> float:
        """The worth of a pair at a distance that has a column of its own."""
        return _COLUMNS[at](self)

    def worth_of(self, a: Location, b: Location) -> float:
        """
        The worth of two locations of one node; that of their group where it is more.

        A shared switch is worth a shared root. Where facts tell that two devices on one root are on
        two of its switches, they are worth halfway from there to a shared NUMA node: an assumption.
        """
        pair_distance = distance(a, b)
        if pair_distance is Distance.PCIE_SWITCH:
            return self.pcie_root
        if pair_distance is Distance.PCIE_ROOT and switches_differ(a, b):
            return (self.pcie_root + self.numa) / 2
        if pair_distance is not Distance.GROUP:
            return self.worth(pair_distance)
        bare = distance(a._replace(groups=()), b)
        return max(group_worth(a, b) or 0.0, 0.0 if bare is Distance.UNKNOWN else self.worth(bare))

    @property
    def one_card(self) -> float:
        """
        The worth of two devices of one kind that are parts of one card where two cards are wanted.

        They share what one card can do, half for each; no two cards are worth less, however far apart.
        """
        return min(self.device / 2, *self.known)

    @property
    def by_distance(self) -> tuple[float, ...]:
        """All worths, in the order of the distances that have a column."""
        return tuple(column(self) for column in _COLUMNS.values())

    @property
    def known(self) -> tuple[float, ...]:
        """The worths of all distances but ``unknown``."""
        return (self.device, self.pcie_root, self.numa, self.socket, self.remote)


_COLUMNS: Mapping[Distance, Callable[[WorthRow], float]] = {
    # A group has worths of its own, in the vocabulary, and a switch is worth a root.
    each: attrgetter(each.name.lower())
    for each in Distance
    if each not in (Distance.GROUP, Distance.PCIE_SWITCH)
}
WITH_COLUMN = tuple(_COLUMNS)
"""The distances that have a worth of their own in each row."""

_RANK = {kind: rank for rank, kind in enumerate(DeviceKind)}


@dataclass(frozen=True, slots=True)
class Worths:
    """
    A table of worths: a row per pair of kinds, and one for all others.

    Pairs are keyed in the order of ``DeviceKind``. Raises ``ValueError`` naming the pair for a
    key in the wrong order or a worth outside 0..1. The rows need not fall with distance:
    a site may want its NICs on different sockets.
    """

    others: WorthRow
    pairs: Mapping[tuple[DeviceKind, DeviceKind], WorthRow] = field(hash=False)

    def __post_init__(self) -> None:
        _check("other pairs", self.others)
        for (first, second), row in self.pairs.items():
            name = f"{first}-{second}"
            if _RANK[first] > _RANK[second]:
                raise ValueError(f"worths of {name}: the pair is spelled {second}-{first}")
            _check(name, row)

    def row(self, first: DeviceKind, second: DeviceKind) -> WorthRow:
        """Return the row of two kinds, *first* not after *second* in ``DeviceKind``."""
        return self.pairs.get((first, second), self.others)

    def row_of(self, kinds: str) -> WorthRow:
        """Return the row of two kinds by the name of the pair, such as ``gpu-nic``."""
        first, _, second = kinds.partition("-")
        return self.row(DeviceKind(first), DeviceKind(second))


def _check(name: str, row: WorthRow) -> None:
    for at, column in _COLUMNS.items():
        worth = column(row)
        if not 0 <= worth <= 1:
            raise ValueError(f"worth of {name} at {at.name.lower()} is {worth}; it must be from 0 to 1")


# Columns: device, pcie-root, numa, socket, remote, unknown.
#
# remote: KUBECON's numbers. socket: nobody measured throughput; SLIT puts the memory within a
# socket at a fifth of the way to another socket. unknown: what chance gives on two sockets,
# halfway between near and far, such as 0.7 for 1 and 0.4; KUBECON has 0.83 for CPU-GPU at
# random, where halfway is 0.8.
#
# DRANET has 0.14 to 0.7 for remote, and little to gain from the root.
_GPU_NIC = WorthRow(1.0, 1.0, 0.9, 0.8, 0.4, 0.7, basis=Basis.MEASURED, sources=(KUBECON, DRANET, SLIT))
_GPU_CPU = WorthRow(1.0, 1.0, 1.0, 0.9, 0.6, 0.83, basis=Basis.MEASURED, sources=(KUBECON, SLIT))
_NIC_CPU = WorthRow(1.0, 1.0, 1.0, 0.95, 0.71, 0.85, basis=Basis.MEASURED, sources=(KUBECON, SLIT))
# The memory distance on the node over that within the socket and across sockets: 10/12, 10/21.
_CPU_MEMORY = WorthRow(1.0, 1.0, 1.0, 0.83, 0.48, 0.74, basis=Basis.MEASURED, sources=(SLIT,))
_GPU_GPU = WorthRow(1.0, 1.0, 0.95, 0.9, 0.8, 0.9, basis=Basis.ASSUMED, sources=(HAMI,))
_ONE_KIND = WorthRow(1.0, 1.0, 1.0, 0.95, 0.9, 0.95, basis=Basis.ASSUMED, sources=(NEAR_THE_CPU,))
# One thread pool over the CPUs of two NUMA nodes.
_CPU_CPU = WorthRow(
    1.0, 1.0, 1.0, 0.9, 0.7, 0.85, basis=Basis.ASSUMED, sources=("part of what memory loses",)
)
_OTHERS = WorthRow(
    1.0, 1.0, 0.95, 0.9, 0.6, 0.8, basis=Basis.ASSUMED, sources=("between gpu-nic and nic-cpu",)
)

_AS_GPU_NIC = replace(_GPU_NIC, basis=Basis.ASSUMED, sources=("as gpu-nic: the same direct memory access",))
_AS_GPU_CPU = replace(_GPU_CPU, basis=Basis.ASSUMED, sources=("as gpu-cpu",))
_AS_NIC_CPU = replace(_NIC_CPU, basis=Basis.ASSUMED, sources=("as nic-cpu",))

DEFAULT_WORTHS = Worths(
    others=_OTHERS,
    pairs={
        (DeviceKind.GPU, DeviceKind.GPU): _GPU_GPU,
        (DeviceKind.GPU, DeviceKind.ACCELERATOR): _GPU_GPU,
        (DeviceKind.GPU, DeviceKind.NIC): _GPU_NIC,
        (DeviceKind.GPU, DeviceKind.NVME): _AS_GPU_NIC,
        (DeviceKind.GPU, DeviceKind.CPU): _GPU_CPU,
        (DeviceKind.GPU, DeviceKind.MEMORY): _AS_GPU_CPU,
        (DeviceKind.ACCELERATOR, DeviceKind.ACCELERATOR): _GPU_GPU,
        (DeviceKind.ACCELERATOR, DeviceKind.NIC): _AS_GPU_NIC,
        (DeviceKind.ACCELERATOR, DeviceKind.NVME): _AS_GPU_NIC,
        (DeviceKind.ACCELERATOR, DeviceKind.CPU): _AS_GPU_CPU,
        (DeviceKind.ACCELERATOR, DeviceKind.MEMORY): _AS_GPU_CPU,
        (DeviceKind.NIC, DeviceKind.NIC): _ONE_KIND,
        (DeviceKind.NIC, DeviceKind.NVME): _AS_GPU_NIC,
        (DeviceKind.NIC, DeviceKind.CPU): _NIC_CPU,
        (DeviceKind.NIC, DeviceKind.MEMORY): _AS_NIC_CPU,
        (DeviceKind.NVME, DeviceKind.NVME): _ONE_KIND,
        (DeviceKind.NVME, DeviceKind.CPU): _AS_NIC_CPU,
        (DeviceKind.NVME, DeviceKind.MEMORY): _AS_NIC_CPU,
        (DeviceKind.CPU, DeviceKind.CPU): _CPU_CPU,
        (DeviceKind.CPU, DeviceKind.MEMORY): _CPU_MEMORY,
        (DeviceKind.MEMORY, DeviceKind.MEMORY): _ONE_KIND,
    },
)
