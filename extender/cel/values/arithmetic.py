"""
Arithmetic on numbers and times with Go's overflow rules.

Source: github.com/google/cel-go common/types/overflow.go, int.go, uint.go and
double.go, v0.26.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import EvaluationError, Unpredictable, no_such_overload
from ..work import Work
from .times import Duration, Timestamp, between, checked_duration, shifted
from .values import LISTS, MAX_INT, MAX_UINT, MIN_INT, GrowingList, ListAccumulator, Uint, UnorderedList

Binary = Callable[[object, object], object]


def checked_int(value: int) -> int:
    """Return a 64-bit result; raises ``integer overflow``."""
    if MIN_INT <= value <= MAX_INT:
        return value
    raise EvaluationError("integer overflow")


def checked_uint(value: int) -> Uint:
    """Return an unsigned 64-bit result; raises ``unsigned integer overflow``."""
    if 0 <= value <= MAX_UINT:
        return Uint(value)
    raise EvaluationError("unsigned integer overflow")


def add(work: Work, left: object, right: object) -> object:
    """Add numbers of one kind, or join strings, bytes or lists."""
    if type(left) in LISTS:
        return _join(work, left, right)
    if isinstance(left, str) and isinstance(right, str):
        work.build(len(left) + len(right))
        return left + right
    if isinstance(left, bytes) and isinstance(right, bytes):
        work.build(len(left) + len(right))
        return left + right
    if isinstance(left, ListAccumulator):
        assert isinstance(right, tuple)
        left.elements.extend(right)
        return left
    if isinstance(left, Duration | Timestamp):
        return _add_time(left, right)
    return _add_numbers(left, right)


def _add_time(left: Duration | Timestamp, right: object) -> object:
    if isinstance(left, Duration) and isinstance(right, Duration):
        return checked_duration(left.nanos + right.nanos)
    if isinstance(left, Duration) and isinstance(right, Timestamp):
        return shifted(right, left.nanos)
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return shifted(left, right.nanos)
    raise no_such_overload()


def subtract(left: object, right: object) -> object:
    """Subtract numbers of one kind, durations, or times."""
    if isinstance(left, Duration) and isinstance(right, Duration):
        return checked_duration(left.nanos - right.nanos)
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return shifted(left, checked_duration(-right.nanos).nanos)
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return between(left, right)
    return _subtract_numbers(left, right)


def _join(work: Work, left: object, right: object) -> object:
    if type(right) not in LISTS:
        raise no_such_overload()
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    if type(left) is GrowingList:
        raise Unpredictable("adding to an empty list bound to a variable changes the variable upstream")
    if not left:
        return right
    if not right:
        return left
    work.build_list(len(left) + len(right))
    joined = (*left, *right)
    return UnorderedList(joined) if UnorderedList in (type(left), type(right)) else joined


def _operator(
    symbol: str, whole: Callable[[int, int], int], real: Callable[[float, float], float] | None
) -> Binary:
    def operate(left: object, right: object) -> object:
        if type(left) is type(right) and type(left) is not bool:
            if isinstance(left, Uint) and isinstance(right, Uint):
                return checked_uint(whole(int(left), int(right)))
            if isinstance(left, int) and isinstance(right, int):
                return checked_int(whole(left, right))
            if real is not None and isinstance(left, float) and isinstance(right, float):
                return real(left, right)
        raise no_such_overload(symbol)

    return operate


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("division by zero")
    size = abs(left) // abs(right)
    return size if (left < 0) == (right < 0) else -size


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("modulus by zero")
    if left == MIN_INT and right == -1:
        raise EvaluationError("integer overflow")
    return left - right * _quotient(left, right)


def _real_quotient(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


_add_numbers = _operator("_+_", lambda a, b: a + b, lambda a, b: a + b)
_subtract_numbers = _operator("_-_", lambda a, b: a - b, lambda a, b: a - b)
multiply = _operator("_*_", lambda a, b: a * b, lambda a, b: a * b)
divide = _operator("_/_", _quotient, _real_quotient)
modulo = _operator("_%_", _remainder, None)


def negate(value: object) -> object:
    """Change the sign of an int, a double or a duration."""
    if type(value) is int:
        return checked_int(-value)
    if type(value) is float:
        return -value
    if isinstance(value, Duration):
        return checked_duration(-value.nanos)
    raise no_such_overload("-_")
