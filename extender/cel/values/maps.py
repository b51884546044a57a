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

from ..errors import EvaluationError, Panic, Unpredictable
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


class Unreadable:
    """The value of an attribute that this release cannot read, under its ``name``."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def unreadable(name: str) -> EvaluationError:
    """Build the error of whoever reads such an attribute."""
    return EvaluationError(f"attribute {name}: value is invalid or its type is not supported by this version")


class LazyMap(StringMap):
    """
    A map of the device from 1.38 on: keys of other kinds are made text, values are read when needed.

    Raises ``EvaluationError`` for a value that cannot be read and for a key that is never text,
    ``Unpredictable`` for a key whose text is not modelled.
    """

    __slots__ = ()

    def find(self, key: object) -> object:
        value = self.entries.get(_as_text(key), MISSING)
        if type(value) is Unreadable:
            raise unreadable(value.name)
        return value

    def contains(self, key: object) -> bool:
        if isinstance(key, _NEVER_TEXT):
            return False
        return type(self.entries.get(_as_text(key), MISSING)) not in (Missing, Unreadable)


class LazyDomainMap(LazyMap, DomainMap):
    """``device.attributes`` and ``device.capacity`` from 1.38 on."""

    __slots__ = ()

    def find(self, key: object) -> object:
        domain = LazyMap.find(self, key)
        return EMPTY if domain is MISSING else domain

    def contains(self, key: object) -> bool:
        return LazyMap.contains(self, key)


_NEVER_TEXT = (tuple, StringMap)


def _as_text(key: object) -> str:
    """The key as text, as CEL's conversion to a string has it."""
    if type(key) is str:
        return key
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int):
        return str(int(key))
    if isinstance(key, TypeValue):
        return key.name
    if isinstance(key, _NEVER_TEXT):
        raise EvaluationError("type conversion error: no string")
    raise Unpredictable("keys of maps of the device that are neither text nor whole numbers")


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
