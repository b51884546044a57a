"""A real Prometheus that reads a real run answers every expression that we publish."""

from __future__ import annotations

import asyncio
import math

import pytest

from tests.e2e.extender_server import until
from tests.e2e.monitored import JOB, monitored, wave
from tests.e2e.needs_nomination import NEEDS_NOMINATION
from tests.monitoring.expressions import of_the_alerts, of_the_dashboard, of_the_pages
from tests.monitoring.programs import NEEDS_PROMETHEUS

pytestmark = [pytest.mark.e2e, NEEDS_PROMETHEUS, NEEDS_NOMINATION]

WAVES = 3
EMPTY = {
    "dra_extender_devices_held_twice > 0": "one scheduler allocates, so no device is held twice",
    "dra_extender_negative_amount_claims > 0": "no claim of the run holds a negative amount",
}
"""Expressions that rightly say nothing about this run, and why."""


async def test_every_expression_returns_data(cluster):
    """Those of the dashboard and of the documents, by numbers; no alert has anything to say."""
    async with monitored(cluster.plane, cluster.api, cluster.account, cluster.directory) as run:
        for number in range(WAVES):
            await wave(run, f"wave-{number}")
            await asyncio.sleep(2)  # so that Prometheus sees each wave by itself
        await until(lambda: run.extender.metric("in_flight_claims") == 0, "nothing is in flight")
        await asyncio.sleep(2)
        found = {
            expression: run.prometheus.query(expression.text)
            for expression in {*of_the_dashboard(), *of_the_pages()}
        }
        silent = {
            expression.text: expression.where
            for expression, series in found.items()
            if not any(math.isfinite(value) for each in series for _, value in each.values)
        }
        assert silent.keys() == EMPTY.keys(), silent
        assert {each.where: run.prometheus.query(each.text) for each in of_the_alerts()} == {
            each.where: [] for each in of_the_alerts()
        }
        assert run.prometheus.firing() == set()
        assert run.prometheus.label_values("job", "dra_extender_build_info") == [JOB]
