"""The picture of the dashboard: every panel is drawn, with its names and numbers, as well-formed XML."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import pytest

from tests.monitoring.drawing import legend_of, number, svg
from tests.monitoring.expressions import dashboard, panels
from tests.monitoring.prometheus import Series


def texts(data):
    """What a picture of the whole dashboard says."""
    root = ET.fromstring(svg(dashboard()["panels"], data))
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def data(*series):
    """The same for every expression."""
    return {target["expr"]: list(series) for panel in panels() for target in panel["targets"]}


def test_every_panel_is_drawn():
    """With its title, and the labels of its series."""
    labels = {"kind": "<Pod>", "version": "1.2.3", "kubernetes": "1.36.2"}
    found = texts(data(Series(labels, [(0.0, 1.0), (2.0, math.nan), (4.0, 3.0)])))
    assert {panel["title"] for panel in dashboard()["panels"]} <= set(found)
    assert {"<Pod>", "1.2.3 for 1.36.2"} <= set(found)
    assert "No data" not in found


def test_a_panel_without_data_says_so():
    """Each of them."""
    assert texts(data()).count("No data") == len(panels())


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.0123, "s", "12.3 ms"),
        (2.5, "s", "2.5 s"),
        (7776000.0, "s", "90 d"),
        (123456789.0, "bytes", "123 MB"),
        (0.5, "percentunit", "50 %"),
        (1.25, "ops", "1.25 /s"),
        (7.0, "short", "7"),
    ],
)
def test_numbers_have_units(value, unit, said):
    """Those that the panels use."""
    assert number(value, unit) == said


def test_a_legend_is_put_together_from_labels():
    """Of those that it names, or of all."""
    series = Series({"verb": "filter", "result": "ok"}, [])
    assert legend_of("{{verb}} {{result}} {{other}}", series) == "filter ok "
    assert legend_of("", series) == "verb=filter, result=ok"
