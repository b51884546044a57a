"""
One node of a snapshot, and how it follows from the node before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from .inventory import Frame, Inventory, inventory_of, with_broken_pools
from .model import Node, PoolID
from .pools import Pool
from .releases import Release
from .slice_index import SliceIndex
from .usage import NO_USAGE, PoolUsage
from .vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class NodeState:
    """One node: ``usage`` is parallel to ``inventory.pools``."""

    node: Node
    inventory: Inventory
    usage: tuple[PoolUsage, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    What makes a node's state, apart from the node.

    ``usage``: of the pools that somebody holds devices of. ``frames`` interns frames.
    """

    release: Release
    vocabulary: Vocabulary
    slices: SliceIndex
    usage: Mapping[PoolID, PoolUsage]
    frames: dict[Frame, Frame]


class BrokenPools(NamedTuple):
    """Broken pools (see ``SliceIndex``) that are no more as they were, and those that are new."""

    lost: tuple[Pool, ...] = ()
    gained: tuple[Pool, ...] = ()


def state_of(node: Node, around: Surroundings) -> NodeState:
    """The state of a node of which nothing is known yet."""
    inventory = _gathered(node, around)
    return NodeState(node, inventory, _usage_on(inventory, around))


def state_after(
    state: NodeState, node: Node, around: Surroundings, *, gather: bool, broken: BrokenPools
) -> NodeState:
    """
    The next state of a node; the same object if it is equal.

    ``gather``: a pool that the node may have devices of has changed. ``broken``: what
    else there is about slices.
    """
    inventory = state.inventory
    if gather or _is_seen_otherwise(state.node, node):
        inventory = _gathered(node, around)
    elif broken.lost or broken.gained:
        inventory = with_broken_pools(inventory, broken.lost, broken.gained, around.release)
        frame = around.frames.setdefault(inventory.frame, inventory.frame)
        inventory = replace(inventory, frame=frame)
    if inventory == state.inventory:
        inventory = state.inventory
    usage = _usage_on(inventory, around)
    if node == state.node and inventory is state.inventory and usage == state.usage:
        return state
    return NodeState(node, inventory, usage)


def _gathered(node: Node, around: Surroundings) -> Inventory:
    return inventory_of(node, around.slices, around.release, around.vocabulary, around.frames)


def _is_seen_otherwise(before: Node, after: Node) -> bool:
    """Whether the node's inventory may be another one, because of what the node says."""
    return before.labels != after.labels or before.declared_features != after.declared_features


def _usage_on(inventory: Inventory, around: Surroundings) -> tuple[PoolUsage, ...]:
    return tuple([around.usage.get(pool.id, NO_USAGE) for pool in inventory.pools])
