"""
Gathering the resource pools that a node can take devices from.

Source: k8s.io/dynamic-resource-allocation structured/internal/incubating
pools_incubating.go GatherPools, v0.36.2. Out-dated slices are dropped;
incomplete and invalid pools stay in the result, because requests for *all*
devices trip over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .model import CounterSet, Node, PoolID, ResourceSlice
from .node_selection import node_matches
from .releases import Features


@dataclass(frozen=True, slots=True)
class Pool:
    """
    One pool as seen from one node.

    ``slices`` are the device slices that target the node, in search order (by
    name); ``elsewhere`` the pool's other slices, whose allocated devices draw on
    the same counters. Incomplete and invalid pools have neither.
    """

    id: PoolID
    slices: tuple[ResourceSlice, ...] = ()
    elsewhere: tuple[ResourceSlice, ...] = ()
    counter_sets: tuple[CounterSet, ...] = ()
    incomplete: bool = False
    invalid: str = ""

    @property
    def has_binding_conditions(self) -> bool:
        return any(device.traits.binding_conditions for slice_ in self.slices for device in slice_.devices)


def gather_pools(
    node: Node,
    slices: Iterable[ResourceSlice],
    slices_by_pool: Mapping[PoolID, Sequence[ResourceSlice]],
    features: Features,
) -> tuple[Pool, ...]:
    """
    Pools relevant for ``node`` in search order.

    ``slices`` are the candidates (any order), ``slices_by_pool`` every slice of
    the cluster. Order of the result: by driver and pool name, pools that hold a
    device with binding conditions after all others. Raises ``NodeSelectorError``.
    """
    relevant: dict[PoolID, list[ResourceSlice]] = {}
    for slice_ in slices:
        if _usable(slice_, features) and targets_node(slice_, node):
            relevant.setdefault(slice_.pool_id, []).append(slice_)
    pools = [
        pool
        for pool_id, seen in relevant.items()
        if (pool := pool_of(pool_id, seen, slices_by_pool.get(pool_id, ()), features)) is not None
    ]
    return tuple(sorted(pools, key=search_order))


def search_order(pool: Pool) -> tuple[bool, PoolID]:
    """Sort key of pools: sorting by ID arrived with 1.36."""
    return (pool.has_binding_conditions, pool.id)


def _usable(slice_: ResourceSlice, features: Features) -> bool:
    if features.partitionable_devices:
        return True
    return slice_.per_device_node_selection is None and not slice_.shared_counters


def targets_node(slice_: ResourceSlice, node: Node) -> bool:
    """Whether the slice counts for the node; counter slices count for every node (to 1.36)."""
    if slice_.shared_counters:
        return True
    if slice_.node_name or slice_.all_nodes or slice_.node_selector is not None:
        return node_matches(node, slice_.node_name, slice_.all_nodes, slice_.node_selector)
    if slice_.per_device_node_selection:
        return any(
            node_matches(node, traits.node_name, traits.all_nodes, traits.node_selector)
            for traits in (device.traits for device in slice_.devices)
        )
    return False


def pool_of(
    pool_id: PoolID,
    seen: Sequence[ResourceSlice],
    everywhere: Sequence[ResourceSlice],
    features: Features,
) -> Pool | None:
    """
    Build one pool from the slices seen on a node and all of its slices.

    ``None`` when a newer generation exists elsewhere: the driver is replacing
    the pool and the node's devices are about to change.
    """
    generation = max(slice_.generation for slice_ in seen)
    current = sorted(
        (slice_ for slice_ in seen if slice_.generation == generation), key=lambda slice_: slice_.name
    )
    expected = current[0].resource_slice_count
    if len(current) == expected:
        return _build(pool_id, current, (), features)
    if any(slice_.generation > generation for slice_ in everywhere):
        return None
    same_generation = [slice_ for slice_ in everywhere if slice_.generation == generation]
    if len(same_generation) != expected:
        return Pool(pool_id, incomplete=True)
    names = {slice_.name for slice_ in current}
    elsewhere = sorted(
        (slice_ for slice_ in same_generation if slice_.name not in names), key=lambda slice_: slice_.name
    )
    return _build(pool_id, current, tuple(elsewhere), features)


def _build(
    pool_id: PoolID,
    current: Sequence[ResourceSlice],
    elsewhere: tuple[ResourceSlice, ...],
    features: Features,
) -> Pool:
    if not features.partitionable_devices:
        problem = _duplicate_device(current)
        return Pool(pool_id, invalid=problem) if problem else Pool(pool_id, tuple(current))
    devices = tuple(slice_ for slice_ in current if not slice_.shared_counters)
    counters = [counter_set for slice_ in current for counter_set in slice_.shared_counters]
    problem = (
        _duplicate_device(devices)
        or _duplicate_counter_set(counters)
        or _unknown_counter(counters, (*current, *elsewhere))
    )
    if problem:
        return Pool(pool_id, invalid=problem)
    return Pool(pool_id, devices, elsewhere, tuple(counters))


def _duplicate_device(slices: Iterable[ResourceSlice]) -> str:
    seen: set[str] = set()
    for slice_ in slices:
        for device in slice_.devices:
            if device.name in seen:
                return f"duplicate device name {device.name}"
            seen.add(device.name)
    return ""


def _duplicate_counter_set(counter_sets: Iterable[CounterSet]) -> str:
    seen: set[str] = set()
    for counter_set in counter_sets:
        if counter_set.name in seen:
            return f"duplicate counter set name {counter_set.name}"
        seen.add(counter_set.name)
    return ""


def _unknown_counter(counter_sets: Iterable[CounterSet], slices: Iterable[ResourceSlice]) -> str:
    known = {counter_set.name: dict(counter_set.counters) for counter_set in counter_sets}
    for slice_ in slices:
        for device in slice_.devices:
            for consumption in device.traits.consumes_counters:
                if consumption.counter_set not in known:
                    return f"counter set {consumption.counter_set} not found"
                for name, _ in consumption.counters:
                    if name not in known[consumption.counter_set]:
                        return f"counter {name} not found in counter set {consumption.counter_set}"
    return ""
