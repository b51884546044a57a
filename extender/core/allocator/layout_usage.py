"""
What is allocated of the devices of a layout.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go
checkAvailableCounters and compatibilityGroupsBaselineForPool;
internal/allocatedstate.go IsDeviceAllocated, v0.34 to v0.37.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from extender.model import Device, ResourceSlice

from ..cluster.inventory import Inventory
from ..cluster.usage import Amounts, PoolUsage
from ..releases.release import CounterScope, Release
from .compatibility_groups import Common, common_groups
from .layout import NOWHERE, UNUSED, LayoutUsage, NodeLayout

_ConsumedCounters = tuple[tuple[str, str, int], ...]


def usage_of(
    node_layout: NodeLayout, inventory: Inventory, usage: Sequence[PoolUsage], release: Release
) -> LayoutUsage:
    """Restrict a node's usage (parallel to ``inventory.pools``) to a layout's candidates."""
    if not any(pool.exclusive or pool.shared for pool in usage):
        return UNUSED
    in_use = shared = 0
    consumed: list[tuple[int, Amounts]] = []
    by_slice = release.counters.scope is CounterScope.SLICE
    drawing: dict[int, tuple[int, int]] = {}
    for number, (slice_, position) in enumerate(node_layout.positions):
        if (slice_, position) == NOWHERE:
            continue
        candidate = node_layout.layout.candidates[number]
        pool_usage = usage[candidate.pool]
        name = inventory.slices[slice_].devices.names.values[position]
        if name in pool_usage.exclusive:
            in_use |= 1 << number
        if name in pool_usage.consumed:
            consumed.append((number, pool_usage.consumed[name]))
        elif pool_usage.consumed and release.rechecks_wrong_device:
            # A pick of this device may look for room on another one of the pool.
            consumed.append((number, ()))
        if release.counters.shares_known_by_id and name in pool_usage.shared:
            shared |= 1 << number
        if candidate.traits.consumes_counters:
            drawing[candidate.block if by_slice else candidate.pool] = (candidate.pool, slice_)
    consumed_counters: list[tuple[int, _ConsumedCounters]] = []
    groups: list[tuple[int, str, Common]] = []
    for counter_owner, (pool, slice_) in sorted(drawing.items()):
        pool_usage = usage[pool]
        slices = (inventory.slices[slice_],) if by_slice else _all_slices(inventory, pool)
        taken = pool_usage.exclusive
        if release.counters.shares_consume:
            taken = taken | pool_usage.shared | pool_usage.consumed.keys()
        holders = [device for device in _devices(slices) if device.name in taken]
        amounts = _consumed_counters(holders)
        if amounts:
            consumed_counters.append((counter_owner, amounts))
        if release.features.compatibility_groups:
            common = common_groups(
                (consumption.counter_set, consumption.compatibility_groups)
                for device in holders
                for consumption in device.traits.consumes_counters
            )
            groups += [(pool, counter_set, shared_by) for counter_set, shared_by in sorted(common.items())]
    return LayoutUsage(in_use, tuple(consumed), tuple(consumed_counters), shared, tuple(groups))


def _all_slices(inventory: Inventory, pool: int) -> tuple[ResourceSlice, ...]:
    source = inventory.pools[pool]
    return (*source.slices, *source.other_slices)


def _devices(slices: Iterable[ResourceSlice]) -> Iterable[Device]:
    for slice_ in slices:
        yield from slice_.devices


def _consumed_counters(holders: Iterable[Device]) -> _ConsumedCounters:
    """Counters that allocated devices take, wherever these are."""
    sums: dict[tuple[str, str], int] = {}
    for device in holders:
        for consumption in device.traits.consumes_counters:
            for name, quantity in consumption.counters:
                key = (consumption.counter_set, name)
                sums[key] = sums.get(key, 0) + quantity.nanos
    return tuple((*key, nanos) for key, nanos in sorted(sums.items()))
