"""
One node of a snapshot, and how it follows from the node before.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from extender.model import Node

from .context import ClusterContext
from .free_pairs import FreePairs, free_units
from .inventory import Inventory, inventory_of
from .inventory_update import InventoryUpdate
from .signature import Lineage, NodeLook
from .usage import NO_USAGE, PoolUsage


class NodeState(NamedTuple):
    """
    One node: ``usage`` is parallel to ``inventory.pools``.

    ``unclear``: a claim of which it cannot be read what it holds of the node's pools, empty for none.
    ``free``: a bit per unit of ``inventory.pairable`` that nobody holds; ``pairs``: the free pairs they form.
    ``look``: the same object for nodes of one type of which the same is taken.
    """

    node: Node
    inventory: Inventory
    usage: tuple[PoolUsage, ...]
    free: int
    pairs: FreePairs
    look: NodeLook
    unclear: str = ""


def state_of(node: Node, context: ClusterContext) -> NodeState:
    """The state of a node of which nothing is known yet."""
    inventory = inventory_of(node, context)
    return _state(node, inventory, _usage_on(inventory, context), context.lineage)


def state_after(
    state: NodeState,
    node: Node,
    context: ClusterContext,
    update: InventoryUpdate | None = None,
    *,
    used: bool = True,
) -> NodeState:
    """
    The next state of a node; the same object if it is equal.

    ``update``: of what changed in slices that the node may see or that decide about a pool that it sees, and
    in rules for its devices; ``None`` without any. ``used``: whether the usage of its pools may differ.
    """
    inventory = before = state.inventory
    if node is not state.node and _is_seen_otherwise(state.node, node, context):
        inventory = inventory_of(node, context)
        if inventory == before:
            inventory = before
    elif update is not None:
        inventory = update.after(node, before)
    usage = state.usage
    if used or inventory.pools is not before.pools:
        usage = _usage_on(inventory, context)
    if inventory is before and usage == state.usage and (node is state.node or node == state.node):
        return state
    return _state(node, inventory, usage, context.lineage)


def _state(node: Node, inventory: Inventory, usage: tuple[PoolUsage, ...], lineage: Lineage) -> NodeState:
    type_ = inventory.type
    pairable = type_.pairable
    if usage.count(NO_USAGE) == len(usage):
        look = lineage.look(type_, ())
        return NodeState(node, inventory, usage, pairable.all_free, pairable.untouched, look)
    pools = [slice_signature.pool for slice_signature in inventory.signature.slices]
    free = free_units(pairable, inventory.slices, pools, usage)
    unclear = next((each.unclear for each in usage if each.unclear), "")
    look = lineage.look(type_, _taken(inventory, usage))
    return NodeState(node, inventory, usage, free, pairable.pairs(free), look, unclear)


def _taken(inventory: Inventory, usage: tuple[PoolUsage, ...]) -> Hashable:
    """What is held by name, with the names of all devices that can be held."""
    names = tuple([slice_.devices.names for slice_ in inventory.slices])
    # Devices that the node cannot have draw on the same counters.
    others = [slice_.devices for pool in inventory.pools for slice_ in pool.other_slices]
    return usage, names, tuple([(devices.names, devices.traits) for devices in others])


def _is_seen_otherwise(before: Node, after: Node, context: ClusterContext) -> bool:
    """Whether the node's inventory may be another one, because of what the node says."""
    if before.labels != after.labels:
        if context.machines.labelled(before.labels) != context.machines.labelled(after.labels):
            return True
        slices = context.slices
        offered = (*slices.offered_to(before), *slices.offered_to(after))
        if any(slice_.node_selector is not None or slice_.per_device_node_selection for slice_ in offered):
            return True
    return before.declared_features != after.declared_features


def _usage_on(inventory: Inventory, context: ClusterContext) -> tuple[PoolUsage, ...]:
    usage = context.usage
    return tuple([usage.get(pool.id, NO_USAGE) for pool in inventory.pools])
