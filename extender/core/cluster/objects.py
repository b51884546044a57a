"""
The objects of a cluster, of every kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from extender.model.kinds import Key, TypedKind

from .changes import Changes
from .differences import Difference, applied, differences

K = TypeVar("K", bound=Key)
V = TypeVar("V")

_EMPTY: Mapping[Key, object] = {}


@dataclass(frozen=True, slots=True)
class Differences:
    """Objects that differ, by kind's name and key; no kind is empty."""

    by_kind: Mapping[str, Mapping[Key, Difference[object]]]

    def __getitem__(self, kind: TypedKind[K, V]) -> Mapping[K, Difference[V]]:
        return cast("Mapping[K, Difference[V]]", self.by_kind.get(kind.name, _EMPTY))

    def __bool__(self) -> bool:
        return bool(self.by_kind)


@dataclass(frozen=True, slots=True)
class Objects:
    """
    The objects of a cluster, by kind's name and key.

    Each kind's are in the order in which they first appeared.
    """

    by_kind: Mapping[str, Mapping[Key, object]] = field(default_factory=dict)

    def __getitem__(self, kind: TypedKind[K, V]) -> Mapping[K, V]:
        """Return the objects of a kind by key; the same mapping while none of them changes."""
        return cast("Mapping[K, V]", self.by_kind.get(kind.name, _EMPTY))

    def differences(self, changes: Changes) -> Differences:
        """Return what ``changes`` change, each kind in their order."""
        tables: dict[str, Mapping[Key, Difference[object]]] = {}
        for kind, table in changes.by_kind.items():
            before = self.by_kind.get(kind, _EMPTY)
            wanted = table
            if kind in changes.complete:
                wanted = {**table, **dict.fromkeys(key for key in before if key not in table)}
            if different := differences(before, wanted):
                tables[kind] = different
        return Differences(tables)

    def after(self, changed: Differences) -> Objects:
        """Return the objects with the differences in them; kinds without any share their mapping."""
        tables = {
            kind: applied(self.by_kind.get(kind, _EMPTY), different)
            for kind, different in changed.by_kind.items()
        }
        return Objects({**self.by_kind, **tables}) if tables else self

    def updated(self, changes: Changes) -> Objects:
        """Return the objects after ``changes``; the same value if they change nothing."""
        if changes.complete.issuperset(changes.by_kind) and not any(map(self.by_kind.get, changes.by_kind)):
            # First lists are compared with nothing: tens of thousands of objects would hold up a caller.
            tables = {
                kind: listed
                for kind, table in changes.by_kind.items()
                if (listed := {key: value for key, value in table.items() if value is not None})
            }
            return Objects({**self.by_kind, **tables}) if tables else self
        return self.after(self.differences(changes))
