"""
CEL maps.

Go's map lookup decides which keys are one: a key matches by kind and value, and a
number also matches an integer key of another kind if nothing is lost.

Source: github.com/google/cel-go common/types/map.go, v0.26, and
k8s.io/dynamic-resource-allocation cel/compile.go (the map with a default), v0.36.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ..errors import Panic, Unpredictable
from .named_formats import Format
from .networks import Cidr, Ip
from .semver import Semver
from .times import Duration
from .values import MAX_INT, MIN_INT, PRIMITIVES, TypeValue, Uint

Key = tuple[type, object]
_SCALAR_KEYS = PRIMITIVES - {bytes}
_VALUE_KEYS = frozenset({Duration, Ip, Cidr, TypeValue})


class Missing:
    """The type of ``MISSING``: no value under this key."""

    __slots__ = ()


MISSING = Missing()


class StringMap:
    """A map with string keys, such as the attributes of one domain."""

    __slots__ = ("entries",)

    def __init__(self, entries: Mapping[str, object]) -> None:
        self.entries = entries

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[object]:
        return iter(self.entries)

    def find(self, key: object) -> object:
        """Return the value or ``MISSING``."""
        return self.entries.get(key, MISSING) if type(key) is str else MISSING

    def contains(self, key: object) -> bool:
        """What ``key in map`` gives."""
        return self.find(key) is not MISSING


class DomainMap(StringMap):
    """
    ``device.attributes`` and ``device.capacity``: maps by domain.

    Looking up an unknown domain gives an empty map; ``in`` and iteration know
    only the real ones.
    """

    __slots__ = ()

    def find(self, key: object) -> object:
        domain = super().find(key)
        return EMPTY if domain is MISSING else domain

    def contains(self, key: object) -> bool:
        return StringMap.find(self, key) is not MISSING


class ValueMap:
    """A map made by the expression itself."""

    __slots__ = ("_entries",)

    def __init__(self, entries: dict[Key, object]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[object]:
        return (value for _, value in self._entries)

    def find(self, key: object) -> object:
        """Return the value or ``MISSING``; raises ``Panic`` for a key that Go cannot hash."""
        if not self._entries:
            return MISSING
        if isinstance(key, float) and math.isnan(key):
            return MISSING
        value = self._entries.get(map_key(key), MISSING)
        if value is MISSING:
            for other in _equal_integers(key):
                value = self._entries.get((type(other), other), MISSING)
                if value is not MISSING:
                    break
        return value

    def contains(self, key: object) -> bool:
        """What ``key in map`` gives."""
        return self.find(key) is not MISSING


class MapAccumulator(ValueMap):
    """The map that a macro is making: only the macro can refer to it, so it grows in place."""

    __slots__ = ()

    def insert(self, key: object, value: object) -> None:
        """Add an entry."""
        self._entries[map_key(key)] = value

    def finished(self) -> ValueMap:
        """Return the map that was made; nothing can be inserted after that."""
        return ValueMap(self._entries)


EMPTY = StringMap({})
AnyMap = StringMap | ValueMap


def map_key(key: object) -> Key:
    """
    Return what identifies a key.

    Raises ``Panic`` where Go panics on hashing, ``Unpredictable`` where identity is by address.
    """
    kind = type(key)
    if kind in _SCALAR_KEYS or key is None:
        return (kind, key)
    if kind in _VALUE_KEYS:
        return (kind, key)
    if kind is bytes or kind is Semver or kind is Format:
        raise Panic(f"runtime error: hash of unhashable type {kind.__name__}")
    raise Unpredictable("map keys that upstream tells apart by address are not modelled")


def _equal_integers(key: object) -> Iterator[int]:
    """The integers of other kinds that a number finds."""
    if type(key) is float:
        if MIN_INT < key < MAX_INT and key.is_integer():
            yield int(key)
        if 0 <= key < 2.0**64 and key.is_integer():
            yield Uint(key)
    elif type(key) is int and key >= 0:
        yield Uint(key)
    elif type(key) is Uint and key <= MAX_INT:
        yield int(key)
