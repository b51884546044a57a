"""docs/monitoring.md: its configuration is one that Prometheus takes, and what it names exists."""

from __future__ import annotations

import re
import shutil

import pytest
import yaml

from tests.chart.values import described, schema
from tests.manifests import the
from tests.monitoring.expressions import ALERTS, dashboard
from tests.monitoring.programs import NEEDS_PROMETHEUS
from tests.monitoring.prometheus import Refused, promtool
from tests.pages import fenced
from tests.paths import DOCS

PAGE = (DOCS / "monitoring.md").read_text()
(CONFIGURATION,) = fenced(PAGE, "yaml")


@NEEDS_PROMETHEUS
def test_prometheus_takes_the_configuration(tmp_path):
    """With the alerts beside it."""
    shutil.copy(ALERTS, tmp_path / "alerts.yaml")
    (tmp_path / "prometheus.yml").write_text(CONFIGURATION)
    assert "is valid" in promtool("check", "config", "prometheus.yml", directory=tmp_path)


@NEEDS_PROMETHEUS
def test_a_wrong_configuration_would_be_seen(tmp_path):
    """A field that Prometheus does not know."""
    shutil.copy(ALERTS, tmp_path / "alerts.yaml")
    (tmp_path / "prometheus.yml").write_text(CONFIGURATION.replace("relabel_configs", "relabel"))
    with pytest.raises(Refused, match="relabel"):
        promtool("check", "config", "prometheus.yml", directory=tmp_path)


def test_the_configuration_reads_the_port_of_the_metrics():
    """By the name that the Service leads to."""
    (job,) = yaml.safe_load(CONFIGURATION)["scrape_configs"]
    (rule,) = job["relabel_configs"]
    assert rule["regex"] in {port["targetPort"] for port in the("Service")["spec"]["ports"]}


def test_the_values_exist():
    """Each that the page names, in text or in a command."""
    named = set(re.findall(r"monitoring\.(?!md|py)\w+", PAGE))
    known = {path for path, _ in described(schema())}
    assert len(named) > 5
    assert named <= known


def test_the_table_has_the_rows_of_the_dashboard():
    """In their order."""
    rows = [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"]
    table = PAGE.partition("| row | question |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([^|-][^|]*) \|", table, re.MULTILINE) == rows
