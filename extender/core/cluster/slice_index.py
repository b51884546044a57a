"""
The cluster's slices by how nodes find them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from extender.model import Node, PoolID, ResourceSlice

from ..releases.release import Release
from .differences import Difference, regrouped
from .node_selection import NAME_ANCHOR, Anchor, anchors_of
from .pools import Pool, gather_pools, in_search_order, is_usable


@dataclass(frozen=True, slots=True)
class SliceIndex:
    """
    Groups are in the order of slice names.

    ``local``: by node name. ``anchored``: by the anchors of the nodes that they select, ``selected``: the
    others for several nodes. ``counters``: by pool, the counter slices of releases where these count for
    every node; ``broken``: pools with such slices that are incomplete or invalid when seen from a node that
    has none of their devices, in search order.
    """

    by_pool: Mapping[PoolID, tuple[ResourceSlice, ...]]
    local: Mapping[str, tuple[ResourceSlice, ...]]
    anchored: Mapping[Anchor, tuple[ResourceSlice, ...]]
    selected: tuple[ResourceSlice, ...]
    counters: Mapping[PoolID, tuple[ResourceSlice, ...]]
    broken: tuple[Pool, ...]

    def offered_to(self, node: Node) -> Sequence[ResourceSlice]:
        """The slices that may be for the node, each once; those for other nodes alone are left out."""
        local = self.local.get(node.name, ())
        if not self.anchored:
            return (*local, *self.selected)
        anchors = ((NAME_ANCHOR, node.name), *node.labels.items())
        anchored = {each.name: each for anchor in anchors for each in self.anchored.get(anchor, ())}
        return (*local, *anchored.values(), *self.selected)


def index_slices(slices: Iterable[ResourceSlice], release: Release) -> SliceIndex:
    """Index ``slices`` (any order)."""
    by_pool: dict[PoolID, list[ResourceSlice]] = {}
    local: dict[str, list[ResourceSlice]] = {}
    anchored: dict[Anchor, list[ResourceSlice]] = {}
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
        elif (anchors := _anchors(slice_)) is None:
            selected.append(slice_)
        else:
            for anchor in anchors:
                anchored.setdefault(anchor, []).append(slice_)
    return SliceIndex(
        by_pool={pool: tuple(group) for pool, group in by_pool.items()},
        local={node: tuple(group) for node, group in local.items()},
        anchored={anchor: tuple(group) for anchor, group in anchored.items()},
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

    def anchors(slice_: ResourceSlice) -> Collection[Anchor]:
        return (not slice_.node_name and is_offered(slice_, release) and _anchors(slice_)) or ()

    def several_nodes(slice_: ResourceSlice) -> tuple[None, ...]:
        shared = not slice_.node_name and is_offered(slice_, release)
        return (None,) if shared and _anchors(slice_) is None else ()

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
        anchored=regrouped(index.anchored, changed, anchors, _name),
        selected=regrouped({None: index.selected}, changed, several_nodes, _name).get(None, ()),
        counters=counters,
        broken=index.broken if broken == index.broken else broken,
    )


def pools_of(changed: Mapping[str, Difference[ResourceSlice]]) -> frozenset[PoolID]:
    """The pools that the slices belong to, before and after."""
    return frozenset(slice_.pool_id for pair in changed.values() for slice_ in pair if slice_ is not None)


def is_offered(slice_: ResourceSlice, release: Release) -> bool:
    """Whether nodes find the slice by themselves, as one that is offered to them."""
    return is_usable(slice_, release) and not _counts_everywhere(slice_, release)


def _anchors(slice_: ResourceSlice) -> frozenset[Anchor] | None:
    """Those of the nodes that a slice without a node's name is for; ``None``: it may be for any."""
    if slice_.all_nodes or slice_.node_selector is None:
        return None
    return anchors_of(slice_.node_selector)


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
