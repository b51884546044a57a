"""
Every solution of a search, not just the first, and the best of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from .picking import Fatal, Unpredictable
from .problem import Problem
from .search import OPEN, Search, Solution


class Best(NamedTuple):
    """
    The highest rating that any choice of devices has, ``None`` where none was rated.

    Not ``complete``: the search ran out of steps, and there may be better. ``visits``:
    choices looked at. ``steps`` and ``units``: what the search and the ratings took.
    """

    rating: float | None
    complete: bool
    visits: int = 0
    steps: int = 0
    units: int = 0


def best_of(problem: Problem, budget: int, rate: Callable[[Solution], float | None], enough: float) -> Best:
    """
    Search all sets of devices that satisfy the claims for the one that is rated highest.

    ``rate`` returns ``None`` for a choice that cannot be rated. No other is looked for once a
    rating of ``enough`` is found, nor once ``budget`` search steps are taken. Where upstream
    aborts, what was found before is all that there is.
    """
    best: float | None = None
    visits = 0

    def visit(solution: Solution) -> bool:
        nonlocal best, visits
        visits += 1
        rating = rate(solution)
        if rating is not None and (best is None or rating > best):
            best = rating
        return best is not None and best >= enough

    search = search_all(problem, budget, visit)
    try:
        complete = was_complete(search)
    except Fatal:
        complete = True
    return Best(best, complete, visits, search.steps + search.tried)


def visit_solutions(problem: Problem, budget: int, visit: Callable[[Solution], bool]) -> bool:
    """
    Visit solutions in search order until ``visit`` returns true.

    Sets of devices are visited once, not in every order. Returns whether all were
    visited or ``visit`` stopped; false: the budget was spent, or there is no telling what
    upstream does. Raises ``Fatal``.
    """
    return was_complete(search_all(problem, budget, visit))


def search_all(problem: Problem, budget: int, visit: Callable[[Solution], bool]) -> Search:
    """The search of ``visit_solutions``, to be run."""
    # What a leaking release loses in a search are not choices that people lack.
    release = replace(
        problem.release,
        counters=replace(problem.release.counters, leak=False),
        order=replace(problem.release.order, combinations=True),
    )
    return Search(problem._replace(release=release), budget, OPEN, visit)


def was_complete(search: Search) -> bool:
    """Run a search; false if it was given up. Raises ``Fatal``."""
    try:
        search.run()
    except Unpredictable:
        return False
    return True
