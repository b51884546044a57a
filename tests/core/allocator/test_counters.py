"""Shared counters: what each scope counts together, and that giving back restores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from extender.core.allocator.counters import AvailableCounters
from extender.core.allocator.layout import Block, Candidate, Layout, LayoutUsage
from extender.core.cluster.signature import PoolSignature
from extender.core.releases.release import CounterScope
from extender.core.topology.locations import Location
from extender.core.topology.vocabulary import DeviceKind
from extender.model import CounterConsumption, CounterSet, DeviceTraits
from extender.model.quantity import NANOS, Quantity

SLICE, POOL_NAME, POOL = CounterScope.SLICE, CounterScope.POOL_NAME, CounterScope.POOL


def units(number: int) -> tuple[tuple[str, Quantity], ...]:
    return (("units", Quantity(number * NANOS)),)


def takes(pool: int, block: int, number: int, of: str = "set") -> Candidate:
    traits = DeviceTraits(consumes_counters=(CounterConsumption(of, units(number)),))
    return Candidate(pool, traits, (), (), Location(DeviceKind.OTHER), ("", ""), block)


def layout(*counters: tuple[CounterSet, ...], counter_owners: Sequence[int] = (0, 0)) -> Layout:
    """Two pools of one name, the first with two slices, each slice with counters of its own."""
    pools = tuple(
        PoolSignature(f"driver-{number}", counter_owner, False, "", sets)
        for number, (counter_owner, sets) in enumerate(zip(counter_owners, counters, strict=True))
    )
    blocks = tuple(Block(pool, False, False, (CounterSet("set", units(2)),)) for pool in (0, 0, 1))
    return Layout(pools, (), blocks)


TWO = (CounterSet("set", units(2)),)
FIVE = (CounterSet("set", units(5)),)
PAIR = (CounterSet("set", units(2)), CounterSet("other", units(1)))


class Case(NamedTuple):
    """Takings in order, and 1 for each that succeeds."""

    layout: Layout
    scope: CounterScope
    takings: Sequence[Candidate]
    succeed: Sequence[int]
    usage: LayoutUsage = LayoutUsage(0, (), ())


def consumed_counters(source: int, number: int, of: str = "set") -> LayoutUsage:
    return LayoutUsage(0, (), ((source, ((of, "units", number * NANOS),)),))


CASES = {
    "pool: its total": Case(
        layout(TWO, TWO), POOL, [takes(0, 0, 1), takes(0, 1, 1), takes(0, 0, 1)], [1, 1, 0]
    ),
    "pool: each its own": Case(layout(TWO, TWO), POOL, [takes(0, 0, 2), takes(1, 2, 2)], [1, 1]),
    "pool name: shared by drivers": Case(
        layout(TWO, TWO), POOL_NAME, [takes(0, 0, 2), takes(1, 2, 2)], [1, 0]
    ),
    "pool name: another name": Case(
        layout(TWO, TWO, counter_owners=(0, 1)), POOL_NAME, [takes(0, 0, 2), takes(1, 2, 2)], [1, 1]
    ),
    "pool name: opened by whoever is first": Case(
        layout(TWO, FIVE), POOL_NAME, [takes(1, 2, 3), takes(0, 0, 2), takes(0, 0, 1)], [1, 1, 0]
    ),
    "slice: each its own": Case(
        layout((), ()), SLICE, [takes(0, 0, 2), takes(0, 1, 2), takes(0, 0, 1)], [1, 1, 0]
    ),
    "slice: pools' sets do not count": Case(layout(FIVE, FIVE), SLICE, [takes(0, 0, 3)], [0]),
    "what allocated devices drew": Case(
        layout(TWO, TWO), POOL, [takes(0, 0, 2), takes(0, 0, 1)], [0, 1], consumed_counters(0, 1)
    ),
    "drawn of another pool": Case(layout(TWO, TWO), POOL, [takes(0, 0, 2)], [1], consumed_counters(1, 2)),
    "drawn of a slice": Case(
        layout((), ()), SLICE, [takes(0, 1, 1), takes(0, 0, 1)], [0, 1], consumed_counters(1, 2)
    ),
    "drawn of a set that is gone": Case(
        layout(TWO, TWO), POOL, [takes(0, 0, 2)], [1], consumed_counters(0, 9, "gone")
    ),
    "an overdrawn set blocks users of another": Case(
        layout(PAIR, ()), POOL, [takes(0, 0, 1)], [0], consumed_counters(0, 2, "other")
    ),
    "a set that does not exist is not counted": Case(layout(TWO, TWO), POOL, [takes(0, 0, 9, "gone")], [1]),
    "a refused taking takes nothing": Case(layout(TWO, TWO), POOL, [takes(0, 0, 3), takes(0, 0, 2)], [0, 1]),
}


@pytest.mark.parametrize("case", CASES)
def test_takings(case):
    """A device is had if every counter of its book stays covered."""
    of, scope, takings, succeed, usage = CASES[case]
    counter_owners = AvailableCounters(of, usage, scope)
    assert [counter_owners.take(candidate) for candidate in takings] == list(map(bool, succeed))


@pytest.mark.parametrize("scope", CounterScope)
def test_what_is_given_back_can_be_taken_again(scope):
    """In every scope the book is as before."""
    counter_owners = AvailableCounters(layout(TWO, TWO), LayoutUsage(0, (), ()), scope)
    for _ in range(3):
        assert counter_owners.take(takes(0, 0, 2))
        assert not counter_owners.take(takes(0, 0, 1))
        counter_owners.give_back(takes(0, 0, 2))
