"""docs/metrics.md shows the metrics that there are."""

from __future__ import annotations

import re

from extender.service.metrics.page import markdown
from extender.service.metrics.spec import PREFIX
from tests.paths import ROOT

PAGE = (ROOT / "docs/metrics.md").read_text()
PROSE = PAGE.replace(markdown(), "")


def test_the_table_is_the_one_of_the_specs():
    """The table is what the command on the page prints."""
    assert markdown() in PAGE


async def test_the_table_has_every_metric_that_is_exposed(client):
    """What ``/metrics`` answers under our prefix has a row, of its type."""
    exposed = await (await client.get("/metrics")).text()
    types = set(re.findall(rf"^# TYPE ({PREFIX}\w+) (\w+)$", exposed, re.MULTILINE))
    assert types == set(re.findall(r"^\| `(\w+)` \| (\w+) \|", markdown(), re.MULTILINE))


def test_expressions_name_metrics_and_labels_that_exist():
    """Every metric of an expression is in the table, and so is every label value it selects."""
    names = set(re.findall(rf"`({PREFIX}\w+)`", markdown()))
    named = set(re.findall(rf"{PREFIX}\w+", PROSE))
    assert named
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} <= names
    for label, value in re.findall(r'(\w+)="([^"]+)"', PROSE):
        assert re.search(rf"`{label}`: [^;|]*`{value}`", markdown())
