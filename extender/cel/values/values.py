"""
CEL values as Python values.

bool, int (64 bit), float, str and bytes are Python's; null is ``None`` and a list
is a tuple. What Python has no type of its own for is defined here and in
``maps.py``. Kinds are told apart by exact type: ``True`` is not 1.

Source: github.com/google/cel-go common/types, v0.26.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import EvaluationError, Unpredictable

MIN_INT = -(2**63)
MAX_INT = 2**63 - 1
MAX_UINT = 2**64 - 1


class Uint(int):
    """An unsigned 64-bit integer; equal to the int of the same value."""

    __slots__ = ()


class UnorderedList(tuple[object, ...]):
    """
    A list made by iterating a map, whose order Go randomises.

    Operations that do not depend on the order accept it; the others refuse it
    when it has more than one element.
    """

    __slots__ = ()


class GrowingList(tuple[object, ...]):
    """
    An empty list bound to a variable: cel-go makes it mutable, so that
    ``variable + list`` changes the variable itself.
    """

    __slots__ = ()


class ListAccumulator:
    """The list that a macro is making: only the macro can refer to it, so it grows in place."""

    __slots__ = ("elements",)

    def __init__(self) -> None:
        self.elements: list[object] = []


class TypeValue(NamedTuple):
    """A type as a value, as ``type(x)`` returns it."""

    name: str


class Optional:
    """``optional.of(value)``, or ``optional.none()`` if there is no value."""

    __slots__ = ("_value", "present")

    def __init__(self, value: object, present: bool = True) -> None:
        self._value = value
        self.present = present

    @property
    def is_error(self) -> bool:
        """Whether the value is an error or not known, which shows only when it is asked for."""
        return isinstance(self._value, EvaluationError | Unpredictable)

    @property
    def value(self) -> object:
        """The value; raises the error of ``optional.none().value()``."""
        if not self.present:
            raise EvaluationError("optional.none() dereference")
        if isinstance(self._value, EvaluationError | Unpredictable):
            raise self._value
        return self._value

    @property
    def element(self) -> object:
        """The value as an element of a list or map, where upstream keeps even an error."""
        if self.is_error:
            raise Unpredictable("an error inside a list or map is not modelled")
        return self.value


NONE = Optional(None, present=False)
LISTS = frozenset({tuple, UnorderedList, GrowingList})
NUMBERS = frozenset({int, Uint, float})
PRIMITIVES = frozenset({bool, int, Uint, float, str, bytes})
