"""
One node of a snapshot, and how it follows from the node before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from extender.model import Node, PoolID

from ..releases.release import Release
from ..topology.vocabulary import Vocabulary
from .groups import Groups, free_units
from .inventory import Inventory, Known, inventory_of
from .signature import Lineage
from .slice_index import SliceIndex
from .usage import NO_USAGE, PoolUsage


@dataclass(frozen=True, slots=True, eq=False)
class NodeState:
    """
    One node: ``usage`` is parallel to ``inventory.pools``.

    ``free``: a bit per unit of ``inventory.pairable`` that nobody holds; ``groups`` are those among them.
    """

    node: Node
    inventory: Inventory
    usage: tuple[PoolUsage, ...]
    free: int
    groups: Groups


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    What makes a node's state, apart from the node.

    ``usage``: of the pools that somebody holds devices of. ``lineage`` interns what nodes share.
    """

    release: Release
    vocabulary: Vocabulary
    slices: SliceIndex
    usage: Mapping[PoolID, PoolUsage]
    lineage: Lineage


def state_of(node: Node, around: Surroundings) -> NodeState:
    """The state of a node of which nothing is known yet."""
    inventory = _gathered(node, around)
    return _state(node, inventory, _usage_on(inventory, around))


def state_after(
    state: NodeState,
    node: Node,
    around: Surroundings,
    pools: frozenset[PoolID],
    steady: frozenset[str],
) -> NodeState:
    """
    The next state of a node; the same object if it is equal.

    ``pools``: those that changed and that the node may see; ``steady``: see ``steady_slices``.
    """
    inventory = state.inventory
    if _is_seen_otherwise(state.node, node, around.slices):
        inventory = _gathered(node, around)
    elif pools:
        inventory = _gathered(node, around, Known(inventory, pools, steady))
    if inventory is not state.inventory and inventory == state.inventory:
        inventory = state.inventory
    usage = _usage_on(inventory, around)
    if node == state.node and inventory is state.inventory and usage == state.usage:
        return state
    return _state(node, inventory, usage)


def _state(node: Node, inventory: Inventory, usage: tuple[PoolUsage, ...]) -> NodeState:
    pools = [of.pool for of in inventory.signature.slices]
    free = free_units(inventory.pairable, inventory.slices, pools, usage)
    return NodeState(node, inventory, usage, free, inventory.pairable.groups(free))


def _gathered(node: Node, around: Surroundings, known: Known | None = None) -> Inventory:
    return inventory_of(node, around.slices, around.release, around.vocabulary, around.lineage, known)


def _is_seen_otherwise(before: Node, after: Node, slices: SliceIndex) -> bool:
    """Whether the node's inventory may be another one, because of what the node says."""
    if before.labels != after.labels:
        offered = (*slices.selected, *slices.local.get(after.name, ()))
        if any(slice_.node_selector is not None or slice_.per_device_node_selection for slice_ in offered):
            return True
    return before.declared_features != after.declared_features


def _usage_on(inventory: Inventory, around: Surroundings) -> tuple[PoolUsage, ...]:
    return tuple([around.usage.get(pool.id, NO_USAGE) for pool in inventory.pools])
