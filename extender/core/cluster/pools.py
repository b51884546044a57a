"""
Gathering the resource pools that a node can take devices from.

Source: k8s.io/dynamic-resource-allocation structured/internal pools_*.go
GatherPools, v0.34 to v0.37. Out-dated slices are dropped; incomplete and invalid
pools stay in the result, because requests for *all* devices trip over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from extender.model import CounterSet, Node, PoolID, ResourceSlice

from ..releases.release import Gathering, Release
from .node_selection import node_matches


@dataclass(frozen=True, slots=True)
class Pool:
    """
    One pool as seen from one node.

    ``slices`` are the device slices that target the node, in search order;
    ``other_slices`` the pool's other slices, whose allocated devices draw on the same
    counters. Pools whose devices cannot be had have neither. ``ambiguous``: slices
    disagree on how many there are, and upstream believes a random one.
    ``has_binding_conditions``: a device that upstream still looks at has some.
    """

    id: PoolID
    slices: tuple[ResourceSlice, ...] = ()
    other_slices: tuple[ResourceSlice, ...] = ()
    counter_sets: tuple[CounterSet, ...] = ()
    incomplete: bool = False
    invalid: str = ""
    ambiguous: bool = False
    has_binding_conditions: bool = False


_BY_ID = attrgetter("id")
_LATE_LAST = attrgetter("has_binding_conditions", "id")


def has_binding_conditions(slice_: ResourceSlice) -> bool:
    return slice_.devices.traits.binding_conditions


def gather_pools(
    slices: Iterable[ResourceSlice],
    slices_by_pool: Mapping[PoolID, Sequence[ResourceSlice]],
    release: Release,
) -> tuple[Pool, ...]:
    """
    Return the pools of a node in search order.

    ``slices`` are the usable ones that target the node (any order), ``slices_by_pool`` every slice of the
    cluster. Where the release walks pools in random order, ours is one of the possible ones.
    """
    relevant: dict[PoolID, list[ResourceSlice]] = {}
    for slice_ in slices:
        relevant.setdefault(slice_.pool_id, []).append(slice_)
    pools = [
        pool
        for pool_id, seen in relevant.items()
        if (pool := _pool_of(pool_id, seen, slices_by_pool.get(pool_id, ()), release)) is not None
    ]
    return in_search_order(pools, release)


def in_search_order(pools: Iterable[Pool], release: Release) -> tuple[Pool, ...]:
    """By driver and pool name; where the release says so, those with binding conditions last."""
    return tuple(sorted(pools, key=search_rank(release)))


def search_rank(release: Release) -> Callable[[Pool], Any]:
    """What pools are sorted by in search order; no two pools of a node have the same."""
    return _LATE_LAST if release.order.late_pools else _BY_ID


def is_usable(slice_: ResourceSlice, release: Release) -> bool:
    """Whether the release looks at the slice at all, before it asks for which nodes it is."""
    if not release.features.partitionable_devices:
        if slice_.per_device_node_selection is not None:
            return False
        if slice_.shared_counters and release.gathering.counters_apart:
            return False
    return not _hidden(slice_, release)


def _hidden(slice_: ResourceSlice, release: Release) -> bool:
    """Whether the slice uses compatibility groups, which the release knows but has turned off."""
    return (
        release.gathering.hides_compatibility_groups
        and not release.features.compatibility_groups
        and any(
            consumption.compatibility_groups
            for traits in slice_.devices.traits.distinct
            for consumption in traits.consumes_counters
        )
    )


def targets_node(slice_: ResourceSlice, node: Node, gathering: Gathering) -> bool:
    """Whether the slice counts for the node. Raises ``NodeSelectorError``."""
    if slice_.shared_counters and gathering.counters_everywhere:
        return True
    if slice_.node_name or slice_.all_nodes or slice_.node_selector is not None:
        return node_matches(node, slice_.node_name, slice_.all_nodes, slice_.node_selector)
    if slice_.per_device_node_selection:
        return any(
            node_matches(node, traits.node_name, traits.all_nodes, traits.node_selector)
            for traits in slice_.devices.traits.distinct
        )
    return False


def _pool_of(
    pool_id: PoolID,
    seen: Sequence[ResourceSlice],
    everywhere: Sequence[ResourceSlice],
    release: Release,
) -> Pool | None:
    """
    Build one pool from the slices seen on a node and all of its slices.

    ``None`` when a newer generation exists elsewhere: the driver is replacing
    the pool and the node's devices are about to change.
    """
    if len(seen) == 1 and len(everywhere) == 1 and _is_simple(seen[0]):
        return Pool(pool_id, tuple(everywhere), has_binding_conditions=has_binding_conditions(seen[0]))
    generation = max(slice_.generation for slice_ in seen)
    late = release.order.late_slices
    current = sorted(
        (slice_ for slice_ in seen if slice_.generation == generation),
        key=lambda slice_: (late and has_binding_conditions(slice_), slice_.name),
    )
    leaders = [slice_ for slice_ in current if _comes_first(slice_, release)] or current
    expected = leaders[0].resource_slice_count
    ambiguous = any(slice_.resource_slice_count != expected for slice_ in leaders)
    complete = len(current) == expected
    if not release.gathering.looks_elsewhere:
        return _seen_pool(pool_id, current, incomplete=not complete, ambiguous=ambiguous)
    other_slices: tuple[ResourceSlice, ...] = ()
    if not complete:
        if any(slice_.generation > generation for slice_ in everywhere):
            # Believing another slice on how many there are, upstream would keep the pool.
            return Pool(pool_id, ambiguous=True) if ambiguous else None
        same_generation = [
            slice_
            for slice_ in everywhere
            if slice_.generation == generation and not _hidden(slice_, release)
        ]
        if len(same_generation) != expected:
            problem = _duplicate_device(current) if release.gathering.judges_incomplete else ""
            return Pool(pool_id, incomplete=True, invalid=problem, ambiguous=ambiguous)
        names = {slice_.name for slice_ in current}
        other_slices = tuple(
            sorted(
                (slice_ for slice_ in same_generation if slice_.name not in names),
                key=lambda slice_: slice_.name,
            )
        )
    return _build(pool_id, current, other_slices, release, ambiguous=ambiguous)


def _is_simple(slice_: ResourceSlice) -> bool:
    """Whether a slice that is alone in its pool makes all of it, in every release; most do."""
    devices = slice_.devices
    return (
        slice_.resource_slice_count == 1
        and not slice_.shared_counters
        and not devices.traits.consumes_counters
        and len(devices.names.positions) == len(devices.names.values)
    )


def _comes_first(slice_: ResourceSlice, release: Release) -> bool:
    """Whether the slice comes before those for several nodes: the first one says how many there are."""
    gathering = release.gathering
    shared = not slice_.node_name or (slice_.shared_counters and gathering.counters_everywhere)
    return gathering.local_first and not shared


def _seen_pool(
    pool_id: PoolID, current: Sequence[ResourceSlice], *, incomplete: bool, ambiguous: bool
) -> Pool:
    """A pool of 1.34, which is what one sees of it; its counters are inside the slices."""
    problem = _duplicate_device(current)
    return Pool(
        pool_id,
        () if problem else tuple(current),
        incomplete=incomplete,
        invalid=problem,
        ambiguous=ambiguous,
        has_binding_conditions=any(map(has_binding_conditions, current)),
    )


def _build(
    pool_id: PoolID,
    current: Sequence[ResourceSlice],
    other_slices: tuple[ResourceSlice, ...],
    release: Release,
    *,
    ambiguous: bool,
) -> Pool:
    if not release.features.partitionable_devices:
        problem = _duplicate_device(current)
        if problem:
            return Pool(pool_id, invalid=problem, ambiguous=ambiguous)
        conditions = any(map(has_binding_conditions, current))
        return Pool(pool_id, tuple(current), ambiguous=ambiguous, has_binding_conditions=conditions)
    devices = tuple(slice_ for slice_ in current if not slice_.shared_counters)
    counting = current
    if not release.gathering.counters_everywhere:
        counting = (*current, *other_slices)
        other_slices = tuple(slice_ for slice_ in other_slices if not slice_.shared_counters)
    counters = [counter_set for slice_ in counting for counter_set in slice_.shared_counters]
    consuming = current if release.gathering.counters_everywhere else devices
    problem = (
        _duplicate_device(devices)
        or _duplicate_counter_set(counters)
        or _unknown_counter(counters, (*consuming, *other_slices))
    )
    if problem:
        return Pool(pool_id, invalid=problem, ambiguous=ambiguous)
    conditions = any(map(has_binding_conditions, devices))
    return Pool(
        pool_id,
        devices,
        other_slices,
        tuple(counters),
        ambiguous=ambiguous,
        has_binding_conditions=conditions,
    )


def _duplicate_device(slices: Sequence[ResourceSlice]) -> str:
    if len(slices) == 1 and len(slices[0].devices.names.positions) == len(slices[0].devices):
        return ""
    seen: set[str] = set()
    for slice_ in slices:
        for name in slice_.devices.names.values:
            if name in seen:
                return f"duplicate device name {name}"
            seen.add(name)
    return ""


def _duplicate_counter_set(counter_sets: Iterable[CounterSet]) -> str:
    seen: set[str] = set()
    for counter_set in counter_sets:
        if counter_set.name in seen:
            return f"duplicate counter set name {counter_set.name}"
        seen.add(counter_set.name)
    return ""


def _unknown_counter(counter_sets: Iterable[CounterSet], slices: Iterable[ResourceSlice]) -> str:
    sets = {counter_set.name: dict(counter_set.counters) for counter_set in counter_sets}
    for slice_ in slices:
        for traits in slice_.devices.traits.distinct:
            for consumption in traits.consumes_counters:
                if consumption.counter_set not in sets:
                    return f"counter set {consumption.counter_set} not found"
                for name, _ in consumption.counters:
                    if name not in sets[consumption.counter_set]:
                        return f"counter {name} not found in counter set {consumption.counter_set}"
    return ""
