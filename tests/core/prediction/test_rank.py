"""Scores and ranks: alignment first, then what the placement breaks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.core.alignment.pairs import Alignment
from extender.core.cluster.free_pairs import FreePairs
from extender.core.prediction.fragmentation import Fragmentation
from extender.core.prediction.rank import NodeRank, Wishes, band, rank_node
from extender.core.prediction.settings import Settings
from extender.core.reasons import Outcome

SETTINGS = Settings()
ALIGNS, NO_WISHES = Wishes(aligns=True), Wishes(aligns=False)
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
    wishes: Wishes = ALIGNS,
    passed_over: int = 0,
) -> NodeRank:
    alignment = Alignment(predicted, ())
    return rank_node(
        Outcome.ALLOCATED, alignment, fragmentation, settings, wishes=wishes, passed_over=passed_over
    )


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
    assert ranked(None, KEPT, wishes=NO_WISHES).score == 50
    assert ranked(None, BROKEN, wishes=NO_WISHES).score == 49
    assert rank_node(Outcome.UNSCHEDULABLE, None, None, SETTINGS, wishes=NO_WISHES).score == 49


@pytest.mark.parametrize(
    ("predicted", "score_max", "expected"),
    [(1.0, 100, 100), (0.0, 100, 0), (0.555, 10, 6), (0.7, 1, 1), (None, 100, 100), (0.4, 0, 0)],
)
def test_score_is_an_integer(predicted, score_max, expected):
    """The scale is the caller's; where the pod gets one device nothing is apart."""
    scaled = ranked(predicted, settings=Settings(score_max)).score
    assert scaled == expected
    assert type(scaled) is int


def test_bands_share_out_the_scale():
    """Each number of alternatives passed over has scores of its own, while there are enough."""
    assert [band(number, 2, 100) for number in range(3)] == [(67, 100), (33, 66), (0, 32)]
    assert [band(number, 1, 2) for number in range(2)] == [(1, 2), (0, 0)]
    assert [band(number, 2, 2) for number in range(3)] == [(2, 2), (1, 1), (0, 0)]
    assert [band(number, 3, 2) for number in range(4)] == [(2, 2), (1, 1), (0, 0), (0, 0)]


def test_an_unknown_node_is_in_the_middle_of_the_bands():
    """It may use any alternative."""
    wishes = Wishes(aligns=True, most_passed_over=1)
    unknown = rank_node(Outcome.UNKNOWN, None, None, SETTINGS, wishes=wishes)
    first, second = (ranked(0.4, wishes=wishes, passed_over=number) for number in range(2))
    assert second.score < unknown.score < first.score
    assert second.rank < unknown.rank < first.rank


@given(
    alignments | st.none(),
    alignments | st.none(),
    fragmentations,
    fragmentations,
    st.integers(1, 300).flatmap(lambda most: st.tuples(*[st.integers(0, most)] * 2, st.just(most))),
    scales,
    st.booleans(),
)
def test_an_earlier_alternative_never_scores_less(a, b, left_a, left_b, numbers, score_max, aligns):
    """Whatever the alignments and what breaks; the rank is in strict order, and the score where it can be."""
    one_number, other_number, most = numbers
    settings, wishes = Settings(score_max), Wishes(aligns, most)
    one = ranked(a, left_a, settings, wishes=wishes, passed_over=one_number)
    other = ranked(b, left_b, settings, wishes=wishes, passed_over=other_number)
    if one_number < other_number:
        assert one.rank > other.rank
        assert one.score > other.score or (one.score == other.score and score_max < most)
    for each, number in ((one, one_number), (other, other_number)):
        lowest, highest = band(number, most, score_max)
        assert 0 <= lowest <= each.score <= highest <= score_max


@pytest.mark.parametrize("wishes", [ALIGNS, NO_WISHES])
def test_a_node_with_devices_goes_before_one_without(wishes):
    """An unknown node is as good as half, but not before what is known to be; no devices come last."""
    unknown, none, error = (
        rank_node(outcome, None, None, SETTINGS, wishes=wishes).rank
        for outcome in (Outcome.UNKNOWN, Outcome.UNSCHEDULABLE, Outcome.ERROR)
    )
    assert ranked(0.5, BROKEN, wishes=wishes).rank > unknown > none == error
    assert ranked(0.0, BROKEN, wishes=wishes).rank > none


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
