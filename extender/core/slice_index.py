"""
The cluster's slices by how nodes find them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .changes import Difference, regrouped
from .model import Node, PoolID, ResourceSlice
from .pools import Pool, gather_pools, in_search_order, is_usable
from .releases import Release


@dataclass(frozen=True, slots=True)
class SliceIndex:
    """
    Groups are in the order of slice names.

    ``local``: by node name. ``selected``: those for several nodes. ``counters``:
    by pool, the counter slices of releases where these count for every node;
    ``broken``: pools with such slices that are incomplete or invalid when seen
    from a node that has none of their devices, in search order.
    """

    by_pool: Mapping[PoolID, tuple[ResourceSlice, ...]]
    local: Mapping[str, tuple[ResourceSlice, ...]]
    selected: tuple[ResourceSlice, ...]
    counters: Mapping[PoolID, tuple[ResourceSlice, ...]]
    broken: tuple[Pool, ...]


NO_SLICES = SliceIndex({}, {}, (), {}, ())


def index_slices(slices: Iterable[ResourceSlice], release: Release) -> SliceIndex:
    """Index ``slices`` (any order)."""
    return index_after(NO_SLICES, {slice_.name: Difference(None, slice_) for slice_ in slices}, release)


def index_after(
    index: SliceIndex, changed: Mapping[str, Difference[ResourceSlice]], release: Release
) -> SliceIndex:
    """
    The index with the differences in it, by slice name.

    Only the pools of slices that changed are looked at. The broken pools are the same
    tuple if they are as before, and so is the index without differences.
    """
    if not changed:
        return index

    def counts_everywhere(slice_: ResourceSlice) -> bool:
        return bool(slice_.shared_counters) and release.gathering.counters_everywhere

    def pool(slice_: ResourceSlice) -> tuple[PoolID, ...]:
        return (slice_.pool_id,)

    def node(slice_: ResourceSlice) -> tuple[str, ...]:
        found = slice_.node_name and is_usable(slice_, release) and not counts_everywhere(slice_)
        return (slice_.node_name,) if found else ()

    def several_nodes(slice_: ResourceSlice) -> tuple[None, ...]:
        found = not slice_.node_name and is_usable(slice_, release) and not counts_everywhere(slice_)
        return (None,) if found else ()

    def counted_pool(slice_: ResourceSlice) -> tuple[PoolID, ...]:
        return (slice_.pool_id,) if is_usable(slice_, release) and counts_everywhere(slice_) else ()

    by_pool = regrouped(index.by_pool, changed, pool, _name)
    counters = regrouped(index.counters, changed, counted_pool, _name)
    return SliceIndex(
        by_pool=by_pool,
        local=regrouped(index.local, changed, node, _name),
        selected=regrouped({None: index.selected}, changed, several_nodes, _name).get(None, ()),
        counters=counters,
        broken=_broken_after(index.broken, pools_of(changed), counters, by_pool, release),
    )


def pools_of(changed: Mapping[str, Difference[ResourceSlice]]) -> frozenset[PoolID]:
    """The pools that the slices belong to, before and after."""
    return frozenset(slice_.pool_id for pair in changed.values() for slice_ in pair if slice_ is not None)


def _broken_after(
    broken: tuple[Pool, ...],
    pools: frozenset[PoolID],
    counters: Mapping[PoolID, Sequence[ResourceSlice]],
    by_pool: Mapping[PoolID, Sequence[ResourceSlice]],
    release: Release,
) -> tuple[Pool, ...]:
    """The broken pools once ``pools`` changed; all others are as they were."""
    counting = [slice_ for pool in pools for slice_ in counters.get(pool, ())]
    judged = gather_pools(Node(""), counting, by_pool, release)
    found = [pool for pool in judged if pool.incomplete or pool.invalid]
    kept = [pool for pool in broken if pool.id not in pools]
    after = in_search_order((*kept, *found), release)
    return broken if after == broken else after


def _name(slice_: ResourceSlice) -> str:
    return slice_.name
