"""
How near the devices of a pod are to each other.

Devices are paired the way a workload uses them: GPU with NIC, GPU with GPU. Each pair has the
worth of its distance, and the alignment is the mean of all worths. Two GPUs and two NICs, each
GPU on one PCIe root with a NIC and the roots on two NUMA nodes of one socket, form the pairs
gpu-nic 1, gpu-nic 1, gpu-gpu 0.9 and nic-nic 0.95: an alignment of 0.9625.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import fsum
from typing import NamedTuple

from ..topology.driver_attributes import CARDS, DeviceKind
from ..topology.locations import Distance, Location, distance, group_worth, told_by_facts
from .worths import DEFAULT_WORTHS, WorthRow, Worths

# Unknown stands before remote: devices that may be near are paired before those known to be far.
_NEAREST_FIRST = (
    Distance.DEVICE,
    Distance.PCIE_SWITCH,
    Distance.PCIE_ROOT,
    Distance.GROUP,
    Distance.NUMA,
    Distance.SOCKET,
    Distance.UNKNOWN,
    Distance.REMOTE,
)
_LEVEL = {level_distance: level for level, level_distance in enumerate(_NEAREST_FIRST)}


@dataclass(frozen=True, slots=True)
class Pair:
    """
    Two devices that work together.

    *a* and *b* are indexes into the locations given to ``align``: *a* is of the first kind in
    *kinds* (``"gpu-nic"``), or the earlier one where both are of one kind. *one_card*: they are parts
    of one card, and two cards are wanted. *by_facts*: facts of the machine tell the distance, and nothing
    that is published.
    """

    a: int
    b: int
    kinds: str
    distance: Distance
    worth: float
    one_card: bool = False
    by_facts: bool = False


@dataclass(frozen=True, slots=True)
class Alignment:
    """
    The pairs, by kinds in the order of ``DeviceKind``, then by index, and their mean worth.

    ``predicted`` is 0..1, or ``None`` where there is nothing to align.
    """

    predicted: float | None
    pairs: tuple[Pair, ...]


def align(
    locations: Sequence[Location], worths: Worths = DEFAULT_WORTHS, askers: Sequence[Hashable] = ()
) -> Alignment:
    """
    Pair the devices of one node at *locations* and rate them.

    Devices of two kinds are matched one to one, nearest first: four GPUs and four NICs form
    four pairs. If one kind has more devices, each one left over is paired with its nearest: two
    GPUs and one NIC form two pairs. n devices of one kind form n - 1 pairs, each with the one in the
    middle, to which they are worth most together: so the pairs tell how the devices spread. Virtual
    devices form no pairs. Distance is hierarchical (devices on one root are on one NUMA node, and so
    on), so matching level by level is optimal. The order of *locations* has no influence on
    ``predicted``.

    *askers*: who asked for each device, where that matters: two devices of one kind that different
    askers get are worth least where they are parts of one card (``WorthRow.one_card``, ``CARDS``).
    """
    of = askers or [None] * len(locations)
    groups: dict[DeviceKind, list[int]] = {}
    # Devices are taken in the order of their locations, so that the order given does not matter.
    for index in sorted(range(len(locations)), key=locations.__getitem__):
        groups.setdefault(locations[index].kind, []).append(index)
    kinds = [kind for kind in DeviceKind if kind in groups and kind is not DeviceKind.VIRTUAL]
    pairs: list[Pair] = []
    for position, first in enumerate(kinds):
        for second in kinds[position:]:
            row = worths.row(first, second)
            rated = _Rated(locations, of if first is second and first in CARDS else None, row)
            if first is second:
                couples = _star(rated, groups[first])
            else:
                couples = _match(locations, groups[first], groups[second])
            name = f"{first}-{second}"
            for a, b in sorted(couples):
                apart = distance(locations[a], locations[b])
                told = told_by_facts(locations[a], locations[b])
                pairs.append(Pair(a, b, name, apart, rated.worth(a, b), rated.on_one_card(a, b), told))
    if not pairs:
        return Alignment(None, ())
    # fsum: the rounding of a plain sum depends on the order.
    return Alignment(fsum(pair.worth for pair in pairs) / len(pairs), tuple(pairs))


class _Rated(NamedTuple):
    """What two of the devices are worth by a ``row``; ``askers`` where it matters who asked for them."""

    locations: Sequence[Location]
    askers: Sequence[Hashable] | None
    row: WorthRow

    def worth(self, a: int, b: int) -> float:
        if self.on_one_card(a, b):
            return self.row.one_card
        return self.row.worth_of(self.locations[a], self.locations[b])

    def on_one_card(self, a: int, b: int) -> bool:
        """Whether two askers that want a card each share one."""
        if self.askers is None or self.askers[a] == self.askers[b]:
            return False
        return distance(self.locations[a], self.locations[b]) is Distance.DEVICE


def _star(rated: _Rated, group: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield each device of one kind with the one in the middle; the first of several that are."""
    middle = _middle(rated, group)
    for index in group:
        if index != middle:
            yield (middle, index) if middle < index else (index, middle)


def _middle(rated: _Rated, group: Sequence[int]) -> int:
    """The device whose distances to the others are worth most."""
    if len(group) <= 2:
        return group[0]
    cards = Counter(rated.locations[index].device for index in group)
    # Devices of one class are as far from every other device, so one of each is looked at: 64 CPUs on
    # two NUMA nodes are two classes.
    classes: dict[Hashable, list[int]] = {}
    for index in group:
        _, device, *place = rated.locations[index]
        is_part = device >= 0 and cards[device] > 1
        asker = rated.askers[index] if is_part and rated.askers is not None else None
        classes.setdefault((device if is_part else -1, *place, asker), []).append(index)

    def total(members: list[int]) -> float:
        first, *others = members
        own = [len(others) * rated.worth(first, others[0])] if others else []
        # fsum: see ``align``.
        return fsum(
            [
                *own,
                *(
                    len(each) * rated.worth(first, each[0])
                    for each in classes.values()
                    if each is not members
                ),
            ]
        )

    return max(classes.values(), key=total)[0]


def _level(a: Location, b: Location) -> tuple[int, float]:
    """Where a pair stands among all others, nearest first; of two groups the one that is worth more."""
    level = distance(a, b)
    return (_LEVEL[level], -(group_worth(a, b) or 0.0) if level is Distance.GROUP else 0.0)


def _match(
    locations: Sequence[Location], left: Sequence[int], right: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield (index of *left*, index of *right*) pairs; each device is in at least one."""
    swapped = len(left) < len(right)
    many, few = (right, left) if swapped else (left, right)
    levels = [[_level(locations[i], locations[j]) for j in few] for i in many]
    # On each level, devices whose nearest partner is far choose first: they have nothing better to
    # lose, and a device with a near partner gets that one even if it is left over.
    by_need = sorted(range(len(many)), key=lambda i: min(levels[i]), reverse=True)
    partner: dict[int, int] = {}
    free = list(range(len(few)))
    for level in sorted({level for row in levels for level in row}):
        for i in by_need:
            if i not in partner:
                j = next((j for j in free if levels[i][j] == level), None)
                if j is not None:
                    partner[i] = j
                    free.remove(j)
    for i, row in enumerate(levels):
        j = partner.get(i, row.index(min(row)))
        yield (few[j], many[i]) if swapped else (many[i], few[j])
