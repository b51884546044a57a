"""The real scheduler with our extender in its loop, following the real API server."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request

import pytest
import yaml

from tests.e2e import scheduler_config, workload
from tests.e2e.api import connect
from tests.e2e.extender_server import ready, serving, until
from tests.e2e.test_deploy import DEPLOY
from tests.e2e.workload import Ask

pytestmark = pytest.mark.e2e

PODS = 30
SAMPLE = scheduler_config.FOLDER / "score-alignment-first.yaml"
ACCOUNT = "dra-extender"
SECONDS = 20.0


def matches(extender, **labels):
    return int(extender.metric("prediction_matches_total", **labels))


def mismatches(extender):
    with urllib.request.urlopen(f"{extender.url}/debug/mismatches", timeout=10) as response:
        return json.loads(response.read())["mismatches"]


async def grant(api, *without):
    """What ``deploy/base`` grants, less the rules on ``without`` (resources); a token of its account."""
    documents = list(yaml.safe_load_all((DEPLOY / "base" / "rbac.yaml").read_text()))
    account, role, binding = documents
    account["metadata"]["namespace"] = "default"
    binding["subjects"][0]["namespace"] = "default"
    kept = [
        {**rule, "resources": [each for each in rule["resources"] if each not in without]}
        for rule in role["rules"]
    ]
    role["rules"] = [rule for rule in kept if rule["resources"]]
    for document in (binding, role, account):
        await api.delete(document["kind"], document["metadata"]["name"])
    for document in (account, role, binding):
        await api.create(document)
    path = f"/api/v1/namespaces/default/serviceaccounts/{ACCOUNT}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    return (await api.request("POST", path, request))["status"]["token"]


@pytest.mark.parametrize("ask", [Ask.ONE_CLAIM, Ask.TWO_CLAIMS, Ask.WITH_CPU], ids=lambda ask: ask.name)
async def test_every_prediction_is_right(cluster, ask):
    """Many pods at once, each judged on what those before it took: all as predicted, nothing left over."""
    with serving(cluster.directory, "--kubeconfig", cluster.plane.kubeconfig, "--decisive") as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, SAMPLE, extender.url)
        with cluster.plane.scheduler(config):
            names = await workload.create_pairs(cluster.api, PODS, ask, template=True)
            await workload.wait_bound(cluster.api, names)
            claims = PODS * len(ask.value)
            await until(lambda: matches(extender) == claims, f"{claims} claims compared")
        assert mismatches(extender) == []
        assert matches(extender, result="match") == claims
        await until(lambda: extender.metric("in_flight_claims") == 0, "nothing in flight")
        assert extender.metric("internal_errors_total") == 0


async def test_with_the_rights_of_deploy_and_nothing_more(cluster):
    """Follow, bind, tell in an Event: the ClusterRole is enough."""
    token = await grant(cluster.api)
    kubeconfig = cluster.plane.write_kubeconfig("extender.kubeconfig", token)
    with serving(cluster.directory, "--kubeconfig", kubeconfig, "--decisive") as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, SAMPLE, extender.url)
        document = yaml.safe_load(config.read_text())
        document["extenders"][0]["bindVerb"] = "bind"
        config.write_text(yaml.safe_dump(document))
        with cluster.plane.scheduler(config):
            names = await workload.create_pairs(cluster.api, 5)
            bound = await workload.wait_bound(cluster.api, names)
        assert extender.answered("bind") == len(names)
        devices = await workload.allocations(cluster.api, names)

        async def notes():
            path = "/apis/events.k8s.io/v1/namespaces/default/events"
            events = (await cluster.api.request("GET", path))["items"]
            return {
                event["regarding"]["name"]: event["note"]
                for event in events
                if event["reason"] == "DevicesAllocated"
            }

        async with asyncio.timeout(SECONDS):
            while set(names) - set(told := await notes()):  # noqa: ASYNC110 - others write them
                await asyncio.sleep(0.05)
        for name in names:
            assert f" on {bound[name]}" in told[name]
            assert all(device in told[name] for device in devices[name])


@pytest.mark.parametrize(
    "resource", ["nodes", "pods", "deviceclasses", "resourceclaims", "resourceslices", "devicetaintrules"]
)
async def test_a_missing_right_is_named(cluster, resource):
    """Each rule for reading is needed: without it we are not ready, and say which one it is."""
    token = await grant(cluster.api, resource)
    kubeconfig = cluster.plane.write_kubeconfig("extender.kubeconfig", token)
    served = "devicetaintrules" not in resource or cluster.plane.minor >= "1.36"
    if not served:
        pytest.skip("this release does not serve DeviceTaintRules by default")
    with serving(cluster.directory, "--kubeconfig", kubeconfig) as extender:

        def told():
            try:
                urllib.request.urlopen(f"{extender.url}/readyz?verbose", timeout=10)
            except urllib.error.HTTPError as error:
                return f"verb list on {resource}" in error.read().decode()
            return False

        await until(told, f"the missing right on {resource} is named")


async def test_the_api_server_is_killed_and_comes_back(cluster):
    """Pods are placed as predicted before and after; the extender stays up and keeps up again."""
    with serving(cluster.directory, "--kubeconfig", cluster.plane.kubeconfig, "--decisive") as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, SAMPLE, extender.url)
        with cluster.plane.scheduler(config):
            first = await workload.create_pairs(cluster.api, 5, prefix="before")
            await workload.wait_bound(cluster.api, first)
            cluster.plane.restart_apiserver()
            assert ready(extender)
            async with connect(cluster.plane) as api:
                second = await workload.create_pairs(api, 5, prefix="after")
                await workload.wait_bound(api, second)
            await until(lambda: matches(extender) == 10, "all ten claims compared")
        assert mismatches(extender) == []


async def test_the_extender_is_killed_and_comes_back(cluster):
    """The sample is ignorable: pods are placed without us, and as predicted when we are back."""
    options = ("--kubeconfig", cluster.plane.kubeconfig, "--decisive")
    with serving(cluster.directory, *options) as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, SAMPLE, extender.url)
        with cluster.plane.scheduler(config):
            await workload.wait_bound(cluster.api, await workload.create_pairs(cluster.api, 3, prefix="with"))
            extender.process.kill()
            alone = await workload.create_pairs(cluster.api, 3, prefix="without")
            await workload.wait_bound(cluster.api, alone)
            address = extender.url.removeprefix("http://")
            with serving(cluster.directory, *options, "--listen", address) as again:
                await until(lambda: ready(again), "ready again")
                names = await workload.create_pairs(cluster.api, 5, prefix="again")
                await workload.wait_bound(cluster.api, names)
                await until(lambda: matches(again) == 5, "all five claims compared")
                assert mismatches(again) == []
