"""
The nodes and slices of a snapshot, computed from those of the snapshot before and from what changed.
"""

# Theory
# ------
# A snapshot that is updated must be equal, value by value, to one that is made afresh from the objects as
# they are after the change (`Snapshot.of_objects`). tests/property/test_snapshot_update.py compares the two
# over random histories. Everything here is an economy on top of that rule: which nodes may differ, and what
# of a node can be kept.
#
# What decides a node's state (`NodeState`)
# * The Node itself: labels (node selectors, facts of machines), declared features.
# * The pools that it sees. A pool is decided by *all* of its slices, on whatever nodes: generation, number
#   of slices and counters of the others count, too. So a slice that changes concerns every node that any
#   slice of its pool targets, before the change or after it, not only the nodes of the slice itself. For
#   example, a second slice of pool p on node b makes p complete, and that changes p on node a.
# * The taints of DeviceTaintRules, which are part of its type. A rule that changes concerns the nodes that
#   have a pool that the rule may match.
# * Releases in which counter slices count for every node: pools of such slices that are broken are part of
#   every node's inventory (`SliceIndex.broken`). When that tuple differs, all nodes are looked at.
# * What claims hold in those pools. `held` names the pools with other usage than before, `pool_nodes` the
#   nodes that have them.
# The vocabulary, the facts of machines and the release never change within a lineage.
#
# How it works
# 1. `nodes_targeted`: from the pools of changed slices to the nodes that can see them, or all nodes where
#    that cannot be told, for example because a selector is invalid and therefore fatal wherever it is read.
# 2. `states_after`: each node concerned gets the changed pools gathered anew; with equal values it keeps the
#    *same* objects. That is worked out once for all nodes alike (`inventory_update`, `node_type`).
# 3. `_nodes_with`, `_pool_nodes_with`: new mappings if a node differs, else the same mappings.
#
# What an editor must not break
# * Identity means equality. The memo forgets exactly the nodes in `UpdatedNodes.changed`, and comparisons
#   with what happened compare inventories by identity. So a node that is equal to what it was must stay the
#   same object and must not be in `changed`; a node that differs must be in it, or an old prediction is
#   served for it.
# * Nothing of an old snapshot is changed in place: requests read it while the next one is made. The only
#   shared state is the lineage, which interns equal signatures and decides nothing.
# * To look at too many nodes costs time only. To look at too few is a wrong answer that no request can
#   notice. In doubt look at more.
# * A new field of Node that the inventory reads must be compared in `node_state._is_seen_otherwise`.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from extender.model import Node, PoolID, ResourceSlice

from . import layered
from .context import ClusterContext
from .differences import Difference
from .inventory_update import InventoryUpdate
from .node_selection import nodes_targeted
from .node_state import NodeState, state_after, state_of, states_after
from .slice_index import pools_of
from .taint_rules import Rules


class UpdatedNodes(NamedTuple):
    """
    The nodes, by name in that order, and the names of nodes by the pools they have.

    ``changed``: names of the nodes that came, went or differ.
    """

    nodes: Mapping[str, NodeState]
    pool_nodes: Mapping[PoolID, tuple[str, ...]]
    changed: frozenset[str]


def nodes_after(
    states: Mapping[str, NodeState],
    pool_nodes: Mapping[PoolID, tuple[str, ...]],
    before: ClusterContext,
    context: ClusterContext,
    nodes: Mapping[str, Difference[Node]],
    slices: Mapping[str, Difference[ResourceSlice]],
    held: Iterable[PoolID],
) -> UpdatedNodes:
    """
    The nodes after ``nodes``, ``slices`` and rules changed, and the usage of the pools ``held``.

    ``before`` is the context of ``states``, ``context`` that of the nodes now.
    """
    pools = pools_of(slices)
    groups = [index.by_pool.get(pool, ()) for index in (before.slices, context.slices) for pool in pools]
    nodes_before = (state.node for state in states.values())
    targeted = nodes_targeted((slice_ for group in groups for slice_ in group), nodes_before)
    everywhere = targeted is None or before.slices.broken is not context.slices.broken
    if everywhere or before.rules != context.rules:
        states = layered.flat(states)
    seeing: AbstractSet[str] = (
        states.keys() if everywhere else {name for name in targeted or () if name in states}
    )
    broken = bool(before.slices.broken or context.slices.broken)
    update = InventoryUpdate(context, slices, everything=broken and bool(slices))
    tainted = _nodes_tainted(states, pool_nodes, before.rules, context.rules)
    used = {name for pool in held for name in pool_nodes.get(pool, ())}
    fresh: dict[str, NodeState | None] = {}
    for name in nodes.keys() | (used - seeing - tainted):
        state = states.get(name)
        node = nodes[name].after if name in nodes else state.node if state is not None else None
        after: NodeState | None = None
        if node is not None and state is None:
            after = state_of(node, context)
        elif node is not None and state is not None:
            after = state_after(
                state, node, context, anew=name in seeing or name in tainted, used=name in used
            )
        if after is not state:
            fresh[name] = after
    moved = list(fresh)
    for of_nodes, names in ((update, seeing), (InventoryUpdate(context, {}), tainted - seeing)):
        concerned = layered.values_of(states, names - nodes.keys())
        then = states_after(filter(None, concerned), context, of_nodes, used)
        fresh |= then.states
        moved += then.moved
    return UpdatedNodes(
        _nodes_with(states, fresh), _pool_nodes_with(pool_nodes, states, fresh, moved), frozenset(fresh)
    )


def _nodes_tainted(
    states: Mapping[str, NodeState], pool_nodes: Mapping[PoolID, tuple[str, ...]], before: Rules, after: Rules
) -> AbstractSet[str]:
    """The names of the nodes that may have a pool on which other rules put taints than before."""
    if before == after:
        return set()
    # What a rule says most often changes, and not which pools it is for.
    moved = {(rule.driver, rule.pool) for rule in set(before) ^ set(after)}
    if any(not pool for _, pool in moved):
        # A type tells the drivers, and is looked at once for all nodes.
        return states.keys()
    return {
        name
        for driver, name_of_pool in moved
        for pool, names in pool_nodes.items()
        if name_of_pool == pool.pool and driver in ("", pool.driver)
        for name in names
    }


def _nodes_with(
    states: Mapping[str, NodeState], fresh: Mapping[str, NodeState | None]
) -> Mapping[str, NodeState]:
    nodes = layered.changed(states, fresh)
    if None in layered.values_of(states, fresh):
        # A node that comes has a place of its own.
        nodes = dict(sorted(nodes.items()))
    return nodes


def _pool_nodes_with(
    pool_nodes: Mapping[PoolID, tuple[str, ...]],
    states: Mapping[str, NodeState],
    fresh: Mapping[str, NodeState | None],
    moved: Iterable[str],
) -> Mapping[PoolID, tuple[str, ...]]:
    """``moved``: the names of those in ``fresh`` that may have other pools than before."""
    lost: dict[PoolID, set[str]] = {}
    gained: dict[PoolID, list[str]] = {}
    for name in moved:
        state, after = states.get(name), fresh[name]
        then = state.inventory.pools if state is not None else ()
        now = after.inventory.pools if after is not None else ()
        if then is now:
            continue
        before, there = [pool.id for pool in then], [pool.id for pool in now]
        if before == there:
            continue
        for pool in set(before) - set(there):
            lost.setdefault(pool, set()).add(name)
        for pool in set(there) - set(before):
            gained.setdefault(pool, []).append(name)
    if not (lost or gained):
        return pool_nodes
    others: dict[PoolID, tuple[str, ...] | None] = {}
    for pool in lost.keys() | gained.keys():
        leaving = lost.get(pool, ())
        names = [name for name in pool_nodes.get(pool, ()) if name not in leaving]
        names += gained.get(pool, ())
        others[pool] = tuple(sorted(names)) if names else None
    return layered.changed(pool_nodes, others)
