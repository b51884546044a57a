"""
Requests that can be given parts of one card: shares of a device, or partitions of a physical device.

Two requests of one kind want two cards unless the claim says otherwise. Which devices are of one card is
what their locations say, and ``distinctAttribute`` on the card's identity is how a claim asks for two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extender.model import ClaimSpec, Constraint

from ..cluster.snapshot import Snapshot
from ..topology.driver_attributes import CARDS, DeviceKind
from ..topology.vocabulary import PCI_BUS_ID, Vocabulary
from .constraint_options import Group, Participants, covered_requests
from .groupings import Groupings, Members, SeenDevice

_Kind = tuple[str, DeviceKind]

SEVERAL = -1
"""In place of the number of a claim: requests of several claims, which no constraint can span."""


@dataclass(frozen=True, slots=True)
class SharedCards:
    """
    Requests of claim number ``claim``, or of ``SEVERAL``, that want devices of one kind and can get parts
    of one card.

    ``identity``: the attribute that tells cards apart, empty where none is published by all.
    ``decided``: the claim itself says whether they share a card.
    """

    claim: int
    requests: Group
    members: Members
    identity: str
    decided: bool

    def pushed_together(self, members: Members) -> bool:
        """Whether a constraint over ``members`` keeps two of these on one value."""
        covered = [each for each in members.requests if set(each) <= self.members.alternatives]
        return not self.decided and (len(covered) > 1 or (len(covered) == 1 and len(self.requests) == 1))


def shared_cards(
    specs: Sequence[ClaimSpec], taking_part: Sequence[Participants], found: Groupings, snapshot: Snapshot
) -> tuple[SharedCards, ...]:
    """Each set of requests of one claim, driver and kind that takes two or more parts of cards."""
    result = []
    sharing = snapshot.release.features.consumable_capacity
    everywhere: dict[_Kind, list[Members]] = {}
    for number, (spec, who) in enumerate(zip(specs, taking_part, strict=True)):
        by_kind: dict[_Kind, list[str]] = {}
        for name in (request.name for request in spec.requests if request.name in who.least):
            parts = _kind_of_parts(who.members((name,)), found, sharing=sharing)
            if parts is not None:
                by_kind.setdefault(parts, []).append(name)
        for (driver, kind), names in by_kind.items():
            group = tuple(names)
            members = who.members(group)
            everywhere.setdefault((driver, kind), []).append(members)
            if who.devices(group) < 2:
                continue
            identity = _identity(driver, members, found, snapshot.vocabulary)
            decided = any(_decides(each, spec, group, members, found) for each in spec.constraints)
            result.append(SharedCards(number, group, members, identity, decided))
    for several in everywhere.values():
        if len(several) > 1:
            requests = tuple(alternatives for members in several for alternatives in members.requests)
            together = Members(requests, sum(members.needed for members in several))
            result.append(SharedCards(SEVERAL, (), together, "", decided=False))
    return tuple(result)


def _kind_of_parts(members: Members, found: Groupings, *, sharing: bool) -> _Kind | None:
    """Driver and kind of the devices, if all are of one and some are parts of a card."""
    kinds: set[_Kind] = set()
    parts = False
    for devices in found.nodes:
        cards: set[int] = set()
        for seen in devices:
            if not seen.alternatives & members.alternatives:
                continue
            kinds.add((seen.driver, seen.location.kind))
            parts = parts or (sharing and seen.device.traits.allow_multiple_allocations)
            if seen.location.device >= 0:
                parts = parts or seen.location.device in cards
                cards.add(seen.location.device)
    if not parts or len(kinds) != 1 or next(iter(kinds))[1] not in CARDS:
        return None
    return next(iter(kinds))


def _identity(driver: str, members: Members, found: Groupings, vocabulary: Vocabulary) -> str:
    """The first name of the driver's cards that all the devices publish, and that tells cards apart."""
    names = vocabulary.attributes(driver)
    candidates = (
        *names.identity,
        *names.parent_identity,
        *names.parent,
        *names.address,
        PCI_BUS_ID,
    )
    return next((name for name in dict.fromkeys(candidates) if _tells_apart(name, members, found)), "")


def _tells_apart(attribute: str, members: Members, found: Groupings) -> bool:
    for devices in found.nodes:
        cards: dict[object, object] = {}
        for number, seen in enumerate(devices):
            if not seen.alternatives & members.alternatives:
                continue
            values = found.values(seen, attribute)
            card = _card(number, seen)
            if len(values) != 1 or cards.setdefault(card, values) != values:
                return False
        if len(set(cards.values())) != len(cards):
            return False
    return bool(found.nodes)


def _card(number: int, seen: SeenDevice) -> tuple[bool, int]:
    known = seen.location.device >= 0
    return known, seen.location.device if known else number


def _decides(
    constraint: Constraint, spec: ClaimSpec, group: Group, members: Members, found: Groupings
) -> bool:
    """Whether a constraint keeps the requests on one card, or on different ones."""
    if not set(group) <= set(covered_requests(spec, constraint)):
        return False
    if constraint.distinct_attribute is not None and constraint.match_attribute is None:
        return True
    attribute = constraint.match_attribute or ""
    shown = False
    for devices in found.nodes:
        cards: dict[object, set[object]] = {}
        for number, seen in enumerate(devices):
            if seen.alternatives & members.alternatives:
                for value in found.values(seen, attribute):
                    cards.setdefault(value, set()).add(_card(number, seen))
        if any(len(each) > 1 for each in cards.values()):
            return False
        shown = shown or bool(cards)
    return shown
