"""
The figures of a run by name, how they grow with the fleet, and what they are in another run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from ..text import columns
from .measurement import Measurement, Run

_MEBIBYTE = 1024 * 1024


class Unit(StrEnum):
    """``ECHO``: times the median of the echo service, which is asked in the same seconds."""

    MILLISECONDS = "ms"
    SECONDS = "s"
    MEBIBYTES = "MiB"
    ECHO = "x echo"


class Figure(NamedTuple):
    """What is measured, of times the median."""

    name: str
    unit: Unit


DUMP_TO_SNAPSHOT = Figure("from dump to snapshot", Unit.SECONDS)
PROCESS = Figure("memory of the process", Unit.MEBIBYTES)


def figures(measurement: Measurement) -> dict[Figure, float]:
    """All figures of a fleet, times of the echo service included."""
    size = measurement.size
    found = {
        DUMP_TO_SNAPSHOT: size.build_seconds,
        Figure("memory of the snapshot", Unit.MEBIBYTES): size.snapshot_bytes / _MEBIBYTE,
        PROCESS: size.process_bytes / _MEBIBYTE,
        Figure("most memory until it serves", Unit.MEBIBYTES): size.most_bytes / _MEBIBYTE,
    }
    for timing in measurement.timings:
        found[Figure(timing.kind, Unit.MILLISECONDS)] = timing.p50
        if timing.ratio != 1.0:
            found[Figure(timing.kind, Unit.ECHO)] = timing.ratio
    return found


def by_nodes(run: Run) -> dict[Figure, Mapping[int, float]]:
    """Each figure by the nodes of the fleet, small fleets first."""
    found: dict[Figure, dict[int, float]] = {}
    for measurement in sorted(run.fleets, key=lambda each: each.size.nodes):
        for figure, value in figures(measurement).items():
            found.setdefault(figure, {})[measurement.size.nodes] = value
    return dict(found)


def growth(values: Mapping[int, float]) -> float | None:
    """By what a figure is multiplied where the fleet is ten times as large; ``None`` for one fleet."""
    least, most = min(values), max(values)
    if least == most:
        return None
    return float((values[most] / values[least]) ** (1 / math.log10(most / least)))


def growth_table(run: Run) -> Iterator[str]:
    """Yield the lines of a table: each figure in each fleet, and its growth; none for one fleet."""
    sizes = sorted({measurement.size.nodes for measurement in run.fleets})
    if len(sizes) < 2:
        return
    rows = [("figure", "unit", *(f"{nodes:,} nodes" for nodes in sizes), "x for 10 x nodes")]
    for figure, values in by_nodes(run).items():
        grown = growth(values)
        cells = [f"{values[nodes]:.2f}" if nodes in values else "" for nodes in sizes]
        rows.append((figure.name, figure.unit, *cells, "" if grown is None else f"{grown:.2f}"))
    yield from columns(rows, right=range(2, len(sizes) + 3))


def comparison(before: Run, after: Run) -> Iterator[str]:
    """Yield the lines of a table: the figures of the fleets of both runs, and what became of them."""
    rows = [("nodes", "figure", "unit", "before", "after", "after / before")]
    then, now = by_nodes(before), by_nodes(after)
    sizes = {each.size.nodes for each in before.fleets} & {each.size.nodes for each in after.fleets}
    for nodes in sorted(sizes):
        for figure, values in now.items():
            was = then.get(figure, {}).get(nodes)
            if was is not None and nodes in values:
                cells = (f"{was:.2f}", f"{values[nodes]:.2f}", f"{values[nodes] / was:.2f}")
                rows.append((f"{nodes:,}", figure.name, figure.unit, *cells))
    yield from columns(rows, right=(0, 3, 4, 5))
