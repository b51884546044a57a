"""The dashboard is what Grafana imports: panels that do not overlap, each with a source and a meaning."""

from __future__ import annotations

import itertools
import math
import re

import pytest

from tests.monitoring.expressions import alerts, dashboard, of_the_dashboard, panels
from tests.paths import DOCS

PANELS = panels()
COLUMNS = 24


def cells(panel):
    """The squares of Grafana's grid that a panel covers."""
    place = panel["gridPos"]
    columns = range(place["x"], place["x"] + place["w"])
    rows = range(place["y"], place["y"] + place["h"])
    return set(itertools.product(columns, rows))


def test_panels_do_not_overlap():
    """Nor do they leave the grid; ids and titles name one panel each."""
    every = dashboard()["panels"]
    covered = [cell for panel in every for cell in cells(panel)]
    assert len(set(covered)) == len(covered)
    assert all(0 <= column < COLUMNS for column, _ in covered)
    for key in ("id", "title"):
        assert len({panel[key] for panel in every}) == len(every)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_says_what_it_shows(panel):
    """Of the data source that the reader chose."""
    assert panel["description"].endswith(".")
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_runbooks_that_a_panel_names_exist():
    """By the name of the page."""
    named = {name for panel in PANELS for name in re.findall(r"[Rr]unbook ([\w-]+)", panel["description"])}
    assert len(named) > 4
    assert named <= {path.stem for path in (DOCS / "runbooks").glob("*.md")}


def test_every_query_is_about_the_chosen_jobs():
    """Else a second release would be counted in; the alerts have no job."""
    variables = {each["name"] for each in dashboard()["templating"]["list"]}
    assert variables == {"datasource", "job"}
    for panel in PANELS:
        for target in panel["targets"]:
            selectors = re.findall(r"\w+\{([^}]*)\}", target["expr"])
            assert selectors
            assert all("$job" in each or "alertname" in each for each in selectors)


def test_the_line_of_a_panel_is_the_threshold_of_its_alert():
    """Where a panel has one."""
    lines = {
        panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"]
        for panel in PANELS
        if "thresholdsStyle" in panel["fieldConfig"]["defaults"].get("custom", {})
    }
    thresholds = {
        name: math.prod(map(float, re.split(r" [<>] ", rule["expr"])[-1].split("*")))
        for name, rule in alerts().items()
        if re.search(r" [<>] ", rule["expr"])
    }
    assert lines == {
        "Age of each kind": thresholds["DraExtenderBehind"],
        "Latency of filter and prioritize": thresholds["DraExtenderSlow"],
        "Time until certificates end": thresholds["DraExtenderCertificateEnds"],
    }


def test_variables_are_put_in():
    """None is left for Prometheus to stumble over."""
    assert not any("$" in expression.text for expression in of_the_dashboard())
