"""Whatever fails between the scheduler, us, the API server and etcd: no pod is lost, and we agree again."""

from __future__ import annotations

import asyncio
import contextlib
import re

import pytest

from tests.e2e import scheduler_config, workload
from tests.e2e.api import connect
from tests.e2e.churn import publishing
from tests.e2e.control_plane import ControlPlane
from tests.e2e.extender_server import ready, serving, until
from tests.e2e.proxy import Fault, between
from tests.e2e.test_live import SAMPLE

pytestmark = pytest.mark.e2e

PODS = 5
RECOVERY_SECONDS = 180.0
"""kube-scheduler seeks a lost API server again after up to a minute, the longer it was away the later."""
PUBLISHED_PER_SECOND = 200
PUBLISH_SECONDS = 5.0


async def agrees(plane, extender, prefix, pods=PODS):
    """
    Pods are placed, and each gets what was predicted; their names.

    The pods are created once the extender has seen their claims: behind a proxy the scheduler may hear of
    both first, and then there is no prediction to compare.
    """
    compared, matched = extender.matches(), extender.matches(result="match")
    names = [f"{prefix}-{number}" for number in range(pods)]
    async with connect(plane) as api:  # the connections of another client may be broken
        claims = extender.metric("snapshot_objects", kind="resourceclaims")
        for name in names:
            await workload.create_claims(api, name)
        await until(
            lambda: extender.metric("snapshot_objects", kind="resourceclaims") >= claims + pods,
            f"{pods} claims seen",
        )
        for name in names:
            await workload.create_pod(api, name)
        await workload.wait_bound(api, names, RECOVERY_SECONDS)
    await until(lambda: extender.matches() == compared + pods, f"{pods} claims compared")
    assert extender.matches(result="match") == matched + pods, extender.mismatches()
    assert extender.metric("internal_errors_total") == 0
    return names


async def no_attempt_failed(api, names):
    """The scheduler reported no failed attempt for any of these pods."""
    failed = await workload.notes(api, "FailedScheduling")
    assert {name: failed[name] for name in names if name in failed} == {}


def oldest(extender):
    """Seconds since the kind was heard of that waits longest."""
    return max(extender.metric("reflector_age_seconds", kind=kind) for kind in ("Pod", "ResourceClaim"))


@contextlib.asynccontextmanager
async def asked(cluster, account):
    """An extender that follows the cluster, and a real scheduler that asks it."""
    with serving(cluster.directory, "--kubeconfig", account, "--decisive") as extender:
        await until(lambda: ready(extender), "ready")
        with cluster.plane.scheduler(scheduler_config.sample(cluster.plane, SAMPLE, extender.url)):
            yield extender


@contextlib.asynccontextmanager
async def asked_through_a_proxy(cluster):
    """The same; only the extender is behind the proxy."""
    with between(cluster.plane) as proxy:
        account = cluster.plane.write_kubeconfig("proxied.kubeconfig", cluster.token, proxy.url)
        async with asked(cluster, account) as extender:
            yield proxy, extender


@pytest.mark.parametrize("restart", [ControlPlane.restart_apiserver, ControlPlane.restart_etcd])
async def test_a_server_is_killed_and_comes_back(cluster, restart):
    """Pods are placed as predicted before and after; the extender stays up and keeps up again."""
    async with asked(cluster, cluster.account) as extender:
        await agrees(cluster.plane, extender, f"before-{restart.__name__.replace('_', '-')}")
        restart(cluster.plane)
        assert ready(extender)
        await agrees(cluster.plane, extender, f"after-{restart.__name__.replace('_', '-')}")


async def test_watches_that_break_within_a_line_go_on_where_they_were(cluster):
    """Half an event is none: nothing is listed anew, and nothing of what happened meanwhile is missed."""
    async with asked_through_a_proxy(cluster) as (proxy, extender):
        await agrees(cluster.plane, extender, "before-cut")
        proxy.fault = Fault.CUT_WATCHES
        during = await workload.create_pairs(cluster.api, PODS, prefix="during-cut")
        await workload.wait_bound(cluster.api, during)
        await until(lambda: proxy.cut >= PODS, "watches cut")
        proxy.fault = Fault.NONE
        await until(lambda: extender.matches() == 2 * PODS, "the claims of meanwhile are seen")
        await agrees(cluster.plane, extender, "after-cut")
        for kind in ("Pod", "ResourceClaim", "ResourceSlice"):
            assert extender.metric("reflector_lists_total", kind=kind) == 1
    await no_attempt_failed(cluster.api, during)


async def test_watches_that_say_nothing_are_reported(cluster):
    """Metric and checks tell for how long; pods are placed on what is known, and all is right afterwards."""
    async with asked_through_a_proxy(cluster) as (proxy, extender):
        await agrees(cluster.plane, extender, "before-stall")
        proxy.fault = Fault.STALL_WATCHES
        during = await workload.create_pairs(cluster.api, PODS, prefix="during-stall")
        await workload.wait_bound(cluster.api, during)
        await until(lambda: oldest(extender) > 2, "an age of two seconds")
        assert re.search(r"\(last contact ([2-9]|\d\d+) s ago\)", extender.checks())
        assert ready(extender)
        proxy.fault = Fault.NONE
        await until(lambda: extender.matches() == 2 * PODS, "the claims of meanwhile are seen")
        await agrees(cluster.plane, extender, "after-stall")
    await no_attempt_failed(cluster.api, during)


async def test_a_history_that_is_gone_is_listed_anew(cluster):
    """The store is compacted and the server begins afresh while we are cut off: 410, a list, agreement."""
    async with asked_through_a_proxy(cluster) as (proxy, extender):
        await agrees(cluster.plane, extender, "before-410")
        proxy.refuse()
        during = await workload.create_pairs(cluster.api, PODS, prefix="during-410")
        await workload.wait_bound(cluster.api, during)
        cluster.plane.compact_etcd()
        cluster.plane.restart_apiserver()
        proxy.fault = Fault.NONE
        await until(
            lambda: extender.metric("reflector_lists_total", kind="ResourceClaim") == 2, "a second list"
        )
        await until(lambda: extender.matches() == 2 * PODS, "the claims of meanwhile are seen")
        await agrees(cluster.plane, extender, "after-410")


async def test_slices_change_all_the_time(cluster):
    """Hundreds of updates a second, none of which concerns a claim: every prediction is right."""
    async with asked(cluster, cluster.account) as extender:
        async with publishing(cluster.api, PUBLISHED_PER_SECOND, PUBLISH_SECONDS) as published:
            names = await agrees(cluster.plane, extender, "churned", 4 * PODS)
        assert published.count
    await no_attempt_failed(cluster.api, names)


async def test_the_extender_is_killed_under_load(cluster):
    """The sample is ignorable: no attempt fails while we are away, and we are right when we are back."""
    options = ("--kubeconfig", cluster.account, "--decisive")

    async def load():
        names = []
        for number in range(30):
            names += await workload.create_pairs(cluster.api, 1, prefix=f"load-{number}")
            await asyncio.sleep(0.1)
        return names

    with serving(cluster.directory, *options) as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, SAMPLE, extender.url)
        with cluster.plane.scheduler(config):
            loading = asyncio.create_task(load())
            await until(lambda: extender.matches() > 2, "under load")
            extender.process.kill()
            await asyncio.sleep(1)
            address = extender.url.removeprefix("http://")
            with serving(cluster.directory, *options, "--listen", address) as again:
                names = await loading
                await workload.wait_bound(cluster.api, names)
                await no_attempt_failed(cluster.api, names)
                await until(lambda: ready(again), "ready again")
                await until(lambda: again.metric("in_flight_claims") == 0, "nothing in flight")
                await agrees(cluster.plane, again, "again")
