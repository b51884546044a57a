"""The chart's second scheduler schedules: pods are sent to it, and another replica takes over."""

from __future__ import annotations

import asyncio
import time

import pytest
import yaml

from tests.chart.render import NEEDS_HELM, template
from tests.e2e import workload
from tests.e2e.api import Api, InvalidClaims
from tests.e2e.extender_server import until
from tests.e2e.releases import MINOR, RELEASES
from tests.e2e.second_scheduler import (
    NAME,
    NAMESPACE,
    RELEASE,
    first_pod_text,
    installed,
    leader,
    make_namespace,
    reachable_webhook,
    second_scheduler,
    until_routed,
)

pytestmark = [pytest.mark.e2e, NEEDS_HELM]

HAS_POLICIES = MINOR not in ("1.34", "1.35")
NEEDS_POLICIES = pytest.mark.skipif(
    not HAS_POLICIES, reason="MutatingAdmissionPolicy is off by default before 1.36"
)
SECONDS = 30.0
TAKEOVER_SECONDS = 20.0
"""The Lease is free after 17 s at most; the rest is for the first pod."""


@pytest.fixture
async def api(api):
    """An administrator's client of a control plane with the chart's namespace."""
    await make_namespace(api)
    return api


def charted(*values, minor=MINOR):
    """The chart's objects; ``minor``: which API server they are for."""
    return template(*values, minor=minor, release=RELEASE, namespace=NAMESPACE)


async def refused(api: Api, pod):
    """What the API server says of a pod once it refuses it."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                await api.create(pod, dryRun="All")
            except InvalidClaims as error:
                return str(error)
            await asyncio.sleep(0.1)


def scheduler_of(pod):
    return pod["spec"]["schedulerName"]


def foreign():
    """A pod with claims that names a third scheduler."""
    pod = workload.pod("foreign", workload.Ask.ONE_CLAIM)
    pod["spec"]["schedulerName"] = "volcano"
    return pod


def plain():
    """A pod without claims."""
    pod = workload.pod("plain", workload.Ask.ONE_CLAIM)
    del pod["spec"]["resourceClaims"]
    del pod["spec"]["containers"][0]["resources"]
    return pod


async def schedules(api: Api, pair, count=10):
    """Create pods with claims, see them bound, and their devices predicted."""
    names = [f"routed-{number}" for number in range(count)]
    for name in names:
        assert scheduler_of(await workload.create_pair(api, name)) == NAME
    await workload.wait_bound(api, names)
    await until(lambda: pair.extender.matches() == len(names), "compared")
    assert pair.extender.matches(result="match") == len(names)


async def first_pod(api: Api):
    """Create the objects of docs/chart.md as they stand there, but for the classes, and see the pod bound."""
    for document in yaml.safe_load_all(first_pod_text()):
        document["metadata"]["namespace"] = workload.NAMESPACE
        await api.create(document)
    await workload.wait_bound(api, ["first"])


@NEEDS_POLICIES
async def test_pods_with_claims_go_to_the_second_scheduler_and_no_others(cluster, api):
    """Routed, bound and predicted; other pods stay as they are, and those of other schedulers are refused."""
    documents = charted()
    async with (
        installed(api, documents),
        second_scheduler(cluster.plane, api, cluster.directory, documents) as pair,
    ):
        message = await refused(api, foreign())
        assert "scheduler volcano" in message
        assert f"set spec.schedulerName to {NAME}" in message
        stored = await api.create(plain())
        assert scheduler_of(stored) == "default-scheduler"
        await until_routed(api)
        await schedules(api, pair)
        await first_pod(api)
        await until(lambda: pair.extender.matches(result="match") == 11, "predicted, too")
        assert not (await api.get("Pod", "plain"))["spec"].get("nodeName")


async def test_the_webhook_routes_where_the_api_server_has_no_policies(cluster, api):
    """The same pods as the policy; without a replica they are let in as they are, with a warning."""
    documents = charted(f"scheduler.version={RELEASES[MINOR]}", minor=min(MINOR, "1.35"))
    webhook = reachable_webhook(cluster.directory, documents)
    async with installed(api, webhook.documents):
        async with second_scheduler(
            cluster.plane, api, cluster.directory, documents, files=webhook.files
        ) as pair:
            await until_routed(api)
            assert pair.extender.metric("routed_pods_total", result="routed") > 0
            for pod, name in ((plain(), "default-scheduler"), (foreign(), "volcano")):
                assert scheduler_of(await api.create(pod, dryRun="All")) == name
            # The API server does not even ask.
            assert pair.extender.metric("routed_pods_total") == pair.extender.metric(
                "routed_pods_total", result="routed"
            )
            await schedules(api, pair)
        api.warnings.clear()
        stored = await api.create(workload.pod("probe", workload.Ask.ONE_CLAIM), dryRun="All")
        assert scheduler_of(stored) == "default-scheduler"
        assert any(f"set spec.schedulerName to {NAME}" in warning for warning in api.warnings)


async def test_another_replica_takes_over_when_the_leader_is_killed(cluster, api):
    """Both are ready from the start, no pod is lost, and the new leader's extender predicts right."""
    documents = charted("replicas=2")
    webhook = reachable_webhook(cluster.directory, documents)
    before, after = ([f"{when}-{number}" for number in range(10)] for when in ("before", "after"))
    async with (
        installed(api, webhook.documents),
        second_scheduler(cluster.plane, api, cluster.directory, documents, files=webhook.files) as leading,
    ):
        async with asyncio.timeout(SECONDS):
            while not (holder := await leader(api)):  # noqa: ASYNC110 - another process makes it true
                await asyncio.sleep(0.1)
        async with second_scheduler(
            cluster.plane, api, cluster.directory, documents, "second", webhook.of_another_replica()
        ) as standing_by:
            await until_routed(api)
            for name in before:
                await workload.create_pair(api, name)
            await workload.wait_bound(api, before)
            extender = standing_by.extender
            assert extender.answered("filter") == 0
            await until(lambda: extender.matches() == len(before), "compared")
            assert extender.matches(result="match") == 0
            for name in after:
                await workload.create_pair(api, name)
            leading.kill()
            killed = time.monotonic()
            await until(lambda: extender.matches(result="match") > 0, "predicted right again")
            assert time.monotonic() - killed < TAKEOVER_SECONDS
            await workload.wait_bound(api, after)
            assert await leader(api) != holder
            await until(lambda: extender.matches() == len(before) + len(after), "compared")
            assert extender.matches(result="wrong") == 0
