"""
How tightly the devices of a claim fit together.

Devices are paired the way a workload would use them, and each pair is worth what its
distance leaves of the best throughput.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum

from ..topology.driver_attributes import DeviceKind
from ..topology.locations import Distance, Location, distance
from .worths import DEFAULT_WORTHS, Worths

# Unknown comes before remote: what may be near is paired before what is known to be far.
_NEAREST_FIRST = (
    Distance.DEVICE,
    Distance.PCIE_ROOT,
    Distance.NUMA,
    Distance.SOCKET,
    Distance.UNKNOWN,
    Distance.REMOTE,
)
_LEVEL = {apart: level for level, apart in enumerate(_NEAREST_FIRST)}


@dataclass(frozen=True, slots=True)
class Pair:
    """
    Two devices that work together.

    *a* and *b* are indexes into the locations given to ``align``: *a* is of the first kind in
    *kinds* (``"gpu-nic"``), or the earlier one where both are of one kind.
    """

    a: int
    b: int
    kinds: str
    distance: Distance
    worth: float


@dataclass(frozen=True, slots=True)
class Alignment:
    """
    The pairs, by kinds in the order of ``Kind``, then by index, and their mean worth.

    ``predicted`` is 0..1, or ``None`` where there is nothing to align.
    """

    predicted: float | None
    pairs: tuple[Pair, ...]


def align(locations: Sequence[Location], worths: Worths = DEFAULT_WORTHS) -> Alignment:
    """
    Pair the devices of one node at *locations* and rate the whole.

    Each two kinds are matched one to one, nearest first; where one kind has more devices,
    each left over is paired with its nearest. Devices of one kind form the shortest chain:
    n devices, n - 1 pairs. Virtual devices form none. Distance is hierarchical, so matching
    level by level is optimal. The order of *locations* has no influence on ``predicted``.
    """
    groups: dict[DeviceKind, list[int]] = {}
    # Sorted by location, equal multisets of locations take equal decisions whatever their order.
    for index in sorted(range(len(locations)), key=locations.__getitem__):
        groups.setdefault(locations[index].kind, []).append(index)
    kinds = [kind for kind in DeviceKind if kind in groups and kind is not DeviceKind.VIRTUAL]
    pairs: list[Pair] = []
    for position, first in enumerate(kinds):
        for second in kinds[position:]:
            if first is second:
                couples = _chain(locations, groups[first])
            else:
                couples = _match(locations, groups[first], groups[second])
            row = worths.row(first, second)
            name = f"{first}-{second}"
            for a, b in sorted(couples):
                apart = distance(locations[a], locations[b])
                pairs.append(Pair(a, b, name, apart, row.worth(apart)))
    if not pairs:
        return Alignment(None, ())
    # fsum: the rounding of a plain sum depends on the order.
    return Alignment(fsum(pair.worth for pair in pairs) / len(pairs), tuple(pairs))


def score(alignment: Alignment, score_max: int) -> int:
    """Scale to an integer of 0..*score_max*; nothing to align is the middle."""
    predicted = 0.5 if alignment.predicted is None else alignment.predicted
    return round(predicted * score_max)


def _chain(locations: Sequence[Location], group: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the neighbours when walking the tree of locations from leaf to leaf."""

    def path(index: int) -> tuple[int, int, int, int]:
        location = locations[index]
        return (location.socket, location.numa, location.root, location.device)

    for a, b in pairwise(sorted(group, key=path)):
        yield (a, b) if a < b else (b, a)


def _match(
    locations: Sequence[Location], left: Sequence[int], right: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield (index of *left*, index of *right*) pairs; each device is in at least one."""
    swapped = len(left) < len(right)
    many, few = (right, left) if swapped else (left, right)
    levels = [[_LEVEL[distance(locations[i], locations[j])] for j in few] for i in many]
    # A device that has nothing near loses nothing by being matched far, and one that is
    # left over still gets its nearest: so the former goes first.
    turns = sorted(range(len(many)), key=lambda i: -min(levels[i]))
    partner: dict[int, int] = {}
    free = list(range(len(few)))
    for level in range(len(_NEAREST_FIRST)):
        for i in turns:
            if i not in partner:
                j = next((j for j in free if levels[i][j] == level), None)
                if j is not None:
                    partner[i] = j
                    free.remove(j)
    for i, row in enumerate(levels):
        j = partner.get(i, row.index(min(row)))
        yield (few[j], many[i]) if swapped else (many[i], few[j])
