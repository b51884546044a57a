"""
Functions that take lists for sets.

Source: github.com/google/cel-go ext/sets.go, v0.26.
"""

from __future__ import annotations

from ..checking import call_costs
from ..checking.declarations import Function, function, overload
from ..values.runtime_types import of_one_hashed_kind
from .standard import contained

List = tuple[object, ...]


def _contains(elements: List, part: List) -> bool:
    if of_one_hashed_kind((*elements, *part)):
        return set(elements).issuperset(part)
    return all(contained(item, elements) for item in part)


def _equivalent(first: List, second: List) -> bool:
    return _contains(first, second) and _contains(second, first)


def _intersects(first: List, second: List) -> bool:
    if of_one_hashed_kind((*first, *second)):
        return not set(first).isdisjoint(second)
    return any(contained(item, second) for item in first)


_SIGNATURE = "(list(T), list(T)) -> bool"

FUNCTIONS: tuple[Function, ...] = (
    function("sets.contains", overload(_SIGNATURE, _contains, call_costs.SETS)),
    function("sets.equivalent", overload(_SIGNATURE, _equivalent, call_costs.SETS_BOTH_WAYS)),
    function("sets.intersects", overload(_SIGNATURE, _intersects, call_costs.SETS)),
)
