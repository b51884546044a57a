"""Each alert fires for its cause and for nothing else, and its runbook begins with what to type."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from extender.service.metrics.specs import METRICS
from tests.manifests import DEPLOY, the
from tests.monitoring.expressions import ALERTS, alerts
from tests.monitoring.programs import NEEDS_PROMETHEUS
from tests.monitoring.prometheus import promtool
from tests.paths import DOCS, ROOT

RULES = alerts()
WELL = {
    'ready{instance="a"}': "1x60",
    'ready{instance="b"}': "0x60",
    'devices_held_twice{instance="a"}': "0x60",
    'reflector_age_seconds{instance="a",kind="Node"}': "60x60",
    'neutral_answers_total{instance="a",reason="busy",verb="filter"}': "4x60",
    'neutral_answers_total{instance="a",reason="not-ready",verb="filter"}': "0+5x60",
    'request_duration_seconds_bucket{instance="a",verb="filter",le="2.5"}': "0+60x60",
    'request_duration_seconds_bucket{instance="a",verb="filter",le="5"}': "0+60x60",
    'request_duration_seconds_bucket{instance="a",verb="filter",le="+Inf"}': "0+60x60",
    'internal_errors_total{instance="a",verb="filter"}': "0x60",
    'prediction_matches_total{instance="a",result="wrong"}': "0x60",
    'prediction_matches_total{instance="a",result="match"}': "0+9x60",
    'node_object_requests_total{instance="a",verb="filter"}': "0x60",
    'node_object_requests_total{instance="a",verb="explain"}': "0+5x60",
    'decode_errors_total{instance="a",kind="Node"}': "0x60",
    'certificate_reloads_total{instance="a",listener="verbs",result="failed"}': "0x60",
    'certificate_reloads_total{instance="a",listener="verbs",result="renewed"}': "0+1x60",
    'certificate_expiry_seconds{instance="a",listener="verbs"}': "7776000x60",
}
"""A cluster where all is well, one sample a minute; names without the prefix that all metrics share."""
ONCE = "0x30 1x30"
CAUSES = {
    "DraExtenderNoneReady": ({'ready{instance="a"}': "0x60"}, {}),
    "DraExtenderDevicesHeldTwice": ({'devices_held_twice{instance="a"}': "2x60"}, {}),
    "DraExtenderBehind": (
        {'reflector_age_seconds{instance="a",kind="Node"}': "0+60x60"},
        {"kind": "Node"},
    ),
    "DraExtenderNeutralAnswers": (
        {'neutral_answers_total{instance="a",reason="busy",verb="filter"}': "0+5x60"},
        {"reason": "busy"},
    ),
    "DraExtenderSlow": (
        {'request_duration_seconds_bucket{instance="a",verb="filter",le="2.5"}': "0x60"},
        {"verb": "filter"},
    ),
    "DraExtenderInternalErrors": (
        {'internal_errors_total{instance="a",verb="filter"}': ONCE},
        {"verb": "filter"},
    ),
    "DraExtenderWrongPredictions": ({'prediction_matches_total{instance="a",result="wrong"}': ONCE}, {}),
    "DraExtenderWholeNodes": ({'node_object_requests_total{instance="a",verb="filter"}': "0+5x60"}, {}),
    "DraExtenderUnreadableObjects": (
        {'decode_errors_total{instance="a",kind="Node"}': ONCE},
        {"kind": "Node"},
    ),
    "DraExtenderCertificateNotTaken": (
        {'certificate_reloads_total{instance="a",listener="verbs",result="failed"}': ONCE},
        {"listener": "verbs"},
    ),
    "DraExtenderCertificateEnds": (
        {'certificate_expiry_seconds{instance="a",listener="verbs"}': "1814399x60"},
        {"listener": "verbs"},
    ),
}
"""By alert: the series that differ from a cluster where all is well, and the labels of the alert."""
AT = "35m"


def rule_test(name, changed, firing):
    """One test of promtool: all alerts with what is expected of each at one moment."""
    return {
        "name": name,
        "interval": "1m",
        "input_series": [
            {"series": f"dra_extender_{series}", "values": values}
            for series, values in {**WELL, **changed}.items()
        ],
        "alert_rule_test": [
            {
                "eval_time": AT,
                "alertname": alert,
                "exp_alerts": [{"exp_labels": firing[alert]}] if alert in firing else [],
            }
            for alert in RULES
        ],
    }


@NEEDS_PROMETHEUS
@pytest.mark.parametrize("alert", ["", *RULES])
def test_an_alert_fires_for_its_cause_and_no_other(tmp_path, alert):
    """As Prometheus evaluates the rules; none fires where all is well."""
    # What an annotation says depends on the value: the labels tell which alert it is.
    rules = yaml.safe_load(ALERTS.read_text())
    for rule in rules["groups"][0]["rules"]:
        del rule["annotations"]
    (tmp_path / "rules.yaml").write_text(json.dumps(rules))
    changed, labels = CAUSES[alert] if alert else ({}, {})
    firing = {alert: {**RULES[alert]["labels"], **labels}} if alert else {}
    document = {"rule_files": ["rules.yaml"], "tests": [rule_test(alert or "well", changed, firing)]}
    (tmp_path / "tests.yaml").write_text(json.dumps(document))
    assert "SUCCESS" in promtool("test", "rules", "tests.yaml", directory=tmp_path)


@NEEDS_PROMETHEUS
def test_prometheus_takes_the_rules():
    """With their annotations."""
    assert f"{len(RULES)} rules found" in promtool("check", "rules", ALERTS)


def test_every_alert_has_a_test():
    """By name, and each series is one of our metrics."""
    assert set(CAUSES) == set(RULES)
    changed = {name for series, _ in CAUSES.values() for name in series}
    assert changed <= set(WELL)


@pytest.mark.parametrize("alert", RULES)
def test_every_alert_has_a_runbook_that_begins_with_what_to_type(alert):
    """Its page names the alert, and a block of shell comes before the second heading."""
    page = (ROOT / RULES[alert]["annotations"]["runbook"]).read_text()
    assert page.startswith(f"# {alert}\n\n```sh\n")


def test_runbooks_search_the_metrics_for_names_that_exist():
    """Without the prefix that all share."""
    searched = {
        name
        for path in (DOCS / "runbooks").glob("*.md")
        for command in re.findall(r"/metrics \| grep (.*)", path.read_text())
        for name in re.findall(r"[a-z]+(?:_[a-z]+)+", command)
    }
    exported = {spec.name for spec in METRICS}
    assert searched
    assert searched <= exported


def test_every_runbook_belongs_to_an_alert():
    """And the list of runbooks has each."""
    pages = {path.name for path in (DOCS / "runbooks").glob("*.md")} - {"README.md"}
    assert pages == {rule["annotations"]["runbook"].rpartition("/")[2] for rule in RULES.values()}
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "runbooks" / "README.md").read_text())
    assert sorted(listed) == sorted(pages)


def test_the_kustomization_has_the_same_alerts():
    """Those of the chart."""
    rule = the("PrometheusRule", DEPLOY / "components/monitoring")
    assert rule["spec"] == yaml.safe_load(ALERTS.read_text())
