"""Two judges of placements: what machines are documented to be, and what their drivers publish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from extender.core.alignment.pairs import Alignment, align
from extender.core.alignment.worths import Worths
from extender.core.cluster.snapshot import NodeState, Snapshot
from extender.core.topology.locations import Location
from extender.core.topology.machine_facts import NO_FACTS, MachineFacts

from ..bench.documents import documented_facts

Locations = Mapping[str, Location]
"""By device, as ``driver/pool/device``."""


class Judges:
    """
    Where the devices of each node are, by both.

    Documented are the embedded machine types, for nodes that are labelled with their names as generated
    fleets are; other nodes are judged by what is published alone.
    """

    def __init__(self, snapshot: Snapshot, worths: Worths) -> None:
        """``snapshot``: the cluster of the recording as it began; its facts of machines do not count."""
        self._worths = worths
        self._documented = {
            name: _locations(state)
            for name, state in _told(snapshot, documented_facts()).items()
            if state.inventory.facts is not None and state.inventory.facts.problem is None
        }
        self._published = {name: _locations(state) for name, state in _told(snapshot, NO_FACTS).items()}

    def documented(self, node: str, devices: Iterable[str]) -> Alignment | None:
        """Of devices, as ``driver/pool/device``; ``None`` where the node is of no known type."""
        locations = self._documented.get(node)
        return None if locations is None else self._align(locations, devices)

    def published(self, node: str, devices: Iterable[str]) -> Alignment:
        """Of devices, likewise."""
        return self._align(self._published.get(node, {}), devices)

    def _align(self, locations: Locations, devices: Iterable[str]) -> Alignment:
        return align([locations[device] for device in devices if device in locations], self._worths)


def _told(snapshot: Snapshot, machines: MachineFacts) -> Mapping[str, NodeState]:
    return Snapshot.of_objects(snapshot.objects, snapshot.release, snapshot.vocabulary, machines).nodes


def _locations(state: NodeState) -> Locations:
    return {
        f"{slice_.driver}/{slice_.pool}/{device.name}": location
        for slice_, device, location in state.inventory.located()
    }
