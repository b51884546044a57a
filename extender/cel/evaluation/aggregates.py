"""
List and map literals.

Source: github.com/google/cel-go interpreter/interpretable.go (evalList, evalMap), v0.26.
"""

from __future__ import annotations

from ..errors import EvaluationError
from ..values.maps import ValueMap, map_key
from ..values.runtime_types import type_name
from ..values.values import Optional
from .attributes import Evaluator
from .frame import Frame


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
                value = value.element
            values.append(value)
        return tuple(values)

    return evaluate


def map_of(entries: tuple[tuple[Evaluator, Evaluator, bool], ...]) -> Evaluator:
    """Build a map literal; a later entry replaces an earlier one of the same key."""

    def evaluate(frame: Frame) -> object:
        result: dict[tuple[type, object], object] = {}
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
                    result.pop(hashed, None)
                    continue
                value = value.element
            result[hashed] = value
        return ValueMap(result)

    return evaluate
