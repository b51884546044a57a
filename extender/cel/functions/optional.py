"""
Optional values.

Source: github.com/google/cel-go cel/library.go (OptionalTypes, version 2), v0.26.
"""

from __future__ import annotations

from ..checking.declarations import Charging, Function, function, overload
from ..errors import EvaluationError
from ..values.maps import AnyMap
from ..values.runtime_types import ordered, shown
from ..values.times import Duration, Timestamp
from ..values.values import LISTS, NONE, NUMBERS, Optional
from ..work import Work

_YEAR_ONE = (-62135596800, 0)


def _is_zero(value: object) -> bool:
    if isinstance(value, str | bytes | AnyMap) or type(value) in LISTS:
        assert isinstance(value, str | bytes | tuple | AnyMap)
        return not len(value)
    if isinstance(value, Duration):
        return not value.nanos
    if isinstance(value, Timestamp):
        return (value.seconds, value.nanos) == _YEAR_ONE
    return value is None or value is False or (type(value) in NUMBERS and value == 0)


def _of_non_zero(value: object) -> Optional:
    return NONE if _is_zero(value) else Optional(value)


def _first(elements: object) -> Optional:
    elements = ordered(elements)
    return Optional(elements[0]) if elements else NONE


def _last(elements: object) -> Optional:
    elements = ordered(elements)
    return Optional(elements[-1]) if elements else NONE


def _unwrap(work: Work, elements: object) -> object:
    unwrapped = []
    work.walk(len(ordered(elements)))
    for element in ordered(elements):
        if not isinstance(element, Optional):
            raise EvaluationError(f"value {shown(element)} is not optional")
        if element.present:
            unwrapped.append(element.element)
    return tuple(unwrapped)


FUNCTIONS: tuple[Function, ...] = (
    function("optional.of", overload("(V) -> optional(V)", Optional)),
    function("optional.ofNonZeroValue", overload("(V) -> optional(V)", _of_non_zero)),
    function("optional.none", overload("() -> optional(V)", lambda: NONE)),
    function("value", overload("optional(V).() -> V", lambda optional: optional.value)),
    function("hasValue", overload("optional(V).() -> bool", lambda optional: optional.present)),
    # The compiler evaluates the second operand of these two only if it is needed.
    function("or", overload("optional(V).(optional(V)) -> optional(V)")),
    function("orValue", overload("optional(V).(V) -> V")),
    function("_?._", overload("(dyn, string) -> optional(V)")),
    function("first", overload("list(V).() -> optional(V)", _first)),
    function("last", overload("list(V).() -> optional(V)", _last)),
    function("optional.unwrap", overload("(list(optional(V))) -> list(V)", Charging(_unwrap))),
    function("unwrapOpt", overload("list(optional(V)).() -> list(V)", Charging(_unwrap))),
)
