"""
Constraints over the devices of one claim, with a stack discipline.

Values are compared by their class numbers (see ``layout``): one number for a
scalar, a set of them where list attributes count as sets. For every ``add`` that
succeeded there is exactly one ``remove`` with the same request, in reverse order.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go
matchAttributeConstraint and constraint.go, v0.34 to v0.37.
"""

from __future__ import annotations

from typing import Protocol

from ..claims.compiled_claims import CompiledConstraint, ConstraintKind
from ..releases.release import DistinctRule, Release
from .compared_values import INCOMPARABLE, MISSING, ValueClass


class DeviceConstraint(Protocol):
    """What the search asks of a constraint; ``request`` is the (parent) request's name."""

    def add(self, request: str, value: ValueClass) -> bool:
        """Take in a device with this value, unless that breaks the constraint."""

    def remove(self, request: str) -> None:
        """Undo the newest ``add``."""


class MatchAttribute:
    """All devices share one value. The first device sets it."""

    __slots__ = ("_count", "_value")

    def __init__(self) -> None:
        self._value: ValueClass = MISSING
        self._count = 0

    def add(self, request: str, value: ValueClass) -> bool:
        del request
        if value == MISSING:
            return False
        if self._count == 0:
            self._value = value
        elif value == INCOMPARABLE or value != self._value:
            return False
        self._count += 1
        return True

    def remove(self, request: str) -> None:
        del request
        self._count -= 1


class MatchAnyValue:
    """
    All devices have a value in common: list attributes count as sets.

    ``stays_narrow``: removing a device does not bring back the values that it ruled out.
    """

    __slots__ = ("_common", "_stays_narrow")

    def __init__(self, *, stays_narrow: bool) -> None:
        self._common: list[frozenset[int]] = []
        self._stays_narrow = stays_narrow

    def add(self, request: str, value: ValueClass) -> bool:
        del request
        if not isinstance(value, frozenset):
            return False
        common = self._common[-1] & value if self._common else value
        if not common:
            return False
        self._common.append(common)
        return True

    def remove(self, request: str) -> None:
        del request
        narrowed = self._common.pop()
        if self._stays_narrow and self._common:
            self._common[-1] = narrowed


class DistinctByDevice:
    """Every two devices differ in the value."""

    __slots__ = ("_sets", "_values")

    def __init__(self, *, sets: bool) -> None:
        self._values: list[ValueClass] = []
        self._sets = sets

    def add(self, request: str, value: ValueClass) -> bool:
        del request
        if value == MISSING or (value == INCOMPARABLE and (self._sets or self._values)):
            return False
        if any(_collide(value, earlier) for earlier in self._values):
            return False
        self._values.append(value)
        return True

    def remove(self, request: str) -> None:
        del request
        self._values.pop()


class DistinctByRequest:
    """
    All devices should differ in the value, but one value is kept per *request name*.

    Of a request's devices only the last is remembered, and removing one forgets
    the entry. ``never_equal``: no two values count as equal.
    """

    __slots__ = ("_count", "_never_equal", "_values")

    def __init__(self, *, never_equal: bool) -> None:
        self._values: dict[str, ValueClass] = {}
        self._count = 0
        self._never_equal = never_equal

    def add(self, request: str, value: ValueClass) -> bool:
        if value == MISSING:
            return False
        if self._count > 0 and self._values:
            if value == INCOMPARABLE:
                return False
            if not self._never_equal and any(_collide(value, earlier) for earlier in self._values.values()):
                return False
        self._values[request] = value
        self._count += 1
        return True

    def remove(self, request: str) -> None:
        self._values.pop(request, None)
        self._count -= 1


def _collide(value: ValueClass, other: ValueClass) -> bool:
    if isinstance(value, frozenset) and isinstance(other, frozenset):
        return not value.isdisjoint(other)
    return value == other


def constraint_of(constraint: CompiledConstraint, release: Release) -> DeviceConstraint:
    """A fresh constraint for one search."""
    sets = release.features.list_type_attributes
    if constraint.kind is ConstraintKind.MATCH:
        if sets:
            return MatchAnyValue(stays_narrow=release.list_matches_stay_narrow)
        return MatchAttribute()
    if release.distinct is DistinctRule.BY_DEVICE:
        return DistinctByDevice(sets=sets)
    return DistinctByRequest(never_equal=release.distinct is DistinctRule.NEVER_EQUAL)
