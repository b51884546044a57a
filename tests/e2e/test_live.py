"""The real scheduler with our extender in its loop, following the real API server as ``deploy`` lets it."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e import scheduler_config, workload
from tests.e2e.extender_server import ready, serving, until
from tests.e2e.workload import Ask

pytestmark = pytest.mark.e2e

PODS = 30
SAMPLE = scheduler_config.FOLDER / "score-alignment-first.yaml"
BINDING_SAMPLE = scheduler_config.FOLDER / "score-and-bind.yaml"
SECONDS = 20.0


@pytest.mark.parametrize("ask", [Ask.ONE_CLAIM, Ask.TWO_CLAIMS, Ask.WITH_CPU], ids=lambda ask: ask.name)
async def test_every_prediction_is_right(cluster, ask):
    """Many pods at once, each judged on what those before it took: all as predicted, nothing left over."""
    with serving(cluster.directory, "--kubeconfig", cluster.account, "--decisive") as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, SAMPLE, extender.url)
        with cluster.plane.scheduler(config):
            names = await workload.create_pairs(cluster.api, PODS, ask, template=True)
            await workload.wait_bound(cluster.api, names)
            claims = PODS * len(ask.value)
            await until(lambda: extender.matches() == claims, f"{claims} claims compared")
        assert extender.mismatches() == []
        assert extender.matches(result="match") == claims
        await until(lambda: extender.metric("in_flight_claims") == 0, "nothing in flight")
        assert extender.metric("internal_errors_total") == 0


async def test_bound_pods_have_an_event_that_names_their_devices(cluster):
    """Follow, bind, tell in an Event: the ClusterRole of ``deploy`` is enough."""
    with serving(cluster.directory, "--kubeconfig", cluster.account, "--decisive", "--bind") as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, BINDING_SAMPLE, extender.url)
        with cluster.plane.scheduler(config):
            names = await workload.create_pairs(cluster.api, 5, prefix="told")
            bound = await workload.wait_bound(cluster.api, names)
        assert extender.answered("bind") == len(names)
        devices = await workload.allocations(cluster.api, names)
        async with asyncio.timeout(SECONDS):
            while set(names) - set(told := await workload.notes(cluster.api, "DevicesAllocated")):  # noqa: ASYNC110 - others write them
                await asyncio.sleep(0.05)
        for name in names:
            assert f" on {bound[name]}" in told[name]
            assert all(device in told[name] for device in devices[name])
