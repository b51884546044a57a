"""Helm on a real API server: installing, upgrading, renewing certificates, and leaving nothing behind."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.chart.render import MODES, NEEDS_HELM, everything, flag, run
from tests.chart.values import CHART
from tests.e2e.api import Api
from tests.e2e.needs_nomination import IS_NOMINATED
from tests.e2e.releases import MINOR
from tests.e2e.renewal import aged, renew
from tests.e2e.second_scheduler import NAME, NAMESPACE, RELEASE, make_namespace
from tests.paths import ROOT

pytestmark = [pytest.mark.e2e, NEEDS_HELM]

EVERYTHING = everything(MINOR)
NOMINATES = ("nominate",) if IS_NOMINATED else ()
ROUTED_BY_WEBHOOK = ("webhook=true",)
RENEW = "dra-extender.io/renew-from"
MADE_LEASES = {"second-scheduler": ("scheduler", *NOMINATES), "extender": NOMINATES, "audit-only": ()}
"""By mode, what the programs make when they run."""
PASSING = {"events"}
"""Resources whose objects come and go by themselves."""


@pytest.fixture
async def helm(plane, api):
    """Runs Helm in the chart's namespace; what it installed is gone afterwards."""
    await make_namespace(api)
    settings = ("--namespace", NAMESPACE, "--kubeconfig", plane.kubeconfig)

    async def helm(command, *values, chart: Path | None = CHART, options: tuple[str, ...] = ()):
        given = [part for value in values for part in (flag(value), value)]
        where = [] if chart is None else [chart]
        return await asyncio.to_thread(run, command, RELEASE, *where, *settings, *options, *given)

    yield helm
    listed = await asyncio.to_thread(run, "list", "--short", *settings)
    if RELEASE in listed.split():
        await helm("uninstall", chart=None)


async def everything_stored(api: Api):
    """Resource, namespace and name of all objects that the API server has."""
    groups = (await api.request("GET", "/apis"))["groups"]
    paths = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)]
    found = set()
    for path in paths:
        for resource in (await api.request("GET", path))["resources"]:
            name = resource["name"]
            if "list" not in resource["verbs"] or name in PASSING:
                continue
            for item in (await api.request("GET", f"{path}/{name}")).get("items") or ():
                metadata = item["metadata"]
                found.add((name, metadata.get("namespace", ""), metadata["name"]))
    return found


async def secrets(api: Api):
    """The release's certificates by what they are for."""
    found = await api.list_all("Secret", NAMESPACE)
    return {
        each["metadata"]["name"].removeprefix(f"{NAME}-"): each
        for each in found
        if each["type"] == "kubernetes.io/tls"
    }


async def make_leases(api: Api, *names):
    """As the programs do when they run."""
    for name in names:
        metadata = {"name": f"{NAME}-{name}", "namespace": NAMESPACE}
        await api.create({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata})


@pytest.mark.parametrize("mode", MODES)
async def test_helm_installs_upgrades_and_leaves_nothing_behind(api, helm, mode):
    """With every switch on by an upgrade, and with what the programs made themselves."""
    before = await everything_stored(api)
    assert "NOTES:" in await helm("install", f"mode={mode}")
    installed = await everything_stored(api)
    assert len(installed - before) > 3
    await helm("upgrade", f"mode={mode}", *EVERYTHING)
    upgraded = await everything_stored(api)
    assert installed < upgraded
    await make_leases(api, *MADE_LEASES[mode])
    await helm("uninstall", chart=None)
    assert await everything_stored(api) == before


def previous_chart(folder: Path) -> Path | None:
    """The chart as it was before its last change, by the repository's history; ``None`` for none."""
    within = str(CHART.relative_to(ROOT))

    def git(*arguments: str, **options) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, timeout=60, check=False, **options
        )

    for commit in git("log", "--format=%H", "-n", "20", "--", within).stdout.decode().split():
        if git("diff", "--quiet", commit, "--", within).returncode == 1:
            packed = git("archive", commit, within).stdout
            subprocess.run(["tar", "-x", "-C", str(folder)], input=packed, check=True, timeout=60)
            return folder / within
    return None


@pytest.mark.parametrize("mode", ["second-scheduler", "extender"])
async def test_an_upgrade_from_the_chart_before_keeps_certificates(api, helm, mode, tmp_path):
    """And the values that were given, with one more; kube-scheduler has a copy of its certificate."""
    old = await asyncio.to_thread(previous_chart, tmp_path)
    if old is None:
        pytest.skip("the repository's history does not hold an earlier chart")
    before = await everything_stored(api)
    await helm("install", f"mode={mode}", "webhook=true", chart=old)
    held = await secrets(api)
    assert held
    await helm("upgrade", "replicas=2", options=("--reset-then-reuse-values",))
    now = await secrets(api)
    assert {name: now[name]["data"] for name in held} == {name: each["data"] for name, each in held.items()}
    await helm("uninstall", chart=None)
    assert await everything_stored(api) == before


async def test_helm_renews_certificates_when_their_date_has_come(api, helm):
    """And no others; the authority stays, so whoever trusts it goes on."""
    values = ("mode=extender", "webhook=true")
    await helm("install", *values)
    first = await secrets(api)
    assert set(first) == {"authority", "verbs", "scheduler", "webhook"}
    await helm("upgrade", *values)
    assert data(await secrets(api)) == data(first)
    for name in ("verbs", "webhook"):
        secret = first[name]
        annotations = secret["metadata"]["annotations"]
        secret["metadata"] = {**secret["metadata"], "annotations": {**annotations, RENEW: "2025-12-31"}}
        await api.request("PUT", f"/api/v1/namespaces/{NAMESPACE}/secrets/{NAME}-{name}", secret)
    await helm("upgrade", *values)
    renewed = await secrets(api)
    assert {name for name in first if data(renewed)[name] != data(first)[name]} == {"verbs", "webhook"}
    for name in ("verbs", "webhook"):
        assert renewed[name]["data"]["ca.crt"] == first[name]["data"]["ca.crt"]
        assert renewed[name]["metadata"]["annotations"][RENEW] > "2026"
    (found,) = await api.list_all("MutatingWebhookConfiguration")
    bundle = found["webhooks"][0]["clientConfig"]["caBundle"]
    assert bundle == first["authority"]["data"]["tls.crt"]


async def test_an_upgrade_leaves_what_the_cron_job_has_renewed(api, helm, plane):
    """And notes the day of the next renewal, as the command has written it."""
    await helm("install", *ROUTED_BY_WEBHOOK)
    document = aged(await secrets(api))
    await api.request("PUT", f"/api/v1/namespaces/{NAMESPACE}/secrets/{NAME}-webhook", document)
    (job,) = await api.list_all("CronJob", NAMESPACE)
    said = await asyncio.to_thread(renew, job, plane.kubeconfig)
    assert f"{NAME}-webhook: renewed" in said
    renewed = await secrets(api)
    assert renewed["webhook"]["data"] != document["data"]
    await helm("upgrade", *ROUTED_BY_WEBHOOK)
    kept = await secrets(api)
    assert data(kept) == data(renewed)
    dates = [found["webhook"]["metadata"]["annotations"][RENEW] for found in (renewed, kept)]
    assert dates[0] == dates[1]


def data(found):
    """What the Secrets hold."""
    return {name: each["data"] for name, each in found.items()}
