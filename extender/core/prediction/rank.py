"""
How a node ranks among the others: the score that is sent, and the exact rank behind it.

Alignment comes first in both. Only between nodes of equal alignment does it count what
the placement breaks for later pods.
"""

from __future__ import annotations

from typing import NamedTuple

from ..reasons import Outcome
from .fragmentation import Fragmentation
from .predict import Prediction
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
    prediction: Prediction, fragmentation: Fragmentation | None, settings: Settings, *, aligns: bool
) -> NodeRank:
    """
    Rank one node; the result does not depend on what other nodes there are.

    The score is the prediction's, one point less where the pod breaks a free pair that it does
    not get. So where two alignments differ by more than one point of ``score_max``, the
    scores never have the opposite order. A pod for which nothing ``aligns``, because it gets
    one device at most, scores neutral everywhere, with the same point less, or where it does
    not fit.
    """
    points = prediction.score if aligns else settings.neutral
    fits = prediction.outcome in (Outcome.ALLOCATED, Outcome.UNKNOWN)
    broken = delayed = 0
    needless = not (aligns or fits)
    if fragmentation is not None:
        broken, delayed = fragmentation.broken, fragmentation.delayed
        needless |= broken > 0
    if needless and settings.score_max > 1:
        # A scale of one point has none to give away for less than alignment.
        points = max(points - 1, 0)
    known = prediction.outcome is Outcome.ALLOCATED
    return NodeRank(points, (_alignment(prediction) if fits else _NOT_HERE, known, -broken, -delayed))


def _alignment(prediction: Prediction) -> float:
    alignment = prediction.alignment
    return _NEUTRAL if alignment is None or alignment.predicted is None else alignment.predicted
