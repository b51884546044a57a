"""What the chart renders is accepted by a real API server, and its second scheduler schedules."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

import pytest
import yaml

from tests.chart.render import MODES, NEEDS_HELM, everything, flag, run, template
from tests.chart.values import CHART
from tests.e2e import workload
from tests.e2e.api import Api, InvalidClaims, collection_of
from tests.e2e.conftest import MINOR
from tests.e2e.extender_server import Extender, until
from tests.e2e.extender_server import ready as is_ready
from tests.e2e.process import free_port
from tests.e2e.process import start as start_process
from tests.manifests import the

pytestmark = [pytest.mark.e2e, NEEDS_HELM]

EVERYTHING = everything(MINOR)
RELEASE, NAMESPACE = "e2e", "chart-e2e"
NAME = "e2e-dra-extender"
SECONDS = 30.0
TAKEOVER_SECONDS = 30.0


@pytest.fixture
async def namespace(api):
    """One that enforces the profile *restricted*, as that of the manifests does."""
    document = the("Namespace")
    with contextlib.suppress(InvalidClaims):
        await api.create({**document, "metadata": {**document["metadata"], "name": NAMESPACE}})
    return NAMESPACE


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("values", [(), EVERYTHING], ids=["defaults", "everything"])
async def test_every_object_is_accepted(api, namespace, mode, values):
    """With strict validation and without a warning; the pod, too, under the namespace's own profile."""
    documents = template(f"mode={mode}", *values, minor=MINOR, release=RELEASE, namespace=namespace)
    for document in documents:
        await api.create(document, dryRun="All")
    workloads = {each["kind"]: each for each in documents}
    if "CronJob" in workloads:
        pod = workloads["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]
    else:
        pod = workloads["Deployment"]["spec"]["template"]
    metadata = {**pod["metadata"], "name": "probe", "namespace": namespace}
    document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod["spec"]}
    await api.create(document, dryRun="All")
    assert api.warnings == []


@contextlib.asynccontextmanager
async def installed(api: Api, documents):
    """The objects, for real, while the block lasts."""
    made = []
    try:
        for document in documents:
            await api.create(document)
            made.append(document)
        yield
    finally:
        for document in reversed(made):
            metadata = document["metadata"]
            await api.delete(document["kind"], metadata["name"], metadata.get("namespace", "default"))


@contextlib.asynccontextmanager
async def second_scheduler(cluster, documents, replica="first"):
    """
    Both programs of the chart's pod, with its arguments, configuration and account.

    They differ from the pod in ports, as the machine has other programs, and in where the token is.
    """
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{NAME}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = (await cluster.api.request("POST", path, request))["status"]["token"]
    account = cluster.plane.write_kubeconfig(f"{replica}.kubeconfig", token)
    (pod,) = [each["spec"]["template"]["spec"] for each in documents if each["kind"] == "Deployment"]
    containers = {each["name"]: each for each in pod["containers"]}
    verbs, ops, people = (f"127.0.0.1:{free_port()}" for _ in range(3))
    ports = {"127.0.0.1:8888": verbs, "0.0.0.0:8889": ops, "127.0.0.1:8890": people}
    arguments = [ports.get(each, each) for each in containers["dra-extender"]["args"]]
    (config,) = [each for each in documents if each["kind"] == "ConfigMap"]
    document = yaml.safe_load(config["data"]["config.yaml"])
    (extender,) = document["extenders"]
    assert extender["urlPrefix"] == "http://127.0.0.1:8888"
    extender["urlPrefix"] = f"http://{verbs}"
    document["clientConnection"] = {"kubeconfig": str(account)}
    written = cluster.directory / f"{replica}.yaml"
    written.write_text(yaml.safe_dump(document))
    options = [each for each in containers["kube-scheduler"]["args"] if not each.startswith("--config=")]
    command = [sys.executable, "-m", "extender", *arguments, "--kubeconfig", account]
    process = start_process("extender", command, cluster.directory / f"extender-{replica}.log")
    try:
        process.wait_ready(f"http://{ops}/readyz")
        served = Extender(f"http://{ops}", process)
        await until(lambda: is_ready(served), "ready")
        delegated = [f"--{who}-kubeconfig={account}" for who in ("authentication", "authorization")]
        with cluster.plane.scheduler(written, *options, *delegated) as scheduler:
            yield served, scheduler
    finally:
        process.stop()


async def refused(api: Api, pod):
    """What the API server says of a pod once it refuses it; a policy is in force after a moment."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                await api.create(pod, dryRun="All")
            except InvalidClaims as error:
                return str(error)
            await asyncio.sleep(0.1)


@pytest.mark.skipif(MINOR in ("1.34", "1.35"), reason="MutatingAdmissionPolicy is off by default before 1.36")
async def test_pods_with_claims_go_to_the_second_scheduler_and_no_others(cluster, namespace):
    """Routed, bound and predicted; other pods stay as they are, and those of other schedulers are refused."""
    documents = template(minor=MINOR, release=RELEASE, namespace=namespace)
    async with installed(cluster.api, documents), second_scheduler(cluster, documents) as (served, _):
        foreign = workload.pod("foreign", workload.Ask.ONE_CLAIM)
        foreign["spec"]["schedulerName"] = "volcano"
        message = await refused(cluster.api, foreign)
        assert "scheduler volcano" in message
        assert f"set spec.schedulerName to {NAME}" in message
        plain = workload.pod("plain", workload.Ask.ONE_CLAIM)
        del plain["spec"]["resourceClaims"]
        del plain["spec"]["containers"][0]["resources"]
        stored = await cluster.api.create(plain)
        assert stored["spec"]["schedulerName"] == "default-scheduler"
        names = [f"routed-{number}" for number in range(10)]
        for name in names:
            routed = await workload.create_pair(cluster.api, name)
            assert routed["spec"]["schedulerName"] == NAME
        await workload.wait_bound(cluster.api, names)
        await until(lambda: served.matches() == len(names), "compared")
        assert served.matches(result="match") == len(names)
        assert not (await cluster.api.get("Pod", "plain"))["spec"].get("nodeName")


async def leader(api: Api):
    """Who holds the Lease of the second scheduler; empty before anybody does."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{NAME}-scheduler"
    with contextlib.suppress(InvalidClaims):
        return (await api.request("GET", path))["spec"].get("holderIdentity", "")
    return ""


@pytest.mark.skipif(MINOR in ("1.34", "1.35"), reason="MutatingAdmissionPolicy is off by default before 1.36")
async def test_another_replica_takes_over_when_the_leader_is_killed(cluster, namespace):
    """Both are ready from the start, no pod is lost, and the new leader's extender predicts right."""
    documents = template("replicas=2", minor=MINOR, release=RELEASE, namespace=namespace)
    before, after = ([f"{when}-{number}" for number in range(10)] for when in ("before", "after"))
    async with (
        installed(cluster.api, documents),
        second_scheduler(cluster, documents) as (leading, scheduler),
    ):
        async with asyncio.timeout(SECONDS):
            while not (holder := await leader(cluster.api)):  # noqa: ASYNC110 - another process makes it true
                await asyncio.sleep(0.1)
        async with second_scheduler(cluster, documents, "second") as (standing_by, _):
            async with asyncio.timeout(SECONDS):
                while (await workload.create_pair(cluster.api, "probe"))["spec"]["schedulerName"] != NAME:
                    await workload.delete_pair(cluster.api, "probe")
            for name in before:
                await workload.create_pair(cluster.api, name)
            await workload.wait_bound(cluster.api, before)
            assert standing_by.answered("filter") == 0
            for name in after:
                await workload.create_pair(cluster.api, name)
            scheduler.kill()
            leading.process.kill()
            killed = time.monotonic()
            await workload.wait_bound(cluster.api, after)
            # The Lease lasts 15 s and is tried for every 2 s.
            assert time.monotonic() - killed < TAKEOVER_SECONDS
            assert await leader(cluster.api) != holder
            # The dead leader may have scheduled some of them.
            asked = standing_by.answered("filter")
            assert asked > 0
            await until(lambda: standing_by.matches() == 1 + len(before) + len(after), "compared")
            assert standing_by.matches(result="wrong") == 0
            assert standing_by.matches(result="match") > 0


async def left(api: Api, documents):
    """Kind and name of those objects that the API server has."""
    found = set()
    for document in documents:
        name = document["metadata"]["name"]
        with contextlib.suppress(InvalidClaims):
            await api.request("GET", f"{collection_of(document)}/{name}")
            found.add((document["kind"], name))
    return found


@pytest.mark.parametrize("mode", MODES)
async def test_helm_installs_upgrades_and_leaves_nothing_behind(plane, api, namespace, mode):
    """An upgrade keeps the certificates that Helm made and adds what is asked for; all of it goes again."""
    settings = ["--namespace", namespace, "--kubeconfig", plane.kubeconfig, "--set", f"mode={mode}"]
    full = [part for value in EVERYTHING for part in (flag(value), value)]
    plain = template(f"mode={mode}", minor=MINOR, release=RELEASE, namespace=namespace)
    wanted = template(f"mode={mode}", *EVERYTHING, minor=MINOR, release=RELEASE, namespace=namespace)
    names = {(each["kind"], each["metadata"]["name"]) for each in plain}
    try:
        said = await asyncio.to_thread(run, "install", RELEASE, CHART, *settings)
        assert "NOTES:" in said
        assert await left(api, wanted) == names
        before = await secrets(api)
        await asyncio.to_thread(run, "upgrade", RELEASE, CHART, *settings, *full)
        assert len(await left(api, wanted)) == len(wanted)
        assert before.items() <= (await secrets(api)).items()
        again = await secrets(api)
        await asyncio.to_thread(run, "upgrade", RELEASE, CHART, *settings, *full)
        assert await secrets(api) == again
    finally:
        await asyncio.to_thread(run, "uninstall", RELEASE, *settings[:4])
    assert await left(api, wanted) == set()


async def secrets(api: Api):
    """The data of the release's Secrets by name, without Helm's own."""
    found = await api.list_all("Secret", NAMESPACE)
    return {each["metadata"]["name"]: each["data"] for each in found if each["type"] == "kubernetes.io/tls"}
