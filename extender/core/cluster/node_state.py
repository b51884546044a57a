"""
One node of a snapshot, and how it follows from the node before.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from extender.model import Node, PoolID

from ..releases.release import Release
from ..topology.machine_facts import NO_FACTS, MachineFacts
from ..topology.vocabulary import Vocabulary
from .free_pairs import FreePairs, free_units
from .inventory import Inventory, inventory_of
from .signature import Lineage
from .slice_index import SliceIndex
from .usage import NO_USAGE, PoolUsage


@dataclass(frozen=True, slots=True, eq=False)
class NodeState:
    """
    One node: ``usage`` is parallel to ``inventory.pools``.

    ``unclear``: a claim of which it cannot be read what it holds of the node's pools, empty for none.
    ``free``: a bit per unit of ``inventory.pairable`` that nobody holds; ``pairs``: the free pairs they form.
    ``taken``: equal for nodes of one type of which the same is taken.
    """

    node: Node
    inventory: Inventory
    usage: tuple[PoolUsage, ...]
    free: int
    pairs: FreePairs
    taken: Hashable = ()
    unclear: str = ""


@dataclass(frozen=True, slots=True)
class ClusterContext:
    """
    What makes a node's state, apart from the node.

    ``usage``: of the pools that somebody holds devices of. ``lineage`` interns what nodes share.
    """

    release: Release
    vocabulary: Vocabulary
    slices: SliceIndex
    usage: Mapping[PoolID, PoolUsage]
    lineage: Lineage
    machines: MachineFacts = NO_FACTS


def state_of(node: Node, context: ClusterContext) -> NodeState:
    """The state of a node of which nothing is known yet."""
    inventory = _gathered(node, context)
    return _state(node, inventory, _usage_on(inventory, context))


def state_after(
    state: NodeState,
    node: Node,
    context: ClusterContext,
    *,
    slices_changed: bool,
) -> NodeState:
    """
    The next state of a node; the same object if it is equal.

    ``slices_changed``: whether any did that the node may see, or that decides about a pool that it sees.
    """
    inventory = state.inventory
    if slices_changed or _is_seen_otherwise(state.node, node, context):
        inventory = _gathered(node, context)
    if inventory is not state.inventory and inventory == state.inventory:
        inventory = state.inventory
    usage = _usage_on(inventory, context)
    if node == state.node and inventory is state.inventory and usage == state.usage:
        return state
    return _state(node, inventory, usage)


def _state(node: Node, inventory: Inventory, usage: tuple[PoolUsage, ...]) -> NodeState:
    pools = [slice_signature.pool for slice_signature in inventory.signature.slices]
    free = free_units(inventory.pairable, inventory.slices, pools, usage)
    unclear = next((each.unclear for each in usage if each.unclear), "")
    taken = _taken(inventory, usage)
    return NodeState(node, inventory, usage, free, inventory.pairable.pairs(free), taken, unclear)


def _taken(inventory: Inventory, usage: tuple[PoolUsage, ...]) -> Hashable:
    """What is held by name, with the names of all devices that can be held; empty where nothing is."""
    if all(each is NO_USAGE for each in usage):
        return ()
    names = tuple([slice_.devices.names for slice_ in inventory.slices])
    # Devices that the node cannot have draw on the same counters.
    others = [slice_.devices for pool in inventory.pools for slice_ in pool.other_slices]
    return usage, names, tuple([(devices.names, devices.traits) for devices in others])


def _gathered(node: Node, context: ClusterContext) -> Inventory:
    return inventory_of(
        node,
        context.slices,
        context.release,
        context.vocabulary,
        context.lineage,
        context.machines,
    )


def _is_seen_otherwise(before: Node, after: Node, context: ClusterContext) -> bool:
    """Whether the node's inventory may be another one, because of what the node says."""
    if before.labels != after.labels:
        if context.machines.labelled(before.labels) != context.machines.labelled(after.labels):
            return True
        slices = context.slices
        offered = (*slices.selected, *slices.local.get(after.name, ()))
        if any(slice_.node_selector is not None or slice_.per_device_node_selection for slice_ in offered):
            return True
    return before.declared_features != after.declared_features


def _usage_on(inventory: Inventory, context: ClusterContext) -> tuple[PoolUsage, ...]:
    return tuple([context.usage.get(pool.id, NO_USAGE) for pool in inventory.pools])
