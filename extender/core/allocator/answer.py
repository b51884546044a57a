"""
The allocator's answer to a problem, and whether it hangs on an order left to chance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..reasons import Certainty
from .order import check_order, combinations_suffice
from .picking import Fatal, Unpredictable
from .problem import Problem
from .search import Search, Solution


class Found(NamedTuple):
    """What a search came to in ``steps``: devices, none, or why it stopped."""

    answer: Solution | Fatal | Unpredictable | None
    certainty: Certainty
    steps: int


def find(problem: Problem, budget: int) -> Found:
    """Search, and see whether the answer hangs on an order that the release leaves to chance."""
    release = problem.release
    combined = problem
    if not release.order.combinations and combinations_suffice(problem):
        order = replace(release.order, combinations=True)
        combined = problem._replace(release=replace(release, order=order))
    search = Search(combined, budget)
    answer: Solution | Fatal | None
    try:
        answer = search.run()
    except Fatal as fatal:
        answer = fatal
    except Unpredictable as unpredictable:
        return Found(unpredictable, Certainty.EXACT, search.steps + search.tried)
    check = check_order(problem, budget, search, answer)
    certainty = Certainty.ORDER_DEPENDENT if check.matters else Certainty.EXACT
    return Found(answer, certainty, search.steps + search.tried + check.steps)
