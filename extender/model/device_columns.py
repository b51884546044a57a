"""
The devices of a slice, by column.

A *column* holds one thing of each device of a slice: the names, the traits, or the values of one attribute.
Machines of one type publish equal columns but for those of identities, such as UUIDs. So a decoder keeps
each distinct column once (``kube.decode.interner``), and two slices are alike in all that somebody reads
where the columns that he reads are alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

from .devices import Attribute, AttributeKind, Device, DeviceTraits

V = TypeVar("V")


class Column(Generic[V]):
    """One value of each device of a slice, in the devices' order; hashed once, and compared by value."""

    __slots__ = ("__weakref__", "_digest", "values")

    def __init__(self, values: tuple[V, ...]) -> None:
        self.values = values
        self._digest = hash(values)

    def __hash__(self) -> int:
        return self._digest

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Column) and self._digest == other._digest and self.values == other.values

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.values!r})"


class Names(Column[str]):
    """The names of the devices. ``positions``: of each; of a name that comes twice the last one's."""

    __slots__ = ("positions",)

    def __init__(self, values: tuple[str, ...]) -> None:
        super().__init__(values)
        self.positions = {name: number for number, name in enumerate(values)}


class Traits(Column[DeviceTraits]):
    """
    The traits of the devices. ``distinct``: each once, in order of appearance.

    ``binding_conditions``, ``consumes_counters``: whether any device has some, or does.
    """

    __slots__ = ("binding_conditions", "consumes_counters", "distinct")

    def __init__(self, values: tuple[DeviceTraits, ...]) -> None:
        super().__init__(values)
        self.distinct = tuple(dict.fromkeys(values))
        self.binding_conditions = any(traits.binding_conditions for traits in self.distinct)
        self.consumes_counters = any(traits.consumes_counters for traits in self.distinct)


class Values(Column[Attribute | None]):
    """
    The values of one attribute, ``None`` for devices without it.

    ``unusual``: whether a value is no plain string, integer or boolean, so that releases may differ on it.
    """

    __slots__ = ("unusual",)

    def __init__(self, values: tuple[Attribute | None, ...]) -> None:
        super().__init__(values)
        self.unusual = any(value is not None and value.kind not in _USUAL for value in values)


_USUAL = frozenset({AttributeKind.STRING, AttributeKind.INT, AttributeKind.BOOL})


class Heading(Column[str]):
    """The full names of the attributes that the devices of a slice have, sorted. ``positions``: by name."""

    __slots__ = ("positions",)

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(tuple(sorted(names)))
        self.positions = {name: number for number, name in enumerate(self.values)}


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Devices(Sequence[Device]):
    """
    The devices of a slice, in the driver's order.

    ``columns``: the values of each attribute, in the order of ``heading``. Devices are made on each look at
    one: who needs one thing of all devices reads its column.
    """

    names: Names
    traits: Traits
    heading: Heading
    columns: tuple[Values, ...]

    @classmethod
    def of(cls, devices: Iterable[Device]) -> Devices:
        """Put devices made by hand into columns."""
        rows = tuple(devices)
        heading = Heading({name for device in rows for name in device.attributes})
        return cls(
            Names(tuple(device.name for device in rows)),
            Traits(tuple(device.traits for device in rows)),
            heading,
            tuple(Values(tuple(device.attributes.get(name) for device in rows)) for name in heading.values),
        )

    def column(self, attribute: str) -> Values | None:
        """The values of an attribute (a full name); ``None``: no device has it."""
        number = self.heading.positions.get(attribute)
        return None if number is None else self.columns[number]

    def attributes(self, position: int) -> Mapping[str, Attribute]:
        """The attributes of one device by full name, sorted."""
        return {
            name: value
            for name, column in zip(self.heading.values, self.columns, strict=True)
            if (value := column.values[position]) is not None
        }

    def __len__(self) -> int:
        return len(self.names.values)

    @overload
    def __getitem__(self, position: int) -> Device: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[Device, ...]: ...
    def __getitem__(self, position: int | slice) -> Device | tuple[Device, ...]:
        if isinstance(position, slice):
            return tuple(self)[position]
        return Device(self.names.values[position], self.attributes(position), self.traits.values[position])

    def __iter__(self) -> Iterator[Device]:
        return map(self.__getitem__, range(len(self)))


NO_DEVICES = Devices.of(())
