"""Mutual TLS between the real scheduler and the extender, while every certificate is renewed under load."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.certificates import OPENSSL, authority
from tests.e2e import scheduler_config, workload
from tests.e2e.extender_server import START_SECONDS, Extender, ready, until
from tests.e2e.process import NotReady, start

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificates")]

SAMPLE = scheduler_config.FOLDER / "score-and-filter.yaml"
NAME = "kube-scheduler"
SERVER = "dra-extender.dra-extender.svc"
ADDRESSES = re.compile(
    r" on (?P<verbs>https://\S+) \(verbs\), (?P<ops>http://\S+) \(ops\), (?P<people>http://\S+) \(people\)\n"
)


class Files:
    """The files that extender and scheduler are started with, which may be replaced."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        for name in ("tls.crt", "tls.key", "ca.crt", "scheduler.crt", "scheduler.key", "scheduler-ca.crt"):
            setattr(self, re.sub(r"\W", "_", name), folder / name)

    def server(self, pem):
        self._put(pem.certificate, "tls.crt")
        self._put(pem.key, "tls.key")

    def client(self, pem):
        self._put(pem.certificate, "scheduler.crt")
        self._put(pem.key, "scheduler.key")

    def trust(self, name, *authorities):
        new = self.folder / "new"
        new.write_bytes(b"".join(each.certificate.read_bytes() for each in authorities))
        new.replace(self.folder / name)

    def _put(self, path, name):
        new = self.folder / "new"
        shutil.copy(path, new)
        new.replace(self.folder / name)

    @property
    def options(self):
        given = {"--tls-cert": "tls.crt", "--tls-key": "tls.key", "--client-ca": "ca.crt"}
        paths = [each for option, name in given.items() for each in (option, self.folder / name)]
        return [*paths, "--client-name", NAME]

    @property
    def tls_config(self):
        return {
            "caFile": str(self.folder / "scheduler-ca.crt"),
            "certFile": str(self.folder / "scheduler.crt"),
            "keyFile": str(self.folder / "scheduler.key"),
            "serverName": SERVER,
        }


@contextlib.contextmanager
def serving(cluster, files):
    """The extender on listeners of its own; yields the URL of the verbs, and what tells its metrics."""
    listen = ("--verbs-listen", "--ops-listen", "--people-listen")
    command = [sys.executable, "-m", "extender", "serve", "--drain-seconds", "0"]
    command += [each for option in listen for each in (option, "127.0.0.1:0")]
    command += ["--kubeconfig", cluster.account, *files.options]
    log = cluster.directory / "extender.log"
    log.write_bytes(b"")
    process = start("extender", command, log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while (printed := ADDRESSES.search(log.read_text())) is None:
            if process.popen.poll() is not None or time.monotonic() > deadline:
                raise NotReady(process.tail())
            time.sleep(0.05)
        yield printed["verbs"], Extender(printed["ops"], process)
    finally:
        process.stop()


def asked_by(url, issuer, pem):
    """The status of a request with a client certificate; ``None`` where TLS is refused."""
    context = ssl.create_default_context(cafile=str(issuer.certificate))
    context.check_hostname = False
    if pem is not None:
        context.load_cert_chain(pem.certificate, pem.key)
    request = urllib.request.Request(f"{url}/filter", b"{}", {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


async def load(api, prefix, stop):
    """Create pods one after the other until ``stop``; all are bound in the end. Their number."""
    names: list[str] = []
    while not stop.is_set():
        names.append(f"{prefix}-{len(names)}")
        await workload.create_pair(api, names[-1])
        await workload.wait_bound(api, names[-1:])
        await workload.delete_pair(api, names[-1])
        await asyncio.sleep(0.2)
    return len(names)


async def renewed(extender, times):
    """Wait until the extender has read its files once more."""
    await until(
        lambda: extender.metric("certificate_reloads_total", listener="verbs", result="renewed") >= times,
        f"certificates renewed {times} times",
    )


async def test_certificates_and_authorities_are_renewed_under_load(cluster, tmp_path):
    """From one authority to another, step by step: every attempt is answered, and the old one ends."""
    old, new = authority(tmp_path, "old"), authority(tmp_path, "new")
    names = f"DNS:{SERVER},IP:127.0.0.1"
    clients = {each: each.issue("client", common=NAME, alternative="DNS:scheduler") for each in (old, new)}
    servers = {each: each.issue("server", alternative=names) for each in (old, new)}
    stranger = old.issue("kubelet", common="system:node:a", alternative="DNS:node")
    files = Files(tmp_path / "files")
    files.server(servers[old])
    files.client(clients[old])
    files.trust("ca.crt", old)
    files.trust("scheduler-ca.crt", old, new)
    stop = asyncio.Event()
    with serving(cluster, files) as (url, extender):
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(
            cluster.plane, SAMPLE, url, ignorable=False, tlsConfig=files.tls_config
        )
        with cluster.plane.scheduler(config) as scheduler:
            working = asyncio.create_task(load(cluster.api, "first", stop))
            files.trust("ca.crt", old, new)
            await renewed(extender, 1)
            files.server(servers[new])
            files.client(clients[new])
            await renewed(extender, 2)
            stop.set()
            first = await working
            log = scheduler.log.read_text()
        files.trust("ca.crt", new)
        await renewed(extender, 3)
        files.trust("scheduler-ca.crt", new)
        stop.clear()
        with cluster.plane.scheduler(config) as scheduler:
            working = asyncio.create_task(load(cluster.api, "second", stop))
            await asyncio.sleep(5)
            stop.set()
            second = await working
            log += scheduler.log.read_text()
        assert asked_by(url, new, clients[new]) == 400
        assert asked_by(url, new, clients[old]) is None
        assert asked_by(url, new, stranger) is None
        assert asked_by(url, new, None) is None
        allowed = new.issue("kubelet", common="system:node:a", alternative="DNS:node")
        assert asked_by(url, new, allowed) == 403
        assert first >= 5
        assert second >= 2
        assert extender.answered("filter") == extender.answered("prioritize") == first + second
        assert extender.metric("certificate_reloads_total", result="failed") == 0
        assert extender.metric("closed_connections_total", reason="limit") == 0
    failures = [
        line
        for line in log.splitlines()
        if re.search(r"extender.*(error|fail)|tls:|x509", line, re.IGNORECASE)
    ]
    assert failures == []
