"""
What the closeness of two devices is worth.

A worth is the part of the best throughput of a pair that is left at a distance, 0..1.
Where something was published it is that number; the rest is assumed, with steps no larger
than a measured one. Sources, by repository and file:

[kubecon] KubeCon NA 2025, Ghildiyal and Chun: GPU-NIC misaligned about 40 % of the best
    bandwidth, CPU-GPU misaligned about 60 % and placed at random about 83 %, CPU-NIC about 71 %.
[dranet] kubernetes-sigs/dranet, examples/ and site/content/docs: one GPU with one NIC near
    and far 56 and 25 GB/s (GB300), 46 and 25 (GB200), 11.35 and 6.04 (A100, p4d); four
    with four 42.5 and 6.1 (MI300X); KV transfer 39.1 and 27.5 (H100); a training job
    36.06 and 32.83 % MFU. The near pairs of GB300 and GB200 share a NUMA node and no root,
    and reach about line rate.
[slit] kubernetes/enhancements, KEP-6072, and johnahull/dra-topology-aware-co-placement:
    memory distance 10 on the node, 12 within the socket, 21 across (Xeon with SNC).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..topology.driver_attributes import DeviceKind
from ..topology.locations import Distance


class Row(NamedTuple):
    """The worth of one pair of kinds by distance, in the order of ``Distance``."""

    device: float
    pcie_root: float
    numa: float
    socket: float
    remote: float
    unknown: float

    def worth(self, distance: Distance) -> float:
        return self[_COLUMN[distance]]

    @property
    def known(self) -> tuple[float, ...]:
        """The worths of all distances but ``unknown``."""
        return self[: _COLUMN[Distance.UNKNOWN]]


_COLUMN = {distance: column for column, distance in enumerate(Distance)}
_RANK = {kind: rank for rank, kind in enumerate(DeviceKind)}


@dataclass(frozen=True, slots=True)
class Worths:
    """
    A table of worths: a row per pair of kinds, and one for all others.

    Pairs are keyed in the order of ``Kind``. Raises ``ValueError`` naming the pair for a
    key in the wrong order or a worth outside 0..1. The rows need not fall with distance:
    a site may want its NICs on different sockets.
    """

    others: Row
    pairs: Mapping[tuple[DeviceKind, DeviceKind], Row] = field(hash=False)

    def __post_init__(self) -> None:
        _check("other pairs", self.others)
        for (first, second), row in self.pairs.items():
            name = f"{first}-{second}"
            if _RANK[first] > _RANK[second]:
                raise ValueError(f"worths of {name}: the pair is spelled {second}-{first}")
            _check(name, row)

    def row(self, first: DeviceKind, second: DeviceKind) -> Row:
        """Return the row of two kinds, *first* not after *second* in ``Kind``."""
        return self.pairs.get((first, second), self.others)


def _check(name: str, row: Row) -> None:
    for column, worth in row._asdict().items():
        if not 0 <= worth <= 1:
            raise ValueError(f"worth of {name} at {column} is {worth}; it must be from 0 to 1")


# Unknown is what chance gives on two sockets, halfway between near and far; [kubecon] has
# 0.83 for CPU-GPU at random, where halfway is 0.8. Within a socket: [slit] puts 12 of the
# way from 10 to 21 at a fifth of the loss.
#
# [kubecon] far; [dranet] has 0.14 to 0.7 for far, and only little to gain from the root.
_GPU_NIC = Row(device=1.0, pcie_root=1.0, numa=0.9, socket=0.8, remote=0.4, unknown=0.7)
# [kubecon] far and unknown.
_GPU_CPU = Row(device=1.0, pcie_root=1.0, numa=1.0, socket=0.9, remote=0.6, unknown=0.83)
# [kubecon] far.
_NIC_CPU = Row(device=1.0, pcie_root=1.0, numa=1.0, socket=0.95, remote=0.71, unknown=0.85)
# [slit] the distance on the node over that within the socket and across: 10/12, 10/21.
_CPU_MEMORY = Row(device=1.0, pcie_root=1.0, numa=1.0, socket=0.83, remote=0.48, unknown=0.74)
# Assumed: most GPUs of one node also have links of their own, which no driver publishes, and
# no measurement isolates the PCIe path. The order is that of Project-HAMi/HAMi,
# pkg/device/nvidia/calculate_score.go.
_GPU_GPU = Row(device=1.0, pcie_root=1.0, numa=0.95, socket=0.9, remote=0.8, unknown=0.9)
# Assumed: devices of one kind that serve the same CPUs gain by being near those, not each other.
_ALIKE = Row(device=1.0, pcie_root=1.0, numa=1.0, socket=0.95, remote=0.9, unknown=0.95)
# Assumed: one thread pool over two nodes loses part of what its memory does.
_CPU_CPU = Row(device=1.0, pcie_root=1.0, numa=1.0, socket=0.9, remote=0.7, unknown=0.85)
# Assumed: between GPU-NIC and CPU-NIC.
_OTHERS = Row(device=1.0, pcie_root=1.0, numa=0.95, socket=0.9, remote=0.6, unknown=0.8)

DEFAULT_WORTHS = Worths(
    others=_OTHERS,
    pairs={
        (DeviceKind.GPU, DeviceKind.GPU): _GPU_GPU,
        (DeviceKind.GPU, DeviceKind.ACCELERATOR): _GPU_GPU,
        (DeviceKind.GPU, DeviceKind.NIC): _GPU_NIC,
        # Assumed: the same direct memory access between two PCIe devices.
        (DeviceKind.GPU, DeviceKind.NVME): _GPU_NIC,
        (DeviceKind.GPU, DeviceKind.CPU): _GPU_CPU,
        (DeviceKind.GPU, DeviceKind.MEMORY): _GPU_CPU,
        (DeviceKind.ACCELERATOR, DeviceKind.ACCELERATOR): _GPU_GPU,
        (DeviceKind.ACCELERATOR, DeviceKind.NIC): _GPU_NIC,
        (DeviceKind.ACCELERATOR, DeviceKind.NVME): _GPU_NIC,
        (DeviceKind.ACCELERATOR, DeviceKind.CPU): _GPU_CPU,
        (DeviceKind.ACCELERATOR, DeviceKind.MEMORY): _GPU_CPU,
        (DeviceKind.NIC, DeviceKind.NIC): _ALIKE,
        (DeviceKind.NIC, DeviceKind.NVME): _GPU_NIC,
        (DeviceKind.NIC, DeviceKind.CPU): _NIC_CPU,
        (DeviceKind.NIC, DeviceKind.MEMORY): _NIC_CPU,
        (DeviceKind.NVME, DeviceKind.NVME): _ALIKE,
        (DeviceKind.NVME, DeviceKind.CPU): _NIC_CPU,
        (DeviceKind.NVME, DeviceKind.MEMORY): _NIC_CPU,
        (DeviceKind.CPU, DeviceKind.CPU): _CPU_CPU,
        (DeviceKind.CPU, DeviceKind.MEMORY): _CPU_MEMORY,
        (DeviceKind.MEMORY, DeviceKind.MEMORY): _ALIKE,
    },
)
