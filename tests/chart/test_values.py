"""The chart's values, schema and table say the same, and what it repeats of the program is true."""

from __future__ import annotations

import re

import yaml

from extender import __version__
from extender.core.releases.feature_gates import FEATURE_GATES, MINORS
from tests.chart.values import CHART, NOT_SHOWN, default_of, defaults, described, markdown, schema
from tests.paths import DOCS


def leaves(value, wanted, path=""):
    """The dotted path of each value, as deep as the schema names values."""
    for name, part in value.items():
        at = f"{path}.{name}".lstrip(".")
        if at in wanted:
            yield at
        else:
            assert isinstance(part, dict), f"the schema does not describe {at}"
            yield from leaves(part, wanted, at)


def test_every_value_is_described_and_has_a_default():
    """The schema admits what values.yaml has and no other name, and each has a meaning."""
    parts = dict(described(schema()))
    assert set(leaves(defaults(), parts)) == set(parts)
    assert all(len(part["description"]) > 10 for part in parts.values())
    assert all(default_of(path) in part["enum"] for path, part in parts.items() if "enum" in part)


def objects(node):
    """Each part of the schema that names values."""
    if "properties" in node:
        yield node
        for part in node["properties"].values():
            yield from objects(part)


def test_every_value_is_required():
    """So Helm refuses values of an older chart, as with --reuse-values, instead of rendering nothing."""
    for part in objects(schema()):
        assert set(part["required"]) == set(part["properties"]) - NOT_SHOWN


def test_the_table_is_generated():
    """docs/chart.md holds the table as it is made from the schema."""
    assert markdown() in (DOCS / "chart.md").read_text()


def test_the_gates_that_the_chart_passes_on_are_those_that_serve_takes():
    """serve refuses others; the scheduler gets all."""
    text = (CHART / "templates" / "_names.tpl").read_text()
    block = re.search(r'define "dra-extender.predicted-gates" -\}\}\n(.*?)\n\{\{', text, re.DOTALL)
    assert block is not None
    assert block[1].split() == list(FEATURE_GATES)


def test_the_chart_names_the_program_and_the_releases():
    """Its version of the program is this one, and it installs on every release that is predicted."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
    first, last = MINORS[0], int(MINORS[-1].partition(".")[2])
    assert chart["kubeVersion"] == f">={first}.0-0 <1.{last + 1}.0-0"
