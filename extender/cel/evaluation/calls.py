"""
Calls of functions.

Source: github.com/google/cel-go interpreter/interpretable.go and
common/decls/decls.go (dispatch by the kinds of the arguments), v0.26 to v0.33.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from ..checking.call_costs import Cost
from ..checking.declarations import Charging, Function, Implementation, Overload
from ..errors import EvaluationError, Unpredictable, no_such_overload
from ..values.regular_expressions import ConstantPattern
from ..values.runtime_types import exact_class
from ..values.values import TypeValue
from ..work import Work
from .attributes import Evaluator
from .frame import Frame


class OnError(Enum):
    """
    What a call does when an operand fails.

    ``EVALUATES`` the others too, and is charged for. ``STOPS``, unless that is the last one, and
    costs nothing then. ``STOPS_FREE``: stops always, and costs nothing (cel-go 0.33).
    """

    EVALUATES = auto()
    STOPS = auto()
    STOPS_FREE = auto()


Operands = tuple[Evaluator, ...]
Run = Callable[..., object]
"""What computes a call from the meter of work and the arguments."""


def call(function: Function, overload: Overload | None, operands: Operands, *, stops_free: bool) -> Evaluator:
    """
    Build a call; ``overload`` is set if the types leave no choice.

    ``stops_free``: it stops at the first operand that fails (cel-go 0.33).
    """
    cost = function.cost_of(overload)
    on_error = on_error_of(function, overload, len(operands), stops_free=stops_free)
    implementation = overload.implementation if overload is not None else None
    if overload is not None and implementation is not None:
        classes = [exact_class(argument.name) for argument in overload.arguments]
        if len(classes) == 1 and classes[0] is not None:
            return _unary(function.name, implementation, classes[0], operands, cost, on_error)
        if len(classes) == 2 and classes[0] is not None and classes[1] is not None:
            kinds = (classes[0], classes[1])
            return _binary(function.name, implementation, kinds, operands, cost, on_error)
    if function.singleton is not None and len(operands) == 2:
        return _direct(function.singleton, operands, cost, on_error)
    return _general(dispatch(function, overload), operands, cost, on_error)


def on_error_of(function: Function, overload: Overload | None, operands: int, *, stops_free: bool) -> OnError:
    """What cel-go does at an operand that fails: calls with any number of arguments stop in any release."""
    if stops_free:
        return OnError.STOPS_FREE
    several = overload is None and function.singleton is None and len(function.overloads) > 1
    stops = several or operands > 2 or function.name == "format"
    return OnError.STOPS if stops else OnError.EVALUATES


def dispatch(function: Function, overload: Overload | None) -> Run:
    """Build what runs the overload that takes the arguments."""
    if function.singleton is not None:
        return charging(function.singleton)
    overloads = function.overloads if overload is None else (overload,)
    candidates = [(one, one.implementation and charging(one.implementation)) for one in overloads]

    def run(work: Work, *values: object) -> object:
        for candidate, implementation in candidates:
            if candidate.accepts(values):
                if implementation is None:
                    raise Unpredictable(f"{function.name}() is not modelled for these values")
                return implementation(work, *values)
        raise no_such_overload(function.name)

    return run


def charging(implementation: Implementation | Charging) -> Run:
    """Build what runs an implementation, whether it takes a meter or not."""
    if isinstance(implementation, Charging):
        return implementation.run
    return lambda _, *values: implementation(*values)


def failed(
    frame: Frame, values: list[object], error: EvaluationError, rest: Operands, cost: Cost | None
) -> EvaluationError:
    """
    Return the error of a call one of whose operands failed.

    cel-go evaluates the other operands all the same, and counts the cost, which may crash.
    """
    values.append(error)
    for operand in rest:
        try:
            values.append(operand(frame))
        except EvaluationError as other:
            values.append(other)
    if cost is not None:
        frame.charge(cost.units(values, error, frame.work))
    return error


def _general(run: Run, operands: Operands, cost: Cost | None, on_error: OnError) -> Evaluator:
    def evaluate(frame: Frame) -> object:
        values: list[object] = []
        try:
            for operand in operands:
                values.append(operand(frame))  # noqa: PERF401 - what is there counts if one fails
        except EvaluationError as error:
            rest = operands[len(values) + 1 :]
            if on_error is OnError.STOPS_FREE or (on_error is OnError.STOPS and rest):
                raise
            raise failed(frame, values, error, rest, cost) from None
        if cost is None:
            return run(frame.work, *values)
        if cost.of_result:
            result = run(frame.work, *values)
            frame.charge(cost.units(values, result, frame.work))
            return result
        frame.charge(cost.units(values, None, frame.work))
        return run(frame.work, *values)

    return evaluate


def _unary(
    name: str,
    implementation: Implementation | Charging,
    kind: type,
    operands: Operands,
    cost: Cost | None,
    on_error: OnError,
) -> Evaluator:
    """A call with one argument of one possible class."""
    (operand,) = operands
    run = charging(implementation)
    if cost is not None:
        return _general(_guarded(name, run, (kind,)), operands, cost, _not_last(on_error))
    plain = None if isinstance(implementation, Charging) else implementation

    def evaluate(frame: Frame) -> object:
        value = operand(frame)
        if type(value) is not kind:
            raise no_such_overload(name)
        return run(frame.work, value) if plain is None else plain(value)

    return evaluate


def _binary(
    name: str,
    implementation: Implementation | Charging,
    kinds: tuple[type, type],
    operands: Operands,
    cost: Cost | None,
    on_error: OnError,
) -> Evaluator:
    """A call with two arguments of one possible class each."""
    run = charging(implementation)
    if cost is not None:
        return _general(_guarded(name, run, kinds), operands, cost, _not_last(on_error))
    plain = None if isinstance(implementation, Charging) else implementation
    first, second = operands
    rest = () if on_error is OnError.STOPS_FREE else operands[1:]
    first_kind, second_kind = kinds

    def evaluate(frame: Frame) -> object:
        try:
            left = first(frame)
        except EvaluationError as error:
            raise failed(frame, [], error, rest, None) from None
        right = second(frame)
        if type(left) is not first_kind or type(right) is not second_kind:
            raise no_such_overload(name)
        return run(frame.work, left, right) if plain is None else plain(left, right)

    return evaluate


def _not_last(on_error: OnError) -> OnError:
    """Calls with one choice only: cel-go 0.26 and 0.29 evaluate all their operands."""
    return on_error if on_error is OnError.STOPS_FREE else OnError.EVALUATES


def _guarded(name: str, run: Run, kinds: tuple[type, ...]) -> Run:
    def guarded(work: Work, *values: object) -> object:
        for value, kind in zip(values, kinds, strict=True):
            # A constant pattern is a string, too.
            if type(value) is not kind and not isinstance(value, ConstantPattern):
                raise no_such_overload(name)
        return run(work, *values)

    return guarded


def _direct(
    implementation: Implementation | Charging, operands: Operands, cost: Cost | None, on_error: OnError
) -> Evaluator:
    """A function of two arguments whose implementation checks them itself."""
    run = charging(implementation)
    if cost is not None:
        return _general(run, operands, cost, _not_last(on_error))
    plain = None if isinstance(implementation, Charging) else implementation
    first, second = operands
    rest = () if on_error is OnError.STOPS_FREE else operands[1:]

    def evaluate(frame: Frame) -> object:
        try:
            left = first(frame)
        except EvaluationError as error:
            raise failed(frame, [], error, rest, None) from None
        right = second(frame)
        return run(frame.work, left, right) if plain is None else plain(left, right)

    return evaluate


def reading_types_as_text(run: Run) -> Run:
    """Build the implementation for ``type_as_text``."""

    def read(work: Work, text: object, *rest: object) -> object:
        return run(work, text.name if isinstance(text, TypeValue) else text, *rest)

    return read


def type_as_text(operand: Evaluator) -> Evaluator:
    """
    Build an operand that reads a type as its name.

    A search for a constant pattern looks at Go's value, which for a type is a string.
    """

    def evaluate(frame: Frame) -> object:
        value = operand(frame)
        return value.name if isinstance(value, TypeValue) else value

    return evaluate
