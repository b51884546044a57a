"""
The figures of a run over the size of the fleet, as SVG: both scales are logarithmic.

A figure that costs the same for each node climbs at 45 degrees, one that does not depend on the fleet is
level.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..markup import Markup, element, joined
from .figures import Figure, Unit, by_nodes
from .measurement import Run

_PANELS = (
    ("time in milliseconds, median", (Unit.MILLISECONDS, Unit.SECONDS)),
    ("memory in MiB", (Unit.MEBIBYTES,)),
)
_MILLISECONDS_PER_SECOND = 1000
_DECADE = 70
_LEFT, _TOP, _GAP, _LEGEND = 60, 40, 50, 380
_ROW = 18
_COLOURS = (
    "#1b6ca8",
    "#c8502d",
    "#2e8540",
    "#7a3e9d",
    "#b8860b",
    "#00808a",
    "#a3335f",
    "#555555",
    "#8a6d3b",
    "#e377c2",
)

_Lines = list[tuple[str, Mapping[int, float]]]


def plot(run: Run) -> str:
    """One SVG document, which says what it shows in words, too. The run has two sizes or more."""
    panels, y = [], _TOP
    sizes = sorted({measurement.size.nodes for measurement in run.fleets})
    for title, units in _PANELS:
        drawn, height = _panel(title, _lines_of(run, units), sizes, y)
        panels.append(drawn)
        y += height + _GAP
    width = _LEFT + _width(sizes) + _LEGEND
    svg = element(
        "svg",
        element("title", f"What dra-extender bench measured for Kubernetes {run.kubernetes}, by nodes"),
        element("rect", width=width, height=y, fill="#ffffff"),
        *panels,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {y}",
        width=width,
        height=y,
        role="img",
        font_family="sans-serif",
        font_size=12,
    )
    return f"{svg}\n"


def _lines_of(run: Run, units: Sequence[Unit]) -> _Lines:
    """The figures of a panel, seconds as milliseconds, those that are largest at the end first."""
    lines = [
        (figure.name, {nodes: value * _scale(figure) for nodes, value in values.items()})
        for figure, values in by_nodes(run).items()
        if figure.unit in units
    ]
    return sorted(lines, key=lambda line: -line[1][max(line[1])])


def _scale(figure: Figure) -> int:
    return _MILLISECONDS_PER_SECOND if figure.unit is Unit.SECONDS else 1


def _width(sizes: Sequence[int]) -> float:
    return math.log10(sizes[-1] / sizes[0]) * _DECADE * 2


def _panel(title: str, lines: _Lines, sizes: Sequence[int], top: int) -> tuple[Markup, int]:
    """A panel and its height."""
    values = [value for _, by_size in lines for value in by_size.values()]
    least = math.floor(math.log10(min(values)))
    most = max(math.ceil(math.log10(max(values))), least + 1)
    height = max((most - least) * _DECADE, len(lines) * _ROW)

    def place(nodes: int, value: float) -> tuple[float, float]:
        x = _LEFT + math.log10(nodes / sizes[0]) * _DECADE * 2
        return round(x, 1), round(top + height - (math.log10(value) - least) * height / (most - least), 1)

    parts = [element("text", title, x=_LEFT, y=top - 12, font_weight="bold")]
    right = _LEFT + _width(sizes)
    for power in range(least, most + 1):
        _, y = place(sizes[0], 10.0**power)
        parts.append(element("line", x1=_LEFT, y1=y, x2=right, y2=y, stroke="#dddddd"))
        parts.append(element("text", f"{10.0**power:g}", x=_LEFT - 6, y=y + 4, text_anchor="end"))
    for nodes in sizes:
        x, _ = place(nodes, 10.0**least)
        parts.append(element("line", x1=x, y1=top, x2=x, y2=top + height, stroke="#dddddd"))
        parts.append(element("text", f"{nodes:,}", x=x, y=top + height + 16, text_anchor="middle"))
    for number, (name, by_size) in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [place(nodes, value) for nodes, value in by_size.items()]
        path = "M" + "L".join(f"{x} {y}" for x, y in points)
        parts.append(element("path", d=path, fill="none", stroke=colour, stroke_width=2))
        parts += [element("circle", cx=x, cy=y, r=3, fill=colour) for x, y in points]
        row = top + number * _ROW + 8
        parts.append(element("rect", x=right + 20, y=row - 5, width=14, height=4, fill=colour))
        parts.append(element("text", name, x=right + 40, y=row))
    return joined(*parts), height
