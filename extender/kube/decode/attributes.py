"""
Device attributes: typed, and keyed by their fully qualified name.

Source: ``DeviceAttribute`` and ``QualifiedName``, k8s.io/api resource/v1 types.go,
v0.36 (the list kinds: v0.37).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from extender.model import Attribute, AttributeKind
from extender.model.device_columns import Heading, Values

from .fields import Int64, Wire
from .interner import FALSE, TRUE, Interner, QualifiedNames

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


def attribute_columns(
    rows: Sequence[Mapping[str, AttributeJSON]], names: QualifiedNames, interner: Interner
) -> tuple[Heading, tuple[Values, ...]]:
    """
    Return the attributes of a slice's devices by column: their heading, and its columns.

    ``rows`` are those of each device, ``names`` those of the slice's driver. A name given both bare and
    with the driver's domain has the value of the qualified one, where upstream's constraints look first.
    """
    alike = _alike(rows, names)
    if alike is not None:
        columns = {name: _column(entries, interner) for name, entries in alike.items()}
    else:
        filled = _filled(rows, names)
        columns = {name: _column_with_gaps(entries, interner) for name, entries in filled.items()}
    heading = interner.headings[tuple(sorted(columns))]
    return heading, tuple([columns[name] for name in heading.values])


def _alike(
    rows: Sequence[Mapping[str, AttributeJSON]], names: QualifiedNames
) -> dict[str, tuple[AttributeJSON, ...]] | None:
    """The columns where all devices have the same attributes, as those of one model do; else ``None``."""
    first = tuple(rows[0])
    full = [names[name] for name in first]
    if len(set(full)) < len(full) or any(tuple(row) != first for row in rows):
        return None
    return dict(zip(full, zip(*[row.values() for row in rows], strict=True), strict=True))


def _filled(
    rows: Sequence[Mapping[str, AttributeJSON]], names: QualifiedNames
) -> dict[str, list[AttributeJSON | None]]:
    """The columns, whatever the devices have."""
    columns: dict[str, list[AttributeJSON | None]] = {}
    for position, row in enumerate(rows):
        for name, entry in sorted(row.items(), key=_is_qualified):
            column = columns.get(names[name])
            if column is None:
                column = columns[names[name]] = [None] * len(rows)
            column[position] = entry
    return columns


def _is_qualified(named: tuple[str, AttributeJSON]) -> bool:
    return "/" in named[0]


def _column(entries: Sequence[AttributeJSON], interner: Interner) -> Values:
    """Columns of one kind are known by what they hold, without an attribute made for each device."""
    texts = [entry.string for entry in entries]
    if None not in texts:
        return interner.strings[tuple(cast("list[str]", texts))]
    count = len(texts)
    if texts.count(None) == count:
        numbers = [entry.int_ for entry in entries]
        if None not in numbers:
            return interner.ints[tuple(cast("list[int]", numbers))]
        if numbers.count(None) == count:
            flags = [entry.bool_ for entry in entries]
            if None not in flags:
                return interner.bools[tuple(cast("list[bool]", flags))]
            versions = [entry.version for entry in entries]
            if None not in versions and flags.count(None) == count:
                return interner.versions[tuple(cast("list[str]", versions))]
    return interner.values[tuple(map(_attribute, entries))]


def _column_with_gaps(entries: Sequence[AttributeJSON | None], interner: Interner) -> Values:
    if None not in entries:
        return _column(cast("Sequence[AttributeJSON]", entries), interner)
    return interner.values[tuple([None if entry is None else _attribute(entry) for entry in entries])]


def _attribute(entry: AttributeJSON) -> Attribute:
    """Return the attribute of the first field that is set, or one of a kind that we do not know."""
    if entry.string is not None:
        return Attribute(AttributeKind.STRING, entry.string)
    if entry.int_ is not None:
        return Attribute(AttributeKind.INT, entry.int_)
    if entry.bool_ is not None:
        return TRUE if entry.bool_ else FALSE
    if entry.version is not None:
        return Attribute(AttributeKind.VERSION, entry.version)
    return _list(entry)


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
