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
# * The taints of DeviceTaintRules, which are put on the slices before anything else looks at them. A rule
#   that changes is therefore treated as a change of each slice that the rule may match (`slices_changed`).
# * Releases in which counter slices count for every node: pools of such slices that are broken are part of
#   every node's inventory (`SliceIndex.broken`). When that tuple differs, all nodes are looked at.
# * What claims hold in those pools. `held` names the pools with other usage than before, `pool_nodes` the
#   nodes that have them.
# The vocabulary, the facts of machines and the release never change within a lineage.
#
# How it works
# 1. `slices_changed`: from changed slices and rules to slices that differ with their taints on them.
# 2. `nodes_targeted`: from the pools of these slices to the nodes that can see them, or all nodes where
#    that cannot be told, for example because a selector is invalid and therefore fatal wherever it is read.
# 3. `state_after`: each node concerned gathers its pools anew, where slices changed; with equal values it
#    keeps the *same* objects. What its slices say is worked out once for all nodes alike (`node_type`).
# 4. `_nodes_with`, `_pool_nodes_with`: new mappings if a node differs, else the same mappings.
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
from typing import NamedTuple

from extender.model import DeviceTaintRule, Node, PoolID, ResourceSlice

from ..releases.release import Release
from .differences import Difference, copied
from .node_selection import nodes_targeted
from .node_state import ClusterContext, NodeState, state_after, state_of
from .signature import Lineage
from .slice_index import SliceIndex, pools_of
from .taint_rules import with_taint_rules

# A signature that no node has any more costs memory only; sweeping costs a look at every node.
_SIGNATURES_PER_NODE = 2
_SPARE_SIGNATURES = 1_000


class UpdatedNodes(NamedTuple):
    """
    The nodes, by name in that order, and the names of nodes by the pools they have.

    ``changed``: names of the nodes that came, went or differ.
    """

    nodes: Mapping[str, NodeState]
    pool_nodes: Mapping[PoolID, tuple[str, ...]]
    changed: frozenset[str]


def slices_changed(
    index: SliceIndex,
    published: Mapping[str, ResourceSlice],
    changed: Mapping[str, Difference[ResourceSlice]],
    rules: Mapping[str, DeviceTaintRule],
    changed_rules: Iterable[Difference[DeviceTaintRule]],
    release: Release,
) -> dict[str, Difference[ResourceSlice]]:
    """
    The slices that differ, with the taints of rules on them.

    ``published`` (what ``changed`` leads to) has them without; ``index`` as they were before.
    """
    before = {
        name: None if published_before is None else _tainted_before(index, published_before)
        for name, (published_before, _) in changed.items()
    }
    moved = [rule for pair in changed_rules for rule in pair if rule is not None]
    if moved:
        before |= {
            slice_.name: slice_
            for pool, group in index.by_pool.items()
            if any(rule.driver in ("", pool.driver) and rule.pool in ("", pool.pool) for rule in moved)
            for slice_ in group
        }
    ordered = sorted(rules.values(), key=lambda rule: rule.name)
    tainted = with_taint_rules([published[name] for name in before if name in published], ordered, release)
    after = {slice_.name: slice_ for slice_ in tainted}
    pairs = {name: Difference(slice_, after.get(name)) for name, slice_ in before.items()}
    return {name: pair for name, pair in pairs.items() if pair.before != pair.after}


def _tainted_before(index: SliceIndex, published: ResourceSlice) -> ResourceSlice:
    return next(slice_ for slice_ in index.by_pool[published.pool_id] if slice_.name == published.name)


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
    The nodes after ``nodes`` and ``slices`` changed, and the usage of the pools ``held``.

    ``before`` is the context of ``states``, ``context`` that of the nodes now.
    """
    pools = pools_of(slices)
    groups = [index.by_pool.get(pool, ()) for index in (before.slices, context.slices) for pool in pools]
    nodes_before = (state.node for state in states.values())
    targeted = nodes_targeted((slice_ for group in groups for slice_ in group), nodes_before)
    everywhere = targeted is None or before.slices.broken is not context.slices.broken
    seeing = states.keys() if everywhere else (targeted or set()) & states.keys()
    concerned = nodes.keys() | seeing
    concerned.update(name for pool in held for name in pool_nodes.get(pool, ()))
    fresh: dict[str, NodeState | None] = {}
    for name in concerned:
        state = states.get(name)
        node = nodes[name].after if name in nodes else state.node if state is not None else None
        after: NodeState | None = None
        if node is not None and state is None:
            after = state_of(node, context)
        elif node is not None and state is not None:
            after = state_after(state, node, context, slices_changed=bool(pools) and name in seeing)
        if after is not state:
            fresh[name] = after
    return UpdatedNodes(
        _nodes_with(states, fresh), _pool_nodes_with(pool_nodes, states, fresh), frozenset(fresh)
    )


def sweep(lineage: Lineage, nodes: Mapping[str, NodeState]) -> None:
    """Drop what is interned and no node has, once there is much."""
    most = _SIGNATURES_PER_NODE * len(nodes) + _SPARE_SIGNATURES
    if max(len(lineage.signatures), len(lineage.types), len(lineage.reads)) > most:
        lineage.signatures.clear()
        lineage.signatures.update(
            (state.inventory.signature, state.inventory.signature) for state in nodes.values()
        )
        lineage.types.clear()
        lineage.reads.clear()


def _nodes_with(
    states: Mapping[str, NodeState], fresh: Mapping[str, NodeState | None]
) -> Mapping[str, NodeState]:
    if not fresh:
        return states
    nodes = copied(states)
    for name, state in fresh.items():
        if state is None:
            del nodes[name]
        else:
            nodes[name] = state
    if any(name not in states for name in fresh):
        nodes = {name: nodes[name] for name in sorted(nodes)}
    return nodes


def _pool_nodes_with(
    pool_nodes: Mapping[PoolID, tuple[str, ...]],
    states: Mapping[str, NodeState],
    fresh: Mapping[str, NodeState | None],
) -> Mapping[PoolID, tuple[str, ...]]:
    lost: dict[PoolID, set[str]] = {}
    gained: dict[PoolID, list[str]] = {}
    for name, after in fresh.items():
        before, now = _pools(states.get(name)), _pools(after)
        for pool in before - now:
            lost.setdefault(pool, set()).add(name)
        for pool in now - before:
            gained.setdefault(pool, []).append(name)
    if not (lost or gained):
        return pool_nodes
    result = copied(pool_nodes)
    for pool in lost.keys() | gained.keys():
        leaving = lost.get(pool, ())
        names = [name for name in result.get(pool, ()) if name not in leaving]
        names += gained.get(pool, ())
        if names:
            result[pool] = tuple(sorted(names))
        else:
            result.pop(pool, None)
    return result


def _pools(state: NodeState | None) -> frozenset[PoolID]:
    return frozenset(pool.id for pool in state.inventory.pools) if state is not None else frozenset()
