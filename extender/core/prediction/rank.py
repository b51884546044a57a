"""
How a node ranks among the others: the score that is sent, and the exact rank behind it.

The order of preference that the author of a claim wrote comes first in both, then alignment. Only
between nodes of equal alignment does it count what the placement breaks for later pods.
"""

from __future__ import annotations

from typing import NamedTuple

from ..alignment.pairs import Alignment
from ..reasons import Outcome
from .fragmentation import Fragmentation
from .settings import Settings

Rank = tuple[float, float, bool, int, int]
"""
Higher is better: the alternatives that could be passed over and are not, the predicted alignment,
whether devices are predicted at all, then fewer free pairs broken for others, then fewer that first
fit no longer reaches.
"""

_NEUTRAL = 0.5
_NOTHING_APART = 1.0
_NOT_HERE = -1.0


class Wishes(NamedTuple):
    """
    What a pod can want of a node.

    ``aligns``: some node can give it two devices. ``most_passed_over``: how many alternatives of its
    claims a node can pass over, 0 where they have no order of preference.
    """

    aligns: bool
    most_passed_over: int = 0

    @property
    def has_any(self) -> bool:
        """Whether one node can be better than another."""
        return self.aligns or self.most_passed_over > 0


class NodeRank(NamedTuple):
    score: int
    rank: Rank


def rank_node(
    outcome: Outcome,
    alignment: Alignment | None,
    fragmentation: Fragmentation | None,
    settings: Settings,
    *,
    wishes: Wishes,
    passed_over: int = 0,
    nothing_apart: bool = True,
) -> NodeRank:
    """
    Rank one node; the result does not depend on what other nodes there are.

    The scale of ``score_max`` is divided into bands, one for each number of alternatives that can be
    ``passed_over``, the highest for none: see ``band``. The alignment says where in its band a node is;
    nothing to align is the top where ``nothing_apart``, else the middle. The score is one point less, but
    never below the band, where the pod breaks a free pair that it does not get. So a node that passes
    over fewer alternatives never scores less, and where two that pass over as many differ in alignment
    by more than one point, the scores never have the opposite order.

    It is neutral where the outcome is unknown, and 0 where the pod does not fit. A pod without
    ``wishes`` scores neutral everywhere, one point less where it breaks a pair or does not fit.
    """
    fits = outcome in (Outcome.ALLOCATED, Outcome.UNKNOWN)
    known = outcome is Outcome.ALLOCATED
    most = wishes.most_passed_over
    level, quality = _NOT_HERE, _NEUTRAL
    lowest = 0
    points = settings.neutral if fits or not wishes.has_any else 0
    if known:
        level = float(most - passed_over)
        quality = _quality(alignment, nothing_apart=nothing_apart and wishes.has_any)
        if wishes.has_any:
            lowest, highest = band(passed_over, most, settings.score_max)
            points = lowest + round(quality * (highest - lowest))
    elif fits:
        level = most / 2
    broken = delayed = 0
    needless = not (wishes.has_any or fits)
    if fragmentation is not None:
        broken, delayed = fragmentation.broken, fragmentation.delayed
        needless |= broken > 0
    if needless and settings.score_max > 1:
        # A scale of one point has none to give away for less than alignment.
        points = max(points - 1, lowest)
    return NodeRank(points, (level, quality, known, -broken, -delayed))


def band(passed_over: int, most: int, score_max: int) -> tuple[int, int]:
    """
    The lowest and the highest score of nodes that pass over so many of at ``most`` alternatives.

    The ``score_max`` + 1 scores are shared out evenly. No two bands have a score in common as long as
    there is one for each; else neighbours may, and the order of bands stays. With ``score_max`` 2 and
    two alternatives the first has the scores 1 and 2, the second 0.
    """
    bands, level, scores = most + 1, most - passed_over, score_max + 1
    lowest = level * scores // bands
    return lowest, max(lowest, (level + 1) * scores // bands - 1)


def _quality(alignment: Alignment | None, *, nothing_apart: bool) -> float:
    if alignment is not None and alignment.predicted is not None:
        return alignment.predicted
    return _NOTHING_APART if nothing_apart else _NEUTRAL
