"""
The slices of a snapshot as they would be with features turned on or pools completed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from extender.model import DeviceTraits, PoolID, ResourceSlice

from ...cluster.slice_index import SliceIndex, index_slices
from ...cluster.snapshot import Snapshot
from ...releases.release import Release


@dataclass(slots=True)
class WholeSlices:
    """
    The slices of a snapshot as they would be without obstacles, made when they are needed.

    ``indexes``: by the features that are turned on; ``completed``: by pool and generation, as if the
    pool had no other slices than those that are there; ``uses``: see ``used``.
    """

    snapshot: Snapshot
    indexes: dict[frozenset[str], SliceIndex] = field(default_factory=dict)
    completed: dict[tuple[PoolID, int], tuple[ResourceSlice, ...]] = field(default_factory=dict)

    uses: frozenset[str] | None = None

    def used(self) -> frozenset[str]:
        """The features, by their first field, that some slice of the cluster needs."""
        if self.uses is None:
            needs: set[str] = set()
            for group in self.snapshot.slices.by_pool.values():
                for slice_ in group:
                    if slice_.shared_counters or slice_.per_device_node_selection is not None:
                        needs.add("partitionable_devices")
                    for traits in slice_.devices.traits.distinct:
                        needs.update(_needs(traits))
            self.uses = frozenset(needs)
        return self.uses

    def index(self, release: Release, features: frozenset[str]) -> SliceIndex:
        """All slices as a release with these features on finds them; they are off in the snapshot's."""
        if not features:
            return self.snapshot.slices
        if features not in self.indexes:
            slices = (slice_ for group in self.snapshot.slices.by_pool.values() for slice_ in group)
            self.indexes[features] = index_slices(slices, release)
        return self.indexes[features]

    def complete(self, pool: PoolID, generation: int) -> tuple[ResourceSlice, ...]:
        key = (pool, generation)
        if key not in self.completed:
            group = [each for each in self.snapshot.slices.by_pool[pool] if each.generation == generation]
            self.completed[key] = tuple(replace(each, resource_slice_count=len(group)) for each in group)
        return self.completed[key]


def _needs(traits: DeviceTraits) -> Iterator[str]:
    if traits.consumes_counters:
        yield "partitionable_devices"
        if any(consumption.compatibility_groups for consumption in traits.consumes_counters):
            yield "compatibility_groups"
    if traits.binding_conditions:
        yield "binding_conditions"
