"""
What a node offers, independent of any pod: its pools, and the type of node that they make it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from extender.model import Device, DeviceID, Node, ResourceSlice

from ..reasons import Reason, ReasonCode, reason
from ..releases.release import Release
from ..topology.locations import Location
from ..topology.machine_facts import NO_FACTS, FactsUse, MachineFacts
from ..topology.vocabulary import Vocabulary
from .free_pairs import NOTHING_PAIRABLE, Pairable
from .node_selection import NodeSelectorError
from .node_type import type_of
from .pools import Pool, gather_pools, in_search_order, targets_node
from .signature import Lineage, NodeSignature, NodeType
from .slice_index import SliceIndex


@dataclass(frozen=True, slots=True)
class Inventory:
    """
    A node's pools in search order, all their slices flattened in that order, and the node's type.

    ``failure`` is set when gathering the pools is fatal upstream.
    """

    pools: tuple[Pool, ...]
    slices: tuple[ResourceSlice, ...]
    type: NodeType
    failure: Reason | None = None

    @property
    def signature(self) -> NodeSignature:
        return self.type.signature

    @property
    def pairable(self) -> Pairable:
        return self.type.pairable

    @property
    def facts(self) -> FactsUse | None:
        return self.type.facts

    def locations(self) -> dict[DeviceID, Location]:
        """The location of every device, in the order of ``slices``."""
        return {
            DeviceID(slice_.driver, slice_.pool, name): location
            for slice_, signature in zip(self.slices, self.signature.slices, strict=True)
            for name, location in zip(slice_.devices.names.values, signature.locations, strict=True)
        }

    def located(self) -> Iterator[tuple[ResourceSlice, Device, Location]]:
        """Yield every device with its slice and its location, in the order of ``slices``."""
        for slice_, signature in zip(self.slices, self.signature.slices, strict=True):
            for device, location in zip(slice_.devices, signature.locations, strict=True):
                yield slice_, device, location


EMPTY = Inventory((), (), NodeType(-1, NodeSignature((), ()), NOTHING_PAIRABLE))


def inventory_of(
    node: Node,
    index: SliceIndex,
    release: Release,
    vocabulary: Vocabulary,
    lineage: Lineage,
    machines: MachineFacts = NO_FACTS,
) -> Inventory:
    """
    Gather the node's inventory. ``lineage`` keeps what nodes share.

    Of counter slices that count for every node, those of pools the node has no
    device of matter only where they are broken, so only these are added.
    """
    try:
        offered = (*index.local.get(node.name, ()), *index.selected)
        slices = [slice_ for slice_ in offered if targets_node(slice_, node, release.gathering)]
        own = {slice_.pool_id for slice_ in slices}
        slices += [slice_ for pool in own for slice_ in index.counters.get(pool, ())]
        pools = gather_pools(slices, index.by_pool, release)
        foreign = [pool for pool in index.broken if pool.id not in own]
        if foreign:
            pools = in_search_order((*pools, *foreign), release)
        type_ = type_of(node, pools, release, vocabulary, machines, lineage)
        return Inventory(pools, tuple([slice_ for pool in pools for slice_ in pool.slices]), type_)
    except NodeSelectorError as error:
        failure = reason(ReasonCode.NODE_SELECTOR, where=f"node {node.name}", detail=error)
        return Inventory((), (), EMPTY.type, failure)
