"""Placements judged twice: by what drivers publish, and by what the machines are documented to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from extender.cli.bench.documents import documented_facts
from extender.cli.demo.totals import FARTHER, ON_ONE_NUMA_NODE, ON_ONE_ROOT
from extender.core.alignment.pairs import Alignment, Pair, align
from extender.core.cluster.snapshot import Snapshot
from extender.core.topology.known_machines import BUILT_IN_FACTS
from extender.core.topology.locations import Distance, Location
from extender.core.topology.machine_facts import NO_FACTS, MachineFacts, MachineType
from extender.model import DeviceID


class Pairs(NamedTuple):
    """GPU-NIC pairs by distance."""

    root: int = 0
    numa: int = 0
    farther: int = 0
    unknown: int = 0

    @classmethod
    def of(cls, distances: Iterable[Distance]) -> Pairs:
        found = list(distances)
        root, numa, farther = (
            sum(distance in group for distance in found) for group in (ON_ONE_ROOT, ON_ONE_NUMA_NODE, FARTHER)
        )
        return cls(root, numa, farther, len(found) - root - numa - farther)

    def plus(self, other: Pairs) -> Pairs:
        return Pairs(*(one + more for one, more in zip(self, other, strict=True)))


def told(fleet: Snapshot, machines: MachineFacts) -> Snapshot:
    """The same fleet with facts of its machines."""
    return Snapshot.of_objects(fleet.objects, fleet.release, fleet.vocabulary, machines)


def built_in_facts() -> MachineFacts:
    """The built-in types, for nodes that are labelled with their names and not with instance types."""
    documented = {each.name: each for each in documented_facts().types}
    return MachineFacts(
        tuple(
            MachineType(each.name, each.origin, documented[each.name].labels, each.devices)
            for each in BUILT_IN_FACTS.types
        )
    )


class Documents:
    """Where each device of a fleet is by its documents, and by what its drivers publish."""

    def __init__(self, fleet: Snapshot) -> None:
        self.fleet = told(fleet, documented_facts())
        self._documented = _locations(self.fleet)
        self._published = _locations(told(fleet, NO_FACTS))

    def alignment(self, node: str, devices: Sequence[DeviceID]) -> Alignment:
        """Of the devices on the node, as documented."""
        return _align(self._documented[node], devices)

    def pairs(self, node: str, devices: Sequence[DeviceID]) -> tuple[Pair, ...]:
        """The pairs that the devices form on the node, as documented."""
        return self.alignment(node, devices).pairs

    def published(self, node: str, devices: Sequence[DeviceID]) -> Pairs:
        """Their GPU-NIC pairs, as published."""
        return gpu_nic(_align(self._published[node], devices).pairs)


Locations = Mapping[DeviceID, Location]


def _locations(fleet: Snapshot) -> dict[str, Locations]:
    return {
        name: {
            DeviceID(slice_.driver, slice_.pool, device.name): location
            for slice_, device, location in state.inventory.located()
        }
        for name, state in fleet.nodes.items()
    }


def _align(locations: Locations, devices: Sequence[DeviceID]) -> Alignment:
    return align([locations[device] for device in devices])


def gpu_nic(pairs: Iterable[Pair]) -> Pairs:
    return Pairs.of(pair.distance for pair in pairs if pair.kinds == "gpu-nic")
