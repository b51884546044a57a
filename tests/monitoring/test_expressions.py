"""Every expression that we publish is one that Prometheus takes, about metrics that we export."""

from __future__ import annotations

import pytest

from extender.service.metrics.spec import PREFIX
from extender.service.metrics.specs import METRICS
from tests.monitoring.expressions import (
    Expression,
    everything,
    metrics_of,
    of_the_alerts,
    of_the_dashboard,
    of_the_pages,
    write_recording_rules,
)
from tests.monitoring.programs import NEEDS_PROMETHEUS
from tests.monitoring.prometheus import Refused, promtool

EXPORTED = {f"{PREFIX}{spec.name}" for spec in METRICS}


def test_every_place_has_expressions():
    """So that none of the readers finds nothing without a word."""
    assert len(of_the_dashboard()) > 40
    assert len(of_the_alerts()) >= 10
    pages = {expression.where.partition(":")[0] for expression in of_the_pages()}
    assert {"docs/metrics.md", "docs/nominate.md", "docs/security.md"} <= pages


@NEEDS_PROMETHEUS
def test_every_expression_parses(tmp_path):
    """All at once, as recording rules."""
    write_recording_rules(everything(), tmp_path / "rules.json")
    assert f"{len(everything())} rules found" in promtool("check", "rules", "rules.json", directory=tmp_path)


@NEEDS_PROMETHEUS
def test_an_expression_that_does_not_parse_would_be_seen(tmp_path):
    """Among others that do."""
    wrong = Expression("a page", "sum by (result (rate(dra_extender_predictions_total[5m])))")
    write_recording_rules([*of_the_alerts(), wrong], tmp_path / "rules.json")
    with pytest.raises(Refused, match="parse error"):
        promtool("check", "rules", "rules.json", directory=tmp_path)


@pytest.mark.parametrize("expression", everything(), ids=lambda each: each.where)
def test_every_metric_exists(expression):
    """A name that nothing exports would show nothing, and never fire."""
    assert metrics_of(expression.text) <= EXPORTED


def test_the_dashboard_shows_every_metric():
    """Whoever adds a metric says where one sees it."""
    seen = set().union(*(metrics_of(expression.text) for expression in of_the_dashboard()))
    assert seen == EXPORTED
