"""
Which attribute of which driver means what, for all drivers.

A driver that is not listed is read by the standard names and the spellings that
drivers share, and its devices are of kind ``other``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .driver_attributes import NUMA_NODE, OFF_BUS, PCI_BUS_ID, PCIE_ROOT, STANDARD, DeviceKind, Words
from .drivers import DRIVERS, UNLISTED


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """
    The words of every driver that has its own, and those of all others.

    Build it with ``Vocabulary.of``; ``drivers`` holds qualified names.
    """

    unknown: Words
    drivers: Mapping[str, Words] = field(hash=False)

    @classmethod
    def of(cls, drivers: Mapping[str, Words], unknown: Words) -> Vocabulary:
        return cls(unknown, {driver: words.qualified(driver) for driver, words in drivers.items()})

    def words(self, driver: str) -> Words:
        """Return the words of *driver* with every name in full."""
        words = self.drivers.get(driver)
        return self.unknown.qualified(driver) if words is None else words

    def with_drivers(self, drivers: Mapping[str, Words]) -> Vocabulary:
        """Return a vocabulary where *drivers* come in addition, or in place of those of the same name."""
        given = {driver: words.qualified(driver) for driver, words in drivers.items()}
        return Vocabulary(self.unknown, {**self.drivers, **given})


def traits_read(vocabulary: Vocabulary, driver: str) -> frozenset[str]:
    """
    Name every attribute (``domain/id``) of a device of *driver* that can move it.

    Two devices of a driver that agree on these, and on their names where
    ``Words.address_in_name`` is set, are in the same location.
    """
    words = vocabulary.words(driver)
    names = {
        *words.root,
        *words.root_bus,
        *words.numa,
        *words.socket,
        *words.address,
        *words.address_parts,
        *words.parent,
        *words.identity,
    }
    if words.own_memory is not None:
        names.add(words.own_memory[0])
    return frozenset(names)


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
    "Words",
    "traits_read",
]
