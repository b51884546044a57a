"""
Operators that do not just evaluate all their operands: ``&&``, ``||``, ``? :``, ``or``,
``==`` and membership in a constant list.

Source: github.com/google/cel-go interpreter/interpretable.go, decorators.go and
cel/library.go, v0.26.
"""

from __future__ import annotations

from collections.abc import Callable

from ..checking.call_costs import COMPARISON, EQUALITY
from ..errors import EvaluationError, Panic, no_such_overload
from ..values.named_formats import Format
from ..values.runtime_types import equal, type_name
from ..values.semver import Semver
from ..values.values import MAX_INT, MIN_INT, Optional, Uint
from ..work import Work
from .attributes import Evaluator
from .calls import failed
from .frame import Frame

Operands = tuple[Evaluator, ...]
_HASHED = frozenset({bool, int, Uint, float, str})
_SMALL = frozenset({bool, int, Uint, float})


class _NotConstant:
    __slots__ = ()


NOT_CONSTANT = _NotConstant()


def _conjunction(terms: Operands) -> Evaluator:
    return _absorbing(terms, decisive=False)


def _disjunction(terms: Operands) -> Evaluator:
    return _absorbing(terms, decisive=True)


def _absorbing(terms: Operands, *, decisive: bool) -> Evaluator:
    """A term with the decisive value decides, whatever errors the others are."""

    def evaluate(frame: Frame) -> object:
        first_error = None
        for term in terms:
            try:
                value = term(frame)
            except EvaluationError as error:
                first_error = first_error or error
                continue
            if value is decisive:
                return decisive
            if value is not True and value is not False:
                first_error = first_error or no_such_overload()
        if first_error is not None:
            raise first_error
        return not decisive

    return evaluate


def _not_strictly_false(operands: Operands) -> Evaluator:
    (operand,) = operands

    def evaluate(frame: Frame) -> object:
        try:
            value = operand(frame)
        except EvaluationError:
            return True
        return value if type(value) is bool else True

    return evaluate


def conditional(condition: Evaluator, truthy: Evaluator, falsy: Evaluator) -> Evaluator:
    """Build ``condition ? truthy : falsy``."""

    def evaluate(frame: Frame) -> object:
        decision = condition(frame)
        if decision is True:
            return truthy(frame)
        if decision is False:
            return falsy(frame)
        raise no_such_overload()

    return evaluate


def _or(operands: Operands) -> Evaluator:
    first, second = operands

    def evaluate(frame: Frame) -> object:
        value = first(frame)
        return second(frame) if type(value) is Optional and not value.present else value

    return evaluate


def _or_value(operands: Operands) -> Evaluator:
    first, second = operands

    def evaluate(frame: Frame) -> object:
        value = first(frame)
        if type(value) is not Optional:
            return value
        return value.value if value.present else second(frame)

    return evaluate


def _of_optional(build: Callable[[Operands], Evaluator]) -> Callable[[Operands], Evaluator]:
    """Let an operator refuse a first operand that is no optional."""

    def guard(operand: Evaluator) -> Evaluator:
        def evaluate(frame: Frame) -> object:
            value = operand(frame)
            if type(value) is Optional:
                return value
            raise no_such_overload()

        return evaluate

    return lambda operands: build((guard(operands[0]), *operands[1:]))


SPECIAL: dict[str, Callable[[Operands], Evaluator]] = {
    "_&&_": _conjunction,
    "_||_": _disjunction,
    "@not_strictly_false": _not_strictly_false,
    "or": _or,
    "orValue": _or_value,
}
"""Builders of the operators that handle the errors of their operands themselves."""

SPECIAL_029 = SPECIAL | {"or": _of_optional(_or), "orValue": _of_optional(_or_value)}
"""The same for cel-go 0.29."""


def equality(name: str, operands: Operands, constant: object, *, stops: bool) -> Evaluator:
    """
    Build ``==`` or ``!=``; ``constant`` is the right side if it is one.

    ``stops``: the right side is not evaluated where the left one fails (cel-go 0.33).
    """
    left, right = operands
    rest = () if stops else operands[1:]
    kind = type(constant)
    if name == "_==_" and kind in (str, bool, int):

        def equal_to_constant(frame: Frame) -> object:
            value = left(frame)
            return value == constant if type(value) is kind else equal(value, constant, frame.work)

        return equal_to_constant
    compare, cost = (equal, EQUALITY) if name == "_==_" else (unequal, COMPARISON)

    def evaluate(frame: Frame) -> object:
        try:
            first = left(frame)
        except EvaluationError as error:
            raise failed(frame, [], error, rest, None) from None
        second = right(frame)
        if type(first) not in _SMALL:
            frame.charge(cost.units((first, second), None, frame.work))
        return compare(first, second, frame.work)

    return evaluate


def unequal(left: object, right: object, work: Work) -> bool:
    """What ``left != right`` gives: cel-go asks whether ``==`` gives true, and an error is not true."""
    try:
        return not equal(left, right, work)
    except EvaluationError:
        return True


def membership_keys(elements: tuple[object, ...]) -> frozenset[tuple[type, object]] | None:
    """
    Return the keys under which cel-go looks for members of a constant list.

    ``None`` if the list has an element that cannot be hashed, then it compares one by one.
    """
    keys: set[tuple[type, object]] = set()
    for element in elements:
        kind = type(element)
        if kind not in _HASHED:
            return None
        keys.add((kind, element))
        if isinstance(element, float):
            if MIN_INT < element < MAX_INT and element.is_integer():
                keys.add((int, int(element)))
            if 0 <= element < 2.0**64 and element.is_integer():
                keys.add((Uint, int(element)))
        elif isinstance(element, int) and kind is not bool:
            keys.add((float, float(element)))
            if kind is int and element >= 0:
                keys.add((Uint, element))
            if kind is Uint and element <= MAX_INT:
                keys.add((int, element))
    return frozenset(keys)


def membership(element: Evaluator, keys: frozenset[tuple[type, object]]) -> Evaluator:
    """Build ``element in [constants]``."""

    def evaluate(frame: Frame) -> object:
        value = element(frame)
        kind = type(value)
        if kind in _HASHED:
            return (kind, value) in keys
        if kind is Semver or kind is bytes or kind is Format:
            raise Panic(f"internal error: runtime error: hash of unhashable type {type_name(value)}")
        return False

    return evaluate
