"""
What differs between two states of a cluster.

Values are compared, because most events of a live cluster change nothing that is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from . import layered

H = TypeVar("H", bound=Hashable)
K = TypeVar("K", str, tuple[str, str])
G = TypeVar("G", bound=Hashable)
V = TypeVar("V")


class Difference(NamedTuple, Generic[V]):
    """An object before and after; ``None`` where there is none, never both alike."""

    before: V | None
    after: V | None


def differences(before: Mapping[H, V], wanted: Mapping[H, V | None]) -> dict[H, Difference[V]]:
    """
    Return what ``wanted`` (``None``: nothing) changes, by key, in its order.

    Values are compared.
    """
    pairs = ((key, before.get(key), value) for key, value in wanted.items())
    return {key: Difference(then, now) for key, then, now in pairs if then != now}


def applied(before: Mapping[H, V], changed: Mapping[H, Difference[V]]) -> Mapping[H, V]:
    """Return the mapping with the differences in it; the same object without any."""
    return layered.changed(before, {key: difference.after for key, difference in changed.items()})


def regrouped(
    groups: Mapping[G, tuple[V, ...]],
    changed: Mapping[K, Difference[V]],
    groups_of: Callable[[V], Iterable[G]],
    key_of: Callable[[V], K],
) -> Mapping[G, tuple[V, ...]]:
    """
    Return groups of objects, each in the order of keys, with the differences in them.

    An object is in every group that ``groups_of`` returns; no group is empty. The same
    mapping if no group changes.
    """
    moved: dict[G, dict[K, V | None]] = {}
    for key, (before, after) in changed.items():
        for group in groups_of(before) if before is not None else ():
            moved.setdefault(group, {})[key] = None
        for group in groups_of(after) if after is not None else ():
            moved.setdefault(group, {})[key] = after
    if not moved:
        return groups
    fresh: dict[G, tuple[V, ...] | None] = {}
    for group, members in moved.items():
        kept = [value for value in groups.get(group, ()) if key_of(value) not in members]
        kept += [value for value in members.values() if value is not None]
        fresh[group] = tuple(sorted(kept, key=key_of)) if kept else None
    return layered.changed(groups, fresh)
