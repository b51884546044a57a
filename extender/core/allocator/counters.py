"""
Shared counters: partitions of one device draw on common budgets.

Amounts are in nano units. Source: k8s.io/dynamic-resource-allocation
structured/internal allocator_*.go checkAvailableCounters and
deallocateCountersForDevice, v0.34 to v0.37.
"""

from __future__ import annotations

from extender.model import CounterConsumption, CounterSet

from ..releases.release import CounterScope
from .layout import Candidate, Layout, LayoutUsage

# Counter set and counter name.
_Counter = tuple[str, str]


class AvailableCounters:
    """
    What is left of the counters of each owner, and what this search has taken.

    The owner is a pool, a pool name or a slice, as the release has it (``CounterScope``). Where pools
    of different drivers share a name, the first that the search needs defines the counters.
    """

    def __init__(self, layout: Layout, usage: LayoutUsage, scope: CounterScope) -> None:
        self._pools = layout.pools
        self._blocks = layout.blocks
        self._consumed_counters = dict(usage.consumed_counters)
        self._scope = scope
        self._available: dict[int, dict[_Counter, int]] = {}
        self._taken: dict[int, dict[_Counter, int]] = {}

    def take(self, candidate: Candidate) -> bool:
        """
        Take a device's counters if *every* counter of the owner stays covered, else change nothing.

        One overdrawn set therefore blocks devices that only use another.
        """
        consumptions = candidate.traits.consumes_counters
        counter_owner = self._counter_owner(candidate)
        available = self._available.get(counter_owner)
        if available is None:
            available = self._available[counter_owner] = self._open(candidate)
        taken = self._taken.setdefault(counter_owner, {})
        _add(taken, consumptions, 1)
        if all(taken.get(counter, 0) <= left for counter, left in available.items()):
            return True
        _add(taken, consumptions, -1)
        return False

    def give_back(self, candidate: Candidate) -> None:
        _add(self._taken[self._counter_owner(candidate)], candidate.traits.consumes_counters, -1)

    def _counter_owner(self, candidate: Candidate) -> int:
        match self._scope:
            case CounterScope.SLICE:
                return candidate.block
            case CounterScope.POOL_NAME:
                return self._pools[candidate.pool].counter_owner
            case CounterScope.POOL:
                return candidate.pool

    def _open(self, candidate: Candidate) -> dict[_Counter, int]:
        if self._scope is CounterScope.SLICE:
            source, counter_sets = candidate.block, self._blocks[candidate.block].counter_sets
        else:
            source, counter_sets = candidate.pool, self._pools[candidate.pool].counter_sets
        available = _totals(counter_sets)
        for counter_set, name, nanos in self._consumed_counters.get(source, ()):
            if (counter_set, name) in available:
                available[counter_set, name] -= nanos
        return available


def _totals(counter_sets: tuple[CounterSet, ...]) -> dict[_Counter, int]:
    return {
        (counter_set.name, name): quantity.nanos
        for counter_set in counter_sets
        for name, quantity in counter_set.counters
    }


def _add(taken: dict[_Counter, int], consumptions: tuple[CounterConsumption, ...], sign: int) -> None:
    for consumption in consumptions:
        for name, quantity in consumption.counters:
            key = (consumption.counter_set, name)
            taken[key] = taken.get(key, 0) + sign * quantity.nanos
