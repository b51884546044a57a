"""
Constraints over the devices of one claim, with a stack discipline.

Values are compared by their class numbers (see ``layout``). For every ``add``
that succeeded there is exactly one ``remove`` with the same arguments.

Source: k8s.io/dynamic-resource-allocation structured/internal/incubating
allocator_incubating.go matchAttributeConstraint and constraint.go, v0.36.2.
"""

from __future__ import annotations

from .layout import INCOMPARABLE, MISSING
from .shape import ConstraintKind, ShapeConstraint


class MatchAttribute:
    """All devices share one value. The first device sets it."""

    __slots__ = ("_count", "_value", "attribute")

    def __init__(self, attribute: int) -> None:
        self.attribute = attribute
        self._value = MISSING
        self._count = 0

    def add(self, request: str, value: int) -> bool:
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


class DistinctAttribute:
    """
    All devices differ in the value.

    Up to 1.36 one value is kept per *request name*: of a request's devices only
    the last is remembered, and removing one forgets the entry.
    """

    __slots__ = ("_count", "_values", "attribute")

    def __init__(self, attribute: int) -> None:
        self.attribute = attribute
        self._values: dict[str, int] = {}
        self._count = 0

    def add(self, request: str, value: int) -> bool:
        if value == MISSING:
            return False
        known = self._values.values()
        if self._count > 0 and known and (value == INCOMPARABLE or value in known):
            return False
        self._values[request] = value
        self._count += 1
        return True

    def remove(self, request: str) -> None:
        self._values.pop(request, None)
        self._count -= 1


def constraint_of(constraint: ShapeConstraint) -> MatchAttribute | DistinctAttribute:
    """A fresh constraint for one search."""
    if constraint.kind is ConstraintKind.MATCH:
        return MatchAttribute(constraint.attribute)
    return DistinctAttribute(constraint.attribute)
