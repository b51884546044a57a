"""
Calls of functions, and list and map literals.

Source: github.com/google/cel-go interpreter/interpretable.go and
common/decls/decls.go (dispatch by the kinds of the arguments), v0.26.
"""

from __future__ import annotations

from .attributes import Evaluator
from .declarations import Function, Implementation, Overload
from .errors import EvaluationError, Undecided, no_such_overload
from .frame import Frame
from .maps import ValueMap, map_key
from .runtime_types import exact_class, type_name
from .values import Optional, TypeValue

_SMALL = frozenset({bool, int, float})


def call(function: Function, overload: Overload | None, operands: tuple[Evaluator, ...]) -> Evaluator:
    """Build a call; ``overload`` is set if the types leave no choice."""
    if function.singleton is not None:
        return _direct(function, operands)
    if overload is not None and overload.implementation is not None:
        classes = [exact_class(argument.name) for argument in overload.arguments]
        if len(classes) == 1 and classes[0] is not None:
            return _unary(function, overload.implementation, classes[0], operands[0])
        if len(classes) == 2 and classes[0] is not None and classes[1] is not None:
            return _binary(function, overload.implementation, (classes[0], classes[1]), operands)
    candidates = function.overloads if overload is None else (overload,)

    def evaluate(frame: Frame) -> object:
        values = tuple([operand(frame) for operand in operands])
        # A call that fails for its arguments' types is charged all the same.
        frame.charge(function.cost(*values))
        for candidate in candidates:
            if candidate.accepts(values):
                if candidate.implementation is None:
                    raise Undecided(f"{function.name}() is not modelled for these values")
                return candidate.implementation(*values)
        raise no_such_overload(function.name)

    return evaluate


def _unary(function: Function, implementation: Implementation, kind: type, operand: Evaluator) -> Evaluator:
    """A call with one argument of one possible class."""
    cost = function.cost

    def evaluate(frame: Frame) -> object:
        value = operand(frame)
        frame.charge(cost(value))
        if type(value) is not kind:
            raise no_such_overload(function.name)
        return implementation(value)

    return evaluate


def _binary(
    function: Function,
    implementation: Implementation,
    kinds: tuple[type, type],
    operands: tuple[Evaluator, ...],
) -> Evaluator:
    """A call with two arguments of one possible class each."""
    first, second = operands
    first_kind, second_kind = kinds
    cost = function.cost

    def evaluate(frame: Frame) -> object:
        left, right = first(frame), second(frame)
        frame.charge(cost(left, right))
        if type(left) is not first_kind or type(right) is not second_kind:
            raise no_such_overload(function.name)
        return implementation(left, right)

    return evaluate


def _direct(function: Function, operands: tuple[Evaluator, ...]) -> Evaluator:
    """A function whose implementation checks its arguments itself."""
    implementation, cost = function.singleton, function.cost
    assert implementation is not None
    if len(operands) == 2:
        first, second = operands

        def evaluate_two(frame: Frame) -> object:
            left, right = first(frame), second(frame)
            if type(left) not in _SMALL:
                frame.charge(cost(left, right))
            return implementation(left, right)

        return evaluate_two

    def evaluate(frame: Frame) -> object:
        values = [operand(frame) for operand in operands]
        frame.charge(cost(*values))
        return implementation(*values)

    return evaluate


def type_as_text(operand: Evaluator) -> Evaluator:
    """
    Build an operand that reads a type as its name.

    A search for a constant pattern looks at Go's value, which for a type is a string.
    """

    def evaluate(frame: Frame) -> object:
        value = operand(frame)
        return value.name if isinstance(value, TypeValue) else value

    return evaluate


def _unwrapped(optional: Optional) -> object:
    if optional.fault:
        raise Undecided("an error inside a list or map is not modelled")
    return optional.value


def list_of(elements: tuple[Evaluator, ...], optional: frozenset[int]) -> Evaluator:
    """Build a list literal; ``optional`` has the indices of elements written ``?element``."""
    if not optional:
        return lambda frame: tuple([element(frame) for element in elements])

    def evaluate(frame: Frame) -> object:
        values = []
        for index, element in enumerate(elements):
            value = element(frame)
            if index in optional:
                if not isinstance(value, Optional):
                    raise EvaluationError("cannot initialize optional list element from non-optional value")
                if not value.present:
                    continue
                value = _unwrapped(value)
            values.append(value)
        return tuple(values)

    return evaluate


def map_of(entries: tuple[tuple[Evaluator, Evaluator, bool], ...]) -> Evaluator:
    """Build a map literal; a later entry replaces an earlier one of the same key."""

    def evaluate(frame: Frame) -> object:
        found: dict[tuple[type, object], object] = {}
        for key_of, value_of, optional in entries:
            key = key_of(frame)
            value = value_of(frame)
            hashed = map_key(key)
            if optional:
                if not isinstance(value, Optional):
                    raise EvaluationError(
                        f"cannot initialize optional entry '{type_name(key)}' from non-optional value"
                    )
                if not value.present:
                    found.pop(hashed, None)
                    continue
                value = _unwrapped(value)
            found[hashed] = value
        return ValueMap(found)

    return evaluate
