"""The chart's CronJob renews a certificate near its end, and the webhook answers all the time."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import time

import pytest

from tests.chart.render import NEEDS_HELM, template
from tests.e2e import workload
from tests.e2e.api import InvalidClaims, connect
from tests.e2e.extender_server import until
from tests.e2e.releases import MINOR, RELEASES
from tests.e2e.renewal import HOST, aged, renew
from tests.e2e.second_scheduler import (
    NAME,
    NAMESPACE,
    RELEASE,
    account_token,
    installed,
    make_namespace,
    mount,
    reachable_webhook,
    second_scheduler,
    until_routed,
)

pytestmark = [pytest.mark.e2e, NEEDS_HELM]

SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/{NAME}"
DAY = 24 * 3600
PROBES = 5
"""More pods that are routed after the files have changed."""


def charted():
    """The chart's objects, whose webhook routes pods and refuses those that it is not asked about."""
    minor = min(MINOR, "1.35")
    values = ("routing.failurePolicy=Fail", f"scheduler.version={RELEASES[MINOR]}")
    documents = template(*values, minor=minor, release=RELEASE, namespace=NAMESPACE)
    found = {
        each["metadata"]["name"].removeprefix(f"{NAME}-"): each
        for each in documents
        if each["kind"] == "Secret"
    }
    old = aged(found)
    return [old if each is found["webhook"] else each for each in documents]


@contextlib.asynccontextmanager
async def routing(api):
    """Create pods, one after the other, as long as the block lasts; the list of who was to schedule each."""
    seen: list[str] = []

    async def create():
        while True:
            probe = workload.pod("probe", workload.Ask.ONE_CLAIM)
            seen.append((await api.create(probe, dryRun="All"))["spec"]["schedulerName"])

    async with asyncio.TaskGroup() as group:
        task = group.create_task(create())
        yield seen
        task.cancel()


async def served_until(address, issuer):
    """When the certificate ends that a client of the webhook sees, who trusts the issuer and the host."""
    port = int(address.rpartition(":")[2])
    context = ssl.create_default_context(cadata=issuer)
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=HOST)
    ends = ssl.cert_time_to_seconds(writer.get_extra_info("peercert")["notAfter"])
    writer.close()
    return ends


async def test_a_certificate_near_its_end_is_renewed_and_the_webhook_answers_throughout(cluster, api):
    """By the account of the chart, with its arguments; the API server trusts the new one as the old one."""
    await make_namespace(api)
    documents = charted()
    webhook = reachable_webhook(cluster.directory, documents)
    address = next(iter(webhook.files.values()))
    (job,) = [each for each in documents if each["kind"] == "CronJob"]
    async with (
        installed(api, webhook.documents),
        second_scheduler(cluster.plane, api, cluster.directory, documents, files=webhook.files) as pair,
    ):
        account = cluster.plane.write_kubeconfig(
            "renew.kubeconfig", await account_token(api, f"{NAME}-renew")
        )
        (found,) = await api.list_all("MutatingWebhookConfiguration")
        issuer = base64.b64decode(found["webhooks"][0]["clientConfig"]["caBundle"]).decode()
        await until_routed(api)
        assert await served_until(address, issuer) < time.time() + 66 * DAY
        async with routing(api) as seen:
            assert "renewed" in await asyncio.to_thread(renew, job, account)
            assert "valid until" in await asyncio.to_thread(renew, job, account)
            mount(webhook.mounted, await api.request("GET", f"{SECRET}-webhook"))
            extender = pair.extender
            await until(lambda: extender.metric("certificate_reloads_total", result="renewed"), "read again")
            routed = len(seen)
            await until(lambda: len(seen) >= routed + PROBES, "routed")
        assert set(seen) == {NAME}
        assert extender.metric("certificate_reloads_total", result="failed") == 0
        assert await served_until(address, issuer) > time.time() + 364 * DAY
        assert extender.metric("certificate_expiry_seconds") > time.time() + 364 * DAY
        (same,) = await api.list_all("MutatingWebhookConfiguration")
        assert same["webhooks"] == found["webhooks"]
        # Another API server, which has no connection from before.
        await asyncio.to_thread(cluster.plane.restart_apiserver)
        async with connect(cluster.plane) as fresh:
            await until_routed(fresh)


async def test_its_account_can_do_nothing_else(cluster, api):
    """Neither list Secrets, nor read others, nor replace the authority, nor make new ones."""
    await make_namespace(api)
    other = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other", "namespace": NAMESPACE}}
    async with installed(api, [*charted(), other]):
        token = await account_token(api, f"{NAME}-renew")
        async with connect(cluster.plane, token) as renewing:
            path = SECRET.rpartition("/")[0]
            await renewing.request("GET", f"{SECRET}-authority")
            attempts = [
                ("GET", path, None),
                ("GET", f"{path}/other", None),
                ("PUT", f"{SECRET}-authority", {**other, "metadata": {"name": f"{NAME}-authority"}}),
                ("DELETE", f"{SECRET}-webhook", None),
                ("POST", path, {**other, "metadata": {"name": "third"}}),
                ("GET", "/api/v1/namespaces/default/secrets", None),
            ]
            for method, where, body in attempts:
                with pytest.raises(InvalidClaims) as refused:
                    await renewing.request(method, where, body)
                assert refused.value.status == 403, (method, where)
