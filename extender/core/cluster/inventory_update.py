"""
The inventories of nodes after slices or rules changed, worked out once for all nodes alike.
"""

# Theory
# ------
# `after` must return what `inventory_of` returns for the node; tests/property/test_snapshot_update.py and
# tests/property/test_events_everywhere.py compare the two. A pool depends on its own slices alone, so only
# pools of which a slice changed are gathered anew. A type depends on all pools of a node, but two nodes get
# the same new type where they had the same one and these hold on both:
# * Pools go and come at the same places, and those that come are the same objects.
# * What their slices say to both nodes is the same (`said_to`).
# * No pool that stays has the name of one that goes or comes: counters were once kept by that name.
# * No pool that stays can have devices of one card with a pool that comes, which identities tell.
# Where the last two are in doubt, the type is worked out for the node alone.
# All nodes that had one type get it, so they differ at most where they differed (`TypeColumns.inherit`).

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from extender.model import Node, ResourceSlice

from .context import ClusterContext
from .differences import Difference
from .inventory import Inventory, inventory_of, with_rules
from .node_selection import NodeSelectorError
from .node_type import asks_node, has_identities, said_to, type_of
from .pools import Pool, gather_pools, in_search_order, targets_node
from .signature import NodeType
from .slice_index import is_offered, pools_of
from .taint_rules import read_by


class _Gathered(NamedTuple):
    """
    The pools that changed, as nodes see them.

    ``asking``: those of their slices that may not say the same to each node that sees them. ``drivers``: of
    devices with identities. ``differ``: one of the slices does, so they are not the pools that a node had.
    """

    pools: tuple[Pool, ...]
    asking: tuple[ResourceSlice, ...]
    drivers: frozenset[str]
    differ: bool


def _places(pools: Sequence[Pool]) -> Iterable[tuple[int, Pool]]:
    """The places of slices among those of all ``pools``, each with its pool."""
    return enumerate([pool for pool in pools for _ in pool.slices])


class InventoryUpdate:
    """
    What changes inventories: ``slices`` (by name, before and after), and the rules of ``context``.

    In ``context`` all is as it is after the changes. ``everything``: pools that are broken on every node are
    there or were, so that inventories are gathered from nothing.
    """

    __slots__ = (
        "_changed",
        "_context",
        "_everything",
        "_everywhere",
        "_gathered",
        "_has_local",
        "_names",
        "_pools",
        "_read",
        "_selected",
        "_tainted",
        "_types",
    )

    def __init__(
        self,
        context: ClusterContext,
        slices: Mapping[str, Difference[ResourceSlice]],
        *,
        everything: bool = False,
    ) -> None:
        self._context = context
        self._everything = everything
        self._changed = slices.keys()
        self._pools = pools_of(slices)
        self._names = frozenset(pool.pool for pool in self._pools)
        self._read = read_by(context.rules)
        self._gathered: dict[tuple[int, ...], _Gathered] = {}
        self._types: dict[Hashable, NodeType | None] = {}
        self._tainted: dict[Hashable, NodeType] = {}
        offered = [
            slice_
            for pool in self._pools
            for slice_ in context.slices.by_pool.get(pool, ())
            if is_offered(slice_, context.release)
        ]
        shared = [slice_ for slice_ in offered if not slice_.node_name]
        self._has_local = len(shared) < len(offered)
        self._everywhere = [slice_ for slice_ in shared if slice_.all_nodes]
        self._selected = [slice_ for slice_ in shared if not slice_.all_nodes]

    def after(self, node: Node, before: Inventory) -> Inventory:
        """
        The inventory of a node that had ``before``; the same object if it is equal.

        The node says of itself what it said.
        """
        if not (self._everything or self._pools):
            return self._with_rules(before)
        if not self._everything and before.failure is None:
            try:
                return self._regathered(node, before)
            except NodeSelectorError:
                # What is said of the failure is told by all slices.
                pass
        after = inventory_of(node, self._context)
        return before if after == before else after

    def _regathered(self, node: Node, before: Inventory) -> Inventory:
        """The inventory with the changed pools gathered anew. Raises ``NodeSelectorError``."""
        changed, context = self._pools, self._context
        local: list[ResourceSlice] = []
        if self._has_local:
            local = [each for each in context.slices.local.get(node.name, ()) if each.pool_id in changed]
        selected = self._selected
        if selected:
            gathering = context.release.gathering
            selected = [each for each in selected if targets_node(each, node, gathering)]
        key = () if not (local or selected) else tuple(map(id, (*local, *selected)))
        gathered = self._gathered.get(key)
        if gathered is None:
            gathered = self._gathered[key] = self._gather((*local, *selected, *self._everywhere))
        kept = [pool for pool in before.pools if pool.id not in changed]
        if not gathered.pools and len(kept) == len(before.pools):
            return self._with_rules(before)
        pools = in_search_order((*kept, *gathered.pools), context.release)
        slices = tuple([slice_ for pool in pools for slice_ in pool.slices])
        type_ = None
        if not local:
            type_ = self._shared_type(node, before, pools, slices, len(kept), gathered)
        if type_ is None:
            type_ = self._own_type(node, pools, slices)
            type_.columns.note(slices)
        after = Inventory(pools, slices, type_)
        return before if not gathered.differ and after == before else after

    def _gather(self, seen: Sequence[ResourceSlice]) -> _Gathered:
        """Gather changed pools of which ``seen`` are the slices for a node, but those that only count."""
        index, release = self._context.slices, self._context.release
        own = {slice_.pool_id for slice_ in seen}
        counting = [slice_ for pool in own for slice_ in index.counters.get(pool, ())]
        pools = gather_pools((*seen, *counting), index.by_pool, release)
        slices = [slice_ for pool in pools for slice_ in pool.slices]
        vocabulary, lineage = self._context.vocabulary, self._context.lineage
        return _Gathered(
            pools,
            tuple([each for each in slices if asks_node(each)]),
            frozenset(each.driver for each in slices if has_identities(each, vocabulary, lineage)),
            any(slice_.name in self._changed for slice_ in slices),
        )

    def _shared_type(
        self,
        node: Node,
        before: Inventory,
        pools: Sequence[Pool],
        slices: Sequence[ResourceSlice],
        kept: int,
        gathered: _Gathered,
    ) -> NodeType | None:
        """
        The type that all nodes get like this one; ``None`` if that is not known.

        ``pools`` and ``slices``: those of the node, which keeps ``kept`` of its pools.
        """
        names = self._names
        gone = tuple([pool.id.pool in names for pool in before.pools])
        come = tuple([pool.id.pool in names for pool in pools])
        if gone.count(False) != kept or come.count(False) != kept:
            # A pool that stays has such a name.
            return None
        release = self._context.release
        said = (
            tuple([said_to(node, slice_, release) for slice_ in gathered.asking]) if gathered.asking else ()
        )
        number = before.type.published.number
        key = (number, gone, come, id(gathered), said, self._read and self._read.of(slices))
        if key not in self._types:
            staying = {pool.id.driver for pool, comes in zip(pools, come, strict=True) if not comes}
            alone = not gathered.drivers.isdisjoint(staying)
            type_ = self._types[key] = None if alone else self._own_type(node, pools, slices)
            if type_ is not None:
                # The nodes of a type differ in what they keep, for what comes are the same slices for all.
                type_.columns.note(slices)
                kept_before = [place for place, pool in _places(before.pools) if pool.id.pool not in names]
                kept_after = [place for place, pool in _places(pools) if pool.id.pool not in names]
                places = dict(zip(kept_before, kept_after, strict=True))
                type_.columns.inherit(before.type.columns, places)
        return self._types[key]

    def _own_type(self, node: Node, pools: Sequence[Pool], slices: Sequence[ResourceSlice]) -> NodeType:
        context = self._context
        release, vocabulary = context.release, context.vocabulary
        type_ = type_of(node, pools, release, vocabulary, context.machines, context.lineage)
        return with_rules(type_, slices, context)

    def _with_rules(self, inventory: Inventory) -> Inventory:
        """The inventory with the taints of rules as they are; the same object if it is equal."""
        type_ = inventory.type
        key = (type_.number, self._read and self._read.of(inventory.slices))
        after = self._tainted.get(key)
        if after is None:
            after = with_rules(type_.published, inventory.slices, self._context)
            self._tainted[key] = after = type_ if after == type_ else after
        if after is type_:
            return inventory
        return Inventory(inventory.pools, inventory.slices, after, inventory.failure)
