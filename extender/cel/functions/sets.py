"""
Functions that take lists for sets.

Source: github.com/google/cel-go ext/sets.go, v0.26.
"""

from __future__ import annotations

from ..checking import call_costs
from ..checking.declarations import Charging, Function, function, overload
from ..values.runtime_types import of_one_hashed_kind
from ..work import Work
from .standard import comparable_and_equal

List = tuple[object, ...]


def _contains(work: Work, elements: List, part: List) -> bool:
    work.walk(len(elements) + len(part))
    if of_one_hashed_kind((*elements, *part)):
        return set(elements).issuperset(part)
    return all(_has(work, elements, item) for item in part)


def _equivalent(work: Work, first: List, second: List) -> bool:
    return _contains(work, first, second) and _contains(work, second, first)


def _intersects(work: Work, first: List, second: List) -> bool:
    work.walk(len(first) + len(second))
    if of_one_hashed_kind((*first, *second)):
        return not set(first).isdisjoint(second)
    return any(_has(work, second, item) for item in first)


def _has(work: Work, elements: List, item: object) -> bool:
    work.walk(len(elements))
    return any(comparable_and_equal(work, item, element) for element in elements)


_SIGNATURE = "(list(T), list(T)) -> bool"

FUNCTIONS: tuple[Function, ...] = (
    function("sets.contains", overload(_SIGNATURE, Charging(_contains), call_costs.SETS)),
    function("sets.equivalent", overload(_SIGNATURE, Charging(_equivalent), call_costs.SETS_BOTH_WAYS)),
    function("sets.intersects", overload(_SIGNATURE, Charging(_intersects), call_costs.SETS)),
)
