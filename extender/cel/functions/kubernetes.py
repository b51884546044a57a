"""
Functions of quantities and versions, and ``includes``.

Source: k8s.io/apiserver pkg/cel/library/quantity.go, semverlib.go and lists.go, v0.36 and v0.37;
``includes`` also k8s.io/dynamic-resource-allocation cel/compile.go, v0.36.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..checking import call_costs
from ..checking.declarations import Charging, Function, Overload, function, overload
from ..errors import EvaluationError, Unpredictable
from ..values.parsing import parsing, succeeds
from ..values.quantities import PARSE_UNITS, QuantityValue, parse_quantity_value, whole
from ..values.semver import Semver, normalized, parse_semver
from ..values.values import LISTS
from ..work import Work
from .standard import comparable_and_equal


def _semver(text: str, normalize: bool) -> Semver:
    return parse_semver(normalized(text) if normalize else text)


def _semver_units(length: int) -> int:
    return 5 + length


def _quantity_units(_: int) -> int:
    return PARSE_UNITS


def _to_semver(work: Work, text: str, normalize: bool) -> object:
    return parsing(lambda version: _semver(version, normalize), _semver_units)(work, text)


def _is_semver(work: Work, text: str, normalize: bool) -> bool:
    return succeeds(lambda version: _semver(version, normalize), _semver_units)(work, text)


def _order(work: Work, left: Semver, right: Semver) -> int:
    work.charge(len(left.text) >> 4)
    return (left.key > right.key) - (left.key < right.key)


def _int64(value: int) -> int:
    """Reinterpret an unsigned 64-bit number as Go's conversion does."""
    return value - 2**64 if value >= 2**63 else value


def _as_integer(quantity: QuantityValue) -> int:
    if quantity.integer is None:
        raise EvaluationError("cannot convert value to integer")
    return quantity.integer


def includes(limit: int | None) -> Function:
    """
    Declare ``includes``: an element of a list, or the scalar itself.

    A list longer than ``limit`` is an error unless the value is found before; ``None``: no limit.
    """

    def included(work: Work, target: object, argument: object) -> bool:
        if type(target) not in LISTS:
            return comparable_and_equal(work, target, argument)
        assert isinstance(target, tuple)
        work.walk(len(target))
        for index, item in enumerate(target):
            if limit is not None and index >= limit:
                raise EvaluationError(
                    f"'includes' function cannot be applied to lists longer than {limit} values"
                )
            if comparable_and_equal(work, item, argument):
                return True
        return False

    return function(
        "includes",
        overload("dyn.(dyn) -> bool", Charging(included)),
        cost=None if limit else call_costs.TRAVERSAL,
    )


def quantity_sums(*, in_place: bool, wide: bool) -> tuple[Function, ...]:
    """
    Declare ``add`` and ``sub``.

    ``in_place``: they change a quantity that is an arbitrary decimal (to 1.36). ``wide``: as in
    ``QuantityValue.plus``.
    """

    def combine(work: Work, left: QuantityValue, right: QuantityValue, sign: int) -> QuantityValue:
        work.charge(PARSE_UNITS)
        if not in_place:
            return left.plus(right, sign=sign, wide=wide)
        if left.borrowed and left.decimal is not None:
            raise Unpredictable("adding to this capacity changes the device itself upstream")
        return left.plus_in_place(right, sign=sign)

    def declare(name: str, sign: int) -> Function:
        return function(
            name,
            overload(
                "Quantity.(Quantity) -> Quantity",
                Charging(lambda work, left, right: combine(work, left, right, sign)),
            ),
            overload(
                "Quantity.(int) -> Quantity",
                Charging(lambda work, left, right: combine(work, left, whole(right), sign)),
            ),
        )

    return declare("add", 1), declare("sub", -1)


def _version_test(accept: Callable[[int], object]) -> Charging:
    return Charging(lambda work, left, right: accept(_order(work, left, right)))


def _quantity_test(accept: Callable[[int], object]) -> Callable[[QuantityValue, QuantityValue], object]:
    return lambda left, right: accept(left.compare(right))


def _ordering(name: str, result: str, accept: Callable[[int], object]) -> Function:
    overloads: tuple[Overload, ...] = (
        overload(f"Quantity.(Quantity) -> {result}", _quantity_test(accept)),
        overload(f"Semver.(Semver) -> {result}", _version_test(accept)),
    )
    return function(name, *overloads)


def quantity_parsers(*, wide: bool) -> tuple[Function, ...]:
    """Declare what parses quantities; ``wide``: as in ``parse_quantity_value``."""
    parse = partial(parse_quantity_value, wide=wide)
    return (
        function(
            "quantity",
            overload("(string) -> Quantity", Charging(parsing(parse, _quantity_units))),
            cost=call_costs.WALK,
        ),
        function(
            "isQuantity",
            overload("(string) -> bool", Charging(succeeds(parse, _quantity_units))),
            cost=call_costs.WALK,
        ),
    )


FUNCTIONS: tuple[Function, ...] = (
    function("sign", overload("(Quantity) -> int", lambda quantity: quantity.sign)),
    _ordering("isGreaterThan", "bool", lambda order: order > 0),
    _ordering("isLessThan", "bool", lambda order: order < 0),
    _ordering("compareTo", "int", lambda order: order),
    function("asApproximateFloat", overload("Quantity.() -> double", lambda quantity: quantity.approximate)),
    function("asInteger", overload("Quantity.() -> int", _as_integer)),
    function("isInteger", overload("Quantity.() -> bool", lambda quantity: quantity.integer is not None)),
    function(
        "semver",
        overload("(string) -> Semver", Charging(parsing(parse_semver, _semver_units))),
        overload("(string, bool) -> Semver", Charging(_to_semver)),
        cost=call_costs.WALK,
    ),
    function(
        "isSemver",
        overload("(string) -> bool", Charging(succeeds(parse_semver, _semver_units))),
        overload("(string, bool) -> bool", Charging(_is_semver)),
        cost=call_costs.WALK,
    ),
    function("major", overload("Semver.() -> int", lambda version: _int64(version.major))),
    function("minor", overload("Semver.() -> int", lambda version: _int64(version.minor))),
    function("patch", overload("Semver.() -> int", lambda version: _int64(version.patch))),
)
