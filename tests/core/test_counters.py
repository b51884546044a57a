"""Books of shared counters: what is left, what was taken, and who shares a book."""

from __future__ import annotations

import pytest

from extender.core.counters import CounterBooks
from extender.core.inventory import PoolFrame
from extender.core.layout import UNUSED, Block, Candidate, Layout, LayoutUsage
from extender.core.model import CounterConsumption, CounterSet, DeviceTraits
from extender.core.places import Place
from extender.core.quantity import NANOS, parse_quantity
from extender.core.releases import CounterScope
from extender.core.vocabulary import Kind


def counter_set(name: str, amount: str) -> CounterSet:
    return CounterSet(name, (("memory", parse_quantity(amount)),))


def candidate(amount: str, pool: int = 0, block: int = 0, of: str = "a") -> Candidate:
    takes = CounterConsumption(of, (("memory", parse_quantity(amount)),))
    traits = DeviceTraits(consumes_counters=(takes,))
    return Candidate(pool, traits, (1,), (), Place(Kind.GPU), ("", ""), block)


def layout(*sets: CounterSet) -> Layout:
    """Two pools of one name and two drivers, with the same sets; each slice has them too."""
    pools = tuple(PoolFrame(driver, 0, incomplete=False, invalid="", counter_sets=sets) for driver in "xy")
    blocks = tuple(Block(number, late=False, late_slice=False, counter_sets=sets) for number in range(2))
    return Layout(pools, (), blocks)


SETS = (counter_set("a", "4"), counter_set("b", "1"))


def test_what_is_taken_is_gone_until_it_is_given_back() -> None:
    """A refused taking changes nothing."""
    books = CounterBooks(layout(*SETS), UNUSED, CounterScope.POOL)
    assert books.take(candidate("3"))
    assert not books.take(candidate("2"))
    assert books.take(candidate("1"))
    assert not books.take(candidate("1"))
    books.give_back(candidate("3"))
    assert books.take(candidate("2"))


def test_allocated_devices_draw_on_the_book() -> None:
    """What they took is missing from the start."""
    usage = LayoutUsage(0, (), ((0, (("a", "memory", 3 * NANOS),)),))
    books = CounterBooks(layout(*SETS), usage, CounterScope.POOL)
    assert not books.take(candidate("2"))
    assert books.take(candidate("1"))


def test_one_overdrawn_set_blocks_all() -> None:
    """Every counter of the book is compared, also those that the device does not use."""
    usage = LayoutUsage(0, (), ((0, (("b", "memory", 2 * NANOS),)),))
    assert not CounterBooks(layout(*SETS), usage, CounterScope.POOL).take(candidate("1"))


@pytest.mark.parametrize(
    ("scope", "shared"),
    [(CounterScope.POOL, False), (CounterScope.POOL_NAME, True), (CounterScope.SLICE, False)],
)
def test_pools_of_one_name(scope: CounterScope, shared: bool) -> None:
    """Whether another driver's pool of the same name has a book of its own."""
    books = CounterBooks(layout(*SETS), UNUSED, scope)
    assert books.take(candidate("3"))
    assert books.take(candidate("3", pool=1, block=1)) is not shared


def test_slices_with_their_own_counters() -> None:
    """Two slices of one pool, each with its book (1.34)."""
    books = CounterBooks(layout(*SETS), UNUSED, CounterScope.SLICE)
    assert books.take(candidate("4", block=0))
    assert not books.take(candidate("1", block=0))
    assert books.take(candidate("4", block=1))


def test_counters_that_no_set_has() -> None:
    """They are not compared: 1.34 does not check that they exist."""
    assert CounterBooks(layout(*SETS), UNUSED, CounterScope.POOL).take(candidate("100", of="gone"))
