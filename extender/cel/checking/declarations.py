"""
Function declarations: signatures, and which values they accept.

A signature is written ``"string.(int) -> string"`` for ``"abc".charAt(1)`` and
``"(string) -> bool"`` for ``isURL("x")``; single capital letters are type parameters.

Source: github.com/google/cel-go common/decls/decls.go and
common/types/types.go (IsAssignableRuntimeType), v0.26.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..values.maps import AnyMap
from ..values.runtime_types import type_name
from ..values.values import LISTS
from . import static_types as st
from .call_costs import Cost
from .static_types import Type

Implementation = Callable[..., object]
"""What computes a call from its arguments."""


class Charging(NamedTuple):
    """An implementation that charges the work it does: ``run`` takes a ``Work`` before the arguments."""

    run: Callable[..., object]


_NAMED = {
    "bool": st.BOOL,
    "int": st.INT,
    "uint": st.UINT,
    "double": st.DOUBLE,
    "string": st.STRING,
    "bytes": st.BYTES,
    "dyn": st.DYN,
    "Duration": st.DURATION,
    "Timestamp": st.TIMESTAMP,
    "Quantity": st.QUANTITY,
    "Semver": st.SEMVER,
    "URL": st.URL,
    "Format": st.FORMAT,
    "IP": st.IP,
    "CIDR": st.CIDR,
}
_TOKEN = re.compile(r"[A-Za-z_]+|[(),]")


class Overload(NamedTuple):
    """
    One signature of a function; ``arguments`` starts with the receiver if ``member``.

    ``implementation`` is ``None`` where the function has one for all its overloads. ``cost`` counts
    for a call whose types leave no choice but this overload.
    """

    member: bool
    arguments: tuple[Type, ...]
    result: Type
    parameters: frozenset[str]
    implementation: Implementation | Charging | None
    cost: Cost | None = None

    def accepts(self, values: tuple[object, ...]) -> bool:
        """Whether the overload takes these values, as cel-go checks at run time."""
        return len(values) == len(self.arguments) and all(map(accepts, self.arguments, values))


@dataclass(frozen=True, slots=True)
class Function:
    """
    A function; of several overloads that accept a call's values the first one runs.

    ``singleton`` implements all overloads and checks its arguments itself. ``cost`` is what
    Kubernetes charges for a call; ``None``: one unit.
    """

    name: str
    overloads: tuple[Overload, ...]
    singleton: Implementation | Charging | None
    cost: Cost | None

    def cost_of(self, overload: Overload | None) -> Cost | None:
        """Return the cost of a call; ``None``: one unit."""
        return overload.cost if overload is not None and overload.cost is not None else self.cost


Declarations = Mapping[str, Function]


def function(
    name: str,
    *overloads: Overload,
    singleton: Implementation | Charging | None = None,
    cost: Cost | None = None,
) -> Function:
    """Declare a function; ``cost`` is that of a call whose overload's own is not known."""
    return Function(name, overloads, singleton, cost)


def overload(
    signature: str, implementation: Implementation | Charging | None = None, cost: Cost | None = None
) -> Overload:
    """Declare an overload by its signature, written as the module docstring says."""
    head, _, result_text = signature.partition(" -> ")
    receiver, member, inner = head.partition(".(")
    tokens = _TOKEN.findall(f"{receiver},{inner[:-1]}" if member else head[1:-1])
    arguments = tuple(_parse_types(tokens))
    (result,) = _parse_types(_TOKEN.findall(result_text))
    parameters = frozenset(name for t in (*arguments, result) for name in _parameters(t))
    return Overload(bool(member), arguments, result, parameters, implementation, cost)


def accepts(expected: Type, value: object) -> bool:
    """Whether a value may be passed for a type; of a list or map only the first element counts."""
    if expected.kind == "param":
        return True
    if expected.kind != "dyn" and expected.name != type_name(value):
        return False
    if expected.kind == "list" and type(value) in LISTS:
        assert isinstance(value, tuple)
        return not value or accepts(expected.parameters[0], value[0])
    if expected.kind == "map" and isinstance(value, AnyMap) and len(value):
        key = next(iter(value))
        return accepts(expected.parameters[0], key) and accepts(expected.parameters[1], value.find(key))
    return True


def _parse_types(tokens: list[str]) -> Iterator[Type]:
    """Parse a comma-separated list of types up to a closing parenthesis; consumes the tokens."""
    while tokens and tokens[0] != ")":
        name = tokens.pop(0)
        if name == ",":
            continue
        inner: tuple[Type, ...] = ()
        if tokens and tokens[0] == "(":
            tokens.pop(0)
            inner = tuple(_parse_types(tokens))
            tokens.pop(0)
        yield _build_type(name, inner)


def _build_type(name: str, inner: tuple[Type, ...]) -> Type:
    if name == "list":
        return st.list_of(*inner)
    if name == "map":
        return st.map_of(*inner)
    if name == "optional":
        return st.optional_of(*inner)
    if name == "type":
        return st.type_of(*inner)
    if len(name) == 1:
        return st.parameter(name)
    return _NAMED.get(name) or Type("struct", f"kubernetes.authorization.{name}")


def _parameters(declared: Type) -> Iterator[str]:
    if declared.kind == "param":
        yield declared.name
    for inner in declared.parameters:
        yield from _parameters(inner)
