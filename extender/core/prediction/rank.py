"""
How a node ranks among the others: the score that is sent, and the exact rank behind it.

Alignment comes first in both. Only between nodes of equal alignment does it count what
the placement breaks for later pods.
"""

from __future__ import annotations

from typing import NamedTuple

from ..alignment.pairs import Alignment, score
from ..reasons import Outcome
from .fragmentation import Fragmentation
from .settings import Settings

Rank = tuple[float, bool, int, int]
"""
Higher is better: the predicted alignment, whether devices are predicted at all, then fewer
free pairs broken for others, then fewer that first fit no longer reaches.
"""

_NEUTRAL = 0.5
_NOT_HERE = -1.0


class NodeRank(NamedTuple):
    score: int
    rank: Rank


def rank_node(
    outcome: Outcome,
    alignment: Alignment | None,
    fragmentation: Fragmentation | None,
    settings: Settings,
    *,
    aligns: bool,
) -> NodeRank:
    """
    Rank one node; the result does not depend on what other nodes there are.

    The score is the alignment on the scale of ``score_max``: neutral where the outcome is
    unknown or nothing is aligned, 0 where the pod does not fit. It is one point less where the
    pod breaks a free pair that it does not get. So where two alignments differ by more than one
    point of ``score_max``, the scores never have the opposite order. A pod for which nothing
    ``aligns``, because it gets one device at most, scores neutral everywhere, with the same point
    less, or where it does not fit.
    """
    fits = outcome in (Outcome.ALLOCATED, Outcome.UNKNOWN)
    if not aligns:
        points = settings.neutral
    elif alignment is not None:
        points = score(alignment, settings.score_max)
    else:
        points = settings.neutral if fits else 0
    broken = delayed = 0
    needless = not (aligns or fits)
    if fragmentation is not None:
        broken, delayed = fragmentation.broken, fragmentation.delayed
        needless |= broken > 0
    if needless and settings.score_max > 1:
        # A scale of one point has none to give away for less than alignment.
        points = max(points - 1, 0)
    known = outcome is Outcome.ALLOCATED
    return NodeRank(points, (_predicted(alignment) if fits else _NOT_HERE, known, -broken, -delayed))


def _predicted(alignment: Alignment | None) -> float:
    return _NEUTRAL if alignment is None or alignment.predicted is None else alignment.predicted
