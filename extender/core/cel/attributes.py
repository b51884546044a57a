"""
Selection and indexing: ``a.b``, ``a["b"]``, ``a.?b`` and ``has(a.b)``.

cel-go treats a chain of selections as one attribute. Once a link of the chain is optional,
or its root holds an optional, the links after it are optional too.

Source: github.com/google/cel-go interpreter/attributes.go, v0.26.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .errors import CompileError, EvaluationError, no_such_key
from .frame import Frame
from .maps import MISSING, AnyMap, DomainMap, StringMap
from .networks import Cidr, Ip
from .quantities import QuantityValue
from .runtime_types import ordered, type_name
from .semver import Semver
from .urls import Url
from .values import LISTS, MAX_INT, MIN_INT, NONE, Optional, TypeValue, Uint

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


def rewrapped(value: object) -> object:
    """
    Return a variable's value as cel-go hands it out.

    An optional is taken apart and put together again on the way, and a Semver or
    Quantity in it becomes an error that shows when the value is asked for.
    """
    if type(value) is not Optional or not value.present or value.fault:
        return value
    try:
        return Optional(_native(value))
    except EvaluationError as error:
        return Optional(error)


def converted(operand: Evaluator) -> Evaluator:
    """Build the evaluator of a conditional's branch that is no selection itself."""
    return lambda frame: rewrapped(operand(frame))


def chain(root: Evaluator, qualifiers: tuple[Qualifier, ...]) -> Evaluator:
    """Build the evaluator of a chain of selections."""

    def evaluate(frame: Frame) -> object:
        value = root(frame)
        optional = type(value) is Optional
        if type(value) is Optional:
            if not value.present:
                return value
            value = _native(value)
        for qualifier in qualifiers:
            optional = optional or qualifier.optional
            key = qualifier.value(frame)
            found = lookup(value, key)
            if found is MISSING:
                if optional:
                    return NONE
                raise _missing(value, key)
            value = found
        return Optional(value) if optional else value

    return evaluate


def presence(root: Evaluator, qualifiers: tuple[Qualifier, ...]) -> Evaluator:
    """Build the evaluator of ``has(...)``: whether the last link leads somewhere."""
    operand = chain(root, qualifiers[:-1])
    last = qualifiers[-1]

    def evaluate(frame: Frame) -> object:
        value = operand(frame)
        if type(value) is Optional:
            if not value.present:
                return False
            # Inside a chain the value is used as it is, only a root is converted.
            value = value.value if len(qualifiers) > 1 else _native(value)
        return lookup(value, last.value(frame)) is not MISSING

    return evaluate


def presence_in_branch(root: Evaluator, qualifiers: tuple[Qualifier, ...]) -> Evaluator:
    """
    Build the evaluator of ``has(...)`` as a branch of a conditional.

    cel-go takes the selection out of the test there: one that is optional gives its value.
    """
    operand = chain(root, qualifiers[:-1])
    last = qualifiers[-1]

    def evaluate(frame: Frame) -> object:
        value = operand(frame)
        if type(value) is not Optional:
            return lookup(value, last.value(frame)) is not MISSING
        if not value.present:
            return value
        value = value.value if len(qualifiers) > 1 else _native(value)
        found = lookup(value, last.value(frame))
        return NONE if found is MISSING else Optional(found)

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


def _missing(value: object, key: object) -> EvaluationError:
    if type(value) in LISTS:
        return EvaluationError(f"index out of bounds: {key}")
    return no_such_key(key)


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
