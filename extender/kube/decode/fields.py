"""The JSON that several kinds have in common: metadata, quantities, selectors, tolerations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec

from extender.model import NodeRequirement, NodeSelector, NodeSelectorTerm, OpaqueConfig, Toleration
from extender.model.quantity import ZERO, Quantity

from .errors import FieldError, quoted_key
from .interner import Interner

J = TypeVar("J")
V = TypeVar("V")

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]

QuantityJSON = str | int | float
"""A quantity as Go reads it: text, or a bare number (``Quantity.UnmarshalJSON``, v0.36)."""

ABSENT = msgspec.Raw()
"""A field kept as JSON that is not there; ``null`` comes as ``b"null"``."""

NAMESPACE_DEFAULT = "default"


def is_given(value: msgspec.Raw) -> bool:
    """Whether a field is there and not ``null``."""
    return bytes(value) not in (b"", b"null")


class Wire(msgspec.Struct, gc=False, rename="camel"):
    """JSON as it stands. Every field may be absent or ``null``; unknown ones are skipped."""


class OwnerReference(Wire):
    api_version: str | None = None
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    controller: bool | None = None


class Metadata(Wire):
    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    annotations: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    owner_references: list[OwnerReference] | None = None


class RequirementJSON(Wire):
    key: str | None = None
    operator: str | None = None
    values: list[str] | None = None


class TermJSON(Wire):
    match_expressions: list[RequirementJSON] | None = None
    match_fields: list[RequirementJSON] | None = None


class NodeSelectorJSON(Wire):
    node_selector_terms: list[TermJSON] | None = None


class CELJSON(Wire):
    expression: str | None = None


class SelectorJSON(Wire):
    cel: CELJSON | None = None


class TolerationJSON(Wire):
    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None


def object_name(metadata: Metadata | None) -> str:
    """
    Return the object's name.

    A manifest may have only ``generateName``, which then stands for it. Raises
    ``FieldError`` where there is neither.
    """
    name = metadata and (metadata.name or metadata.generate_name)
    if not name:
        raise FieldError("metadata.name", "missing, every object has a name")
    return name


def object_namespace(metadata: Metadata | None) -> str:
    """Return the namespace; a manifest without one means ``default``."""
    return (metadata and metadata.namespace) or NAMESPACE_DEFAULT


def quantity(value: QuantityJSON | None, field: str, interner: Interner) -> Quantity:
    """
    Return the quantity at ``field``; absent is zero, as in Go.

    Raises ``FieldError`` where it is none.
    """
    if value is None:
        return ZERO
    try:
        return interner.quantities[value if isinstance(value, str) else str(value)]
    except ValueError as error:
        raise FieldError(field, str(error)) from None


def quantity_map(
    values: dict[str, QuantityJSON] | None, field: str, interner: Interner
) -> tuple[tuple[str, Quantity], ...]:
    """Return a map of quantities as pairs sorted by name."""
    if not values:
        return ()
    return sorted_map(values, lambda value: quantity(value, "", interner), field, interner)


def sorted_map(
    values: dict[str, J] | None, convert: Callable[[J], V], field: str, interner: Interner
) -> tuple[tuple[str, V], ...]:
    """
    Return a map of converted values as pairs sorted by name.

    What ``convert`` raises is a ``FieldError`` relative to the value; the path of the value in the map at
    ``field`` is put before it.
    """
    pairs: list[tuple[str, V]] = []
    for name, value in sorted(values.items()) if values else ():
        try:
            pairs.append((interner.texts[name], convert(value)))
        except FieldError as error:
            raise error.under(f"{field}{quoted_key(name)}") from None
    return tuple(pairs)


def node_selector(selector: NodeSelectorJSON | None) -> NodeSelector | None:
    if selector is None:
        return None
    return NodeSelector(tuple(node_selector_term(term) for term in selector.node_selector_terms or ()))


def node_selector_term(term: TermJSON) -> NodeSelectorTerm:
    return NodeSelectorTerm(_requirements(term.match_expressions), _requirements(term.match_fields))


def selectors(entries: list[SelectorJSON] | None) -> tuple[str | None, ...]:
    """Return the CEL texts in order, ``None`` for a selector of a kind we do not know."""
    return tuple(None if entry.cel is None else entry.cel.expression or "" for entry in entries or ())


def tolerations(entries: list[TolerationJSON] | None) -> tuple[Toleration, ...]:
    """
    Return the tolerations with their default operator.

    Source: ``DeviceToleration.Operator``, k8s.io/api resource/v1 types.go, v0.36.
    """
    if not entries:
        return ()
    return tuple(
        [
            Toleration(entry.key or "", entry.operator or "Equal", entry.value or "", entry.effect or "")
            for entry in entries
        ]
    )


def opaque_config(opaque: msgspec.Raw) -> OpaqueConfig:
    """Return the value of ``opaque`` with sorted keys; ``null`` for another kind of configuration."""
    return OpaqueConfig(sorted_json(opaque or b"null").decode())


def sorted_json(data: bytes | msgspec.Raw) -> bytes:
    """Return the same JSON without white space and with the keys of every object sorted."""
    return msgspec.json.encode(msgspec.json.decode(data), order="sorted")


def _requirements(entries: list[RequirementJSON] | None) -> tuple[NodeRequirement, ...]:
    return tuple(
        NodeRequirement(entry.key or "", entry.operator or "", tuple(entry.values or ()))
        for entry in entries or ()
    )
