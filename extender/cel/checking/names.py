"""
What the names in an expression mean: variables, types and a constant.

Source: github.com/google/cel-go checker/env.go and checker/scopes.go, v0.26 and v0.29, and
common/types/provider.go.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import CompileError
from ..values.values import TypeValue
from . import static_types as st
from .static_types import Type

_A, _B = st.parameter("A"), st.parameter("B")
_SIMPLE = (
    *(st.BOOL, st.BYTES, st.DOUBLE, st.INT, st.STRING, st.UINT, st.NULL),
    *(st.DURATION, st.TIMESTAMP, st.IP, st.CIDR),
)
_EMPTY = Type("struct", "google.protobuf.Empty")
_TYPES: dict[str, Type] = {t.name: t for t in (*_SIMPLE, _EMPTY)} | {"type": Type("type", "type")}
_TYPES_026 = _TYPES | {
    "list": st.list_of(_A),
    "map": st.map_of(_A, _B),
    "optional_type": Type("opaque", "optional_type"),
}
_TYPES_029 = _TYPES | {
    "list": st.list_of(st.DYN),
    "map": st.map_of(st.DYN, st.DYN),
    "optional_type": st.optional_of(st.DYN),
}
_WRAPPERS = ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "List", "String", "UInt32", "UInt64")
MESSAGES = frozenset(
    {
        *(f"google.protobuf.{name}Value" for name in _WRAPPERS),
        *(f"google.protobuf.{name}" for name in ("Any", "Empty", "Struct", "Value")),
        *("google.protobuf.Duration", "google.protobuf.Timestamp", "kubernetes.DRADevice"),
    }
)
"""The names that a message literal may have."""

_NULL_VALUE = "google.protobuf.NullValue.NULL_VALUE"


class ConstantValue(NamedTuple):
    """The value of a name that stands for a type or a constant."""

    value: object


class Meaning(NamedTuple):
    """
    What a name means: its type, its value if it is no variable.

    ``hidden``: it is a variable that one of the same name in an inner scope hides.
    """

    type: Type
    constant: ConstantValue | None = None
    hidden: bool = False


class Scopes:
    """The variables in scope, and all other names."""

    def __init__(self, variables: dict[str, Type], *, cel_go_029: bool) -> None:
        self._scopes = [variables]
        self._modern = cel_go_029
        self._types = _TYPES_029 if cel_go_029 else _TYPES_026

    def push(self, variables: dict[str, Type]) -> None:
        """Enter a scope."""
        self._scopes.append(variables)

    def pop(self) -> None:
        """Leave a scope."""
        self._scopes.pop()

    def find(self, name: str) -> Meaning | None:
        """
        Return what ``a`` or ``a.b`` means.

        cel-go 0.26 looks for the whole name from the innermost scope on. In 0.29 a local variable hides
        what its name qualifies, and a leading dot means what is not local.

        Raises ``CompileError`` for a type that has no value.
        """
        plain = name.removeprefix(".")
        local = self._local(plain.partition(".")[0] if self._modern else plain)
        if local is not None and (not self._modern or name == plain):
            return Meaning(local) if not self._modern or "." not in plain else None
        variable = self._scopes[0].get(plain)
        if variable is not None:
            return Meaning(variable, hidden=local is not None)
        meaning = self._global(plain)
        if meaning is not None and local is not None:
            raise CompileError(f"program instantiation failed: reference to undefined type: {name}")
        return meaning

    def _local(self, name: str) -> Type | None:
        for scope in reversed(self._scopes[1:]):
            if name in scope:
                return scope[name]
        return None

    def _global(self, name: str) -> Meaning | None:
        if name == _NULL_VALUE:
            return Meaning(st.INT, ConstantValue(0))
        named = self._types.get(name)
        if named is None:
            if name in MESSAGES:
                raise CompileError(f"program instantiation failed: reference to undefined type: {name}")
            return None
        return Meaning(st.type_of(named), ConstantValue(TypeValue(named.name)))
