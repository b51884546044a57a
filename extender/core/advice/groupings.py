"""
How attributes divide the devices of requests into groups: what a constraint could keep together, and
what another constraint keeps together already.

Looked at on one node of each group of like nodes. That finds candidates only: what a constraint comes
to is predicted on every node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from extender.model import AttributeKind, Device

from ..allocator.compared_values import ELEMENT_KIND, looked_up
from ..cluster.snapshot import Snapshot
from ..topology.locations import Location
from .publications import says_nothing, sightings
from .survey import NodeGroup

MOST_EXAMPLES = 64
"""Groups of like nodes that are looked at."""

MOST_FURTHER = 8
"""Attributes beyond those of locations that are tried over one set of requests."""

_NO_GROUPS = frozenset(
    {AttributeKind.BOOL, AttributeKind.BOOLS, AttributeKind.VERSION, AttributeKind.VERSIONS}
)
"""Kinds of values that say what a device is like, never which others it is with."""

Value = tuple[AttributeKind, object]


class SeenDevice(NamedTuple):
    """A device and the alternatives that select it."""

    alternatives: frozenset[int]
    driver: str
    device: Device
    location: Location


@dataclass(frozen=True, slots=True)
class Members:
    """
    What one constraint would cover: for each request its alternatives, by index.

    ``needed``: the fewest devices that these take together.
    """

    requests: tuple[tuple[int, ...], ...]
    needed: int

    @property
    def alternatives(self) -> frozenset[int]:
        return frozenset(index for alternatives in self.requests for index in alternatives)


@dataclass(frozen=True, slots=True, eq=False)
class Groupings:
    """
    ``nodes``: what is selected on each example. ``lists``: whether lists count as sets of values.
    ``sharing``: whether devices can be allocated several times.
    """

    nodes: tuple[tuple[SeenDevice, ...], ...]
    lists: bool
    sharing: bool = False

    def further(self, groups: Sequence[Members], known: Sequence[str]) -> tuple[str, ...]:
        """
        Attributes beside the ``known`` that could keep each of the ``groups`` together, the best first.

        On some node every device of the groups publishes them, with values in common, and not the same
        for all.
        Of those that divide the devices alike one is enough. Names in a domain that belongs to no driver
        were made to be shared, so they come first; then those that divide more finely.
        """
        if not groups:
            return ()
        common = frozenset.intersection(*(self._common(group) for group in groups))
        seen = {self._division(name, groups) for name in known if name in common}
        found: dict[tuple[object, ...], str] = {}
        for name in sorted(common.difference(known), key=lambda name: self._order(name, groups)):
            if all(self._divides(name, group) for group in groups):
                found.setdefault(self._division(name, groups), name)
        return tuple(name for division, name in found.items() if division not in seen)[:MOST_FURTHER]

    def implies(self, first: str, second: str, members: Members) -> bool:
        """Whether devices that agree on ``first`` always agree on ``second``, as far as nodes show."""
        agreed = False
        for devices in self.nodes:
            by_value: dict[Value, set[frozenset[Value]]] = {}
            for seen in devices:
                if seen.alternatives & members.alternatives:
                    for value in self.values(seen, first):
                        by_value.setdefault(value, set()).add(self.values(seen, second))
            if any(len(others) > 1 or not all(others) for others in by_value.values()):
                return False
            agreed = agreed or bool(by_value)
        return agreed

    def most_together(self, attribute: str, members: Members, alternative: int) -> int:
        """
        How many devices of one alternative always have a value in common with all other members.

        The least over the nodes where any have; 0 where none have.
        """
        most = []
        for devices in self.nodes:
            shared = self._shared(attribute, members, devices)
            counts = Counter(
                value
                for seen in devices
                if alternative in seen.alternatives
                for value in self.values(seen, attribute)
                if value in shared
            )
            if counts:
                most.append(max(counts.values()))
        return min(most, default=0)

    def values(self, seen: SeenDevice, attribute: str) -> frozenset[Value]:
        """The values by which a device can match; none for one that means unknown."""
        found = looked_up(seen.device, seen.driver, attribute)
        if found is None or says_nothing(found):
            return frozenset()
        if not isinstance(found.value, tuple):
            return frozenset({(found.kind, found.value)})
        if not self.lists:
            return frozenset()
        kind = ELEMENT_KIND.get(found.kind, found.kind)
        return frozenset((kind, each) for each in found.value)

    def _members(self, members: Members) -> Iterator[SeenDevice]:
        for devices in self.nodes:
            yield from (seen for seen in devices if seen.alternatives & members.alternatives)

    def _common(self, members: Members) -> frozenset[str]:
        """The names that every device of some node publishes."""
        return frozenset().union(*(_published_by_all(devices, members) for devices in self.nodes))

    def _divides(self, attribute: str, members: Members) -> bool:
        """Whether on some node enough devices share a value, and others have another one."""
        for devices in self.nodes:
            shared = self._shared(attribute, members, devices)
            held: Counter[Value] = Counter()
            shareable: set[Value] = set()
            total = 0
            for seen in devices:
                if seen.alternatives & members.alternatives:
                    total += 1
                    values = self.values(seen, attribute)
                    held.update(values)
                    if self.sharing and seen.device.traits.allow_multiple_allocations:
                        shareable |= values
            if any(
                held[value] < total and (value in shareable or held[value] >= members.needed)
                for value in shared
            ):
                return True
        return False

    def _shared(self, attribute: str, members: Members, devices: Sequence[SeenDevice]) -> frozenset[Value]:
        """The values that devices of every request have."""
        by_request = [
            frozenset(
                value
                for seen in devices
                if not seen.alternatives.isdisjoint(alternatives)
                for value in self.values(seen, attribute)
            )
            for alternatives in members.requests
        ]
        return frozenset.intersection(*by_request) if by_request else frozenset()

    def _division(self, attribute: str, groups: Sequence[Members]) -> tuple[object, ...]:
        """Equal for attributes that divide the devices alike."""
        result: list[object] = []
        for group in groups:
            for devices in self.nodes:
                numbers: dict[Value, int] = {}
                result.append(
                    tuple(
                        frozenset(
                            numbers.setdefault(value, len(numbers))
                            for value in sorted(self.values(seen, attribute), key=repr)
                        )
                        for seen in devices
                        if seen.alternatives & group.alternatives
                    )
                )
        return tuple(result)

    def _order(self, attribute: str, groups: Sequence[Members]) -> tuple[bool, int, str]:
        drivers = {seen.driver for group in groups for seen in self._members(group)}
        finest = max(
            (
                len({value for seen in devices for value in self.values(seen, attribute)})
                for devices in self.nodes
            ),
            default=0,
        )
        return attribute.partition("/")[0] in drivers, -finest, attribute


def _published_by_all(devices: Sequence[SeenDevice], members: Members) -> frozenset[str]:
    names = [
        frozenset(name for name, value in seen.device.attributes.items() if value.kind not in _NO_GROUPS)
        for seen in devices
        if seen.alternatives & members.alternatives
    ]
    return frozenset.intersection(*names) if names else frozenset()


def groupings(surveyed: Sequence[NodeGroup], snapshot: Snapshot) -> Groupings:
    """Look at one node of each of the first groups; what is allocated does not matter."""
    examples = [replace(group, nodes=group.nodes[:1]) for group in surveyed[:MOST_EXAMPLES]]
    nodes: dict[str, dict[tuple[str, str], SeenDevice]] = {}
    for sighting in sightings(examples, snapshot):
        devices = nodes.setdefault(sighting.node, {})
        key = (sighting.driver, f"{sighting.pool}/{sighting.device.name}")
        before = devices.get(key)
        alternatives = frozenset({sighting.alternative}) | (before.alternatives if before else frozenset())
        devices[key] = SeenDevice(alternatives, sighting.driver, sighting.device, sighting.location)
    return Groupings(
        tuple(tuple(devices.values()) for devices in nodes.values()),
        snapshot.release.features.list_type_attributes,
        snapshot.release.features.consumable_capacity,
    )
