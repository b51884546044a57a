"""Each constraint, as the search drives it: add, and remove in reverse order."""

from __future__ import annotations

import pytest

from extender.core.compared_values import INCOMPARABLE, MISSING, ValueClass
from extender.core.constraints import (
    DeviceConstraint,
    DistinctByDevice,
    DistinctByRequest,
    MatchAnyValue,
    MatchAttribute,
)


def sets(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


def accepted(constraint: DeviceConstraint, *values: ValueClass, request: str = "r") -> list[bool]:
    return [constraint.add(request, value) for value in values]


def test_match() -> None:
    """The first value counts until the last device is removed."""
    constraint = MatchAttribute()
    assert accepted(constraint, 1, 2, 1) == [True, False, True]
    constraint.remove("r")
    constraint.remove("r")
    assert accepted(constraint, 2, 1) == [True, False]


def test_match_odd_values() -> None:
    """No value never matches; an incomparable one is accepted first, and then matches nothing."""
    assert accepted(MatchAttribute(), MISSING) == [False]
    assert accepted(MatchAttribute(), INCOMPARABLE, INCOMPARABLE, 1) == [True, False, False]


@pytest.mark.parametrize("stays_narrow", [False, True])
def test_match_of_lists(stays_narrow: bool) -> None:
    """The values in common shrink; removing a device brings them back, but for a fault of 1.36."""
    constraint = MatchAnyValue(stays_narrow=stays_narrow)
    assert accepted(constraint, sets(1, 2), sets(3), sets(2, 3)) == [True, False, True]
    constraint.remove("r")
    assert constraint.add("r", sets(1)) is not stays_narrow
    assert accepted(MatchAnyValue(stays_narrow=stays_narrow), MISSING, INCOMPARABLE) == [False, False]


def test_distinct_by_device() -> None:
    """Every two devices differ."""
    constraint = DistinctByDevice(sets=False)
    assert accepted(constraint, 1, 2, 1) == [True, True, False]
    constraint.remove("r")
    assert accepted(constraint, 2, MISSING, INCOMPARABLE) == [True, False, False]
    assert accepted(DistinctByDevice(sets=False), INCOMPARABLE, 1) == [True, True]


def test_distinct_lists() -> None:
    """Every two have no value in common."""
    assert accepted(DistinctByDevice(sets=True), sets(1, 2), sets(2), sets(3)) == [True, False, True]
    assert accepted(DistinctByDevice(sets=True), INCOMPARABLE) == [False]


def test_distinct_by_request_forgets() -> None:
    """Of a request's devices only the last is remembered (to 1.36)."""
    constraint = DistinctByRequest(never_equal=False)
    assert accepted(constraint, 1, 1, 2, 1) == [True, False, True, True]
    assert not constraint.add("other", 1)
    constraint.remove("r")
    assert constraint.add("other", 1)


def test_distinct_that_never_finds_values_equal() -> None:
    """1.34 compares pointers."""
    assert accepted(DistinctByRequest(never_equal=True), 1, 1, MISSING, INCOMPARABLE) == [
        True,
        True,
        False,
        False,
    ]
