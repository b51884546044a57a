"""
Device attributes: typed, and keyed by their fully qualified name.

Source: ``DeviceAttribute`` and ``QualifiedName``, k8s.io/api resource/v1 types.go,
v0.36 (the list kinds: v0.37).
"""

from __future__ import annotations

import msgspec

from extender.model import Attribute, AttributeKind

from .fields import Int64, Wire
from .interner import Interner, QualifiedNames

_TRUE = Attribute(AttributeKind.BOOL, True)
_FALSE = Attribute(AttributeKind.BOOL, False)
_UNKNOWN = Attribute(AttributeKind.UNKNOWN, None)


class AttributeJSON(Wire):
    """One field is set; the API server refuses none and several."""

    string: str | None = None
    int_: Int64 | None = msgspec.field(name="int", default=None)
    bool_: bool | None = msgspec.field(name="bool", default=None)
    version: str | None = None
    strings: list[str] | None = None
    ints: list[Int64] | None = None
    bools: list[bool] | None = None
    versions: list[str] | None = None


def attributes(
    wire: dict[str, AttributeJSON], names: QualifiedNames, interner: Interner
) -> dict[str, Attribute]:
    """
    Return the attributes of one device of the driver whose ``names`` are given.

    A name given both bare and with the driver's domain has the value of the
    qualified one, where upstream's constraints look first.
    """
    strings, ints = interner.strings, interner.ints
    decoded: dict[str, Attribute] = {}
    for name, entry in wire.items():
        if (text := entry.string) is not None:
            decoded[names[name]] = strings[text]
        elif (number := entry.int_) is not None:
            decoded[names[name]] = ints[number]
        elif (flag := entry.bool_) is not None:
            decoded[names[name]] = _TRUE if flag else _FALSE
        elif (text := entry.version) is not None:
            decoded[names[name]] = interner.versions[text]
        else:
            decoded[names[name]] = interner.attributes[_list(entry)]
    if len(decoded) != len(wire):
        qualified = {name: entry for name, entry in wire.items() if "/" in name}
        decoded |= attributes(qualified, names, interner)
    return decoded


def _list(entry: AttributeJSON) -> Attribute:
    """Return a list, or an attribute of a kind that we do not know."""
    if entry.strings is not None:
        return Attribute(AttributeKind.STRINGS, tuple(entry.strings))
    if entry.ints is not None:
        return Attribute(AttributeKind.INTS, tuple(entry.ints))
    if entry.bools is not None:
        return Attribute(AttributeKind.BOOLS, tuple(entry.bools))
    if entry.versions is not None:
        return Attribute(AttributeKind.VERSIONS, tuple(entry.versions))
    return _UNKNOWN
