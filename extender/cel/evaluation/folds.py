"""
Comprehensions: what ``all``, ``exists``, ``map``, ``filter``, ``cel.bind`` expand to.

Source: github.com/google/cel-go interpreter/interpretable.go (evalFold), v0.26.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from itertools import repeat
from typing import NamedTuple

from ..errors import CostExceeded, EvaluationError, Unpredictable
from ..syntax.tree import ListLiteral, MapLiteral, Node
from ..values.maps import AnyMap, MapAccumulator
from ..values.runtime_types import ordered, type_name
from ..values.values import LISTS, GrowingList, ListAccumulator, UnorderedList
from .attributes import Evaluator
from .bounds import COST_LIMIT
from .frame import Frame


class _Unset:
    __slots__ = ()


UNSET = _Unset()


class Collects(Enum):
    """What a comprehension makes of its iterations."""

    VALUE = "a value"
    LIST = "a list in iteration order"
    MAP = "a map"


class FoldParts(NamedTuple):
    """
    A compiled comprehension: evaluators and the slots of its variables.

    ``variable2`` is ``None`` for the one-variable form, ``condition`` where it is always true. ``cost``
    is charged for each iteration; ``None`` where the steps charge what they cost exactly. ``units`` is
    the work of an iteration, but for what depends on values. ``takes_empty_text``: an empty text may be
    the range (cel-go 0.33).
    """

    iter_range: Evaluator
    variable: int
    variable2: int | None
    accumulator: int
    init: Evaluator
    condition: Evaluator | None
    step: Evaluator
    result: Evaluator
    collects: Collects
    cost: int | None
    units: int
    takes_empty_text: bool


def collects_of(init: Node) -> Collects:
    """What a comprehension collects whose accumulator begins with ``init``."""
    if isinstance(init, ListLiteral):
        return Collects.LIST
    return Collects.MAP if isinstance(init, MapLiteral) else Collects.VALUE


def variable(slot: int) -> Evaluator:
    """Build the evaluator of an iteration variable."""
    return lambda frame: frame.slots[slot]


def accumulator(slot: int) -> Evaluator:
    """Build the evaluator of an accumulator, which may hold an error."""

    def evaluate(frame: Frame) -> object:
        value = frame.slots[slot]
        if isinstance(value, EvaluationError):
            raise value
        return value

    return evaluate


def bound_variable(slot: int, init: Evaluator, *, growing: bool) -> Evaluator:
    """
    Build the evaluator of a bound variable: its value is found on first use, an error too.

    ``growing``: an empty list becomes one that adding to it changes.
    """

    def evaluate(frame: Frame) -> object:
        value = frame.slots[slot]
        if value is UNSET:
            value = frame.slots[slot] = _outcome(init, frame)
            if growing and type(value) in LISTS and isinstance(value, tuple) and not value:
                value = frame.slots[slot] = GrowingList()
        if isinstance(value, EvaluationError):
            raise value
        return value

    return evaluate


def bind(slot: int, result: Evaluator) -> Evaluator:
    """Build the evaluator of ``cel.bind``."""

    def evaluate(frame: Frame) -> object:
        frame.slots[slot] = UNSET
        value = result(frame)
        return () if type(value) is GrowingList else value

    return evaluate


def fold(parts: FoldParts) -> Evaluator:
    """Build the evaluator of a comprehension that iterates."""
    iterate = _exactly if parts.cost is None else _iterate

    def evaluate(frame: Frame) -> object:
        iter_range = parts.iter_range(frame)
        frame.slots[parts.accumulator] = _initial(parts, frame)
        iterate(parts, frame, iter_range)
        value = parts.result(frame)
        if isinstance(value, ListAccumulator):
            elements = tuple(value.elements)
            return UnorderedList(elements) if _is_unordered(iter_range) else elements
        return value.finished() if isinstance(value, MapAccumulator) else value

    return evaluate


def _initial(parts: FoldParts, frame: Frame) -> object:
    """
    The accumulator before the first iteration.

    No expression can name the accumulator of a macro, so lists and maps may grow in place: copying them
    at every step would take quadratic time.
    """
    if parts.collects is Collects.LIST:
        return ListAccumulator()
    if parts.collects is Collects.MAP:
        return MapAccumulator({})
    return _outcome(parts.init, frame)


def _iterate(parts: FoldParts, frame: Frame, iter_range: object) -> bool:
    """Run the steps; whether the condition ended them."""
    condition, step, cost, units = parts.condition, parts.step, parts.cost or 0, parts.units
    slots, work = frame.slots, frame.work
    for first, second in _items(iter_range, parts.variable2 is not None, parts.takes_empty_text):
        work.charge(units)
        frame.charge(cost)
        slots[parts.variable] = first
        if parts.variable2 is not None:
            slots[parts.variable2] = second
        if condition is not None and _outcome(condition, frame) is False:
            return True
        slots[parts.accumulator] = _outcome(step, frame)
    return False


def _exactly(parts: FoldParts, frame: Frame, iter_range: object) -> None:
    """
    Run the steps where their exact cost counts.

    Where a step can end an iteration over a map, it is random upstream how many come before it.
    """
    if parts.condition is None or not _is_unordered(iter_range):
        _iterate(parts, frame, iter_range)
        return
    random = Unpredictable("what the evaluation costs depends on the order in which a map is iterated")
    try:
        ended = _iterate(parts, frame, iter_range)
    except CostExceeded:
        raise random from None
    # The last step may have been the one: ask, at no cost.
    budget, frame.budget = frame.budget, COST_LIMIT
    if ended or _outcome(parts.condition, frame) is False:
        raise random
    frame.budget = budget


def _outcome(evaluate: Evaluator, frame: Frame) -> object:
    """The value, or the error as a value."""
    try:
        return evaluate(frame)
    except EvaluationError as error:
        return error.with_traceback(None)


def _is_unordered(iter_range: object) -> bool:
    return (type(iter_range) is UnorderedList or isinstance(iter_range, AnyMap)) and len(iter_range) > 1


def _items(iter_range: object, pairs: bool, takes_empty_text: bool) -> Iterable[tuple[object, object]]:
    """The values of the variables, one iteration at a time: there may be many that are never run."""
    if isinstance(iter_range, AnyMap):
        if pairs:
            return ((key, iter_range.find(key)) for key in iter_range)
        return zip(iter_range, repeat(None))
    if takes_empty_text and iter_range in ("", b""):
        return ()
    if type(iter_range) not in LISTS:
        raise EvaluationError(f"got '{type_name(iter_range)}', expected iterable type")
    if pairs:
        return enumerate(ordered(iter_range))
    assert isinstance(iter_range, tuple)
    return zip(iter_range, repeat(None))
