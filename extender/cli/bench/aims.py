"""
What the figures of the bench should be at most, on two cores that do nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..text import columns
from .figures import DUMP_TO_SNAPSHOT, PROCESS, Figure, Unit, figures
from .measure import ALONE_CHANGED, FILTER_FIRST, SECOND, SECOND_FIRST
from .measurement import Run


class Aim(NamedTuple):
    """The sum of ``figures``, all of one unit, is at most ``most`` in a fleet of ``nodes``."""

    name: str
    nodes: int
    figures: tuple[Figure, ...]
    most: float


_FIRST = "filter and prioritize, first pod of a spec"
_FIRST_FIGURES = tuple(Figure(kind, Unit.MILLISECONDS) for kind in (FILTER_FIRST, SECOND_FIRST))

AIMS = (
    Aim(_FIRST, 5_000, _FIRST_FIGURES, 25),
    Aim(_FIRST, 50_000, _FIRST_FIGURES, 35),
    Aim(SECOND, 500, (Figure(SECOND, Unit.ECHO),), 1.4),
    Aim(SECOND, 5_000, (Figure(SECOND, Unit.ECHO),), 1.3),
    Aim(ALONE_CHANGED, 5_000, (Figure(ALONE_CHANGED, Unit.ECHO),), 1.35),
    Aim(DUMP_TO_SNAPSHOT.name, 5_000, (DUMP_TO_SNAPSHOT,), 2),
    Aim(PROCESS.name, 5_000, (PROCESS,), 80),
    Aim(PROCESS.name, 50_000, (PROCESS,), 350),
)


def aims_table(run: Run) -> Iterator[str]:
    """Yield the lines of a table: the aims for fleets of the run, and whether they are reached."""
    measured = {measurement.size.nodes: figures(measurement) for measurement in run.fleets}
    rows = [("nodes", "aim", "at most", "measured", "")]
    for aim in AIMS:
        found = measured.get(aim.nodes, {})
        if all(figure in found for figure in aim.figures):
            value = sum(found[figure] for figure in aim.figures)
            reached = "reached" if value <= aim.most else "missed"
            unit = aim.figures[0].unit
            rows.append((f"{aim.nodes:,}", aim.name, f"{aim.most:g} {unit}", f"{value:.2f}", reached))
    if len(rows) > 1:
        yield from columns(rows, right=(0, 2, 3))
