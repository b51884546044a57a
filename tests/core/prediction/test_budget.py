"""What a question may spend on searches."""

from __future__ import annotations

from extender.core.prediction.budget import Budget


def test_a_search_that_is_begun_is_finished():
    """The last one may take more than is left; then no other may begin."""
    budget = Budget(10)
    budget.charge("first", 4)
    assert (budget.left, budget.spent, budget.affords("second")) == (6, False, True)
    budget.charge("second", 9)
    assert (budget.left, budget.spent, budget.affords("third")) == (-3, True, False)


def test_each_search_is_charged_once():
    """What is paid for may be used when nothing is left, and costs nothing again."""
    budget = Budget(5)
    for _ in range(3):
        budget.charge("search", 5)
    assert budget.left == 0
    assert budget.affords("search")


def test_what_a_part_spends_is_spent_of_the_whole():
    """A part is never more than what is left, and both know what is paid for."""
    whole = Budget(10)
    whole.charge("paid", 4)
    part = whole.part(8)
    assert part.left == 6
    part.charge("paid", 4)
    part.charge("new", 5)
    part.spend(2)
    assert (part.left, whole.left) == (-1, -1)
    assert whole.affords("new")
