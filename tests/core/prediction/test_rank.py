"""Scores and ranks: alignment first, then what the placement breaks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.core.alignment.pairs import Alignment
from extender.core.cluster.free_pairs import FreePairs
from extender.core.prediction.fragmentation import Fragmentation
from extender.core.prediction.rank import NodeRank, rank_node
from extender.core.prediction.settings import Settings
from extender.core.reasons import Outcome

SETTINGS = Settings()
KEPT = Fragmentation(FreePairs(3, 3), FreePairs(2, 2), own=1)
BROKEN = Fragmentation(FreePairs(3, 3), FreePairs(1, 1), own=1)
DELAYED = Fragmentation(FreePairs(3, 3), FreePairs(2, 0), own=1)

alignments = st.fractions(0, 1, max_denominator=60).map(float)
fragmentations = st.sampled_from((KEPT, BROKEN, DELAYED, None))
scales = st.integers(1, 1000)


def ranked(
    predicted: float | None,
    fragmentation: Fragmentation | None = KEPT,
    settings: Settings = SETTINGS,
    *,
    aligns: bool = True,
) -> NodeRank:
    alignment = Alignment(predicted, ())
    return rank_node(Outcome.ALLOCATED, alignment, fragmentation, settings, aligns=aligns)


def test_needless_breaking_costs_one_point():
    """What the pod needs itself costs nothing."""
    assert [ranked(0.9, each).score for each in (None, KEPT, DELAYED, BROKEN)] == [90, 90, 90, 89]


def test_ranks_are_lexicographic():
    """Alignment, then groups broken, then groups that first fit no longer reaches."""
    ranks = [
        ranked(0.9, BROKEN).rank,
        ranked(0.9, DELAYED).rank,
        ranked(0.9, KEPT).rank,
        ranked(0.9001, BROKEN).rank,
    ]
    assert all(worse < better for worse, better in pairwise(ranks))


def test_nothing_to_align_is_neutral():
    """But for one point where groups break, or where the pod does not fit."""
    assert ranked(None, KEPT, aligns=False).score == 50
    assert ranked(None, BROKEN, aligns=False).score == 49
    assert rank_node(Outcome.UNSCHEDULABLE, None, None, SETTINGS, aligns=False).score == 49


@pytest.mark.parametrize("aligns", [True, False])
def test_a_node_with_devices_goes_before_one_without(aligns):
    """An unknown node is as good as half, but not before what is known to be; no devices come last."""
    unknown, none, error = (
        rank_node(outcome, None, None, SETTINGS, aligns=aligns).rank
        for outcome in (Outcome.UNKNOWN, Outcome.UNSCHEDULABLE, Outcome.ERROR)
    )
    assert ranked(0.5, BROKEN, aligns=aligns).rank > unknown > none == error
    assert ranked(0.0, BROKEN, aligns=aligns).rank > none


@given(alignments, alignments, fragmentations, fragmentations, scales)
def test_the_order_of_scores_is_that_of_alignments(a, b, left_a, left_b, score_max):
    """Never reversed where they differ by more than a point; that of ranks is never reversed at all."""
    settings = Settings(score_max)
    one, other = ranked(a, left_a, settings), ranked(b, left_b, settings)
    if (a - b) * score_max > 1:
        assert one.score >= other.score
    if a > b:
        assert one.rank > other.rank
    assert 0 <= one.score <= score_max


@given(alignments, fragmentations, scales)
def test_the_score_is_the_alignment_within_a_point(predicted, left, score_max):
    """Exactly the rounded alignment where nothing breaks needlessly."""
    given_score = ranked(predicted, left, Settings(score_max)).score
    rounded = round(predicted * score_max)
    assert rounded - 1 <= given_score <= rounded
    if left is None or not left.broken:
        assert given_score == rounded
