"""
What a node offers, independent of any pod: its pools, and the type of node that they make it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from extender.model import Device, DeviceID, Node, ResourceSlice

from ..reasons import Reason, ReasonCode, reason
from ..topology.locations import Location
from ..topology.machine_facts import FactsUse
from .context import ClusterContext
from .free_pairs import NOTHING_PAIRABLE, Pairable
from .node_selection import NodeSelectorError
from .node_type import tainted_type, type_of
from .pools import Pool, gather_pools, in_search_order, targets_node
from .signature import NodeSignature, NodeType


class Inventory(NamedTuple):
    """
    A node's pools in search order, all their slices flattened in that order, and the node's type.

    Slices are as drivers publish them; the type has the taints of rules.
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


def with_rules(type_: NodeType, slices: Sequence[ResourceSlice], context: ClusterContext) -> NodeType:
    """The type of a node with these slices and without taints of rules, with those that count."""
    if not context.rules:
        return type_
    return tainted_type(type_, slices, context.rules, context.release, context.vocabulary, context.lineage)


EMPTY = Inventory((), (), NodeType(-1, NodeSignature((), ()), (), NOTHING_PAIRABLE))


def inventory_of(node: Node, context: ClusterContext) -> Inventory:
    """
    Gather the node's inventory.

    Of counter slices that count for every node, those of pools the node has no
    device of matter only where they are broken, so only these are added.
    """
    index, release = context.slices, context.release
    try:
        offered = index.offered_to(node)
        seen = [slice_ for slice_ in offered if targets_node(slice_, node, release.gathering)]
        own = {slice_.pool_id for slice_ in seen}
        seen += [slice_ for pool in own for slice_ in index.counters.get(pool, ())]
        pools = gather_pools(seen, index.by_pool, release)
        foreign = [pool for pool in index.broken if pool.id not in own]
        if foreign:
            pools = in_search_order((*pools, *foreign), release)
        slices = tuple([slice_ for pool in pools for slice_ in pool.slices])
        type_ = type_of(node, pools, release, context.vocabulary, context.machines, context.lineage)
        type_.columns.note(slices)
        return Inventory(pools, slices, with_rules(type_, slices, context))
    except NodeSelectorError as error:
        failure = reason(ReasonCode.NODE_SELECTOR, where=f"node {node.name}", detail=error)
        return Inventory((), (), EMPTY.type, failure)
