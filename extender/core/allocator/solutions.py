"""
Every solution of a search, not just the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .picking import Unpredictable
from .problem import Problem
from .search import OPEN, Search, Solution


def visit_solutions(problem: Problem, budget: int, visit: Callable[[Solution], bool]) -> bool:
    """
    Visit solutions in search order until ``visit`` returns true.

    Sets of devices are visited once, not in every order. Returns whether all were
    visited or ``visit`` stopped; false: the budget was spent. Raises ``Fatal``.
    """
    release = problem.release
    # What a leaking release loses in a search are not choices that people lack.
    release = replace(
        release,
        counters=replace(release.counters, leak=False),
        order=replace(release.order, combinations=True),
    )
    try:
        Search(problem._replace(release=release), budget, OPEN, visit).run()
    except Unpredictable:
        return False
    return True
