"""The chart's second scheduler, run as two processes with what the rendered chart gives to its pod."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.e2e import workload
from tests.e2e.api import Api, InvalidClaims, Object
from tests.e2e.control_plane import ControlPlane
from tests.e2e.extender_server import Extender, until
from tests.e2e.extender_server import ready as is_ready
from tests.e2e.process import Process, free_port
from tests.e2e.process import start as start_process
from tests.manifests import the
from tests.pages import fenced, part
from tests.paths import DOCS

RELEASE, NAMESPACE = "e2e", "chart-e2e"
NAME = f"{RELEASE}-dra-extender"
ROUTED_SECONDS = 60.0
_LISTEN = "0.0.0.0:8443"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{NAME}-scheduler"


async def make_namespace(api: Api) -> None:
    """One that enforces the profile *restricted*, as that of the manifests does, where it is not there."""
    document = the("Namespace")
    with contextlib.suppress(InvalidClaims):
        await api.create({**document, "metadata": {**document["metadata"], "name": NAMESPACE}})


@contextlib.asynccontextmanager
async def installed(api: Api, documents: Sequence[Object]) -> AsyncIterator[None]:
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


async def account_token(api: Api, account: str) -> str:
    """A token of one of the chart's service accounts."""
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token: str = (await api.request("POST", path, request))["status"]["token"]
    return token


@dataclass(frozen=True, slots=True)
class Pair:
    """The two programs of one pod."""

    extender: Extender
    scheduler: Process

    def kill(self) -> None:
        """End both at once, as a node that fails does."""
        self.scheduler.kill()
        self.extender.process.kill()


@contextlib.asynccontextmanager
async def second_scheduler(
    plane: ControlPlane,
    api: Api,
    directory: Path,
    documents: Sequence[Object],
    replica: str = "first",
    files: Mapping[str, str] | None = None,
) -> AsyncIterator[Pair]:
    """
    Both programs of the chart's pod, with its arguments, configuration and account, once they are ready.

    They differ from the pod in ports, as the machine has other programs, and in where the token is.
    ``files``: arguments of the extender that are others here, such as paths and addresses of the webhook.
    """
    account = plane.write_kubeconfig(f"{replica}.kubeconfig", await account_token(api, NAME))
    (pod,) = [each["spec"]["template"]["spec"] for each in documents if each["kind"] == "Deployment"]
    containers = {each["name"]: each for each in pod["containers"]}
    verbs, ops, people = (f"127.0.0.1:{free_port()}" for _ in range(3))
    others = {"127.0.0.1:8888": verbs, "0.0.0.0:8889": ops, "127.0.0.1:8890": people, **(files or {})}
    arguments = [others.get(each, each) for each in containers["dra-extender"]["args"]]
    config = _configuration(documents, f"http://{verbs}", account)
    written = directory / f"{replica}.yaml"
    written.write_text(yaml.safe_dump(config), encoding="utf-8")
    options = [each for each in containers["kube-scheduler"]["args"] if not each.startswith("--config=")]
    command = [sys.executable, "-m", "extender", *arguments, "--kubeconfig", account]
    process = start_process("extender", command, directory / f"extender-{replica}.log")
    try:
        process.wait_ready(f"http://{ops}/livez")
        served = Extender(f"http://{ops}", process)
        await until(lambda: is_ready(served), "ready")
        delegated = [f"--{who}-kubeconfig={account}" for who in ("authentication", "authorization")]
        with plane.scheduler(written, *options, *delegated) as scheduler:
            yield Pair(served, scheduler)
    finally:
        process.stop()


def _configuration(documents: Sequence[Object], url: str, account: Path) -> Object:
    """What kube-scheduler reads in the pod, with another address of the extender, and the account's token."""
    (config,) = [each for each in documents if each["kind"] == "ConfigMap"]
    document: Object = yaml.safe_load(config["data"]["config.yaml"])
    (extender,) = document["extenders"]
    assert extender["urlPrefix"] == "http://127.0.0.1:8888"
    extender["urlPrefix"] = url
    document["clientConnection"]["kubeconfig"] = str(account)
    return document


@dataclass(frozen=True, slots=True)
class Webhook:
    """
    ``files``: for ``second_scheduler``. ``documents``: the chart's, with webhooks that lead there.

    ``mounted`` has the certificate and its key.
    """

    files: Mapping[str, str]
    documents: Sequence[Object]
    mounted: Path

    def of_another_replica(self) -> Mapping[str, str]:
        """``files`` of a replica that the API server does not call."""
        return {**self.files, _LISTEN: f"127.0.0.1:{free_port()}"}


def reachable_webhook(directory: Path, documents: Sequence[Object]) -> Webhook:
    """
    Lead the chart's webhooks, where it has some, to a port of this machine.

    There is no network of Services here, so that of the webhook becomes one with an external name. The API
    server still calls it by the Service's own name, and trusts the chart's certificate or nobody.
    """
    port, mounted = free_port(), directory / "webhook"
    led = []
    for document in documents:
        kind, name, changed = document["kind"], document["metadata"]["name"], document
        if kind == "MutatingWebhookConfiguration":
            changed = {**document, "webhooks": [_at_port(each, port) for each in document["webhooks"]]}
        elif (kind, name) == ("Service", f"{NAME}-webhook"):
            changed = {**document, "spec": {"type": "ExternalName", "externalName": "localhost"}}
        elif (kind, name) == ("Secret", f"{NAME}-webhook"):
            mount(mounted, document)
        led.append(changed)
    files = {
        # 127.0.0.1, as the C library reads it. The extender does not know it for loopback, where it would
        # refuse the Service's name as that of another machine.
        _LISTEN: f"127.1:{port}",
        "/webhook/tls.crt": str(mounted / "tls.crt"),
        "/webhook/tls.key": str(mounted / "tls.key"),
    }
    return Webhook(files, led, mounted)


def _at_port(webhook: Object, port: int) -> Object:
    config = webhook["clientConfig"]
    return {**webhook, "clientConfig": {**config, "service": {**config["service"], "port": port}}}


def mount(folder: Path, secret: Object) -> None:
    """Write the files of a Secret as the kubelet does: all change at once, by a link to their folder."""
    folder.mkdir(exist_ok=True)
    version = folder / f"..{len(list(folder.iterdir()))}"
    version.mkdir()
    for name, data in secret["data"].items():
        (version / name).write_bytes(base64.b64decode(data))
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(Path("..data", name))
    turned = folder / "..turned"
    turned.symlink_to(version.name)
    turned.replace(folder / "..data")


def first_pod_text() -> str:
    """The objects of docs/chart.md as they stand there, but with the device classes of our fleets."""
    (text,) = fenced(part(DOCS / "chart.md", "The first pod"), "yaml")
    for there, ours in (("gpu.nvidia.com", workload.GPU_CLASS), ("dra.net", workload.NIC_CLASS)):
        assert there in text
        text = text.replace(there, ours)
    return text


async def until_routed(api: Api) -> None:
    """Wait until pods with claims are sent to the second scheduler: that is in force after a moment."""
    async with asyncio.timeout(ROUTED_SECONDS):
        while not await _routed(api):  # noqa: ASYNC110 - the API server makes it true
            await asyncio.sleep(0.1)


async def _routed(api: Api) -> bool:
    probe = workload.pod("probe", workload.Ask.ONE_CLAIM)
    try:
        stored = await api.create(probe, dryRun="All")
    except InvalidClaims:
        # The guard, or a webhook that is asked and not reached yet.
        return False
    return bool(stored["spec"]["schedulerName"] == NAME)


async def leader(api: Api) -> str:
    """Who holds the Lease of the second scheduler; empty before anybody does."""
    with contextlib.suppress(InvalidClaims):
        holder: str = (await api.request("GET", LEASE)).get("spec", {}).get("holderIdentity", "")
        return holder
    return ""
