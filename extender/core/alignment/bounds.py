"""
Bounds of an alignment whose distances are partly unknown.

The score uses the worth of ``unknown``, which neither prefers nor avoids a node. A verdict such as
*this pod loses bandwidth* must hold wherever the devices really are, so it uses the bounds. A
GPU and a NIC at unknown distance have an alignment of 0.7; it is at least 0.4, their worth when
they are remote, and at most 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import fsum

from ..topology.driver_attributes import CARDS, DeviceKind
from ..topology.locations import Distance, Location, distance
from .pairs import Alignment, Pair
from .worths import DEFAULT_WORTHS, Worths

_RANK = {kind: rank for rank, kind in enumerate(DeviceKind)}


def lowest(alignment: Alignment, worths: Worths = DEFAULT_WORTHS) -> float:
    """
    The mean worth, 0..1, if every pair of unknown distance had the least worth of its row.

    Raises ``ValueError`` where there is no pair.
    """
    return _mean(alignment, worths, min)


def highest(alignment: Alignment, worths: Worths = DEFAULT_WORTHS) -> float:
    """
    The mean worth, 0..1, if every pair of unknown distance had the greatest worth of its row.

    Raises ``ValueError`` where there is no pair.
    """
    return _mean(alignment, worths, max)


def certain_worth(a: Location, b: Location, worths: Worths = DEFAULT_WORTHS, *, apart: bool = False) -> float:
    """
    The worth of two locations of one node; the least worth of their row if the distance is unknown.

    ``apart``: different requests ask for the two, which are of one kind; see ``align``.
    """
    if _RANK[a.kind] > _RANK[b.kind]:
        a, b = b, a
    row = worths.row(a.kind, b.kind)
    pair_distance = distance(a, b)
    if apart and pair_distance is Distance.DEVICE and a.kind in CARDS:
        return row.one_card
    return min(row.known) if pair_distance is Distance.UNKNOWN else row.worth_of(a, b)


def _mean(alignment: Alignment, worths: Worths, choose: Callable[[Iterable[float]], float]) -> float:
    if not alignment.pairs:
        raise ValueError("an alignment without pairs has no bounds")
    return fsum(_worth(pair, worths, choose) for pair in alignment.pairs) / len(alignment.pairs)


def _worth(pair: Pair, worths: Worths, choose: Callable[[Iterable[float]], float]) -> float:
    if pair.distance is not Distance.UNKNOWN:
        return pair.worth
    return choose(worths.row_of(pair.kinds).known)
