"""
One node of a snapshot, and how it follows from the node before.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from typing import NamedTuple

from extender.model import Node

from .context import ClusterContext
from .free_pairs import FreePairs, free_units
from .inventory import Inventory, inventory_of
from .inventory_update import InventoryUpdate
from .pools import Pool
from .signature import Lineage, NodeLook, NodeType
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
    return _state(node, inventory, _usage_of(inventory.pools, context), context.lineage)


def state_after(
    state: NodeState, node: Node, context: ClusterContext, *, anew: bool = False, used: bool = True
) -> NodeState:
    """
    The next state of a node; the same object if it is equal.

    ``anew``: slices that the node may see changed, or decide about a pool that it sees, or rules for its
    devices. ``used``: whether the usage of its pools may differ.
    """
    inventory = before = state.inventory
    if anew or (node is not state.node and _is_seen_otherwise(state.node, node, context)):
        inventory = inventory_of(node, context)
        if inventory == before:
            inventory = before
    usage = state.usage
    if used or inventory.pools is not before.pools:
        usage = _usage_of(inventory.pools, context)
    if inventory is before and usage == state.usage and (node is state.node or node == state.node):
        return state
    return _state(node, inventory, usage, context.lineage)


class StatesAfter(NamedTuple):
    """``states``: those that differ, by name. ``moved``: the names of those that have other pools."""

    states: dict[str, NodeState]
    moved: list[str]


def states_after(
    states: Iterable[NodeState], context: ClusterContext, update: InventoryUpdate, used: Collection[str]
) -> StatesAfter:
    """
    What ``state_after`` returns for nodes that say of themselves what they said, of many at once.

    ``used``: the names of nodes of whose pools the usage may differ.
    """
    fresh: dict[str, NodeState] = {}
    moved: list[str] = []
    for successor, alike in update.alike(states).items():
        nodes = [state.node for state in alike]
        inventories = update.after(successor, nodes, [state.inventory for state in alike])
        usages = [state.usage for state in alike]
        if successor is None:
            usages = [_usage_of(inventory.pools, context) for inventory in inventories]
        elif successor.moved and successor.pools is not None:
            pick, coming = successor.pools, _usage_of(successor.come.pools, context)
            usages = [pick(usage + coming) for usage in usages]
        if used:
            usages = [
                _usage_of(inventory.pools, context) if node.name in used else usage
                for node, inventory, usage in zip(nodes, inventories, usages, strict=True)
            ]
        type_ = None if successor is None else successor.type
        untouched = None if type_ is None else _untouched(type_, context.lineage)
        differing = {
            node.name: NodeState._make((node, inventory, usage, *untouched))
            if untouched is not None and inventory.type is type_ and usage.count(NO_USAGE) == len(usage)
            else _state(node, inventory, usage, context.lineage)
            for state, node, inventory, usage in zip(alike, nodes, inventories, usages, strict=True)
            if inventory is not state.inventory or usage != state.usage
        }
        fresh |= differing
        if successor is None or successor.moved:
            moved += differing
    return StatesAfter(fresh, moved)


def _state(node: Node, inventory: Inventory, usage: tuple[PoolUsage, ...], lineage: Lineage) -> NodeState:
    type_ = inventory.type
    if usage.count(NO_USAGE) == len(usage):
        return NodeState(node, inventory, usage, *_untouched(type_, lineage))
    pairable = type_.pairable
    pools = [slice_signature.pool for slice_signature in inventory.signature.slices]
    free = free_units(pairable, inventory.slices, pools, usage)
    unclear = next((each.unclear for each in usage if each.unclear), "")
    look = lineage.look(type_, _taken(inventory, usage))
    return NodeState(node, inventory, usage, free, pairable.pairs(free), look, unclear)


def _untouched(type_: NodeType, lineage: Lineage) -> tuple[int, FreePairs, NodeLook, str]:
    """What the states of nodes of a type have in common of which nothing is taken: their last fields."""
    return type_.pairable.all_free, type_.pairable.untouched, lineage.look(type_, ()), ""


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


def _usage_of(pools: Iterable[Pool], context: ClusterContext) -> tuple[PoolUsage, ...]:
    usage = context.usage
    return tuple([usage.get(pool.id, NO_USAGE) for pool in pools])
