"""
Pools of which slices changed, as nodes see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from extender.model import Node, ResourceSlice

from . import layered
from .context import ClusterContext
from .differences import Difference
from .node_type import asks_node, has_identities
from .pools import Pool, gather_pools, search_rank, targets_node
from .slice_index import is_offered, pools_of


class Gathered(NamedTuple):
    """
    Changed pools as some nodes see them, and their slices, both in search order.

    ``ranks``: of the pools in that order. ``asking``: those of the slices that may not say the same to each
    node that sees them. ``drivers``: of devices with identities. ``differ``: one of the slices does, so they
    are not the pools that a node had. ``alone``: only one node sees them.
    """

    pools: tuple[Pool, ...]
    slices: tuple[ResourceSlice, ...]
    ranks: tuple[Any, ...]
    asking: tuple[ResourceSlice, ...]
    drivers: frozenset[str]
    differ: bool
    alone: bool


NOTHING = Gathered((), (), (), (), frozenset(), differ=False, alone=False)


class ChangedPools:
    """
    The pools of ``slices`` (by name, before and after), gathered once for all nodes that see the same.

    In ``context`` all is as it is after the changes. ``ids``: of the pools, ``names``: their names.
    ``everywhere``: each node sees the same of them.
    """

    __slots__ = (
        "_changed",
        "_context",
        "_everywhere",
        "_gathered",
        "_has_local",
        "_selected",
        "everywhere",
        "ids",
        "names",
    )

    def __init__(self, context: ClusterContext, slices: Mapping[str, Difference[ResourceSlice]]) -> None:
        self.ids = pools_of(slices)
        self.names = frozenset(pool.pool for pool in self.ids)
        self._context = context
        self._changed = slices.keys()
        self._gathered: dict[tuple[int, ...], Gathered] = {}
        offered = [
            slice_
            for pool in self.ids
            for slice_ in context.slices.by_pool.get(pool, ())
            if is_offered(slice_, context.release)
        ]
        shared = [slice_ for slice_ in offered if not slice_.node_name]
        self._has_local = len(shared) < len(offered)
        self._everywhere = [slice_ for slice_ in shared if slice_.all_nodes]
        self._selected = [slice_ for slice_ in shared if not slice_.all_nodes]
        self.everywhere = len(self._everywhere) == len(offered)

    def names_stay(self) -> bool:
        """Whether a pool that did not change has the name of one that did; looks at all pools."""
        pools = layered.flat(self._context.slices.by_pool) if self.names else ()
        return not self.ids.issuperset([pool for pool in pools if pool.pool in self.names])

    def seen_by(self, node: Node) -> Gathered:
        """The pools as the node sees them. Raises ``NodeSelectorError``."""
        local, selected = self._local(node), self._selected_for(node)
        key = tuple(map(id, (*local, *selected))) if local or selected else ()
        gathered = self._gathered.get(key)
        if gathered is None:
            seen = (*local, *selected, *self._everywhere)
            gathered = self._gathered[key] = self._gather(seen, alone=bool(local))
        return gathered

    def _local(self, node: Node) -> Sequence[ResourceSlice]:
        if not self._has_local:
            return ()
        return [each for each in self._context.slices.local.get(node.name, ()) if each.pool_id in self.ids]

    def _selected_for(self, node: Node) -> Sequence[ResourceSlice]:
        if not self._selected:
            return ()
        gathering = self._context.release.gathering
        return [each for each in self._selected if targets_node(each, node, gathering)]

    def _gather(self, seen: Sequence[ResourceSlice], *, alone: bool) -> Gathered:
        """Gather the pools of which ``seen`` are the slices for a node, but those that only count."""
        index, release = self._context.slices, self._context.release
        own = {slice_.pool_id for slice_ in seen}
        counting = [slice_ for pool in own for slice_ in index.counters.get(pool, ())]
        pools = gather_pools((*seen, *counting), index.by_pool, release)
        slices = tuple([slice_ for pool in pools for slice_ in pool.slices])
        vocabulary, lineage = self._context.vocabulary, self._context.lineage
        return Gathered(
            pools,
            slices,
            tuple(map(search_rank(release), pools)),
            tuple([each for each in slices if asks_node(each)]),
            frozenset(each.driver for each in slices if has_identities(each, vocabulary, lineage)),
            differ=any(slice_.name in self._changed for slice_ in slices),
            alone=alone,
        )
