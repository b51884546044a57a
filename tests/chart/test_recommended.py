"""The recommended settings are the same where they are said, in the sample, manifests and chart."""

from __future__ import annotations

import re

import yaml

from tests.chart.render import NEEDS_HELM, template, the
from tests.chart.values import defaults
from tests.manifests import OVERLAYS, deployed
from tests.paths import ROOT

FOLDER = ROOT / "scheduler-config"
TLS = {"urlPrefix", "enableHTTPS", "tlsConfig"}
"""How the extender is reached is no recommendation: it differs between modes."""


def recommended():
    """The table of the page, by its first column."""
    page = (FOLDER / "README.md").read_text().partition("## Recommended settings\n")[2]
    return dict(re.findall(r"^\| (`.+?`) \| (\S+) \| ", page, re.MULTILINE))


def settings(extender):
    """An entry of a scheduler's configuration without the address of the extender."""
    return {field: value for field, value in extender.items() if field not in TLS}


def sample():
    (extender,) = yaml.safe_load((FOLDER / "score-and-filter.yaml").read_text())["extenders"]
    return settings(extender)


def test_the_page_says_what_the_sample_has():
    """Each setting of the table, and no other in the sample."""
    table = recommended()
    assert table.pop("`--decisive`") == "on"
    assert table.pop("`filterVerb`, `prioritizeVerb`") == "both"
    found = sample()
    assert found.pop("filterVerb") == "filter"
    assert found.pop("prioritizeVerb") == "prioritize"
    assert {name.strip("`"): yaml.safe_load(value) for name, value in table.items()} == found


def test_the_manifests_run_with_them():
    """Every folder that can be applied, and the chart's defaults."""
    for folder in OVERLAYS:
        assert "--decisive" in deployed(folder)["spec"]["template"]["spec"]["containers"][0]["args"]
    assert defaults()["extender"]["decisive"] is True
    assert defaults()["scheduler"]["weight"] == sample()["weight"]


@NEEDS_HELM
def test_the_chart_configures_the_scheduler_with_them():
    """In both modes that have a scheduler."""
    for mode in ("second-scheduler", "extender"):
        (text,) = [
            text
            for name, text in the("ConfigMap", template(f"mode={mode}"))["data"].items()
            if "patch" not in name
        ]
        (extender,) = yaml.safe_load(text)["extenders"]
        assert settings(extender) == sample()
