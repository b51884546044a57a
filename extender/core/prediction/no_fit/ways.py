"""
Which obstacles to take away for the claims to fit, found by asking the allocator again without them.

Obstacles are taken away one by one, and where none suffices alone, all of them but those that do not
matter. So what is named is known to be in the way.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import NamedTuple

from ...allocator.picking import Fatal, Unpredictable
from ...allocator.problem import Problem
from ...allocator.search import Search, SearchScope
from .causes import HOLDING, CauseCode
from .obstacles import HELD, NOTHING, Obstacle, Obstacles
from .without_obstacles import WithoutObstacles

SEARCH_STEPS = 20_000
"""Most steps of one search without obstacles."""

TOTAL_STEPS = 400_000
"""Most steps of all of them for one pod. Nodes beyond go without causes."""

Counts = Mapping[int, int]
"""How many devices are asked for, by the index of the alternative, where that is fewer."""

_AMOUNTS = frozenset({CauseCode.COUNTERS_TOO_SMALL, CauseCode.CAPACITY_TOO_SMALL})
_JOINT = _AMOUNTS | HOLDING | {CauseCode.CONSTRAINT, CauseCode.COUNTERS_LEAK}


class Ways(NamedTuple):
    """Sets of obstacles each of which suffices to take away, or one whose obstacles all have to go."""

    alone: tuple[Obstacles, ...]
    together: Obstacles


class WaysOut:
    """
    Finds ways for the claims of one plan to fit on the nodes of one snapshot.

    What was found out for one node serves all that look the same.
    """

    def __init__(self) -> None:
        self._steps = TOTAL_STEPS
        self._fits: dict[Hashable, bool | None] = {}

    def of(
        self,
        node: WithoutObstacles,
        units: Sequence[Obstacles],
        lost: Collection[Obstacle],
        counts: Counts,
    ) -> Ways | None:
        """
        What to take away for the claims to fit, besides asking for no more than ``counts``.

        ``None``: no telling.
        """
        if counts and self._ask_fits(node, NOTHING, counts):
            return Ways((NOTHING,), NOTHING)
        # What took no device and cannot get in the way of several together is no cause alone.
        alone = tuple(
            unit
            for unit in units
            if any(stage in lost or stage.code in _JOINT for stage in unit)
            and self._ask_fits(node, unit, counts)
        )
        if HELD in alone:
            # What others have taken is not what a device lacks.
            alone = tuple(unit for unit in alone if not {stage.code for stage in unit} <= _AMOUNTS)
        if alone:
            return Ways(alone, NOTHING)
        needed = NOTHING.union(*units)
        if not self._ask_fits(node, needed, counts):
            return None
        for unit in units:
            if self._ask_fits(node, needed - unit, counts):
                needed -= unit
        return Ways((), needed)

    def _ask_fits(self, node: WithoutObstacles, gone: Obstacles, counts: Counts) -> bool | None:
        """Whether the claims fit then; ``None`` past the budget."""
        key = (node.key(gone), gone, tuple(sorted(counts.items())))
        if key not in self._fits:
            self._fits[key] = self._search(node.problem(gone, counts))
        return self._fits[key]

    def _search(self, problem: Problem) -> bool | None:
        search = Search(problem, min(SEARCH_STEPS, self._steps), SearchScope(skips_failing=True))
        try:
            return search.run() is not None
        except Fatal:
            return False
        except Unpredictable:
            return None
        finally:
            self._steps -= search.steps + search.tried


def units_of(node: WithoutObstacles, stages: Sequence[Obstacle]) -> list[Obstacles]:
    """Sets of obstacles to take away as one, those that a person would change last first."""
    units = [frozenset((stage,)) for stage in stages if stage.code not in HOLDING]
    if node.leaks:
        units.insert(0, frozenset((Obstacle(CauseCode.COUNTERS_LEAK),)))
    if node.is_used(frozenset(stages)):
        units.append(HELD)
    return units
