"""
Which attribute of which driver means what, for all drivers.

A driver that is not listed is read by the standard names and the spellings that
drivers share, and its devices are of kind ``other``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .driver_attributes import (
    NUMA_NODE,
    OFF_BUS,
    PCI_BUS_ID,
    PCIE_ROOT,
    STANDARD,
    DeviceKind,
    DriverAttributes,
)
from .drivers import DRIVERS, UNLISTED


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """
    The attribute names of every driver that is listed, and those of all others.

    Build it with ``Vocabulary.of``; ``drivers`` holds full names, ``unknown`` names as written.
    ``identities``: the full names by which any driver says which physical device it is.
    """

    unknown: DriverAttributes
    drivers: Mapping[str, DriverAttributes] = field(hash=False)
    identities: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Collect the names once: constraints of every claim are compared with them."""
        names = (self.unknown, *self.drivers.values())
        identities = frozenset(
            name
            for each in names
            for name in (*each.address, *each.parent, *each.identity, *each.parent_identity)
            if "/" in name
        )
        object.__setattr__(self, "identities", identities)

    @classmethod
    def of(cls, drivers: Mapping[str, DriverAttributes], unknown: DriverAttributes) -> Vocabulary:
        return cls(unknown, {driver: names.qualified(driver) for driver, names in drivers.items()})

    def attributes(self, driver: str) -> DriverAttributes:
        """Return the attribute names of *driver*, each in full."""
        names = self.drivers.get(driver)
        return self.unknown.qualified(driver) if names is None else names

    def tells_cards_apart(self, attribute: str) -> bool:
        """Whether devices with the same value of *attribute* (a full name) are one physical device."""
        return attribute in self.identities

    def with_drivers(self, drivers: Mapping[str, DriverAttributes]) -> Vocabulary:
        """Return a vocabulary where *drivers* come in addition, or in place of those of the same name."""
        given = {driver: names.qualified(driver) for driver, names in drivers.items()}
        return Vocabulary(self.unknown, {**self.drivers, **given})


def traits_read(vocabulary: Vocabulary, driver: str) -> frozenset[str]:
    """
    Return every attribute (``domain/id``) from which the location of a device of *driver* is read.

    Two devices of a driver that agree on these, and on their names where
    ``DriverAttributes.address_in_name`` is set, have the same location.
    """
    names = vocabulary.attributes(driver)
    read = {
        *names.root,
        *names.root_bus,
        *names.numa,
        *names.socket,
        *names.address,
        *names.address_parts,
        *names.parent,
        *names.identity,
        *names.parent_identity,
        *(name for name, _ in names.groups),
    }
    if names.own_memory is not None:
        read.add(names.own_memory[0])
    return frozenset(read)


DEFAULT_VOCABULARY = Vocabulary.of(DRIVERS, UNLISTED)

__all__ = [
    "DEFAULT_VOCABULARY",
    "NUMA_NODE",
    "OFF_BUS",
    "PCIE_ROOT",
    "PCI_BUS_ID",
    "STANDARD",
    "DeviceKind",
    "Vocabulary",
    "DriverAttributes",
    "traits_read",
]
