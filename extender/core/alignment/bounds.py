"""
Between what and what an alignment lies where drivers do not say how far devices are apart.

The neutral worth of an unknown distance is right for scores: it neither draws nor
repels. It is wrong for a verdict, which must hold wherever the devices really are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import fsum

from ..topology.driver_attributes import DeviceKind
from ..topology.locations import Distance, Location, distance
from .pairs import Alignment, Pair
from .worths import DEFAULT_WORTHS, Worths

_RANK = {kind: rank for rank, kind in enumerate(DeviceKind)}


def lowest(alignment: Alignment, worths: Worths = DEFAULT_WORTHS) -> float:
    """The mean worth, 0..1, if all pairs of unknown distance were as far apart as can be."""
    return _mean(alignment, worths, min)


def highest(alignment: Alignment, worths: Worths = DEFAULT_WORTHS) -> float:
    """The mean worth, 0..1, if all pairs of unknown distance were as near as can be."""
    return _mean(alignment, worths, max)


def certain_worth(a: Location, b: Location, worths: Worths = DEFAULT_WORTHS) -> float:
    """What two locations of one node are worth; as far apart as can be where that is unknown."""
    if _RANK[a.kind] > _RANK[b.kind]:
        a, b = b, a
    row = worths.row(a.kind, b.kind)
    apart = distance(a, b)
    return min(row.known) if apart is Distance.UNKNOWN else row.worth(apart)


def _mean(alignment: Alignment, worths: Worths, choose: Callable[[Iterable[float]], float]) -> float:
    """Raises ``ValueError`` where there is no pair."""
    if not alignment.pairs:
        raise ValueError("an alignment without pairs has no bounds")
    return fsum(_worth(pair, worths, choose) for pair in alignment.pairs) / len(alignment.pairs)


def _worth(pair: Pair, worths: Worths, choose: Callable[[Iterable[float]], float]) -> float:
    if pair.distance is not Distance.UNKNOWN:
        return pair.worth
    return choose(worths.row_of(pair.kinds).known)
