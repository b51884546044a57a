"""
The operators and the functions of the standard library.

Source: github.com/google/cel-go common/stdlib/standard.go, v0.26.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..checking import call_costs
from ..checking.declarations import Charging, Function, function, overload
from ..errors import EvaluationError, no_such_overload
from ..values import arithmetic
from ..values.maps import AnyMap, MapAccumulator
from ..values.regular_expressions import compile_pattern
from ..values.runtime_types import compare, equal_values
from ..values.values import LISTS, NUMBERS
from ..work import Work

_COMPARISON_COSTS = {"string, string": call_costs.COMPARISON, "bytes, bytes": call_costs.COMPARISON}
_COMPARED = (
    "bool, bool",
    "int, int",
    "int, double",
    "int, uint",
    "uint, uint",
    "uint, double",
    "uint, int",
    "double, double",
    "double, int",
    "double, uint",
    "string, string",
    "bytes, bytes",
    "Timestamp, Timestamp",
    "Duration, Duration",
)


def logical_not(value: object) -> object:
    """Negate a bool."""
    if type(value) is bool:
        return not value
    raise no_such_overload("!_")


def contained(work: Work, element: object, aggregate: object) -> object:
    """Whether a list has an equal element, or a map the key."""
    if isinstance(aggregate, AnyMap):
        return aggregate.contains(element)
    if type(aggregate) in LISTS:
        assert isinstance(aggregate, tuple)
        work.walk(len(aggregate))
        return any(comparable_and_equal(work, element, other) for other in aggregate)
    raise no_such_overload("@in")


def comparable_and_equal(work: Work, left: object, right: object) -> bool:
    """Whether two values are equal, taking the error for "no"."""
    try:
        return equal_values(left, right, work)
    except EvaluationError:
        return False


def not_strictly_false(value: object) -> object:
    """Turn everything but false into true, an error too (the caller sees to that)."""
    return value if type(value) is bool else True


def _size(value: object) -> object:
    if type(value) in LISTS or isinstance(value, str | bytes | AnyMap):
        assert isinstance(value, tuple | str | bytes | AnyMap)
        return len(value)
    raise no_such_overload("size")


def _compared(accepted: frozenset[int], *, orders_nan: bool) -> Callable[[object, object], object]:
    def test(left: object, right: object) -> object:
        return compare(left, right) in accepted

    def test_with_nan(left: object, right: object) -> object:
        if type(left) in NUMBERS and type(right) in NUMBERS and (_is_nan(left) or _is_nan(right)):
            return False
        return compare(left, right) in accepted

    return test_with_nan if orders_nan else test


def _strings(test: Callable[[str, str], bool], name: str) -> Charging:
    def checked(work: Work, text: object, part: object) -> object:
        if isinstance(text, str) and isinstance(part, str):
            work.search(len(text), len(part))
            return test(text, part)
        raise no_such_overload(name)

    return Charging(checked)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _matches(work: Work, text: object, pattern: object) -> bool:
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise no_such_overload("matches")
    try:
        return compile_pattern(pattern, work).matches(text, work)
    except ValueError as error:
        raise EvaluationError(str(error)) from None


def _insert(work: Work, target: object, key: object, value: object) -> MapAccumulator:
    work.charge(1)
    assert isinstance(target, MapAccumulator)
    if target.contains(key):
        raise EvaluationError(f"insert failed: key {key} already exists")
    target.insert(key, value)
    return target


def _merge(work: Work, target: object, update: AnyMap) -> object:
    for key in update:
        target = _insert(work, target, key, update.find(key))
    return target


def comparisons(*, orders_nan: bool) -> tuple[Function, ...]:
    """Declare the comparisons; ``orders_nan``: with NaN they are false (cel-go 0.33), else an error."""
    return (
        _comparison("_<_", -1, orders_nan=orders_nan),
        _comparison("_<=_", -1, 0, orders_nan=orders_nan),
        _comparison("_>_", 1, orders_nan=orders_nan),
        _comparison("_>=_", 0, 1, orders_nan=orders_nan),
    )


def _comparison(name: str, *accepted: int, orders_nan: bool) -> Function:
    overloads = (
        overload(f"({arguments}) -> bool", cost=_COMPARISON_COSTS.get(arguments)) for arguments in _COMPARED
    )
    return function(name, *overloads, singleton=_compared(frozenset(accepted), orders_nan=orders_nan))


def _numeric(name: str, singleton: arithmetic.Binary, *more: str) -> Function:
    kinds = ("double, double) -> double", "int, int) -> int", "uint, uint) -> uint")
    overloads = (*(f"({kind}" for kind in kinds), *more)
    return function(name, *map(overload, overloads), singleton=singleton)


_IN = (overload("(A, list(A)) -> bool", cost=call_costs.MEMBERS), overload("(A, map(A, B)) -> bool"))


def string_tests(*, cel_go_029: bool) -> tuple[Function, ...]:
    """Declare the tests of strings whose costs cel-go 0.29 counts otherwise."""
    ends = call_costs.SECOND_OPERAND_WALK if cel_go_029 else call_costs.OPERAND_WALK
    return (
        function(
            "endsWith",
            overload("string.(string) -> bool", cost=ends),
            singleton=_strings(str.endswith, "endsWith"),
        ),
        function(
            "startsWith",
            overload("string.(string) -> bool", cost=ends),
            singleton=_strings(str.startswith, "startsWith"),
        ),
        function(
            "matches",
            overload("(string, string) -> bool", cost=call_costs.OPERAND_SEARCH if cel_go_029 else None),
            overload("string.(string) -> bool", cost=call_costs.OPERAND_SEARCH),
            singleton=Charging(_matches),
        ),
    )


_SIZES = ("bytes", "list(A)", "map(A, B)", "string")
_LOGIC = overload("(bool, bool) -> bool")

FUNCTIONS: tuple[Function, ...] = (
    function("!_", overload("(bool) -> bool"), singleton=logical_not),
    function("@not_strictly_false", overload("(bool) -> bool"), singleton=not_strictly_false),
    function("_&&_", _LOGIC),
    function("_||_", _LOGIC),
    function("_?_:_", overload("(bool, A, A) -> A")),
    function("_==_", overload("(A, A) -> bool"), cost=call_costs.EQUALITY),
    function("_!=_", overload("(A, A) -> bool"), cost=call_costs.COMPARISON),
    function("@in", *_IN, singleton=Charging(contained)),
    function("in", *_IN, singleton=Charging(contained)),
    function("_in_", *_IN, singleton=Charging(contained)),
    function(
        "_+_",
        overload("(bytes, bytes) -> bytes", cost=call_costs.CONCATENATION),
        overload("(double, double) -> double"),
        overload("(Duration, Duration) -> Duration"),
        overload("(Duration, Timestamp) -> Timestamp"),
        overload("(Timestamp, Duration) -> Timestamp"),
        overload("(int, int) -> int"),
        overload("(list(A), list(A)) -> list(A)"),
        overload("(string, string) -> string", cost=call_costs.CONCATENATION),
        overload("(uint, uint) -> uint"),
        singleton=Charging(arithmetic.add),
    ),
    function(
        "_-_",
        *map(
            overload,
            (
                "(double, double) -> double",
                "(Duration, Duration) -> Duration",
                "(int, int) -> int",
                "(Timestamp, Duration) -> Timestamp",
                "(Timestamp, Timestamp) -> Duration",
                "(uint, uint) -> uint",
            ),
        ),
        singleton=arithmetic.subtract,
    ),
    _numeric("_*_", arithmetic.multiply),
    _numeric("_/_", arithmetic.divide),
    function(
        "_%_", *map(overload, ("(int, int) -> int", "(uint, uint) -> uint")), singleton=arithmetic.modulo
    ),
    function("-_", *map(overload, ("(double) -> double", "(int) -> int")), singleton=arithmetic.negate),
    function(
        "_[_]",
        overload("(list(A), int) -> A"),
        overload("(map(A, B), A) -> B"),
        overload("(optional(list(V)), int) -> optional(V)"),
        overload("(optional(map(K, V)), K) -> optional(V)"),
    ),
    function(
        "_[?_]",
        overload("(list(V), int) -> optional(V)"),
        overload("(optional(list(V)), int) -> optional(V)"),
        overload("(map(K, V), K) -> optional(V)"),
        overload("(optional(map(K, V)), K) -> optional(V)"),
    ),
    function(
        "size",
        *(overload(signature) for kind in _SIZES for signature in (f"({kind}) -> int", f"{kind}.() -> int")),
        singleton=_size,
    ),
    function(
        "contains",
        overload("string.(string) -> bool", cost=call_costs.SUBSTRING_SEARCH),
        singleton=_strings(lambda text, part: part in text, "contains"),
    ),
    function(
        "cel.@mapInsert",
        overload("(map(K, V), K, V) -> map(K, V)", Charging(_insert)),
        overload("(map(K, V), map(K, V)) -> map(K, V)", Charging(_merge)),
    ),
)
