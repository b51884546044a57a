"""What the machines of a recording are documented to be, as a second judge of placements."""

from __future__ import annotations

from collections.abc import Iterable

from extender.core.alignment.pairs import Alignment, align
from extender.core.cluster.snapshot import Snapshot

from ..bench.documents import documented_facts


class Documents:
    """
    Locations by the documents of the embedded machine types.

    Nodes are known by the instance types of generated fleets; others are judged by what is published alone.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """``snapshot``: the cluster of the recording as it began."""
        documented = Snapshot.of_objects(
            snapshot.objects, snapshot.release, snapshot.vocabulary, documented_facts()
        )
        self._locations = {
            name: {
                f"{slice_.driver}/{slice_.pool}/{device.name}": location
                for slice_, device, location in state.inventory.located()
            }
            for name, state in documented.nodes.items()
            if state.inventory.facts is not None and state.inventory.facts.problem is None
        }

    def alignment(self, node: str, devices: Iterable[str]) -> Alignment | None:
        """Of devices, as ``driver/pool/device``; ``None`` where the node is of no known type."""
        locations = self._locations.get(node)
        if locations is None:
            return None
        return align([locations[device] for device in devices if device in locations])
