"""What a question may spend on searches."""

from __future__ import annotations

import pytest

from extender.core.allocator.budget import Budget, Turn, TurnOver


def test_a_search_that_is_begun_is_finished():
    """The last one may take more than is left; then no other may begin."""
    budget = Budget(10, 100)
    budget.charge("first", 4)
    assert (budget.left, budget.spent, budget.affords("second")) == (6, False, True)
    budget.charge("second", 9)
    assert (budget.left, budget.spent, budget.affords("third")) == (-3, True, False)


def test_each_search_is_charged_once():
    """What is paid for may be used when nothing is left, and costs nothing again."""
    budget = Budget(5, 100)
    for _ in range(3):
        budget.charge("search", 5)
    assert budget.left == 0
    assert budget.affords("search")


def test_what_a_part_spends_is_spent_of_the_whole():
    """A part is never more than what is left, and both know what is paid for."""
    whole = Budget(10, 100)
    whole.charge("paid", 4)
    part = whole.part(8, 50)
    assert part.left == 6
    part.charge("paid", 4)
    part.charge("new", 5)
    part.spend(2)
    assert (part.left, whole.left) == (-1, -1)
    assert whole.affords("new")


def test_a_piece_is_paid_once_and_in_full():
    """One that takes more than is left uses up the rest, so that nothing smaller comes after it."""
    budget = Budget(10, 100)
    assert budget.pay("one", 60)
    assert budget.pay("one", 60)
    assert budget.units_left == 40
    assert not budget.pay("two", 41)
    assert (budget.units_left, budget.spent, budget.pay("three", 1)) == (0, True, False)
    assert budget.pay("one", 60)


def test_a_turn_counts_what_is_done():
    """Whatever it is charged: what is left of the turn bounds the next piece."""
    turn = Turn(100)
    budget = Budget(10, 1_000, turn)
    budget.work(60)
    assert (budget.at_once(50), budget.units_left) == (40, 1_000)
    with pytest.raises(TurnOver):
        budget.work(41)
    assert budget.at_once(50) == 0
