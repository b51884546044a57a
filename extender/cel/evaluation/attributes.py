"""
Selection and indexing: ``a.b``, ``a["b"]``, ``a.?b`` and ``has(a.b)``.

cel-go treats a chain of selections as one attribute. Once a link of the chain is optional,
or its root holds an optional, the links after it are optional too.

Source: github.com/google/cel-go interpreter/attributes.go, v0.26.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..errors import CompileError, EvaluationError, no_such_key
from ..values.maps import MISSING, AnyMap, DomainMap, StringMap
from ..values.networks import Cidr, Ip
from ..values.quantities import QuantityValue
from ..values.runtime_types import ordered, type_name
from ..values.semver import Semver
from ..values.urls import Url
from ..values.values import LISTS, MAX_INT, MIN_INT, NONE, Optional, TypeValue, Uint
from .frame import Frame

Evaluator = Callable[[Frame], object]

_KEY_KINDS = frozenset({str, int, Uint, float, bool})
_UNCONVERTIBLE = frozenset({Semver, QuantityValue, Url, Ip, Cidr})


class Qualifier(NamedTuple):
    """One link of a chain: ``key`` is set if it is constant, else ``evaluate``."""

    key: object
    evaluate: Evaluator | None
    optional: bool

    def value(self, frame: Frame) -> object:
        """The key to look up; raises an error for a value that cannot be one."""
        if self.evaluate is None:
            return self.key
        key = self.evaluate(frame)
        if type(key) not in _KEY_KINDS:
            raise EvaluationError(f"invalid qualifier type: {type_name(key)}")
        return key


def constant_qualifier(key: object, *, optional: bool) -> Qualifier:
    """Build a link with a constant key; raises ``CompileError`` if it cannot be one."""
    if type(key) not in _KEY_KINDS:
        raise CompileError(f"program instantiation failed: invalid qualifier type: {type_name(key)}")
    return Qualifier(key, None, optional)


class Selections:
    """
    Builders of the evaluators of selections.

    ``converts``: an optional on the way is converted to Go and back (cel-go 0.26), which takes
    it apart and puts it together again, and makes a Semver or Quantity in it an error that shows
    when the value is asked for. ``charges_failed``: an optional link whose key fails costs
    something where costs are counted (cel-go 0.33).
    """

    def __init__(self, *, converts: bool, charges_failed: bool = False) -> None:
        self._converts = converts
        self._charges_failed = charges_failed

    def unwrapped(self, optional: Optional) -> object:
        """Return the value of an optional that a selection starts from."""
        return _native(optional) if self._converts else optional.value

    def converted(self, operand: Evaluator) -> Evaluator:
        """Build the evaluator of a variable, or of a conditional's branch that is no selection itself."""
        if not self._converts:
            return operand

        def evaluate(frame: Frame) -> object:
            value = operand(frame)
            return value if type(value) is not Optional else _rewrapped(value)

        return evaluate

    def chain(self, root: Evaluator, qualifiers: tuple[Qualifier, ...]) -> Evaluator:
        """Build the evaluator of a chain of selections."""

        def evaluate(frame: Frame) -> object:
            value = root(frame)
            optional = type(value) is Optional
            if type(value) is Optional:
                if not value.present:
                    return value
                value = self.unwrapped(value)
            for qualifier in qualifiers:
                optional = optional or qualifier.optional
                key = qualifier.value(frame)
                selected = lookup(value, key)
                if selected is MISSING:
                    if optional:
                        return NONE
                    raise missing(value, key)
                value = selected
            return Optional(value) if optional else value

        return evaluate

    def presence(self, root: Evaluator, qualifiers: tuple[Qualifier, ...]) -> Evaluator:
        """Build the evaluator of ``has(...)``: whether the last link leads somewhere."""
        operand = self.chain(root, qualifiers[:-1])
        last = qualifiers[-1]

        def evaluate(frame: Frame) -> object:
            value = operand(frame)
            if type(value) is Optional:
                if not value.present:
                    return False
                # Inside a chain the value is used as it is, only a root is converted.
                value = value.value if len(qualifiers) > 1 else self.unwrapped(value)
            return lookup(value, last.value(frame)) is not MISSING

        return evaluate

    def presence_in_branch(self, root: Evaluator, qualifiers: tuple[Qualifier, ...]) -> Evaluator:
        """
        Build the evaluator of ``has(...)`` as a branch of a conditional or as a key.

        cel-go takes the selection out of the test there: one that is optional gives its value.
        """
        operand = self.chain(root, qualifiers[:-1])
        last = qualifiers[-1]

        def evaluate(frame: Frame) -> object:
            value = operand(frame)
            if type(value) is not Optional:
                return lookup(value, last.value(frame)) is not MISSING
            if not value.present:
                return value
            value = value.value if len(qualifiers) > 1 else self.unwrapped(value)
            selected = lookup(value, last.value(frame))
            return NONE if selected is MISSING else Optional(selected)

        return evaluate


def lookup(value: object, key: object) -> object:
    """Return what is under a key, or ``MISSING``; raises an error for an impossible list index."""
    if isinstance(value, AnyMap):
        return value.find(key)
    if type(value) in LISTS:
        assert isinstance(value, tuple)
        index = _index(key)
        return ordered(value)[index] if 0 <= index < len(value) else MISSING
    return MISSING


def _index(key: object) -> int:
    if type(key) is int or type(key) is Uint:
        if int(key) <= MAX_INT:
            return int(key)
        raise EvaluationError(f"unsupported index value {key} in list")
    if type(key) is float:
        if MIN_INT < key < MAX_INT and key.is_integer():
            return int(key)
        raise EvaluationError(f"unsupported index value {key} in list")
    raise EvaluationError(f"unsupported index type '{type_name(key)}' in list")


def missing(value: object, key: object) -> EvaluationError:
    """Build the error of a link that leads nowhere."""
    if type(value) in LISTS:
        return EvaluationError(f"index out of bounds: {key}")
    return no_such_key(key)


def _rewrapped(optional: Optional) -> Optional:
    if not optional.present or optional.is_error:
        return optional
    try:
        return Optional(_native(optional))
    except EvaluationError as error:
        return Optional(error)


def _native(optional: Optional) -> object:
    """The value of an optional after cel-go converted it to Go and back."""
    value = optional.value
    if type(value) in _UNCONVERTIBLE:
        raise EvaluationError(f"unsupported conversion to ref.Val: {type_name(value)}")
    if isinstance(value, TypeValue):
        return value.name
    if isinstance(value, Optional):
        return _native(value) if value.present else None
    if isinstance(value, DomainMap):
        return StringMap(value.entries)
    return value
