"""
The cluster's slices by how nodes find them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from extender.model import PoolID, ResourceSlice

from ..releases.release import Release
from .differences import Difference, regrouped
from .pools import Pool, gather_pools, in_search_order, is_usable


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


def index_slices(slices: Iterable[ResourceSlice], release: Release) -> SliceIndex:
    """Index ``slices`` (any order)."""
    by_pool: dict[PoolID, list[ResourceSlice]] = {}
    local: dict[str, list[ResourceSlice]] = {}
    selected: list[ResourceSlice] = []
    counters: dict[PoolID, list[ResourceSlice]] = {}
    for slice_ in sorted(slices, key=_name):
        by_pool.setdefault(slice_.pool_id, []).append(slice_)
        if not is_usable(slice_, release):
            continue
        if _counts_everywhere(slice_, release):
            counters.setdefault(slice_.pool_id, []).append(slice_)
        elif slice_.node_name:
            local.setdefault(slice_.node_name, []).append(slice_)
        else:
            selected.append(slice_)
    return SliceIndex(
        by_pool={pool: tuple(group) for pool, group in by_pool.items()},
        local={node: tuple(group) for node, group in local.items()},
        selected=tuple(selected),
        counters={pool: tuple(group) for pool, group in counters.items()},
        broken=_broken(counters, counters, by_pool, release),
    )


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

    def pool(slice_: ResourceSlice) -> tuple[PoolID, ...]:
        return (slice_.pool_id,)

    def node(slice_: ResourceSlice) -> tuple[str, ...]:
        return (slice_.node_name,) if slice_.node_name and is_offered(slice_, release) else ()

    def several_nodes(slice_: ResourceSlice) -> tuple[None, ...]:
        return (None,) if not slice_.node_name and is_offered(slice_, release) else ()

    def counted_pool(slice_: ResourceSlice) -> tuple[PoolID, ...]:
        return (slice_.pool_id,) if is_usable(slice_, release) and _counts_everywhere(slice_, release) else ()

    by_pool = regrouped(index.by_pool, changed, pool, _name)
    counters = regrouped(index.counters, changed, counted_pool, _name)
    pools = pools_of(changed)
    kept = (pool for pool in index.broken if pool.id not in pools)
    broken = in_search_order((*kept, *_broken(pools, counters, by_pool, release)), release)
    return SliceIndex(
        by_pool=by_pool,
        local=regrouped(index.local, changed, node, _name),
        selected=regrouped({None: index.selected}, changed, several_nodes, _name).get(None, ()),
        counters=counters,
        broken=index.broken if broken == index.broken else broken,
    )


def pools_of(changed: Mapping[str, Difference[ResourceSlice]]) -> frozenset[PoolID]:
    """The pools that the slices belong to, before and after."""
    return frozenset(slice_.pool_id for pair in changed.values() for slice_ in pair if slice_ is not None)


def is_offered(slice_: ResourceSlice, release: Release) -> bool:
    """Whether nodes find the slice by themselves, as one of ``local`` or ``selected``."""
    return is_usable(slice_, release) and not _counts_everywhere(slice_, release)


def _counts_everywhere(slice_: ResourceSlice, release: Release) -> bool:
    return bool(slice_.shared_counters) and release.gathering.counters_everywhere


def _broken(
    pools: Iterable[PoolID],
    counters: Mapping[PoolID, Sequence[ResourceSlice]],
    by_pool: Mapping[PoolID, Sequence[ResourceSlice]],
    release: Release,
) -> tuple[Pool, ...]:
    """Which of ``pools`` are broken, in search order."""
    counting = [slice_ for pool in pools for slice_ in counters.get(pool, ())]
    gathered = gather_pools(counting, by_pool, release)
    return tuple(pool for pool in gathered if pool.incomplete or pool.invalid)


def _name(slice_: ResourceSlice) -> str:
    return slice_.name
