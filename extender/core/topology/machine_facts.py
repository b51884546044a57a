"""
What is known of machine types beside what their drivers publish.

An administrator, or this program, says of a type of machine where the device at each PCI address is. Which
type a node is of is told by its labels and by the addresses that its slices publish. Facts fill what no
driver says; they never overrule what one does, and where the two differ the node is judged without facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from .driver_attributes import CARDS, DeviceKind
from .published import PublishedTopology

BUILT_IN = "built in"
"""The origin of the types that this program knows by itself."""


class Place(NamedTuple):
    """Where a device is, as facts tell; empty and -1 are not told. ``switch``: any name of a PCIe switch."""

    root: str = ""
    switch: str = ""
    numa: int = -1
    socket: int = -1


@dataclass(frozen=True, slots=True, eq=False)
class MachineType:
    """
    The facts of one type of machine.

    ``origin``: where they are written, ``machines.yaml, line 3`` or ``BUILT_IN``. ``labels``: what a node of
    this type has, each with the values that it may have. ``devices``: places by PCI address
    (``dddd:bb:dd.f``), or by ``driver/name`` of devices that publish no address.
    """

    name: str
    origin: str
    labels: Mapping[str, frozenset[str]]
    devices: Mapping[str, Place]

    def place_of(self, driver: str, name: str, facts: PublishedTopology) -> Place | None:
        """The place of a device; of a part, such as a VF, that is not listed that of the whole."""
        if facts.kind is DeviceKind.VIRTUAL:
            return None
        for key in (*facts.keys, f"{driver}/{name}"):
            place = self.devices.get(key)
            if place is not None:
                return place
        return None

    def has_labels(self, labels: Mapping[str, str]) -> bool:
        return all(labels.get(key) in values for key, values in self.labels.items())


@dataclass(frozen=True, slots=True, eq=False)
class MachineFacts:
    """All types: those of the site, which come before any that is built in for the same nodes."""

    types: tuple[MachineType, ...] = ()

    def labelled(self, labels: Mapping[str, str]) -> tuple[MachineType, ...]:
        """The types that a node with these labels may be of."""
        return tuple([each for each in self.types if each.has_labels(labels)])

    def used(self, use: FactsUse | None) -> MachineType | None:
        """The type that a node is judged by, if it is judged by any."""
        if use is None or use.problem is not None:
            return None
        named = (use.machine, use.origin)
        return next(each for each in self.types if (each.name, each.origin) == named)


NO_FACTS = MachineFacts()


class FactsProblem(StrEnum):
    """
    Why a node is judged without the facts whose labels it has.

    ``contradicted``: its drivers publish something else. ``ambiguous``: two types match it, and they differ.
    ``other-addresses``: the type does not list a card of the node, or nothing of it at all.
    """

    CONTRADICTED = "contradicted"
    AMBIGUOUS = "ambiguous"
    OTHER_ADDRESSES = "other-addresses"


@dataclass(frozen=True, slots=True)
class FactsUse:
    """
    The type whose facts a node is judged by, or that it is not judged by for a ``problem``.

    ``device``: the first that shows the problem, ``driver/name``. If contradicted, ``level`` (``root``,
    ``numa`` or ``socket``) is what differs: ``published`` and ``told``; else ``told`` is the other type.
    """

    machine: str
    origin: str
    problem: FactsProblem | None = None
    device: str = ""
    level: str = ""
    published: str = ""
    told: str = ""


class Matched(NamedTuple):
    """The facts that apply to a node, if any, with the place of each device, and what is to be said of it."""

    places: Sequence[Place | None]
    use: FactsUse


Named = Sequence[tuple[str, str]]
"""Driver and name of each device of a node."""


def matched(
    types: Iterable[MachineType], named: Named, published: Sequence[PublishedTopology]
) -> Matched | None:
    """
    Choose the type of a node by the addresses that it publishes; ``types`` are those that its labels allow.

    A type matches if it lists a device of the node and all cards that publish an address. ``None`` where no
    type is allowed. If the places are empty, no facts apply.
    """
    found: list[tuple[MachineType, list[Place | None]]] = []
    missed: FactsUse | None = None
    for each in types:
        places = [
            each.place_of(driver, name, facts) for (driver, name), facts in zip(named, published, strict=True)
        ]
        strange = _unlisted_card(named, published, places)
        if strange or not any(places):
            missed = missed or FactsUse(each.name, each.origin, FactsProblem.OTHER_ADDRESSES, device=strange)
        elif not found or (found[0][0].origin == BUILT_IN) == (each.origin == BUILT_IN):
            found.append((each, places))
    if not found:
        return None if missed is None else Matched((), missed)
    (first, places), *others = found
    for other, told in others:
        if told != places:
            number = next(n for n, pair in enumerate(zip(places, told, strict=True)) if pair[0] != pair[1])
            problem = FactsProblem.AMBIGUOUS
            where = "/".join(named[number])
            use = FactsUse(
                first.name, first.origin, problem, device=where, told=f"{other.name} ({other.origin})"
            )
            return Matched((), use)
    return Matched(places, FactsUse(first.name, first.origin))


def _unlisted_card(
    named: Named, published: Sequence[PublishedTopology], places: Sequence[Place | None]
) -> str:
    return next(
        (
            "/".join(name)
            for name, facts, place in zip(named, published, places, strict=True)
            if place is None and facts.kind in CARDS and facts.bus
        ),
        "",
    )
