"""What a node of the fleet holds, and which of its devices are near each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from extender.core.alignment.pairs import Pair, align
from extender.core.cluster.snapshot import NodeState
from extender.core.topology.locations import Distance, Location
from extender.core.topology.vocabulary import DeviceKind

_ROOT = (Distance.DEVICE, Distance.PCIE_ROOT)


class Machine(NamedTuple):
    """
    GPUs and NICs with RDMA by their locations, in the order in which first fit hands them out.

    ``by_root``: some GPU shares a PCIe root with some NIC.
    """

    gpus: tuple[Location, ...]
    nics: tuple[Location, ...]
    by_root: bool

    def aligned(self, pairs: Iterable[Pair]) -> bool | None:
        """
        Whether each GPU-NIC pair shares a root, or a NUMA node where roots say nothing.

        ``None`` where there is no such pair.
        """
        near = _ROOT if self.by_root else (*_ROOT, Distance.NUMA)
        found = [pair.distance in near for pair in pairs if pair.kinds == "gpu-nic"]
        return all(found) if found else None

    def aligned_after(self, gpus_gone: int, nics_gone: int, gpus: int, nics: int) -> bool | None:
        """Whether the next devices are, once so many are gone."""
        locations = (
            *self.gpus[gpus_gone : gpus_gone + gpus],
            *self.nics[nics_gone : nics_gone + nics],
        )
        return self.aligned(align(locations).pairs)


def machine_of(state: NodeState) -> Machine:
    """Read an unused node; the classes of the fleet select what is counted here."""
    gpus: list[Location] = []
    nics: list[Location] = []
    for slice_, signature in zip(state.inventory.slices, state.inventory.signature.slices, strict=True):
        for device, location in zip(slice_.devices, signature.locations, strict=True):
            rdma = device.attributes.get("dra.net/rdma")
            if location.kind is DeviceKind.GPU:
                gpus.append(location)
            elif location.kind is DeviceKind.NIC and rdma is not None and rdma.value is True:
                nics.append(location)
    roots = {location.root for location in nics} - {-1}
    return Machine(tuple(gpus), tuple(nics), any(location.root in roots for location in gpus))
