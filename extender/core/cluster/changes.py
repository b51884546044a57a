"""
What happens to the objects of a cluster, as lists and events report it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from extender.model.kinds import Key, Kind, TypedKind

K = TypeVar("K", bound=Key)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Changes:
    """
    The last state of each object that is new or changed, ``None`` if it is gone.

    ``by_kind`` holds them by kind's name and key. ``complete`` names the kinds of which these are all
    objects there are: others are gone. ``json`` holds objects as the API server sent them, also by kind's
    name and key, where somebody records them. Values belong to their kind if they are given to ``of``.
    """

    by_kind: Mapping[str, Mapping[Key, object | None]] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    json: Mapping[str, Mapping[Key, bytes]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        kind: TypedKind[K, V],
        objects: Iterable[V] = (),
        gone: Iterable[K] = (),
        *,
        complete: bool = False,
    ) -> Changes:
        """
        Return changes of one kind.

        Of several objects with one key the last counts; a key that is also among the gone ones is gone.
        """
        table: dict[Key, object | None] = {kind.key(value): value for value in objects}
        table.update(dict.fromkeys(gone))
        return cls({kind.name: table}, frozenset((kind.name,)) if complete else frozenset())

    def __getitem__(self, kind: TypedKind[K, V]) -> Mapping[K, V | None]:
        """Return the last states of the objects of a kind, by key."""
        return cast("Mapping[K, V | None]", self.by_kind.get(kind.name, _EMPTY))

    def __bool__(self) -> bool:
        """Whether there may be anything to do."""
        return bool(self.complete) or any(self.by_kind.values())

    def __or__(self, later: Changes) -> Changes:
        """Return these changes and ``later`` ones of other objects, or of the same, which then count."""
        return Changes(
            _joined(self.by_kind, later.by_kind),
            self.complete | later.complete,
            _joined(self.json, later.json),
        )

    def upserts(self, kind: TypedKind[K, V]) -> list[V]:
        """Return the objects of a kind that are new or changed."""
        return [value for value in self[kind].values() if value is not None]

    def gone(self, kind: TypedKind[K, V], before: Collection[K]) -> list[K]:
        """
        Return the keys of a kind whose objects are gone.

        ``before``: the keys there were, of which a complete list lacks those that are gone.
        """
        table = self[kind]
        gone = [key for key, value in table.items() if value is None]
        if kind.name in self.complete:
            gone += [key for key in before if key not in table]
        return gone

    def replaced(self, kind: TypedKind[K, V], objects: Iterable[V], gone: Iterable[K]) -> Changes:
        """Return these changes with others of one kind, of which they are no complete list."""
        changes = Changes.of(kind, objects, gone)
        return Changes({**self.by_kind, **changes.by_kind}, self.complete - {kind.name}, self.json)

    def with_only(self, kind: Kind, keys: Collection[Key]) -> Changes:
        """Return the changes of these objects of one kind."""
        json = _with_only(self.json, kind, keys)
        return Changes(_with_only(self.by_kind, kind, keys), json=json if json[kind.name] else {})

    def without(self, kind: Kind, keys: Collection[Key]) -> Changes:
        """Return all changes but those of these objects of one kind."""
        if not keys:
            return self
        table = self.by_kind.get(kind.name, {})
        rest = {key: value for key, value in table.items() if key not in keys}
        return Changes({**self.by_kind, kind.name: rest}, self.complete, self.json)


_EMPTY: Mapping[Key, object] = {}


def _joined(
    first: Mapping[str, Mapping[Key, V]], second: Mapping[str, Mapping[Key, V]]
) -> Mapping[str, Mapping[Key, V]]:
    joined = dict(first)
    for kind, table in second.items():
        joined[kind] = {**joined.get(kind, {}), **table}
    return joined


def _with_only(
    tables: Mapping[str, Mapping[Key, V]], kind: Kind, keys: Collection[Key]
) -> Mapping[str, Mapping[Key, V]]:
    table = tables.get(kind.name, {})
    return {kind.name: {key: table[key] for key in keys if key in table}}
