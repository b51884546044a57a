"""Counting devices instead of searching: who can have how many, and how long upstream searches."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.allocator.shortage import Demand, granted

_DEMANDS = st.lists(
    st.tuples(st.integers(0, 4), st.lists(st.integers(0, 5), max_size=6, unique=True)), min_size=1, max_size=3
)


@settings(max_examples=300, deadline=None)
@given(drawn=_DEMANDS)
def test_as_many_devices_are_granted_as_any_choice_grants(drawn):
    """Against trying all orders in which devices can be handed out."""
    demands = [Demand(count, devices) for count, devices in drawn]
    given_ = granted(demands)
    assert given_ is not None
    assert all(got <= demand.count for got, demand in zip(given_, demands, strict=True))
    assert sum(given_) == max(_by_hand(demands, order) for order in permutations(range(6)))


def _by_hand(demands: list[Demand[int]], order: tuple[int, ...]) -> int:
    """Hand out devices in this order, the first demand first, and the best of its later choices."""
    taken: set[int] = set()
    total = 0
    for demand in demands:
        mine = [device for device in order if device in demand.devices and device not in taken]
        taken.update(mine[: demand.count])
        total += len(mine[: demand.count])
    return total


def test_shareable_devices_go_to_every_demand():
    """Once to each."""
    assert granted([Demand(2, [0]), Demand(1, [0])], roomy=[0]) == [1, 1]


def test_too_many_to_count():
    """Beyond the limit nothing is told."""
    assert granted([Demand(1, range(60_000))]) is None
