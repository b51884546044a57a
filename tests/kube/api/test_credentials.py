"""Certificate authorities, certificates and tokens that change while requests go on."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial

import pytest
import yaml
from aiohttp import web
from structlog.testing import capture_logs

from extender.kube.api import credentials
from extender.kube.api.connection import connect
from extender.kube.api.errors import ApiRefusal, NotTrusted, Rule, Unreachable
from tests.certificates import OPENSSL, authority
from tests.kube.api_server import eventually, write_kubeconfig

RULE = Rule("list", "nodes")
SERVICE_ACCOUNT = "kubernetes.aio.config.incluster_config"

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="makes its certificates with openssl")


class Server:
    """
    An API server over TLS that closes each connection after its answer, so that each request makes one.

    ``tokens``: those that it knows. A watch on ``/watch`` says a word now and then.
    """

    def __init__(self, pem):
        self.tokens = {"first"}
        self.statuses: Counter[int] = Counter()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.present(pem)
        self.port = 0

    def present(self, pem):
        """Show another certificate from now on."""
        self.context.load_cert_chain(pem.certificate, pem.key)

    async def answer(self, request):
        known = request.headers.get("Authorization", "").split()[-1] in self.tokens
        if known and request.path == "/watch":
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(400):
                await response.write(b"word\n")
                await asyncio.sleep(0.005)
            return response
        response = web.json_response({"gitVersion": "v1.36.2"}, status=200 if known else 401)
        response.force_close()
        self.statuses[response.status] += 1
        return response


@asynccontextmanager
async def serving(pem):
    server = Server(pem)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server.context).start()
        server.port = runner.addresses[0][1]
        yield server
    finally:
        await runner.cleanup()


@pytest.fixture
def authorities(tmp_path):
    """Two authorities, each with a certificate of the server."""
    made = [authority(tmp_path, name) for name in ("old", "new")]
    return [(each.certificate.read_text(), each.issue("server")) for each in made]


@pytest.fixture
def pod(no_cluster, tmp_path, monkeypatch, authorities):
    """The files of a service account, as they are mounted: links to a folder that is replaced."""

    class Pod:
        def __init__(self):
            self.number = 0

        def mount(self, ca, token):
            """Put both files into a new folder, and let the link point to it, as kubelet does."""
            self.number += 1
            folder = tmp_path / f"data-{self.number}"
            folder.mkdir()
            (folder / "ca.crt").write_text(ca)
            (folder / "token").write_text(token)
            (tmp_path / "next").symlink_to(folder)
            (tmp_path / "next").rename(tmp_path / "data")

        def serves(self, server):
            monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))

    monkeypatch.setattr(f"{SERVICE_ACCOUNT}.SERVICE_TOKEN_FILENAME", str(tmp_path / "data/token"))
    monkeypatch.setattr(f"{SERVICE_ACCOUNT}.SERVICE_CERT_FILENAME", str(tmp_path / "data/ca.crt"))
    made = Pod()
    made.mount(authorities[0][0], "first")
    return made


async def ask(connection):
    await connection.get("/api/v1/nodes", {}, RULE)


async def test_authority_and_token_change_under_load(pod, authorities):
    """
    Not one attempt fails, and no watch breaks, although the server replaces its certificate and forgets
    the old token the moment the new files are there: nobody waits for the next look at them.
    """
    (old_ca, old), (new_ca, new) = authorities
    async with serving(old) as server:
        pod.serves(server)
        done = asyncio.Event()
        answered = 0

        async with connect() as connection:

            async def load():
                nonlocal answered
                while not done.is_set():
                    await ask(connection)
                    answered += 1

            async def watch():
                heard = b""
                async with connection.watch("/watch", {}, RULE, seconds=30) as chunks:
                    async for chunk in chunks:
                        heard += chunk
                return heard

            async def more():
                before = answered
                await eventually(lambda: answered > before + 20)

            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(watch())
                for _ in range(8):
                    tasks.create_task(load())
                for round_ in range(4):
                    await more()
                    ca, pem = ((new_ca, new), (old_ca, old))[round_ % 2]
                    pod.mount(ca, f"token-{round_}")
                    server.tokens = {f"token-{round_}"}
                    server.present(pem)
                await more()
                done.set()
                await watching
        assert watching.result() == b"word\n" * 400
        assert answered > 100
        # The server refused the old token a few times at each change; each such request was sent anew.
        assert server.statuses[200] >= answered


async def test_what_is_not_renewed_fails(pod, authorities):
    """A server of another authority, or that forgot our token, is refused until the files change."""
    (_, old), (new_ca, new) = authorities
    async with serving(old) as server:
        pod.serves(server)
        async with connect() as connection:
            await ask(connection)
            server.present(new)
            with pytest.raises(NotTrusted):
                await ask(connection)
            pod.mount(new_ca, "first")
            await ask(connection)
            server.tokens = {"second"}
            with pytest.raises(ApiRefusal):
                await ask(connection)
            pod.mount(new_ca, "second")
            await ask(connection)


async def test_files_are_looked_at_without_a_failure(pod, authorities, monkeypatch):
    """A token that is still good is replaced as soon as its file changes; equal content is no change."""
    monkeypatch.setattr(credentials, "LOOK_SECONDS", 0.02)
    (old_ca, old), _ = authorities
    async with serving(old) as server:
        pod.serves(server)
        server.tokens = {"first", "second"}
        with capture_logs() as logs:
            async with connect() as connection:
                pod.mount(old_ca, "first")
                await asyncio.sleep(0.1)
                assert logs == []
                pod.mount(old_ca, "second")
                await eventually(lambda: logs)
                server.tokens = {"second"}
                await ask(connection)
        assert [each["event"] for each in logs] == ["credentials reloaded"]
        assert server.statuses[401] == 0


async def test_half_written_files_change_nothing(pod, authorities, monkeypatch):
    """What cannot be used is said once, the old stays in use, and the next change is taken."""
    monkeypatch.setattr(credentials, "LOOK_SECONDS", 0.02)
    (old_ca, old), _ = authorities
    async with serving(old) as server:
        pod.serves(server)
        with capture_logs() as logs:
            async with connect() as connection:
                pod.mount("-----BEGIN CERT", "first")
                await eventually(lambda: logs)
                await asyncio.sleep(0.1)
                assert [each["event"] for each in logs] == ["cannot reload the credentials"]
                await ask(connection)
                pod.mount(old_ca, "second")
                server.tokens = {"second"}
                await ask(connection)


async def test_files_that_a_kubeconfig_names(no_cluster, tmp_path, authorities):
    """The files that a kubeconfig names count like those of a pod, one of them after the other."""
    (old_ca, old), (new_ca, new) = authorities
    (tmp_path / "ca").write_text(old_ca)
    (tmp_path / "token").write_text("first")
    cluster = {"certificate-authority": "ca"}
    async with serving(old) as server:
        cluster["server"] = f"https://127.0.0.1:{server.port}"
        (tmp_path / "k").write_text(
            yaml.safe_dump(
                {
                    "current-context": "x",
                    "clusters": [{"name": "x", "cluster": cluster}],
                    "users": [{"name": "x", "user": {"tokenFile": "token"}}],
                    "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                }
            )
        )
        async with connect(kubeconfig=str(tmp_path / "k")) as connection:
            server.present(new)
            (tmp_path / "ca").write_text(new_ca)
            await ask(connection)
            server.tokens = {"second"}
            (tmp_path / "token").write_text("second")
            await ask(connection)


async def test_headers_of_an_answer_are_bounded(server, connection):
    """More headers than any API server sends, or a long one, is no answer."""
    for headers in ({f"x-{number}": "a" for number in range(100)}, {"x": "a" * 9000}):
        server.failures["list", "/version"] = [(200, b'{"gitVersion": "v1.36.2"}', headers)]
        with pytest.raises(Unreachable):
            await connection.version()
    assert await connection.version() == "1.36.2"


def longer(logs, number):
    return len(logs) > number


async def test_a_kubeconfig_that_becomes_nonsense(server, no_cluster, tmp_path, monkeypatch):
    """Whatever is written into it meanwhile, what was read before stays in use, and the next is taken."""
    monkeypatch.setattr(credentials, "LOOK_SECONDS", 0.02)
    path = tmp_path / "k"
    write_kubeconfig(path, server.url)
    right = path.read_text()
    with capture_logs() as logs:
        async with connect(kubeconfig=str(path)) as connection:
            for number, text in enumerate(
                ("[]", "5", "users: [1]\nclusters: {}", "a: [", "contexts:\n- {}\n")
            ):
                path.write_text(text)
                await eventually(partial(longer, logs, number))
                assert await connection.version() == "1.36.2"
            path.write_text(right.replace("secret", "another"))
            await eventually(lambda: logs[-1]["event"] == "credentials reloaded")
            await connection.version()
    assert server.asked[-1].token == "Bearer another"
    assert {each["event"] for each in logs[:-1]} == {"cannot reload the credentials"}
