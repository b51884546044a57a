"""Decisions and patches side by side, and what ends or delays them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import structlog

from extender.core.nomination.refusals import Refusal
from extender.kube.api.nominations import Written
from extender.service.nomination import choosing
from extender.service.nomination.loop import (
    CONCURRENCY,
    LAPSE_SECONDS,
    MOST_FRUITLESS,
    TICK_SECONDS,
    NominationLoop,
)
from tests.service.nomination.nominated_cluster import NominatedCluster, near, there


class Api:
    """Takes patches once it is opened; ``most``: the most that were under way at a time."""

    def __init__(self):
        self.asked, self.under_way, self.most = [], 0, 0
        self.result, self.open = Written.DONE, asyncio.Event()
        self.open.set()

    async def write(self, pod, node):
        self.asked.append((pod.name, node))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.open.wait()
        self.under_way -= 1
        return self.result


async def judge(_pod, evaluation, nodes):
    evaluation.entries(nodes)


async def give_up(_pod, _evaluation, _nodes):
    await asyncio.sleep(0)


@asynccontextmanager
async def running(cluster, api, may_act=lambda: True, prepare=judge, **options):
    loop = NominationLoop(cluster.nominator, api, may_act, cluster.clock, prepare, **options)
    task = asyncio.create_task(loop.run())
    try:
        yield loop
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the loop makes it true
            await asyncio.sleep(0.01)


async def test_each_pod_is_written_once():
    """In the order of the queue, as soon as it is there; the time that it took is told."""
    cluster, api = NominatedCluster(near("x", 3)), Api()
    seconds: list[float] = []
    async with running(cluster, api, observed=seconds.append):
        cluster.create("a")
        cluster.create("b")
        await until(lambda: len(seconds) == 2)
        cluster.create("c")
        await until(lambda: len(seconds) == 3)
        await asyncio.sleep(0.3)
    assert api.asked == [("a", "x"), ("b", "x"), ("c", "x")]
    assert seconds == [0, 0, 0]


async def test_patches_are_bounded_and_decisions_wait_for_them():
    """A pod of high priority that comes while all slots are taken is the next one."""
    cluster, api = NominatedCluster(near("x", CONCURRENCY + 10)), Api()
    api.open.clear()
    async with running(cluster, api):
        for number in range(CONCURRENCY + 4):
            cluster.create(f"p{number}")
        await until(lambda: len(api.asked) == CONCURRENCY)
        cluster.create("high", priority=1)
        await asyncio.sleep(0.05)
        assert len(cluster.nominator.outstanding) == CONCURRENCY
        api.open.set()
        await until(lambda: len(api.asked) == CONCURRENCY + 5)
    assert api.most == CONCURRENCY
    assert api.asked[CONCURRENCY] == ("high", "x")


async def test_nothing_is_nominated_while_another_replica_does():
    """Nor on a cluster that is not known well; on return everything is done."""
    cluster, api = NominatedCluster(near("x")), Api()
    may: list[bool] = []
    async with running(cluster, api, lambda: bool(may)):
        cluster.create("a")
        await asyncio.sleep(0.3)
        assert api.asked == []
        assert cluster.assumed == []
        may.append(True)
        await until(lambda: api.asked == [("a", "x")])
        may.clear()
        cluster.create("b")
        await asyncio.sleep(0.3)
        assert cluster.assumed
        assert len(api.asked) == 1
        cluster.clock.now += LAPSE_SECONDS
        await until(lambda: not cluster.assumed)


async def test_a_short_lapse_changes_nothing():
    """Nothing is written meanwhile, and what came meanwhile is done afterwards; nothing is adopted anew."""
    cluster, api = NominatedCluster(near("x", 3)), Api()
    may = [True]
    async with running(cluster, api, lambda: bool(may)):
        cluster.create("a")
        await until(lambda: api.asked == [("a", "x")])
        nomination = cluster.nominator.outstanding.get("uid-a")
        may.clear()
        cluster.create("b")
        cluster.clock.now += LAPSE_SECONDS / 2
        await asyncio.sleep(0.3)
        assert len(api.asked) == 1
        may.append(True)
        await until(lambda: len(api.asked) == 2)
        assert there(cluster.nominator.outstanding.get("uid-a")).decided == there(nomination).decided


async def test_an_api_server_that_refuses_is_left_alone_for_a_while():
    """Each refusal makes the pause longer."""
    cluster, api = NominatedCluster(near("x", 9)), Api()
    api.result = Written.REFUSED
    async with running(cluster, api):
        for number in range(9):
            cluster.create(f"p{number}")
        await asyncio.sleep(0.5)
        asked = len(api.asked)
        # The clock stands, so no pause ends.
        assert 0 < asked <= CONCURRENCY
        api.result = Written.DONE
        cluster.clock.now += 60
        await until(lambda: len(cluster.nominator.outstanding) == 9)
    assert cluster.assumed


async def test_a_removal_is_written():
    """Without a node."""
    cluster, api = NominatedCluster(near("x")), Api()
    async with running(cluster, api):
        pod = cluster.create("a")
        await until(lambda: len(api.asked) == 1)
        await until(lambda: there(cluster.nominator.outstanding.get(pod.uid)).shown)
        shown = cluster.write(there(cluster.nominator.outstanding.get(pod.uid)))
        cluster.show(replace(shown, unschedulable=True))
        await until(lambda: ("a", "") in api.asked)


@pytest.mark.parametrize("method", ["decide", "apply", "on_changes"])
async def test_an_error_of_ours_stops_one_pod_only(monkeypatch, method):
    """It is logged and counted, and nobody who follows the cluster fails."""
    cluster, api = NominatedCluster(near("x", 3)), Api()
    failures: list[int] = []
    working = getattr(cluster.nominator, method)

    def failing(argument):
        if not failures:
            raise RuntimeError("of ours")
        return working(argument)

    monkeypatch.setattr(cluster.nominator, method, failing)
    with structlog.testing.capture_logs() as logs:
        async with running(cluster, api, failed=lambda: failures.append(1)) as loop:
            if method == "decide":
                cluster.create("a")
                await until(lambda: failures)
            else:
                getattr(loop, method)(None)
            cluster.create("b")
            await until(lambda: ("b", "x") in api.asked)
    assert failures == [1]
    assert [each["log_level"] for each in logs if each["event"] == "internal error"] == ["error"]


async def test_pods_that_cannot_start_take_bounded_work(monkeypatch):
    """However many wait: some are tried in a round, and the others in later ones."""
    cluster, api = NominatedCluster(near("x")), Api()
    tried: list[str] = []
    decide = cluster.nominator.decide

    def deciding(waiting):
        tried.append(waiting.pod.name)
        return decide(waiting)

    monkeypatch.setattr(cluster.nominator, "decide", deciding)
    for number in range(MOST_FRUITLESS * 2):
        cluster.create(f"p{number}")
    async with running(cluster, api):
        await until(lambda: len(tried) > MOST_FRUITLESS // 2)
        await asyncio.sleep(TICK_SECONDS / 4)
        assert len(tried) == MOST_FRUITLESS + 1
        await until(lambda: len(tried) == MOST_FRUITLESS * 2)
    assert api.asked == [("p0", "x")]


@pytest.mark.parametrize(("prepare", "asked"), [(judge, [("a", "x")]), (give_up, [])])
async def test_what_takes_long_is_prepared(monkeypatch, prepare, asked):
    """Never judged for longer than a turn; a pod whose preparation is given up goes the usual way."""
    monkeypatch.setattr(choosing, "TURN_UNITS", 200)
    cluster, api = NominatedCluster(near("x"), *(near(f"n{number}", 0) for number in range(20))), Api()
    async with running(cluster, api, prepare=prepare):
        cluster.create("a")
        await until(lambda: api.asked or cluster.refusals)
    assert api.asked == asked
    assert cluster.refusals == ({} if asked else {Refusal.TOO_COSTLY: 1})
