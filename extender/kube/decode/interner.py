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
C = TypeVar("C", Heading, Names, Traits, Values)

MOST_BYTES = 8 << 20
"""
What the entries of a table may take, as far as their keys and ``keep`` tell, before it starts again: twice
the names of 50,000 nodes.
"""

MOST_TRAITS_BYTES = 2 << 20
"""
The same of the tables of traits: devices of a fleet have few, and drivers that publish others each time, such
as taints with a time in them, fill them for ever.
"""

MOST_ENTRY_BYTES = 64 << 10
"""A larger entry is not kept: whoever writes such objects, and deletes them again, fills no memory."""

TRUE, FALSE = Attribute(AttributeKind.BOOL, True), Attribute(AttributeKind.BOOL, False)

FLAT_BYTES = 64
"""What a part of a key is taken for that is no text, and each entry besides its key."""


TRAITS_BYTES = 512
"""What the traits of a device are taken for."""


class Table(dict[K, V]):
    """
    A bounded dict; a subclass says in ``make`` what a missing key stands for.

    ``most``: what its entries may take, in bytes.
    """

    __slots__ = ("_bytes", "_most")

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self._bytes = 0
        self._most = MOST_BYTES if most is None else most

    def make(self, key: K) -> V:
        raise KeyError(key)

    def __missing__(self, key: K) -> V:
        return self.keep(key, self.make(key), _bytes_of(key))

    def keep(self, key: K, value: V, size: int = FLAT_BYTES) -> V:
        """Store and return ``value``, which takes about ``size`` bytes."""
        if size > MOST_ENTRY_BYTES:
            return value
        if self._bytes + size > self._most:
            self.clear()
            self._bytes = 0
        self._bytes += size
        self[key] = value
        return value


def _bytes_of(key: Hashable) -> int:
    if isinstance(key, str):
        return FLAT_BYTES + len(key)
    if isinstance(key, tuple):
        return FLAT_BYTES + sum([len(part) if isinstance(part, str) else FLAT_BYTES for part in key])
    return FLAT_BYTES


class Same(Table[K, K]):
    """``same[value]`` is the first object seen that equals ``value``."""

    __slots__ = ()

    def make(self, key: K) -> K:
        return key


class SameTraits(Same[DeviceTraits]):
    """Traits, whatever JSON says them."""

    __slots__ = ()

    def __missing__(self, key: DeviceTraits) -> DeviceTraits:
        return self.keep(key, key, TRAITS_BYTES)


class Quantities(Table[str, Quantity]):
    """Quantities by their text; raises ``ValueError`` for what is none."""

    __slots__ = ()

    def make(self, key: str) -> Quantity:
        return parse_quantity(key)


class Columns(WeakValueDictionary[K, C]):
    """
    ``columns[key]`` is the column of what is in ``key``, one object for as long as anybody else has it.

    Devices come and go for ever, and drivers publish values that never came before.
    """

    __slots__ = ()

    def make(self, key: K) -> C:
        raise KeyError(key)

    def __getitem__(self, key: K) -> C:
        column = self.get(key)
        if column is None:
            column = self[key] = self.make(key)
        return column


class NameColumns(Columns[tuple[str, ...], Names]):
    """Columns of device names."""

    __slots__ = ()

    def make(self, key: tuple[str, ...]) -> Names:
        return Names(key)


class TraitColumns(Columns[tuple[DeviceTraits, ...], Traits]):
    __slots__ = ()

    def make(self, key: tuple[DeviceTraits, ...]) -> Traits:
        return Traits(key)


class StringColumns(Columns[tuple[str, ...], Values]):
    """Columns in which each device has a string: most columns are such."""

    __slots__ = ()

    def make(self, key: tuple[str, ...]) -> Values:
        return Values(tuple([Attribute(AttributeKind.STRING, text) for text in key]))


class IntColumns(Columns[tuple[int, ...], Values]):
    __slots__ = ()

    def make(self, key: tuple[int, ...]) -> Values:
        return Values(tuple([Attribute(AttributeKind.INT, number) for number in key]))


class BoolColumns(Columns[tuple[bool, ...], Values]):
    __slots__ = ()

    def make(self, key: tuple[bool, ...]) -> Values:
        return Values(tuple([TRUE if flag else FALSE for flag in key]))


class VersionColumns(Columns[tuple[str, ...], Values]):
    __slots__ = ()

    def make(self, key: tuple[str, ...]) -> Values:
        return Values(tuple([Attribute(AttributeKind.VERSION, text) for text in key]))


class ValueColumns(Columns[tuple[Attribute | None, ...], Values]):
    """All other columns."""

    __slots__ = ()

    def make(self, key: tuple[Attribute | None, ...]) -> Values:
        return Values(key)


class Headings(Columns[tuple[str, ...], Heading]):
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


class DevicesByDriver(Table[str, WeakValueDictionary[bytes, Devices]]):
    """Devices by digest of their JSON, of each driver; no more than somebody else keeps."""

    __slots__ = ()

    def make(self, key: str) -> WeakValueDictionary[bytes, Devices]:  # noqa: ARG002 - all begin empty
        return WeakValueDictionary()


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
        self.devices = DevicesByDriver()
        self.device_names = NameColumns()
        self.device_traits = TraitColumns()
        self.headings = Headings()
        self.strings = StringColumns()
        self.ints = IntColumns()
        self.bools = BoolColumns()
        self.versions = VersionColumns()
        self.values = ValueColumns()
        self.quantities = Quantities()
        self.traits = SameTraits(MOST_TRAITS_BYTES)
        self.traits_by_json: Table[tuple[object, ...], DeviceTraits] = Table(MOST_TRAITS_BYTES)
        self.specs: WeakValueDictionary[str, ClaimSpec] = WeakValueDictionary()
        """Claim specs by fingerprint, for as long as a claim has them, or an answer about one."""
