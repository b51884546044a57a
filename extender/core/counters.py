"""
Shared counters: partitions of one device draw on common budgets.

Amounts are in nano units. Source: allocator_incubating.go
checkAvailableCounters and deallocateCountersForDevice, v0.36.2.
"""

from __future__ import annotations

from .inventory import PoolFrame
from .layout import Layout, LayoutUsage
from .model import CounterConsumption

_Counter = tuple[str, str]
# Counter set and counter name.


class CounterBooks:
    """
    What is left of each pool's counters, and what this search has taken.

    ``by_pool_name``: pools of different drivers with one name share a book, which
    is opened by the first of them that the search needs (see ``Release``).
    """

    def __init__(self, layout: Layout, usage: LayoutUsage, *, by_pool_name: bool) -> None:
        self._pools = layout.pools
        self._drawn = dict(usage.drawn)
        self._by_pool_name = by_pool_name
        self._available: dict[int, dict[_Counter, int]] = {}
        self._taken: dict[int, dict[_Counter, int]] = {}

    def take(self, pool: int, consumptions: tuple[CounterConsumption, ...]) -> bool:
        """
        Take counters if *every* counter of the pool stays covered, else change nothing.

        One overdrawn set therefore blocks devices that only use another.
        """
        book = self._book(pool)
        available = self._available.get(book)
        if available is None:
            available = self._available[book] = self._open(pool)
        taken = self._taken.setdefault(book, {})
        _add(taken, consumptions, 1)
        if all(taken.get(counter, 0) <= left for counter, left in available.items()):
            return True
        _add(taken, consumptions, -1)
        return False

    def give_back(self, pool: int, consumptions: tuple[CounterConsumption, ...]) -> None:
        _add(self._taken[self._book(pool)], consumptions, -1)

    def _book(self, pool: int) -> int:
        return self._pools[pool].book if self._by_pool_name else pool

    def _open(self, pool: int) -> dict[_Counter, int]:
        available = _totals(self._pools[pool])
        for counter_set, name, nanos in self._drawn.get(pool, ()):
            if (counter_set, name) in available:
                available[counter_set, name] -= nanos
        return available


def _totals(pool: PoolFrame) -> dict[_Counter, int]:
    return {
        (counter_set.name, name): quantity.nanos
        for counter_set in pool.counter_sets
        for name, quantity in counter_set.counters
    }


def _add(taken: dict[_Counter, int], consumptions: tuple[CounterConsumption, ...], sign: int) -> None:
    for consumption in consumptions:
        for name, quantity in consumption.counters:
            key = (consumption.counter_set, name)
            taken[key] = taken.get(key, 0) + sign * quantity.nanos
