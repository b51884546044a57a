"""Equal values as one object, so that a cluster of like machines is small and quick to compare."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from extender.model import Attribute, AttributeKind, ClaimSpec, DeviceTraits
from extender.model.quantity import Quantity, parse_quantity

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

TABLE_LIMIT = 1 << 18
"""Entries a table holds before it starts again: UUIDs and addresses come and go for ever."""


MOST_BYTES = 16 << 20
"""What the entries of a table may take, as far as their keys and ``keep`` tell, before it starts again."""

MOST_ENTRY_BYTES = 64 << 10
"""A larger entry is not kept: whoever writes such objects, and deletes them again, fills no memory."""

_FLAT_BYTES = 64
"""What an entry is taken for whose key is no text."""


class Table(dict[K, V]):
    """A bounded dict; a subclass says in ``make`` what a missing key stands for."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        super().__init__()
        self._bytes = 0

    def make(self, key: K) -> V:
        raise KeyError(key)

    def __missing__(self, key: K) -> V:
        size = len(key) if isinstance(key, str) else _FLAT_BYTES
        return self.keep(key, self.make(key), size)

    def keep(self, key: K, value: V, size: int = _FLAT_BYTES) -> V:
        """Store and return ``value``, which takes about ``size`` bytes."""
        if size > MOST_ENTRY_BYTES:
            return value
        if len(self) >= TABLE_LIMIT or self._bytes + size > MOST_BYTES:
            self.clear()
            self._bytes = 0
        self._bytes += size
        self[key] = value
        return value


class Same(Table[K, K]):
    """``same[value]`` is the first object seen that equals ``value``."""

    __slots__ = ()

    def make(self, key: K) -> K:
        return key


class Quantities(Table[str, Quantity]):
    """Quantities by their text; raises ``ValueError`` for what is none."""

    __slots__ = ()

    def make(self, key: str) -> Quantity:
        return parse_quantity(key)


class StringAttributes(Table[str, Attribute]):
    """String attributes by their value: most attributes are strings."""

    __slots__ = ()

    def make(self, key: str) -> Attribute:
        return Attribute(AttributeKind.STRING, key)


class VersionAttributes(Table[str, Attribute]):
    __slots__ = ()

    def make(self, key: str) -> Attribute:
        return Attribute(AttributeKind.VERSION, key)


class IntAttributes(Table[int, Attribute]):
    __slots__ = ()

    def make(self, key: int) -> Attribute:
        return Attribute(AttributeKind.INT, key)


class QualifiedNames(Table[str, str]):
    """
    Attribute names of one driver, by their spelling in a slice.

    A name without a domain belongs to the driver's own (``QualifiedName`` in
    k8s.io/api resource/v1 types.go, v0.36).
    """

    __slots__ = ("driver",)

    def __init__(self, driver: str) -> None:
        super().__init__()
        self.driver = driver

    def make(self, key: str) -> str:
        return key if "/" in key or not self.driver else f"{self.driver}/{key}"


class NamesByDriver(Table[str, QualifiedNames]):
    __slots__ = ()

    def make(self, key: str) -> QualifiedNames:
        return QualifiedNames(key)


class Interner:
    """
    The values decoded so far.

    Owned by whoever decodes a series of objects; for one thread at a time.
    Sharing is an economy, never a promise: a full table is emptied, and equal
    values decoded before and after are then two objects.
    """

    __slots__ = (
        "attributes",
        "ints",
        "names",
        "quantities",
        "specs",
        "strings",
        "texts",
        "traits",
        "traits_by_json",
        "versions",
    )

    def __init__(self) -> None:
        self.texts: Same[str] = Same()
        self.names = NamesByDriver()
        self.strings = StringAttributes()
        self.versions = VersionAttributes()
        self.ints = IntAttributes()
        self.attributes: Same[Attribute] = Same()
        """Lists, and what is of no kind that we know."""
        self.quantities = Quantities()
        self.traits: Same[DeviceTraits] = Same()
        self.traits_by_json: Table[tuple[object, ...], DeviceTraits] = Table()
        self.specs: Table[str, ClaimSpec] = Table()
        """Claim specs by fingerprint."""
