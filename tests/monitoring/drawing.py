"""
The panels of the dashboard, drawn from data as an SVG, much as Grafana draws them.

So that one sees what a reader of the dashboard sees, without Grafana.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from tests.monitoring.prometheus import Series

Panel = dict[str, Any]
COLUMN, LINE = 50.0, 30.0
"""Pixels of one unit of Grafana's grid."""
COLORS = ("#73bf69", "#f2cc0c", "#5794f2", "#ff780a", "#e02f44", "#b877d9", "#37872d", "#fade2a", "#1f60c4")
NAMED = {"green": "#37872d", "red": "#c4162a", "blue": "#1f60c4"}
UNITS = {"s": "s", "ops": "/s", "reqps": "/s", "percentunit": "%", "bytes": "B", "none": "", "short": ""}
POINTS = 60
"""Of each line at most, so that the picture stays small."""


@dataclass(frozen=True, slots=True)
class Line:
    """A series as it is drawn: values by time in seconds."""

    name: str
    color: str
    values: list[tuple[float, float]]


def svg(panels: Sequence[Panel], data: Mapping[str, Sequence[Series]]) -> str:
    """The whole picture; ``data`` has the series of each expression as the panels write it."""
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    body = "".join(part for panel in panels for part in _panel(panel, data))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {24 * COLUMN:g} {bottom * LINE:g}" '
        'font-family="sans-serif" font-size="11" fill="#ccccdc">'
        f'<rect width="100%" height="100%" fill="#111217"/>{body}</svg>\n'
    )


def _panel(panel: Panel, data: Mapping[str, Sequence[Series]]) -> Iterator[str]:
    place = panel["gridPos"]
    x, y = place["x"] * COLUMN + 3, place["y"] * LINE + 3
    width, height = place["w"] * COLUMN - 6, place["h"] * LINE - 6
    yield f'<g transform="translate({x:g} {y:g})">'
    if panel["type"] == "row":
        yield _text(4, 16, panel["title"], size=14)
    else:
        lines = list(_lines(panel, data))
        draw = _stat if panel["type"] == "stat" else _graph
        yield from draw(panel, lines, width, height)
        yield _text(8, 16, panel["title"], size=12)
    yield "</g>"


def _lines(panel: Panel, data: Mapping[str, Sequence[Series]]) -> Iterator[Line]:
    given = {
        override["matcher"]["options"]: override["properties"][0]["value"]["fixedColor"]
        for override in panel["fieldConfig"]["overrides"]
    }
    colors = itertools.cycle(COLORS)
    for target in panel["targets"]:
        for series in data[target["expr"]]:
            name, color = legend_of(target["legendFormat"], series), next(colors)
            yield Line(name, NAMED[given[name]] if name in given else color, series.values)


def legend_of(form: str, series: Series) -> str:
    """``{{label}}`` is the value of a label; an empty form is the labels."""
    if not form:
        return ", ".join(f"{name}={value}" for name, value in series.labels.items())
    return re.sub(r"\{\{(\w+)\}\}", lambda found: series.labels.get(found[1], ""), form)


def _stat(panel: Panel, lines: Sequence[Line], width: float, height: float) -> Iterator[str]:
    defaults = panel["fieldConfig"]["defaults"]
    value = lines[0].values[-1][1] if lines else math.nan
    color = defaults["color"].get("fixedColor", "")
    for step in defaults.get("thresholds", {}).get("steps", ()):
        if step["value"] is None or value >= step["value"]:
            color = step["color"]
    yield f'<rect width="{width:g}" height="{height:g}" rx="3" fill="{NAMED[color]}"/>'
    named = panel["options"].get("textMode") == "name" and lines
    shown = lines[0].name if named else number(value, defaults["unit"])
    yield _text(width / 2, height / 2 + 16, shown, size=14 if len(shown) > 8 else 30, anchor="middle")


def _graph(panel: Panel, lines: Sequence[Line], width: float, height: float) -> Iterator[str]:
    defaults = panel["fieldConfig"]["defaults"]
    yield f'<rect width="{width:g}" height="{height:g}" rx="3" fill="#181b1f"/>'
    rows, legend = _legend(lines, width, height)
    left, top, right, bottom = 52.0, 28.0, width - 10, height - 16 - 14 * rows
    stacked = "stacking" in defaults["custom"]
    drawn = list(_stack(lines)) if stacked else lines
    finite = [value for line in drawn for _, value in line.values if math.isfinite(value)]
    if not finite:
        yield _text(width / 2, height / 2, "No data", size=14, anchor="middle")
        return
    times = [at for line in drawn for at, _ in line.values]
    start, end = min(times), max(times)
    most: float = defaults.get("max") or max(finite) or 1.0

    def x_of(at: float) -> float:
        return left + (at - start) / ((end - start) or 1.0) * (right - left)

    def y_of(value: float) -> float:
        return bottom - min(value / most, 1.0) * (bottom - top)

    for value in (0.0, most / 2, most):
        yield f'<path d="M{left:g} {y_of(value):.0f}H{right:g}" stroke="#333"/>'
        yield _text(left - 5, y_of(value) + 4, number(value, defaults["unit"]), anchor="end")
    limit = defaults["thresholds"]["steps"][-1]["value"] if "thresholds" in defaults else math.inf
    if limit <= most:
        yield f'<path d="M{left:g} {y_of(limit):.0f}H{right:g}" stroke="#e02f44" stroke-dasharray="4"/>'
    for line in reversed(drawn):
        kept = line.values[:: max(1, len(line.values) // POINTS)]
        points = [(x_of(at), y_of(value)) for at, value in kept if math.isfinite(value)]
        path = "L".join(f"{x:.0f} {y:.1f}" for x, y in points)
        if stacked and points:
            area = f"M{points[0][0]:.0f} {bottom:g}L{path}V{bottom:g}Z"
            yield f'<path d="{area}" fill="{line.color}" opacity="0.6"/>'
        if points:
            yield f'<path d="M{path}" fill="none" stroke="{line.color}" stroke-width="1.5"/>'
    yield from legend


def _stack(lines: Sequence[Line]) -> Iterator[Line]:
    """Each line upon those before it."""
    below: dict[float, float] = {}
    for line in lines:
        for at, value in line.values:
            below[at] = below.get(at, 0.0) + (value if math.isfinite(value) else 0.0)
        yield replace(line, values=[(at, below[at]) for at, _ in line.values])


def _legend(lines: Sequence[Line], width: float, height: float) -> tuple[int, list[str]]:
    """How many rows the names take at the bottom of the panel, and their texts."""
    rows: list[list[tuple[float, Line]]] = [[]]
    x = 10.0
    for line in lines:
        wide = 22 + 6.2 * len(line.name)
        if x + wide > width and rows[-1]:
            rows.append([])
            x = 10.0
        rows[-1].append((x, line))
        x += wide
    parts = []
    for above, row in enumerate(reversed(rows)):
        y = height - 8 - 14 * above
        for x, line in row:
            parts.append(f'<path d="M{x:g} {y - 4:g}h10" stroke="{line.color}" stroke-width="3"/>')
            parts.append(_text(x + 14, y, line.name))
    return len(rows), parts


def number(value: float, unit: str) -> str:
    """A value as a reader wants it; ``percentunit`` is a share of 1."""
    if math.isnan(value):
        return "No data"
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "s" and 0 < value < 1:
        return f"{1000 * value:.3g} ms"
    if unit == "s" and value >= 86400:
        return f"{value / 86400:.3g} d"
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g} {prefix}{UNITS[unit]}"
    return f"{value:.3g} {UNITS[unit]}".rstrip()


def _text(x: float, y: float, text: str, *, size: int = 0, anchor: str = "") -> str:
    attributes = (f' font-size="{size}"' if size else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:.0f}" y="{y:.0f}"{attributes}>{escape(text)}</text>'
