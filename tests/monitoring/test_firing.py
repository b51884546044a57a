"""
Each alert fires when its cause is made to happen to a running service, and none fires without its cause.

The service follows an API server of the test; a real Prometheus scrapes it and evaluates the rules of the
chart. The rules are as they are, but for time: windows are 10 s, ``for`` is 1 s, and an API server counts
as silent after 8 s. So the test takes a minute where a cluster takes an hour.
"""

from __future__ import annotations

import asyncio
import copy
import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import yaml

from extender.service.http.verbs import MAX_CLAIMS
from tests import api_objects as api
from tests.certificates import OPENSSL, self_signed
from tests.cli.serve.live_process import CLAIMS, PATHS, allocated, extender
from tests.e2e.process import free_port
from tests.kube.api_server import HOLD, bookmark, line, serving, write_kubeconfig
from tests.monitoring.defective import UNLUCKY
from tests.monitoring.expressions import ALERTS, alerts
from tests.monitoring.programs import NEEDS_PROMETHEUS
from tests.monitoring.prometheus import Prometheus, prometheus

WELL_SECONDS = 10
"""Longer than the rules wait below, so that an alert that fires for nothing is seen."""
FIRING_SECONDS = 60.0
NODES = ["near", "far"]
POD = api.pod("job-1", "job-1-devices", resourceVersion="102")
QUESTION = {"Pod": POD, "Nodes": None, "NodeNames": NODES}


def hurried():
    """The rules of the chart, with other times; see above."""
    document = yaml.safe_load(ALERTS.read_text())
    for rule in document["groups"][0]["rules"]:
        rule["expr"] = re.sub(r"\[\d+[mh]\]", "[10s]", rule["expr"]).replace("> 200", "> 8")
        rule["for"] = "1s"
    return document


@dataclass(frozen=True)
class Run:
    """A service that is well, and what a cause can change about it."""

    process: asyncio.subprocess.Process
    client: aiohttp.ClientSession
    prometheus: Prometheus
    changes: dict[str, list[bytes]]
    """By path: events that its watch sends next."""
    silent: asyncio.Event
    """Once set, watches send nothing more."""
    certificate: Path
    """Of the listener for webhooks."""

    async def ask(self, pod=POD, nodes=None):
        """What the scheduler sends in one attempt."""
        body = {"Pod": pod, "Nodes": nodes, "NodeNames": None if nodes else NODES}
        for verb in ("filter", "prioritize"):
            async with self.client.post(f"/{verb}", json=body) as response:
                assert response.status == 200

    def claim(self, name, nic="net0"):
        """The API server shows that the claim of a pod got the first GPU of a node, and a NIC."""
        claim = allocated(api.claim(name, *api.GPU_AND_NIC), "near", POD["metadata"])
        claim["status"]["allocation"]["devices"]["results"][1]["device"] = nic
        self.changes[CLAIMS].append(line("MODIFIED", claim))


def heard(changes: list[bytes], silent: asyncio.Event) -> Iterator[object]:
    """What a watch sends: changes, and bookmarks more often than once a minute."""
    while not silent.is_set():
        yield changes.pop(0) if changes else bookmark("103")
        yield 0.2
    yield HOLD


@asynccontextmanager
async def running(directory):
    """A service that follows the small cluster, and a Prometheus that reads it."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving())
        server.objects = {path: [] for path in PATHS.values()}
        for each in copy.deepcopy(api.SMALL_CLUSTER):
            server.objects[PATHS[each["kind"]]].append(each)
        silent = asyncio.Event()
        changes: dict[str, list[bytes]] = {path: [] for path in PATHS.values()}
        server.watches.update({path: [heard(changes[path], silent)] for path in changes})
        pem = self_signed(directory, days=90)
        process, client = await stack.enter_async_context(
            extender(
                write_kubeconfig(directory / "kubeconfig", server.url),
                *("--webhook-listen", f"127.0.0.1:{free_port()}"),
                *("--webhook-cert", str(pem.certificate), "--webhook-key", str(pem.key)),
                module="tests.monitoring.defective",
            )
        )
        rules = directory / "rules.json"
        rules.write_text(json.dumps(hurried()))
        async with client.get("/livez") as alive:
            address = alive.url.authority
        found = stack.enter_context(prometheus(directory, {"dra-extender": address}, rules))
        yield Run(process, client, found, changes, silent, pem.certificate)


async def nobody_is_ready(run):
    """The only replica ends."""
    run.process.terminate()
    await run.process.wait()


async def devices_are_held_twice(run):
    """Two claims that both got the first GPU of a node, as from two schedulers."""
    run.claim("job-1-devices")
    run.claim("theirs", nic="net1")


async def the_api_server_is_silent(run):
    """Its connections stay open."""
    run.silent.set()


async def a_pod_is_too_large(run):
    """Its claims are more than we look at."""
    claims = [f"claim-{number}" for number in range(MAX_CLAIMS + 1)]
    await run.ask(pod=api.pod("large", *claims))


async def the_service_gets_no_processor(run):
    """For three seconds in the middle of a request."""
    body = json.dumps(QUESTION).encode()

    async def stopped():
        yield body[:10]
        await asyncio.sleep(0.5)
        run.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(3)
        run.process.send_signal(signal.SIGCONT)
        yield body[10:]

    headers = {"Content-Type": "application/json"}
    async with run.client.post("/filter", data=stopped(), headers=headers) as response:
        assert response.status == 200


async def a_request_meets_a_defect(run):
    """One that ``tests.monitoring.defective`` has."""
    await run.ask(pod=api.pod(UNLUCKY))


async def a_claim_gets_other_devices(run):
    """The API server shows the pod on its node, with a NIC that is not the predicted one."""
    await run.ask()
    run.claim("job-1-devices", nic="net1")
    bound = {**POD, "spec": {**POD["spec"], "nodeName": "near"}}
    run.changes[PATHS["Pod"]].append(line("MODIFIED", bound))


async def the_scheduler_sends_whole_nodes(run):
    """As without ``nodeCacheCapable``."""
    await run.ask(nodes={"items": [api.node(name) for name in NODES]})


async def an_object_cannot_be_read(run):
    """A claim whose requests are no list."""
    claim = api.claim("odd", *api.GPU_AND_NIC)
    claim["metadata"]["resourceVersion"] = "104"
    claim["spec"]["devices"]["requests"] = 7
    run.changes[CLAIMS].append(line("ADDED", claim))


async def a_certificate_is_broken(run):
    """The new file is no certificate."""
    run.certificate.write_text("none")


async def a_certificate_ends(run):
    """The new one is good for a day."""
    self_signed(run.certificate.parent)


CAUSES = {
    "DraExtenderNeutralAnswers": a_pod_is_too_large,
    "DraExtenderSlow": the_service_gets_no_processor,
    "DraExtenderInternalErrors": a_request_meets_a_defect,
    "DraExtenderWrongPredictions": a_claim_gets_other_devices,
    "DraExtenderWholeNodes": the_scheduler_sends_whole_nodes,
    "DraExtenderUnreadableObjects": an_object_cannot_be_read,
    "DraExtenderCertificateNotTaken": a_certificate_is_broken,
    "DraExtenderCertificateEnds": a_certificate_ends,
    "DraExtenderDevicesHeldTwice": devices_are_held_twice,
    "DraExtenderBehind": the_api_server_is_silent,
    "DraExtenderNoneReady": nobody_is_ready,
}
"""In an order in which no cause hinders those after it."""


def test_every_alert_has_a_cause():
    """By name."""
    assert set(CAUSES) == set(alerts())


def test_rules_are_hurried_alike():
    """No window and no wait is left that would take minutes."""
    written = json.dumps(hurried())
    assert not re.search(r"\[\d+[mh]\]|> 200", written)
    assert len(hurried()["groups"][0]["rules"]) == len(alerts())


@NEEDS_PROMETHEUS
@pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificate")
async def test_every_alert_fires_for_its_cause(tmp_path):
    """None fires while all is well, and none before its own cause, whatever else went wrong already."""
    async with running(tmp_path) as run:
        await until(lambda: run.prometheus.query("dra_extender_ready == 1"), "ready")
        await until(lambda: not run.prometheus.firing(), "nothing fires")
        for _ in range(WELL_SECONDS):
            await run.ask(pod=api.pod("other"))
            assert await asyncio.to_thread(run.prometheus.firing) == set()
            await asyncio.sleep(1)
        happened: set[str] = set()
        for alert, cause in CAUSES.items():
            assert await asyncio.to_thread(run.prometheus.firing) <= happened
            await cause(run)
            happened.add(alert)
            await until(lambda: alert in run.prometheus.firing(), alert)  # noqa: B023 - ends in this turn
            assert await asyncio.to_thread(run.prometheus.firing) <= happened


async def until(condition, what):
    """Wait for what Prometheus sees soon."""
    deadline = time.monotonic() + FIRING_SECONDS
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, f"{what}: not within {FIRING_SECONDS:g} s"
        await asyncio.sleep(0.2)
