"""
Every solution of a search, not just the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..claims.compiled_claims import CompiledClaims
from ..releases.release import Release
from .layout import Layout, LayoutUsage
from .picking import Unpredictable
from .search import Search, Solution


def visit_solutions(
    compiled: CompiledClaims,
    layout: Layout,
    usage: LayoutUsage,
    release: Release,
    budget: int,
    visit: Callable[[Solution], bool],
) -> bool:
    """
    Visit solutions in search order until ``visit`` returns true.

    Sets of devices are visited once, not in every order. Returns whether all were
    visited or ``visit`` stopped; false: the budget was spent. Raises ``Fatal``.
    """
    # What a leaking release loses in a search are not choices that people lack.
    release = replace(
        release,
        counters=replace(release.counters, leak=False),
        order=replace(release.order, combinations=True),
    )
    try:
        _Walk(compiled, layout, usage, release, budget, visit).run()
    except Unpredictable:
        return False
    return True


class _Walk(Search):
    def __init__(
        self,
        compiled: CompiledClaims,
        layout: Layout,
        usage: LayoutUsage,
        release: Release,
        budget: int,
        visit: Callable[[Solution], bool],
    ) -> None:
        super().__init__(compiled, layout, usage, release, budget)
        self._visit = visit

    def _accept(self) -> bool:
        return self._visit(self._solution())
