"""Equal values as one object, so that a cluster of like machines is small and quick to compare."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar
from weakref import WeakValueDictionary

from extender.model import Attribute, AttributeKind, ClaimSpec, Devices, DeviceTraits
from extender.model.device_columns import Heading, Names, Traits, Values
from extender.model.quantity import Quantity, parse_quantity

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

TABLE_LIMIT = 1 << 18
"""Entries a table holds before it starts again: UUIDs and addresses come and go for ever."""


MOST_BYTES = 16 << 20
"""What the entries of a table may take, as far as their keys and ``keep`` tell, before it starts again."""

MOST_ENTRY_BYTES = 64 << 10
"""A larger entry is not kept: whoever writes such objects, and deletes them again, fills no memory."""

TRUE, FALSE = Attribute(AttributeKind.BOOL, True), Attribute(AttributeKind.BOOL, False)

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
        return self.keep(key, self.make(key), _bytes_of(key))

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


def _bytes_of(key: Hashable) -> int:
    if isinstance(key, str):
        return len(key)
    if isinstance(key, tuple):
        return _FLAT_BYTES + sum([len(part) if isinstance(part, str) else _FLAT_BYTES for part in key])
    return _FLAT_BYTES


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


class NameColumns(Table[tuple[str, ...], Names]):
    """Columns of device names."""

    __slots__ = ()

    def make(self, key: tuple[str, ...]) -> Names:
        return Names(key)


class TraitColumns(Table[tuple[DeviceTraits, ...], Traits]):
    __slots__ = ()

    def make(self, key: tuple[DeviceTraits, ...]) -> Traits:
        return Traits(key)


class StringColumns(Table[tuple[str, ...], Values]):
    """Columns in which each device has a string: most columns are such."""

    __slots__ = ()

    def make(self, key: tuple[str, ...]) -> Values:
        return Values(tuple([Attribute(AttributeKind.STRING, text) for text in key]))


class IntColumns(Table[tuple[int, ...], Values]):
    __slots__ = ()

    def make(self, key: tuple[int, ...]) -> Values:
        return Values(tuple([Attribute(AttributeKind.INT, number) for number in key]))


class BoolColumns(Table[tuple[bool, ...], Values]):
    __slots__ = ()

    def make(self, key: tuple[bool, ...]) -> Values:
        return Values(tuple([TRUE if flag else FALSE for flag in key]))


class VersionColumns(Table[tuple[str, ...], Values]):
    __slots__ = ()

    def make(self, key: tuple[str, ...]) -> Values:
        return Values(tuple([Attribute(AttributeKind.VERSION, text) for text in key]))


class ValueColumns(Table[tuple[Attribute | None, ...], Values]):
    """All other columns."""

    __slots__ = ()

    def make(self, key: tuple[Attribute | None, ...]) -> Values:
        return Values(key)


class Headings(Table[tuple[str, ...], Heading]):
    __slots__ = ()

    def make(self, key: tuple[str, ...]) -> Heading:
        return Heading(key)


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
        "bools",
        "device_names",
        "device_traits",
        "devices",
        "headings",
        "ints",
        "names",
        "quantities",
        "specs",
        "strings",
        "texts",
        "traits",
        "traits_by_json",
        "values",
        "versions",
    )

    def __init__(self) -> None:
        self.texts: Same[str] = Same()
        self.names = NamesByDriver()
        self.devices: WeakValueDictionary[tuple[str, bytes], Devices] = WeakValueDictionary()
        """By driver and digest of their JSON; no more than somebody else keeps."""
        self.device_names = NameColumns()
        self.device_traits = TraitColumns()
        self.headings = Headings()
        self.strings = StringColumns()
        self.ints = IntColumns()
        self.bools = BoolColumns()
        self.versions = VersionColumns()
        self.values = ValueColumns()
        self.quantities = Quantities()
        self.traits: Same[DeviceTraits] = Same()
        self.traits_by_json: Table[tuple[object, ...], DeviceTraits] = Table()
        self.specs: Table[str, ClaimSpec] = Table()
        """Claim specs by fingerprint."""
