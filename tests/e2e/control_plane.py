"""
A real control plane on 127.0.0.1: etcd, kube-apiserver, kube-controller-manager, kube-scheduler.

There is no kubelet: nodes are objects, pods get bound and stay pending. That is all that a
scheduler and its extender can see of a cluster.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.e2e.process import Process, free_port
from tests.e2e.process import start as start_process
from tests.e2e.releases import RELEASES, Binaries, binaries

TOKEN = "e2e-admin"
PARTS = ("etcd", "apiserver", "controller-manager")
"""What a control plane runs besides schedulers; each needs those before it."""
CONTROLLERS = (
    "resourceclaim-controller",
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
)
"""Claims from templates and their release, namespaces that go, what is owned by what is gone, accounts."""
ADMISSION_OFF = ("ServiceAccount", "TaintNodesByCondition", "Priority")
"""So that pods are taken as they are written: without an account's token, with a priority of their own."""


class NotBuilt(Exception):
    """The programs are not in the cache; the text says how to get them there."""


@dataclass(slots=True)
class Ports:
    """Where each program listens. They stay when a program is started again."""

    etcd: int = field(default_factory=free_port)
    peer: int = field(default_factory=free_port)
    apiserver: int = field(default_factory=free_port)
    controller_manager: int = field(default_factory=free_port)


class ControlPlane:
    """
    A running control plane without a scheduler; a context manager that ends all of it.

    ``directory`` holds its data, its logs and what tests put there. The schedulers started by
    :meth:`scheduler` end with their ``with`` block.
    """

    def __init__(
        self,
        minor: str,
        directory: Path,
        feature_gates: Mapping[str, bool],
        served: Sequence[str],
        controllers: Sequence[str],
    ) -> None:
        self.minor = minor
        self.version = RELEASES[minor]
        self.directory = directory
        self.token = TOKEN
        self._gates = [f"--feature-gates={name}={str(on).lower()}" for name, on in feature_gates.items()]
        self._served = served
        self._controllers = (*CONTROLLERS, *controllers)
        self._ports = Ports()
        self._binaries = _built(minor)
        self._running: dict[str, Process] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._ports.apiserver}"

    @property
    def certificate(self) -> Path:
        """The certificate of the API server and its issuer's, as PEM."""
        return self.directory / "apiserver-certificates" / "apiserver.crt"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig of an administrator."""
        return self.directory / "kubeconfig"

    def tls(self) -> ssl.SSLContext:
        """What a client of the API server needs to trust it."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def write_kubeconfig(self, name: str, token: str, url: str = "") -> Path:
        """A kubeconfig of the user that ``token`` belongs to; ``url``: of a proxy before the API server."""
        path = self.directory / name
        cluster = {"server": url or self.url, "certificate-authority": str(self.certificate)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "e2e", "cluster": cluster}],
            "users": [{"name": "e2e", "user": {"token": token}}],
            "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "e2e"}}],
            "current-context": "e2e",
        }
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return path

    def process(self, name: str) -> Process:
        """One of ``PARTS``, as it runs now."""
        return self._running[name]

    def start_etcd(self) -> None:
        client, peer = f"http://127.0.0.1:{self._ports.etcd}", f"https://127.0.0.1:{self._ports.peer}"
        self._start(
            "etcd",
            self._binaries.etcd,
            f"--data-dir={self._etcd_data}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--peer-auto-tls",
            "--unsafe-no-fsync",
            "--log-level=warn",
            ready=f"{client}/health",
        )

    def start_apiserver(self) -> None:
        """Start it and wait until it is ready, after :meth:`kill_apiserver` too."""
        # etcd has just made this key for itself; any key will do to sign accounts' tokens.
        key = self._etcd_data / "fixtures" / "peer" / "key.pem"
        tokens = self.directory / "tokens.csv"
        tokens.write_text(f'{self.token},e2e,e2e,"system:masters"\n', encoding="utf-8")
        self._start(
            "apiserver",
            self._binaries.apiserver,
            f"--etcd-servers=http://127.0.0.1:{self._ports.etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._ports.apiserver}",
            f"--cert-dir={self.certificate.parent}",
            f"--service-account-issuer={self.url}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none",
            f"--disable-admission-plugins={','.join(ADMISSION_OFF)}",
            *(f"--runtime-config={version}=true" for version in self._served),
            *self._gates,
            ready=f"{self.url}/readyz",
        )

    def start_controller_manager(self) -> None:
        port = self._ports.controller_manager
        self._start(
            "controller-manager",
            self._binaries.controller_manager,
            f"--kubeconfig={self.kubeconfig}",
            f"--controllers={','.join(self._controllers)}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={self.directory / 'controller-manager-certificates'}",
            *self._gates,
            ready=f"https://127.0.0.1:{port}/healthz",
        )

    def kill_apiserver(self) -> None:
        """End the API server at once, as a machine that fails does."""
        self._running.pop("apiserver").kill()

    def restart_apiserver(self) -> None:
        """Kill it and start it again: same address, same certificate, same objects."""
        self.kill_apiserver()
        self.start_apiserver()

    def kill_etcd(self) -> None:
        """End the store at once; the API server stays up without it."""
        self._running.pop("etcd").kill()

    def restart_etcd(self) -> None:
        """Kill it and start it again, with all that was stored."""
        self.kill_etcd()
        self.start_etcd()

    def compact_etcd(self) -> int:
        """Make the store forget all but the last state of each object; the revision of that state."""
        status = self._etcd("maintenance/status", {})
        revision = int(status["header"]["revision"])
        self._etcd("kv/compaction", {"revision": revision, "physical": True})
        return revision

    @contextlib.contextmanager
    def scheduler(self, config: Path, *options: str, port: int = 0) -> Iterator[Process]:
        """
        Run kube-scheduler with a KubeSchedulerConfiguration for as long as the block lasts.

        It is ready when the block begins: its caches are filled. ``tests.e2e.scheduler_config``
        writes configurations. ``options`` are further flags, ``port`` is where it serves its own metrics.
        """
        port = port or free_port()
        process = start_process(
            "scheduler",
            [
                self._binaries.scheduler,
                f"--config={config}",
                "--bind-address=127.0.0.1",
                f"--secure-port={port}",
                f"--cert-dir={self.directory / 'scheduler-certificates'}",
                *self._gates,
                *options,
            ],
            self.directory / f"scheduler-{config.stem}.log",
        )
        try:
            process.wait_ready(f"https://127.0.0.1:{port}/readyz")
            yield process
        finally:
            process.stop()

    def stop(self) -> None:
        """End everything; who needs another goes first, as none ends well without it."""
        for name in reversed(PARTS):
            if process := self._running.pop(name, None):
                process.stop()

    def _etcd(self, method: str, body: Mapping[str, object]) -> Any:
        """Call etcd's JSON gateway."""
        url = f"http://127.0.0.1:{self._ports.etcd}/v3/{method}"
        with urllib.request.urlopen(url, json.dumps(body).encode(), timeout=30) as response:
            return json.loads(response.read())

    @property
    def _etcd_data(self) -> Path:
        return self.directory / "etcd"

    def _start(self, name: str, program: Path, *options: str, ready: str) -> None:
        process = start_process(name, [program, *options], self.directory / f"{name}.log")
        self._running[name] = process
        process.wait_ready(ready)


def start(
    minor: str,
    directory: Path,
    feature_gates: Mapping[str, bool] | None = None,
    served: Sequence[str] = (),
    controllers: Sequence[str] = (),
) -> ControlPlane:
    """
    Start all but a scheduler and wait until each is ready.

    ``feature_gates``: those that differ from the release's defaults, for every program.
    ``served``: group versions beyond those served by default. ``controllers``: beyond ``CONTROLLERS``.
    Raises ``NotBuilt`` and ``NotReady``; nothing runs then.
    """
    plane = ControlPlane(minor, directory, feature_gates or {}, served, controllers)
    try:
        plane.start_etcd()
        plane.start_apiserver()
        plane.write_kubeconfig(plane.kubeconfig.name, plane.token)
        plane.start_controller_manager()
    except BaseException:
        plane.stop()
        raise
    return plane


def _built(minor: str) -> Binaries:
    found = binaries(minor)
    if not found.built():
        raise NotBuilt(f"the control plane of {minor} is not built: run 'make e2e E2E={minor}' (needs Go)")
    return found
