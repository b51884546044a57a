"""A run that moves every metric: a real scheduler, the extender with all that it can do, and a Prometheus."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from extender.service.policy import ANNOTATION
from tests.certificates import self_signed
from tests.e2e import scheduler_config, workload
from tests.e2e.api import Api
from tests.e2e.control_plane import ControlPlane
from tests.e2e.extender_server import Extender, serving, until
from tests.e2e.measure import nominates
from tests.e2e.process import free_port
from tests.e2e.workload import Ask
from tests.monitoring.expressions import ALERTS
from tests.monitoring.prometheus import Prometheus, prometheus
from tests.service.http.reviews import review

JOB = "dra-extender"
SAMPLE = scheduler_config.FOLDER / "score-and-bind.yaml"
PODS = 8
"""In each wave."""


@dataclass(frozen=True, slots=True, eq=False)
class Monitored:
    """``webhook`` is the address of the listener for webhooks."""

    api: Api
    extender: Extender
    prometheus: Prometheus
    client: aiohttp.ClientSession
    webhook: str


@contextlib.asynccontextmanager
async def monitored(
    plane: ControlPlane, api: Api, account: Path, directory: Path
) -> AsyncIterator[Monitored]:
    """
    Bind, nominate, record and serve webhooks until the block ends; the rules of the chart are evaluated.

    ``account`` is a kubeconfig with the extender's rights.
    """
    pem, webhook = self_signed(directory, "webhook", days=90), f"127.0.0.1:{free_port()}"
    options: list[str | Path] = [
        *("--kubeconfig", account, "--decisive", "--bind", "--nominate"),
        *("--record", directory / "recording.jsonl"),
        *("--webhook-listen", webhook, "--webhook-cert", pem.certificate, "--webhook-key", pem.key),
        *("--route-to", "second-scheduler"),
    ]
    trusted = ssl.create_default_context(cafile=str(pem.certificate))
    with serving(directory, *options) as extender:
        await until(lambda: nominates(extender), "nominating")
        targets = {JOB: extender.url.removeprefix("http://")}
        with prometheus(directory, targets, ALERTS) as reading:
            # It learns its targets seconds after its start; what happened before has no rate.
            await until(lambda: reading.query("dra_extender_ready"), "Prometheus reads the extender")
            config = scheduler_config.sample(plane, SAMPLE, extender.url)
            connector = aiohttp.TCPConnector(ssl=trusted)
            with plane.scheduler(config):
                async with aiohttp.ClientSession(connector=connector) as client:
                    yield Monitored(api, extender, reading, client, webhook)


async def wave(run: Monitored, name: str, pods: int = PODS) -> list[str]:
    """Pods of every kind are created, and bound where they can be; the names of those that are."""
    await _oddities(run, name)
    names = await workload.create_pairs(run.api, pods, prefix=name, template=True)
    for word in ("required", "prefered"):
        pod = workload.pod(f"{name}-{word}", Ask.ONE_CLAIM)
        pod["metadata"]["annotations"] = {ANNOTATION: word}
        await workload.create_claims(run.api, pod["metadata"]["name"])
        await run.api.create(pod)
        names.append(pod["metadata"]["name"])
    await workload.wait_bound(run.api, names)
    return names


async def _oddities(run: Monitored, name: str) -> None:
    """A pod of another scheduler, a question of a person, what the webhook gets, and wrong requests."""
    theirs = workload.pod(f"{name}-theirs", Ask.ONE_CLAIM)
    theirs["spec"]["schedulerName"] = "theirs"
    await workload.create_claims(run.api, theirs["metadata"]["name"])
    await run.api.create(theirs)
    nodes = {"items": await run.api.list_all("Node")}
    await _post(run, f"{run.extender.url}/explain", {"Pod": theirs, "Nodes": nodes}, 200)
    claim = await run.api.get("ResourceClaim", f"{name}-theirs-0")
    await _post(run, f"https://{run.webhook}/mutate", review(claim, workload.NAMESPACE), 200)
    pod = review(
        workload.pod(name, Ask.ONE_CLAIM),
        workload.NAMESPACE,
        kind={"group": "", "version": "v1", "kind": "Pod"},
    )
    await _post(run, f"https://{run.webhook}/route", pod, 200)
    await _post(run, f"{run.extender.url}/filter", {"Pod": 7}, 400)
    async with run.client.post(f"{run.extender.url}/filter", data="plain text") as answer:
        assert answer.status == 415
    _, writer = await asyncio.open_connection(*run.webhook.split(":"))
    writer.write(b"this is not TLS\r\n\r\n")
    writer.close()


async def _post(run: Monitored, url: str, body: object, status: int) -> None:
    async with run.client.post(url, json=body) as answer:
        assert answer.status == status, f"{url}: {answer.status} {await answer.text()}"
