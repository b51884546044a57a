"""What the chart gives to Prometheus' operator and to Grafana finds the pods, and is found."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.chart.render import MODES, NEEDS_HELM, OF_THE_OPERATOR, Refused, template, the
from tests.monitoring.expressions import ALERTS, dashboard

pytestmark = NEEDS_HELM

DASHBOARD = "monitoring.dashboard=true"
MONITORS = {
    "ServiceMonitor": ("monitoring.serviceMonitor=true", "endpoints", "Service"),
    "PodMonitor": ("monitoring.podMonitor=true", "podMetricsEndpoints", "Deployment"),
}
"""By kind: how to get it, its list of ports, and whose labels it selects."""


@pytest.mark.parametrize("mode", ["second-scheduler", "extender"])
@pytest.mark.parametrize("kind", MONITORS)
def test_a_monitor_finds_the_port_of_the_metrics(mode, kind):
    """By labels that the Service or the pods carry, and by a name that their port has."""
    switch, ports, selected = MONITORS[kind]
    documents = template(f"mode={mode}", switch, release="fast", namespace="gpu-system")
    spec = the(kind, documents)["spec"]
    found = the(selected, documents)
    if selected == "Service":
        labels, named = found["metadata"]["labels"], {port["name"] for port in found["spec"]["ports"]}
    else:
        pod = found["spec"]["template"]
        labels = pod["metadata"]["labels"]
        named = {port["name"] for each in pod["spec"]["containers"] for port in each.get("ports", [])}
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    assert [(port["port"], port["path"]) for port in spec[ports]] == [("ops", "/metrics")]
    assert "ops" in named


def test_a_pod_is_not_read_twice():
    """Every rate would be twice as high."""
    with pytest.raises(Refused, match="would read every pod twice"):
        template("monitoring.serviceMonitor=true", "monitoring.podMonitor=true")


def test_prometheus_finds_the_objects_by_the_given_labels():
    """All kinds that its operator selects."""
    labels = 'monitoring.labels={"release": "prometheus"}'
    rules = template(labels, *OF_THE_OPERATOR)
    pods = template(labels, "monitoring.podMonitor=true")
    for document in (the("ServiceMonitor", rules), the("PrometheusRule", rules), the("PodMonitor", pods)):
        assert document["metadata"]["labels"]["release"] == "prometheus"


def test_the_rules_are_those_that_are_tested():
    """The chart changes nothing, but adds links where it is told what they begin with."""
    tested = yaml.safe_load(ALERTS.read_text())
    assert the("PrometheusRule", template(*OF_THE_OPERATOR))["spec"] == tested
    url = "https://git.example.com/repository/blob/main"
    linked = the("PrometheusRule", template(f"monitoring.runbookUrl={url}/", *OF_THE_OPERATOR))["spec"]
    for group in linked["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"].pop("runbook_url") == f"{url}/{rule['annotations']['runbook']}"
    assert linked == tested


@pytest.mark.parametrize("labels", [{}, {"dashboards": "platform"}], ids=["default", "own"])
def test_the_dashboard_is_the_file_to_import(labels):
    """What the chart renders for the sidecar has nothing replaced in it."""
    values = [f"monitoring.dashboardLabels={json.dumps(labels)}"] if labels else []
    documents = template(DASHBOARD, *values, release="fast")
    (found,) = [each for each in documents if each["metadata"]["name"] == "fast-dra-extender-dashboard"]
    assert json.loads(found["data"]["dra-extender.json"]) == dashboard()
    assert {"grafana_dashboard": "1", **labels}.items() <= found["metadata"]["labels"].items()


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_made_without_asking(mode):
    """A cluster without the operator takes the chart as it is; the audit serves no metrics."""
    made = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
    values = (DASHBOARD, *OF_THE_OPERATOR) if mode == "audit-only" else ()
    documents = template(f"mode={mode}", *values)
    assert made.isdisjoint(each["kind"] for each in documents)
    assert not any("dashboard" in each["metadata"]["name"] for each in documents)
