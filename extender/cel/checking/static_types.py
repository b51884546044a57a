"""
Static types and their unification.

Source: github.com/google/cel-go checker/types.go, checker/mapping.go and
common/types/types.go, v0.26.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import Unpredictable
from ..work import Work


class Type(NamedTuple):
    """
    A type: ``kind`` is what unification looks at, ``name`` what values show.

    Kinds: one per primitive (``name`` is the same), ``list``, ``map``, ``opaque``,
    ``struct``, ``type``, ``null_type``, ``dyn``, ``any``, ``error``, ``param``. ``size`` counts it and
    the types in it.
    """

    kind: str
    name: str
    parameters: tuple[Type, ...] = ()
    size: int = 1

    def __str__(self) -> str:
        if not self.parameters:
            return self.name
        return f"{self.name}({', '.join(map(str, self.parameters))})"


BOOL = Type("bool", "bool")
INT = Type("int", "int")
UINT = Type("uint", "uint")
DOUBLE = Type("double", "double")
STRING = Type("string", "string")
BYTES = Type("bytes", "bytes")
NULL = Type("null_type", "null_type")
DYN = Type("dyn", "dyn")
ANY = Type("any", "any")
ERROR = Type("error", "*error*")
DURATION = Type("duration", "google.protobuf.Duration")
TIMESTAMP = Type("timestamp", "google.protobuf.Timestamp")
DEVICE = Type("struct", "kubernetes.DRADevice")
QUANTITY = Type("struct", "kubernetes.Quantity")
SEMVER = Type("struct", "kubernetes.Semver")
URL = Type("struct", "kubernetes.URL")
FORMAT = Type("struct", "kubernetes.NamedFormat")
IP = Type("opaque", "net.IP")
CIDR = Type("opaque", "net.CIDR")

_MAX_SIZE = 100

_NULLABLE = frozenset({"opaque", "struct", "any", "duration", "timestamp"})
_DYNAMIC = frozenset({"dyn", "any"})
_DYNAMIC_OR_ERROR = frozenset({"dyn", "any", "error"})


def composed(kind: str, name: str, parameters: tuple[Type, ...]) -> Type:
    """
    Build a type with parameters.

    Raises ``Unpredictable`` for one that is too large: maps of maps double in size at each level.
    """
    size = 1 + sum([parameter.size for parameter in parameters])
    if size > _MAX_SIZE:
        raise Unpredictable("the types of the expression are too large")
    return Type(kind, name, parameters, size)


def list_of(element: Type) -> Type:
    """Build ``list(element)``."""
    return composed("list", "list", (element,))


def map_of(key: Type, value: Type) -> Type:
    """Build ``map(key, value)``."""
    return composed("map", "map", (key, value))


def optional_of(value: Type) -> Type:
    """Build ``optional_type(value)``."""
    return composed("opaque", "optional_type", (value,))


def type_of(inner: Type) -> Type:
    """Build ``type(inner)``, the type of a type name."""
    return composed("type", "type", (inner,))


def parameter(name: str) -> Type:
    """Build a type parameter."""
    return Type("param", name)


def is_dynamic(candidate: Type) -> bool:
    """Whether the type is ``dyn`` or ``any``."""
    return candidate.kind in _DYNAMIC


def is_dynamic_or_error(candidate: Type) -> bool:
    """Whether the type is ``dyn``, ``any`` or the type of something already rejected."""
    return candidate.kind in _DYNAMIC_OR_ERROR


def unwrap_optional(candidate: Type) -> tuple[Type, bool]:
    """Return the type inside an optional and True, or the type itself and False."""
    if candidate.kind == "opaque" and candidate.name == "optional_type":
        return candidate.parameters[0], True
    return candidate, False


def equivalent(first: Type, second: Type) -> bool:
    """Whether two types agree but for the names of type parameters."""
    if first.kind != second.kind or len(first.parameters) != len(second.parameters):
        return False
    if first.kind != "param" and first.name != second.name:
        return False
    return all(equivalent(a, b) for a, b in zip(first.parameters, second.parameters, strict=True))


def equal_or_less_specific(first: Type, second: Type, *, of_types: bool) -> bool:
    """
    Whether ``first`` is the more general of two types that unify.

    ``of_types``: types of types are compared by what they are types of (cel-go 0.33).
    """
    if is_dynamic(first) or first.kind == "param":
        return True
    if is_dynamic(second) or second.kind == "param" or first.kind != second.kind:
        return False
    if first.kind == "type" and not (of_types and first.parameters):
        return True
    if first.kind == "type" and not second.parameters:
        return False
    if first.kind not in ("opaque", "list", "map", "type"):
        return first == second
    if first.name != second.name or len(first.parameters) != len(second.parameters):
        return False
    return all(
        equal_or_less_specific(a, b, of_types=of_types)
        for a, b in zip(first.parameters, second.parameters, strict=True)
    )


def _has_parameter(candidate: Type) -> bool:
    return candidate.kind == "param" or any(map(_has_parameter, candidate.parameters))


class Unifier:
    """
    What is known about type parameters so far.

    A failed attempt leaves no trace: changes are logged and undone, because
    copying the map for every overload would take quadratic time.

    ``compares_type_parameters``: whether ``type([])`` can be ``type({})`` hangs on the lists and
    maps (cel-go 0.33), else all types of types agree.
    """

    def __init__(self, work: Work, *, compares_type_parameters: bool) -> None:
        self._work = work
        self._of_types = compares_type_parameters
        self._bound: dict[str, Type] = {}
        self._log: list[tuple[str, Type | None]] = []
        self._fresh = 0

    def fresh(self) -> Type:
        """Build a type parameter that nothing is known about."""
        self._fresh += 1
        return parameter(f"_var{self._fresh - 1}")

    def assignable(self, first: Type, second: Type) -> bool:
        """Whether ``first`` can be used as ``second``; learns parameters if so."""
        return self.all_assignable((first,), (second,))

    def all_assignable(self, first: tuple[Type, ...], second: tuple[Type, ...]) -> bool:
        """Like ``assignable`` for two lists: all or nothing is learned."""
        self._log.clear()
        if self._each_assignable(first, second):
            return True
        for name, old in reversed(self._log):
            if old is None:
                del self._bound[name]
            else:
                self._bound[name] = old
        return False

    def substitute(self, target: Type, *, unbound_to_dyn: bool = False) -> Type:
        """Replace what is known; what is not stays, or becomes ``dyn``."""
        self._work.charge(1)
        while target.kind == "param":
            bound = self._bound.get(target.name)
            if bound is None:
                return DYN if unbound_to_dyn else target
            target = bound
        if not target.parameters:
            return target
        parameters = tuple(self.substitute(p, unbound_to_dyn=unbound_to_dyn) for p in target.parameters)
        return composed(target.kind, target.name, parameters)

    def _bind(self, name: str, to: Type) -> None:
        self._log.append((name, self._bound.get(name)))
        self._bound[name] = to

    def _each_assignable(self, first: tuple[Type, ...], second: tuple[Type, ...]) -> bool:
        return len(first) == len(second) and all(
            self._assignable(a, b) for a, b in zip(first, second, strict=True)
        )

    def _assignable(self, first: Type, second: Type) -> bool:
        self._work.charge(2)
        if second.kind == "param":
            valid, was_bound = self._substitutes(first, second)
            if valid or was_bound:
                return valid
        if first.kind == "param":
            return self._substitutes(second, first)[0]
        if is_dynamic_or_error(first) or is_dynamic_or_error(second):
            return True
        if first.kind == "null_type":
            return second.kind in _NULLABLE or second.kind == "null_type"
        if second.kind == "null_type":
            return first.kind in _NULLABLE
        if first.kind == "type":
            return second.kind == "type" and self._types_assignable(first.parameters, second.parameters)
        if first.kind in ("opaque", "list", "map"):
            same = first.kind == second.kind and first.name == second.name
            return same and self._each_assignable(first.parameters, second.parameters)
        return first == second

    def _types_assignable(self, first: tuple[Type, ...], second: tuple[Type, ...]) -> bool:
        if not self._of_types:
            return True
        if not (first and second):
            return not second
        if any(map(_has_parameter, (*first, *second))):
            return self._each_assignable(first, second)
        return True

    def most_general(self, first: Type, second: Type) -> Type:
        """Return the more general of two types that unify."""
        return first if equal_or_less_specific(first, second, of_types=self._of_types) else second

    def _substitutes(self, candidate: Type, variable: Type) -> tuple[bool, bool]:
        """Whether a type can stand for a parameter, and whether that one was known."""
        if candidate == variable:
            return True, True
        bound = self._bound.get(variable.name)
        if bound is None:
            if self._occurs(variable, candidate):
                return False, False
            self._bind(variable.name, candidate)
            return True, False
        if candidate == bound:
            return True, True
        if not self._assignable(candidate, bound):
            return False, True
        general = self.most_general(candidate, bound)
        if not self._occurs(variable, general):
            self._bind(variable.name, general)
        return True, True

    def _occurs(self, variable: Type, within: Type) -> bool:
        self._work.charge(1)
        if variable == within:
            return True
        if within.kind == "param":
            bound = self._bound.get(within.name)
            return bound is not None and self._occurs(variable, bound)
        return any(self._occurs(variable, p) for p in within.parameters)
