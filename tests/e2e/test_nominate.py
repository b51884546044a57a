"""``serve --nominate`` beside a real scheduler that knows nothing of it."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e import scheduler_config, workload
from tests.e2e.extender_server import serving, until
from tests.e2e.measure import nominates, sharing_a_root
from tests.e2e.needs_nomination import NEEDS_NOMINATION

pytestmark = [pytest.mark.e2e, NEEDS_NOMINATION]

PODS = 30


async def nominated(api, name):
    """The node that a pod is nominated for, and who manages the field."""
    pod = await api.get("Pod", name)
    managers = {
        entry["manager"]
        for entry in pod["metadata"]["managedFields"]
        if "f:nominatedNodeName" in entry.get("fieldsV1", {}).get("f:status", {})
    }
    return pod.get("status", {}).get("nominatedNodeName", ""), managers


async def all_nominated(cluster, extender, names):
    """Wait until each pod has a nomination; the nodes by name."""
    await until(lambda: extender.metric("nominated_pods") == len(names), "all are nominated")
    async with asyncio.timeout(20):
        while True:
            found = {name: await nominated(cluster.api, name) for name in names}
            if all(node for node, _ in found.values()):
                break
    assert {managers for _, managed in found.values() for managers in managed} == {"dra-extender-nominate"}
    return {name: node for name, (node, _) in found.items()}


async def test_pods_land_where_they_are_nominated(cluster):
    """Nominated before the scheduler is there, so no pod is late."""
    with serving(cluster.directory, "--kubeconfig", cluster.account, "--nominate") as extender:
        await until(lambda: nominates(extender), "nominating")
        names = await workload.create_pairs(cluster.api, PODS)
        nodes = await all_nominated(cluster, extender, names)
        with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
            assert await workload.wait_bound(cluster.api, names) == nodes
            await until(lambda: extender.metric("nominations_total", result="taken") == PODS, "all are taken")
        # A scheduler that starts takes the pods in an order of its own: those of a node may swap devices.
        assert extender.matches(result="match") > 0
        assert extender.matches(result="wrong") == 0
        assert extender.metric("in_flight_claims") == 0
        assert extender.metric("nominated_pods") == 0
        assert await sharing_a_root(cluster.api, names) > 0


@pytest.mark.parametrize("sample", ["", "score-and-filter.yaml"])
async def test_pods_get_the_predicted_devices(cluster, sample):
    """On a node each. With the extender configured, filter is asked about the nominated node alone."""
    with serving(cluster.directory, "--kubeconfig", cluster.account, "--nominate") as extender:
        await until(lambda: nominates(extender), "nominating")
        names = await workload.create_pairs(cluster.api, 4)
        nodes = await all_nominated(cluster, extender, names)
        assert len(set(nodes.values())) == len(names)
        config = scheduler_config.stock(cluster.plane)
        if sample:
            config = scheduler_config.sample(cluster.plane, scheduler_config.FOLDER / sample, extender.url)
        with cluster.plane.scheduler(config):
            assert await workload.wait_bound(cluster.api, names) == nodes
            await until(lambda: extender.matches() == len(names), "all are compared")
        assert extender.matches(result="match") == len(names)
        assert (extender.answered("filter"), extender.answered("prioritize")) == (4 if sample else 0, 0)


async def test_pods_of_another_scheduler_and_gated_ones_are_left_alone(cluster):
    """The first is nobody's, the second nobody may look at."""
    with serving(cluster.directory, "--kubeconfig", cluster.account, "--nominate") as extender:
        await until(lambda: nominates(extender), "nominating")
        for name, field in (
            ("theirs", {"schedulerName": "theirs"}),
            ("gated", {"schedulingGates": [{"name": "x/y"}]}),
        ):
            await workload.create_claims(cluster.api, name)
            pod = workload.pod(name, workload.Ask.ONE_CLAIM)
            pod["spec"] |= field
            await cluster.api.create(pod)
        for reason in ("other-scheduler", "gated"):
            await until(lambda: extender.metric("not_nominated_total", reason=reason), reason)  # noqa: B023
        assert [(await nominated(cluster.api, name))[0] for name in ("theirs", "gated")] == ["", ""]


async def test_a_nomination_that_no_longer_fits_is_passed_by(cluster):
    """The node is cordoned after the nomination: the pod is bound elsewhere, and nothing stays assumed."""
    with serving(cluster.directory, "--kubeconfig", cluster.account, "--nominate") as extender:
        await until(lambda: nominates(extender), "nominating")
        names = await workload.create_pairs(cluster.api, 1)
        node = (await all_nominated(cluster, extender, names))[names[0]]
        path = f"/api/v1/nodes/{node}"
        cordoned = await cluster.api.request("GET", path)
        try:
            cordoned["spec"]["unschedulable"] = True
            await cluster.api.request("PUT", path, cordoned)
            with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
                bound = await workload.wait_bound(cluster.api, names)
                assert bound[names[0]] != node
                await until(lambda: extender.metric("nominated_pods") == 0, "the nomination is over")
            await until(lambda: extender.metric("in_flight_claims") == 0, "nothing is assumed")
            assert extender.metric("nominations_total", result="taken") == 0
        finally:
            again = await cluster.api.request("GET", path)
            again["spec"].pop("unschedulable", None)
            await cluster.api.request("PUT", path, again)


async def test_a_nomination_that_nobody_follows_is_told(cluster):
    """No scheduler runs: the pod has an Event that says so, written with the rights of ``deploy``."""
    options = ("--kubeconfig", cluster.account, "--nominate", "--in-flight-seconds", "2")
    with serving(cluster.directory, *options) as extender:
        await until(lambda: nominates(extender), "nominating")
        (name,) = await workload.create_pairs(cluster.api, 1, prefix="waiting")
        await until(lambda: extender.metric("events_total", result="written") == 1, "an Event is written")
        assert "default-scheduler runs" in (await workload.notes(cluster.api, "NominationNotFollowed"))[name]
        with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
            await workload.wait_bound(cluster.api, [name])


async def test_another_replica_takes_over(cluster):
    """The first one is killed: within 15 seconds the other nominates, and adopts what the first one wrote."""
    options = ("--kubeconfig", cluster.account, "--nominate", "--nominate-lease", "default/take-over")
    first, second = cluster.directory / "first", cluster.directory / "second"
    first.mkdir()
    second.mkdir()
    with serving(first, *options) as dying:
        await until(lambda: nominates(dying), "nominating")
        with serving(second, *options) as other:
            before = await workload.create_pairs(cluster.api, 3, prefix="before")
            nodes = await all_nominated(cluster, dying, before)
            assert not nominates(other)
            dying.process.kill()
            async with asyncio.timeout(15):
                while not nominates(other):  # noqa: ASYNC110 - another process makes it true
                    await asyncio.sleep(0.1)
            after = await workload.create_pairs(cluster.api, 3, prefix="after")
            nodes |= {
                name: node
                for name, node in (await all_nominated(cluster, other, [*before, *after])).items()
                if name in after
            }
            with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
                assert await workload.wait_bound(cluster.api, [*before, *after]) == nodes
                await until(lambda: other.metric("nominations_total", result="taken") == 6, "all are taken")


async def test_after_the_service_is_gone_the_scheduler_goes_on(cluster):
    """It is killed with nominations outstanding, and their devices are taken: all pods are bound."""
    with serving(cluster.directory, "--kubeconfig", cluster.account, "--nominate") as extender:
        await until(lambda: nominates(extender), "nominating")
        names = await workload.create_pairs(cluster.api, 10)
        await all_nominated(cluster, extender, names)
        extender.process.kill()
    more = await workload.create_pairs(cluster.api, 10, prefix="more")
    with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
        await workload.wait_bound(cluster.api, [*names, *more])


async def test_priorities(cluster):
    """More pods than pairs of devices: those of high priority get theirs, though they come last."""
    with serving(cluster.directory, "--kubeconfig", cluster.account, "--nominate") as extender:
        await until(lambda: nominates(extender), "nominating")
        low = await workload.create_pairs(cluster.api, 200, prefix="low")
        await until(lambda: extender.metric("not_nominated_total", reason="no-node"), "no devices are left")
        high = [f"high-{number}" for number in range(5)]
        for name in high:
            await workload.create_claims(cluster.api, name)
            pod = workload.pod(name, workload.Ask.ONE_CLAIM)
            pod["spec"]["priority"] = 1000
            await cluster.api.create(pod)
        with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
            await workload.wait_bound(cluster.api, high)
            assert len(low) == 200
