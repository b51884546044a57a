"""
Mappings of a snapshot, which share what did not change with those that they follow from.

A copy of each mapping for each event would cost what the fleet is large. What follows from a mapping here is
the same *base*, a dict that nobody changes any more, and what differs from it. That is copied each time, and
becomes a new base once it has grown to the square root of twice the base, where both copies cost least.
"""

# Theory
# ------
# A `Layered` is equal to the dict that the same changes make, and iterates in its order: a key that comes
# is the last, and keeps its place while its value changes. tests/core/cluster/test_layered.py compares the
# two over random histories. So a key that goes and comes again must not come at its old place in the base:
# such keys are among `_appended`, like those that the base never had.
# Requests read old snapshots, in other threads too, while the next one is made: nothing is changed in place.

from __future__ import annotations

from collections.abc import Hashable, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from typing import TypeVar, overload

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")

COPIED = 500
"""A mapping of no more keys is copied: that takes no longer than what it would save."""


class Layered(Mapping[K, V]):
    """
    ``base`` with ``different`` values, ``None`` for what is gone. Values are never ``None``.

    ``appended``: the keys of ``different`` that come after those of the base, in order.
    """

    __slots__ = ("_appended", "_length", "base", "different")

    def __init__(
        self,
        base: dict[K, V],
        different: Mapping[K, V | None],
        appended: Mapping[K, None],
        length: int,
    ) -> None:
        self.base = base
        self.different = different
        self._appended = appended
        self._length = length

    def __getitem__(self, key: K) -> V:
        if key not in self.different:
            return self.base[key]
        value = self.different[key]
        if value is None:
            raise KeyError(key)
        return value

    @overload
    def get(self, key: K, /) -> V | None: ...
    @overload
    def get(self, key: K, /, default: V | T) -> V | T: ...
    def get(self, key: K, /, default: V | T | None = None) -> V | T | None:
        if key not in self.different:
            return self.base.get(key, default)
        value = self.different[key]
        return default if value is None else value

    def __contains__(self, key: object) -> bool:
        if key in self.different:
            return self.different[key] is not None  # type: ignore[index]
        return key in self.base

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[K]:
        for key, _ in self._pairs():
            yield key

    def items(self) -> ItemsView[K, V]:
        return _Items(self)

    def values(self) -> ValuesView[V]:
        return _Values(self)

    def _pairs(self) -> Iterator[tuple[K, V]]:
        different, appended = self.different, self._appended
        for key, value in self.base.items():
            if key not in different:
                yield key, value
            elif key not in appended:
                now = different[key]
                if now is not None:
                    yield key, now
        for key in appended:
            last = different[key]
            assert last is not None
            yield key, last

    def flat(self) -> dict[K, V]:
        """Return a dict that is equal."""
        replaced = {key: value for key, value in self.different.items() if value is not None}
        if self._appended or len(replaced) < len(self.different):
            return dict(self._pairs())
        return {**self.base, **replaced}

    def with_(self, changes: Mapping[K, V | None]) -> Mapping[K, V]:
        """See ``changed``."""
        base, appended = self.base, dict(self._appended)
        different, length = dict(self.different), self._length
        for key, value in changes.items():
            there = key in self
            length += (value is not None) - there
            if value is None:
                appended.pop(key, None)
                if key not in base:
                    different.pop(key, None)
                    continue
            elif not there:
                appended[key] = None
            different[key] = value
        after = Layered(base, different, appended, length)
        return after if len(different) ** 2 <= 2 * len(base) else after.flat()


class _Items(ItemsView[K, V]):
    _mapping: Layered[K, V]

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return self._mapping._pairs()


class _Values(ValuesView[V]):
    _mapping: Layered[object, V]

    def __iter__(self) -> Iterator[V]:
        for _, value in self._mapping._pairs():
            yield value


def changed(mapping: Mapping[K, V], changes: Mapping[K, V | None]) -> Mapping[K, V]:
    """
    Return the mapping with other values, ``None`` for what is gone; the same object without any.

    A key that comes is the last. Costs what the changes cost, and the square root of the mapping.
    """
    if not changes:
        return mapping
    if isinstance(mapping, Layered):
        return mapping.with_(changes)
    base = mapping if isinstance(mapping, dict) else dict(mapping)
    if len(base) > COPIED and len(changes) ** 2 <= 2 * len(base):
        return Layered(base, {}, {}, len(base)).with_(changes)
    # ``dict(mapping)`` is far slower where ``mapping`` has lost keys.
    after = base.copy()
    for key, value in changes.items():
        if value is None:
            after.pop(key, None)
        else:
            after[key] = value
    return after


def values_of(mapping: Mapping[K, V], keys: Iterable[K]) -> Sequence[V | None]:
    """Return the value of each key, ``None`` without one; no Python function is called for each."""
    if not isinstance(mapping, Layered):
        return list(map(mapping.get, keys))
    keys = list(keys)
    return list(map(mapping.different.get, keys, map(mapping.base.get, keys)))


def absent(mapping: Mapping[K, V], keys: set[K]) -> set[K]:
    """Return the keys that the mapping has not; no Python function is called for each."""
    if not isinstance(mapping, Layered):
        return keys.difference(mapping)
    different = mapping.different
    gone = {key for key, value in different.items() if value is None}
    return (keys.difference(mapping.base) - different.keys()) | (keys & gone)


def flat(mapping: Mapping[K, V]) -> Mapping[K, V]:
    """Return the mapping without layers, for who looks at all of it."""
    if not isinstance(mapping, Layered):
        return mapping
    return mapping.flat()


def layers(mapping: object) -> tuple[object, ...]:
    """Return the parts of which the mapping consists, some of which others share."""
    return (mapping.base, mapping.different) if isinstance(mapping, Layered) else (mapping,)


__all__ = ["COPIED", "Layered", "absent", "changed", "flat", "layers", "values_of"]
