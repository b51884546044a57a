"""Connecting to an API server on this machine, with every form of credentials that expires."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import ssl
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from extender.kube.api import connection as connections
from extender.kube.api import credentials
from extender.kube.api.connection import connect
from extender.kube.api.errors import ApiRefusal, LiveError, Rule, Unreachable
from tests.kube.api_server import CUT, HOLD, NODES, serving, status, write_kubeconfig

LIST = Rule("list", "nodes")


async def test_connected(server, connection):
    """The version is known, and each request carries the token and says who asks."""
    assert connection.kubernetes == await connection.version() == "1.36.2"
    server.objects[NODES] = []
    body = await connection.get(NODES, {"limit": 5, "note": "a+b/c=="}, LIST)
    assert json.loads(body) == {"metadata": {"resourceVersion": "100"}, "items": []}
    assert server.asked[-1].query == {"limit": "5", "note": "a+b/c=="}
    assert {each.token for each in server.asked} == {"Bearer secret"}


async def test_post(server, connection):
    """The body arrives as JSON."""
    await connection.post("/api/v1/things", {"a": [1, "ü"]}, Rule("create", "things"))
    assert (server.asked[-1].method, server.asked[-1].body) == ("POST", {"a": [1, "ü"]})


async def test_watch_is_a_stream(server, connection):
    """Chunks come as they are sent, and leaving early closes the stream."""
    server.objects[NODES] = []
    server.watches[NODES] = [[b"one", b"two"], [b"one", HOLD]]
    async with connection.watch(NODES, {"resourceVersion": "5"}, LIST, seconds=9.5) as chunks:
        assert b"".join([chunk async for chunk in chunks]) == b"onetwo"
    assert server.asked[-1].query == {"watch": "true", "timeoutSeconds": "9", "resourceVersion": "5"}
    async with connection.watch(NODES, {}, LIST, seconds=9) as chunks:
        assert await anext(chunks) == b"one"
    assert [chunk async for chunk in chunks] == []


@pytest.mark.parametrize("limit", ["SILENCE_SECONDS", "WATCH_GRACE_SECONDS"])
async def test_silent_watch_ends(server, connection, monkeypatch, limit):
    """A connection that died quietly, and a server that forgets the time: the watch is over."""
    server.objects[NODES] = []
    server.watches[NODES] = [[b"one", HOLD]]
    monkeypatch.setattr(connections, limit, 0.05)
    async with asyncio.timeout(2), connection.watch(NODES, {}, LIST, seconds=0) as chunks:
        assert [chunk async for chunk in chunks] == [b"one"]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (
            status(403, "no"),
            "cannot list nodes: no (403); grant this user the verb list on nodes in a Cluster",
        ),
        (status(401, "Unauthorized"), "Unauthorized (401); the server does not know these credentials"),
        ((500, b"\xff oops"), "cannot list nodes: Internal Server Error (500); try again"),
    ],
)
async def test_refusals(server, connection, failure, expected):
    """Each says which verb on what, why, and what to do; a watch is refused as a list is."""
    server.failures["list", NODES] = [failure]
    server.failures["watch", NODES] = [failure]
    with pytest.raises(ApiRefusal) as refusal:
        await connection.get(NODES, {}, LIST)
    assert str(refusal.value).startswith(server.url)
    assert expected in str(refusal.value)
    assert refusal.value.status == failure[0]
    with pytest.raises(ApiRefusal):
        async with connection.watch(NODES, {}, LIST, seconds=1):
            pass


@pytest.mark.parametrize(
    ("header", "seconds"), [({"Retry-After": "7"}, 7.0), ({"Retry-After": "Fri, 01 Jan"}, 0.0), ({}, 0.0)]
)
async def test_retry_after(server, connection, header, seconds):
    """What the server asks us to wait is told; a date is not understood."""
    server.failures["list", NODES] = [status(429, "busy", header)]
    with pytest.raises(ApiRefusal) as refusal:
        await connection.get(NODES, {}, LIST)
    assert refusal.value.retry_after_seconds == seconds


async def test_no_answer(server, connection):
    """A connection that breaks, or takes too long, names the address."""
    server.failures["list", NODES] = [CUT, CUT, HOLD]
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1.*no answer.*--cluster FILE"):
        await connection.get(NODES, {}, LIST)
    with pytest.raises(Unreachable, match=r"no answer \(.+\)"):
        await connection.get(NODES, {}, LIST, timeout_seconds=0.05)


async def test_nobody_listens(no_cluster, tmp_path, unused_tcp_port):
    """There is no connection to a server that is not there."""
    path = write_kubeconfig(tmp_path / "k", f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1.*no answer"):
        async with connect(kubeconfig=path):
            pass


async def test_no_kubernetes(server, no_cluster, tmp_path):
    """Another server's answer to /version is no version."""
    server.bodies["list", "/version"] = b"<html>"
    with pytest.raises(LiveError, match="sent an answer that no API server should send for /version"):
        async with connect(kubeconfig=write_kubeconfig(tmp_path / "k", server.url)):
            pass


@pytest.mark.parametrize(
    "content", [None, "", "a: [", "[]", "kind: Config\ncurrent-context: x\n", "clusters: 1\n"]
)
async def test_no_usable_kubeconfig(no_cluster, tmp_path, content):
    """Whatever is wrong with the kubeconfig, the text says what to set."""
    path = tmp_path / "broken"
    if content is not None:
        path.write_text(content)
    with pytest.raises(LiveError, match="no usable cluster configuration"):
        async with connect(kubeconfig=str(path)):
            pass


async def test_no_usable_certificates(no_cluster, tmp_path):
    """A certificate authority that is none is a matter of configuration too."""
    path = tmp_path / "k"
    write_kubeconfig(path, "https://127.0.0.1:1")
    (tmp_path / "ca").write_text("no certificate")
    path.write_text(path.read_text().replace("cluster:\n", "cluster:\n    certificate-authority: ca\n", 1))
    with pytest.raises(LiveError, match="no usable cluster configuration"):
        async with connect(kubeconfig=str(path)):
            pass


async def test_kubeconfig_of_the_environment_and_context(server, no_cluster, tmp_path, monkeypatch):
    """KUBECONFIG is used where no file is named, and a context by its name."""
    monkeypatch.setenv("KUBECONFIG", write_kubeconfig(tmp_path / "k", server.url, name="mine"))
    async with connect("mine") as found:
        assert found.host == server.url
    with pytest.raises(LiveError, match="no usable cluster configuration"):
        async with connect("other"):
            pass


async def test_in_cluster_without_service_account(no_cluster, monkeypatch):
    """Within a pod the service account is used, and its absence told."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    with pytest.raises(LiveError, match="no usable cluster configuration"):
        async with connect():
            pass


def plugin(tmp_path, *expirations):
    """A user whose exec plugin hands out a new token at each call, that expires then; the last one stays."""
    script = tmp_path / "plugin"
    script.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib\n"
        f"calls = pathlib.Path({str(tmp_path / 'calls')!r})\n"
        "calls.write_text((calls.read_text() if calls.exists() else '') + '.')\n"
        "number = len(calls.read_text())\n"
        f"expirations = {expirations!r}\n"
        "status = {'token': f'token-{number}',"
        " 'expirationTimestamp': expirations[min(number, len(expirations)) - 1]}\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential',"
        " 'status': status}))\n"
    )
    script.chmod(0o755)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script)}}


async def test_tokens_of_plugins_are_refreshed(server, no_cluster, tmp_path, monkeypatch):
    """A token that expires is replaced before the server refuses it."""
    monkeypatch.setattr(credentials, "REFRESH_SECONDS", 0.02)
    monkeypatch.setattr(credentials, "LOOK_SECONDS", 0.02)
    # The second token is valid, so that no plugin runs when the connection is closed.
    user = plugin(tmp_path, "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z")
    async with connect(kubeconfig=write_kubeconfig(tmp_path / "k", server.url, user)) as found:
        assert server.asked[-1].token == "Bearer token-1"
        async with asyncio.timeout(20):
            while server.asked[-1].token == "Bearer token-1":
                await asyncio.sleep(0.01)
                await found.version()
        assert server.asked[-1].token == "Bearer token-2"


async def test_a_valid_token_is_kept(server, no_cluster, tmp_path, monkeypatch):
    """A plugin is not run again before its token expires."""
    monkeypatch.setattr(credentials, "REFRESH_SECONDS", 0.01)
    monkeypatch.setattr(credentials, "LOOK_SECONDS", 0.01)
    user = plugin(tmp_path, "2999-01-01T00:00:00Z")
    async with connect(kubeconfig=write_kubeconfig(tmp_path / "k", server.url, user)) as found:
        await asyncio.sleep(0.1)
        await found.version()
        assert server.asked[-1].token == "Bearer token-1"


async def test_a_refused_token_is_read_again(server, no_cluster, tmp_path):
    """After a 401 the files are read again; where they changed, the request is sent once more."""
    (tmp_path / "token").write_text("old")
    path = write_kubeconfig(tmp_path / "k", server.url, {"tokenFile": "token"})
    async with connect(kubeconfig=path) as found:
        server.failures["list", "/version"] = [status(401, "Unauthorized")]
        with pytest.raises(ApiRefusal):
            await found.version()
        (tmp_path / "token").write_text("new")
        server.failures["list", "/version"] = [status(401, "Unauthorized")]
        assert await found.version() == "1.36.2"
        assert [each.token for each in server.asked] == ["Bearer old"] * 3 + ["Bearer new"]
        server.failures["list", "/version"] = [status(401, "Unauthorized")] * 2
        with pytest.raises(ApiRefusal):
            await found.version()


async def test_a_plugin_runs_again_after_a_refusal(server, no_cluster, tmp_path):
    """It may give another token although no file changed; it is not run too often."""
    user = plugin(tmp_path, "2999-01-01T00:00:00Z")
    path, now = write_kubeconfig(tmp_path / "k", server.url, user), 1000.0
    async with connect(kubeconfig=path, clock=lambda: now) as found:
        server.failures["list", "/version"] = [status(401, "Unauthorized")] * 2
        with pytest.raises(ApiRefusal):
            await found.version()
        now += credentials.REFRESH_SECONDS
        assert await found.version() == "1.36.2"
        assert [each.token for each in server.asked] == ["Bearer token-1"] * 3 + ["Bearer token-2"]


async def test_a_kubeconfig_that_is_broken_meanwhile(server, no_cluster, tmp_path):
    """The refusal is told as it is, and what was read before stays in use."""
    path = write_kubeconfig(tmp_path / "k", server.url)
    now = 1000.0
    async with connect(kubeconfig=path, clock=lambda: now) as found:
        (tmp_path / "k").write_text("a: [")
        now += credentials.REFRESH_SECONDS
        server.failures["list", "/version"] = [status(401, "Unauthorized")]
        with capture_logs() as logs, pytest.raises(ApiRefusal, match="Unauthorized"):
            await found.version()
        assert [each["event"] for each in logs] == ["cannot reload the credentials"]
        assert await found.version() == "1.36.2"


def certified(certificate, key):
    """Make a certificate for this machine, and return a server's context with it."""
    subject = ["-subj", "/CN=kubernetes", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key)]
    subprocess.run([*made, "-out", str(certificate), *subject], check=True, capture_output=True)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    return tls


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
async def test_in_cluster(no_cluster, tmp_path, monkeypatch):
    """The pod's own service account over TLS, its authority checked."""
    tls = certified(tmp_path / "crt", tmp_path / "key")
    (tmp_path / "token").write_text("of-the-pod")
    config = "kubernetes.aio.config.incluster_config"
    monkeypatch.setattr(f"{config}.SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(f"{config}.SERVICE_CERT_FILENAME", str(tmp_path / "crt"))
    async with serving(tls) as server:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", server.url.rpartition(":")[2])
        async with connect() as found:
            assert (found.host, found.kubernetes) == (server.url, "1.36.2")
    assert [each.token.lower() for each in server.asked] == ["bearer of-the-pod"]


def test_the_client_is_imported_only_when_it_is_used():
    """Importing the modules costs no import of the client."""
    program = (
        "import sys, extender.kube.watch.reflector;"
        "import extender.kube.api.binder, extender.kube.api.event_recorder;"
        "sys.exit('kubernetes' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(("excepted", "asked"), [("", 1), ("api.example", 0)])
async def test_proxy_of_the_environment(server, no_cluster, monkeypatch, tmp_path, excepted, asked):
    """Requests go through the proxy that the environment names, but to the hosts that it excepts."""
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", excepted)
    config = write_kubeconfig(tmp_path / "kubeconfig", "http://api.example:1")
    with contextlib.suppress(LiveError):
        async with connect(kubeconfig=config) as found:
            assert found.kubernetes == "1.36.2"
    assert len(server.asked) == asked


async def test_netrc_does_not_matter(server, no_cluster, monkeypatch, tmp_path):
    """A file that names the host neither adds a password to our token nor stops us."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with connect(kubeconfig=write_kubeconfig(tmp_path / "kubeconfig", server.url)):
        assert server.asked[-1].token == "Bearer secret"
