"""
List functions.

Source: k8s.io/apiserver pkg/cel/library/lists.go, v0.36, and github.com/google/cel-go
ext/lists.go (version 3), v0.26.
"""

from __future__ import annotations

import math
from functools import cmp_to_key
from itertools import pairwise

from ..checking import call_costs
from ..checking.declarations import Charging, Function, Overload, function, overload
from ..errors import COST_EXCEEDED, CostExceeded, EvaluationError, Unpredictable, no_such_overload
from ..values.arithmetic import add
from ..values.runtime_types import COMPARABLE, compare, of_one_hashed_kind, ordered
from ..values.times import Duration
from ..values.values import LISTS, Uint
from ..work import Work
from .standard import comparable_and_equal
from .strings import index_overloads

_COMPARABLE = ("int", "uint", "double", "bool", "Duration", "Timestamp", "string", "bytes")
_LONGEST_RANGE = 1_000_000
_MOST_MEMORY = 100_000_000
_INSERTION_SORTED = 12

List = tuple[object, ...]


def _scan(work: Work, elements: List, times: int = 1) -> None:
    """Charge for comparing each element so many times with another one."""
    per_element = 1
    if elements and isinstance(elements[0], str | bytes):
        longest = max([len(element) for element in elements if isinstance(element, str | bytes)])
        per_element += longest >> 10
    work.charge(len(elements) * times * per_element)


def _is_sorted(work: Work, elements: List) -> bool:
    elements = ordered(elements)
    _scan(work, elements)
    if any(type(element) not in COMPARABLE for element in elements):
        raise no_such_overload()
    for previous, element in pairwise(elements):
        try:
            if compare(previous, element) > 0:
                return False
        except EvaluationError:
            continue
    return True


def _sum(zero: object) -> Charging:
    def total(work: Work, elements: List) -> object:
        work.walk(len(elements))
        result = zero
        for element in ordered(elements) if type(zero) is float else elements:
            result = add(work, result, element)
        return result

    return Charging(total)


def _extreme(name: str, better: int) -> Charging:
    def best(work: Work, elements: List) -> object:
        elements = ordered(elements)
        if not elements:
            raise EvaluationError(f"{name} called on empty list")
        _scan(work, elements)
        if any(type(element) not in COMPARABLE for element in elements):
            raise no_such_overload()
        result = elements[0]
        for element in elements[1:]:
            try:
                if compare(element, result) == better:
                    result = element
            except EvaluationError:
                continue
        return result

    return Charging(best)


def _list_index(work: Work, elements: List, item: object) -> int:
    work.walk(len(elements))
    for index, element in enumerate(ordered(elements)):
        if comparable_and_equal(work, element, item):
            return index
    return -1


def _list_last_index(work: Work, elements: List, item: object) -> int:
    work.walk(len(elements))
    for index in range(len(ordered(elements)) - 1, -1, -1):
        if comparable_and_equal(work, elements[index], item):
            return index
    return -1


def _slice(work: Work, elements: List, start: int, end: int) -> List:
    elements = ordered(elements)
    if start < 0 or end < 0:
        raise EvaluationError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise EvaluationError(
            f"cannot slice({start}, {end}), start index must be less than or equal to end index"
        )
    if len(elements) < end:
        raise EvaluationError(f"cannot slice({start}, {end}), list is length {len(elements)}")
    work.build_list(end - start)
    return elements[start:end]


def _flatten(work: Work, elements: object, depth: object = 1) -> object:
    if type(elements) not in LISTS or type(depth) is not int:
        raise no_such_overload("flatten")
    if depth < 0:
        raise EvaluationError("level must be non-negative")
    flat: list[object] = []
    _flatten_into(flat, work, elements, depth)
    return tuple(flat)


def _flatten_into(flat: list[object], work: Work, elements: object, depth: int) -> None:
    elements = ordered(elements)
    work.charge(len(elements) // 4 + 1)
    for element in elements:
        if type(element) in LISTS and depth:
            _flatten_into(flat, work, element, depth - 1)
        else:
            flat.append(element)


def _sort(work: Work, elements: object) -> object:
    return _sort_by_keys(work, elements, elements)


def _sort_by_keys(work: Work, elements: object, keys: object) -> object:
    if type(elements) not in LISTS:
        raise no_such_overload("sort")
    if type(keys) not in LISTS:
        raise no_such_overload("@sortByAssociatedKeys")
    assert isinstance(elements, tuple)
    assert isinstance(keys, tuple)
    if len(elements) != len(keys):
        raise EvaluationError(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list"
        )
    if not elements:
        return elements
    if type(keys[0]) not in COMPARABLE:
        raise EvaluationError("list elements must be comparable")
    _scan(work, keys, len(keys).bit_length())
    if len(keys) > 1 and any(type(key) is not type(keys[0]) for key in keys):
        raise EvaluationError("list elements must have the same type")
    if elements is not keys:
        elements, keys = ordered(elements), ordered(keys)
    entries = list(zip(keys, elements, strict=True))
    if len(entries) <= _INSERTION_SORTED:
        _insertion_sort(entries)
    else:
        if any(isinstance(key, float) and math.isnan(key) for key in keys):
            raise Unpredictable("sorting NaN is not modelled")
        entries.sort(key=cmp_to_key(_compare_keys))
        if elements is not keys and any(not compare(a, b) for (a, _), (b, _) in pairwise(entries)):
            raise Unpredictable("the order of many elements with equal keys is not modelled")
    return tuple([element for _, element in entries])


def _compare_keys(first: tuple[object, object], second: tuple[object, object]) -> int:
    return compare(first[0], second[0])


def _insertion_sort(entries: list[tuple[object, object]]) -> None:
    """Sort as Go sorts a short list, which shows with NaN: it is not less than anything."""
    for start in range(1, len(entries)):
        index = start
        while index and _is_less(entries[index][0], entries[index - 1][0]):
            entries[index - 1], entries[index] = entries[index], entries[index - 1]
            index -= 1


def _is_less(left: object, right: object) -> bool:
    try:
        return compare(left, right) < 0
    except EvaluationError:
        return False


def _distinct(work: Work, elements: List) -> List:
    elements = ordered(elements)
    work.walk(len(elements))
    if of_one_hashed_kind(elements):
        return tuple(dict.fromkeys(elements))
    unique: list[object] = []
    for element in elements:
        work.walk(len(unique))
        if not any(comparable_and_equal(work, element, other) for other in unique):
            unique.append(element)
    return tuple(unique)


def _reverse(work: Work, elements: List) -> List:
    work.build_list(len(elements))
    return ordered(elements)[::-1]


def _range(work: Work, count: int) -> List:
    if count > _MOST_MEMORY:
        raise Unpredictable("a list so long may exhaust the scheduler's memory")
    if count > _LONGEST_RANGE:
        raise CostExceeded(COST_EXCEEDED)
    return _numbers(work, count)


def _checked_range(work: Work, count: int) -> List:
    if count < 0:
        raise EvaluationError(f"lists.range: size must be non-negative, got {count}")
    if count > _LONGEST_RANGE:
        raise EvaluationError(f"lists.range: size {count} exceeds maximum allowed ({_LONGEST_RANGE})")
    return _numbers(work, count)


def _numbers(work: Work, count: int) -> List:
    work.charge(max(count, 0) >> 2)
    return tuple(range(count))


def list_functions(*, cel_go_029: bool, cel_go_033: bool) -> tuple[Function, ...]:
    """Declare the functions; ``cel_go_029``, ``cel_go_033``: those of that cel-go instead of 0.26."""
    index_of, last_index_of = index_overloads(checks_offset=cel_go_029)
    result_list = call_costs.RESULT_LIST_033 if cel_go_033 else call_costs.RESULT_LIST
    flattening = call_costs.flattening(negative_depth_counts=not cel_go_029)
    if cel_go_033:
        flattening = call_costs.FLATTENING_033
    lookup = (
        function(
            "indexOf",
            *_ordered(overload("list(A).(A) -> int", Charging(_list_index)), index_of, cel_go_029),
            cost=call_costs.TRAVERSAL,
        ),
        function(
            "lastIndexOf",
            *_ordered(overload("list(A).(A) -> int", Charging(_list_last_index)), last_index_of, cel_go_029),
            cost=call_costs.TRAVERSAL,
        ),
        function(
            "flatten",
            overload("list(list(T)).() -> list(T)", cost=flattening),
            overload("list(dyn).(int) -> list(dyn)", cost=flattening),
            singleton=Charging(_flatten),
        ),
        function(
            "lists.range",
            overload(
                "(int) -> list(int)",
                Charging(_checked_range if cel_go_029 else _range),
                result_list,
            ),
        ),
        function("reverse", overload("list(T).() -> list(T)", Charging(_reverse), result_list)),
        function("slice", overload("list(T).(int, int) -> list(T)", Charging(_slice), result_list)),
    )
    return (*lookup, *_FUNCTIONS)


def _ordered(
    of_list: Overload, of_strings: tuple[Overload, ...], strings_first: bool
) -> tuple[Overload, ...]:
    """The order of the overloads decides which one a call on an unknown value means."""
    return (*of_strings, of_list) if strings_first else (of_list, *of_strings)


_FUNCTIONS: tuple[Function, ...] = (
    function(
        "isSorted",
        *(overload(f"list({element}).() -> bool", Charging(_is_sorted)) for element in _COMPARABLE),
        cost=call_costs.TRAVERSAL,
    ),
    function(
        "sum",
        overload("list(int).() -> int", _sum(0)),
        overload("list(uint).() -> uint", _sum(Uint(0))),
        overload("list(double).() -> double", _sum(0.0)),
        overload("list(Duration).() -> Duration", _sum(Duration(0))),
        cost=call_costs.TRAVERSAL,
    ),
    function(
        "max",
        *(overload(f"list({element}).() -> {element}", _extreme("max", 1)) for element in _COMPARABLE),
        cost=call_costs.TRAVERSAL,
    ),
    function(
        "min",
        *(overload(f"list({element}).() -> {element}", _extreme("min", -1)) for element in _COMPARABLE),
        cost=call_costs.TRAVERSAL,
    ),
    function(
        "sort",
        *(
            overload(f"list({element}).() -> list({element})", cost=call_costs.SELF_COMPARISON)
            for element in _COMPARABLE
        ),
        singleton=Charging(_sort),
    ),
    function(
        "@sortByAssociatedKeys",
        *(
            overload(f"list(T).(list({element})) -> list(T)", cost=call_costs.KEYS_COMPARISON)
            for element in _COMPARABLE
        ),
        singleton=Charging(_sort_by_keys),
    ),
    function("distinct", overload("list(T).() -> list(T)", Charging(_distinct), call_costs.SELF_COMPARISON)),
)
