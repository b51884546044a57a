"""Who is served what on which listener, over real sockets and real TLS."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, TCPConnector

from extender.service.config import Config
from extender.service.http.guard import client_names
from extender.service.listeners import ALL, Audience, ListenOptions, listeners_of
from extender.service.process import tls
from extender.service.process.run import listening
from tests.certificates import OPENSSL, authority

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificates")

ANY = "127.0.0.1:0"
NAME = "system:kube-scheduler"
PATHS = {
    ("POST", "/filter"): Audience.VERBS,
    ("POST", "/prioritize"): Audience.VERBS,
    ("POST", "/bind"): Audience.VERBS,
    ("POST", "/preempt"): Audience.VERBS,
    ("POST", "/mutate"): Audience.WEBHOOK,
    ("POST", "/route"): Audience.WEBHOOK,
    ("GET", "/livez"): Audience.OPS,
    ("GET", "/readyz"): Audience.OPS,
    ("GET", "/metrics"): Audience.OPS,
    ("GET", "/"): Audience.PEOPLE,
    ("GET", "/debug/mismatches"): Audience.PEOPLE,
    ("POST", "/explain"): Audience.PEOPLE,
}
TLS_LISTENERS = {Audience.VERBS, Audience.WEBHOOK}
CLIENTS = ("nothing", "wrong CA", "right CA, wrong name", "right")


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """Two authorities, and what the server and each client have of them."""
    folder = tmp_path_factory.mktemp("pki")
    ours, foreign = authority(folder, "ours"), authority(folder, "foreign")
    return {
        "ours": ours,
        "server": ours.issue("server"),
        "nothing": None,
        "wrong CA": foreign.issue("scheduler", common=NAME),
        "right CA, wrong name": ours.issue("kubelet", common="system:node:a", alternative="DNS:a"),
        "right": ours.issue("scheduler", common=NAME),
    }


def options(pki):
    server, ours = pki["server"], pki["ours"].certificate
    return ListenOptions(
        verbs_listen=ANY,
        ops_listen=ANY,
        people_listen=ANY,
        webhook_listen=ANY,
        tls_cert=server.certificate,
        tls_key=server.key,
        client_ca=ours,
        client_names=(NAME,),
        webhook_cert=server.certificate,
        webhook_key=server.key,
        webhook_client_ca=ours,
    )


@asynccontextmanager
async def serving(service, given):
    """Serve by options; yields the listeners by name."""
    config = Config(listeners=listeners_of(given), shutdown_seconds=0)
    async with listening(service, config) as listeners:
        yield {listener.name: listener for listener in listeners}


def client_context(pki, client):
    context = ssl.create_default_context(cafile=str(pki["ours"].certificate))
    if pki[client] is not None:
        context.load_cert_chain(pki[client].certificate, pki[client].key)
    return context


async def ask(listener, method, path, context=None, **headers):
    """The status, or ``None`` where the server does not get on with the client."""
    connector = TCPConnector(ssl=context) if context else TCPConnector()
    body = b"{}" if method == "POST" else None
    if method == "POST":
        headers.setdefault("Content-Type", "application/json")
    url = f"{listener.scheme}://{listener.address}{path}"
    async with ClientSession(connector=connector) as session:
        try:
            async with session.request(method, url, headers=headers, data=body) as response:
                return response.status
        except ClientConnectionError:
            return None


def expected(audience, listener, client):
    """What the table says: ``None`` for no TLS, 403 for a wrong name, 404 on a listener for others."""
    if listener in TLS_LISTENERS and client in {"nothing", "wrong CA"}:
        return {None}
    if listener == Audience.VERBS and client == "right CA, wrong name":
        return {403}
    # An empty object is no request of any verb.
    return {200, 400} if audience == listener else {404}


@pytest.mark.parametrize("client", CLIENTS)
async def test_the_table_of_paths_listeners_and_clients(service, pki, client):
    """Every path on every listener, by a client with nothing, or with each kind of certificate."""
    async with serving(service, options(pki)) as listeners:
        assert listeners.keys() == set(Audience)
        wrong = []
        for ((method, path), audience), (name, listener) in product(PATHS.items(), listeners.items()):
            context = client_context(pki, client) if name in TLS_LISTENERS else None
            status = await ask(listener, method, path, context)
            if status not in expected(audience, name, client):
                wrong.append((method, path, name, status))
        assert wrong == []


async def test_the_webhook_takes_any_client_without_a_client_ca(service, pki):
    """The API server presents a certificate only where it is configured to."""
    given = replace(options(pki), webhook_client_ca=None)
    async with serving(service, given) as listeners:
        assert await ask(listeners["webhook"], "POST", "/mutate", client_context(pki, "nothing")) == 400
        assert await ask(listeners["webhook"], "POST", "/bind", client_context(pki, "nothing")) == 404


async def test_plain_http_on_a_tls_listener_is_no_request(service, pki):
    """Nor the other way round; both are served on afterwards."""
    async with serving(service, options(pki)) as listeners:
        plain = replace(listeners["verbs"], tls=None)
        assert await ask(plain, "POST", "/filter") is None
        assert await ask(listeners["verbs"], "POST", "/filter", client_context(pki, "right")) == 400


async def test_everything_on_one_loopback_address(service):
    """--listen alone."""
    async with serving(service, ListenOptions(listen=ANY)) as listeners:
        (listener,) = listeners.values()
        assert listener.name == ALL
        for method, path in PATHS:
            assert await ask(listener, method, path) in {200, 400}


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({}, 200, None),
        ({"Host": "localhost:1"}, 200, None),
        ({"Host": "[::1]:8888"}, 200, None),
        ({"Host": "127.0.0.1"}, 200, None),
        ({"Host": "evil.example"}, 403, "host"),
        ({"Host": "127.0.0.1.evil.example:80"}, 403, "host"),
        ({"Host": "10.0.0.1"}, 403, "host"),
        ({"Host": "localhost", "Origin": "http://localhost"}, 200, None),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200, None),
        ({"Host": "localhost:1", "Origin": "http://localhost:2"}, 403, "origin"),
        ({"Origin": "https://evil.example"}, 403, "origin"),
        ({"Origin": "null"}, 403, "origin"),
        ({"Content-Type": "text/plain"}, 415, "media-type"),
    ],
)
async def test_web_pages_are_kept_out(service, metric, args, headers, status, reason):
    """A page of another site may not ask, by whatever name it calls us."""
    body = args("node-a")
    async with serving(service, ListenOptions(listen=ANY)) as listeners:
        session = ClientSession(headers={"Content-Type": "application/json"})
        url = f"http://{listeners[ALL].address}/filter"
        async with session, session.post(url, data=body, headers=headers) as response:
            assert response.status == status
            assert status == 200 or (await response.json()).keys() == {"error", "field", "fix"}
    for each in ("host", "origin", "media-type"):
        assert metric("turned_away_requests_total", listener="all", reason=each) == (each == reason)


async def test_a_cluster_address_is_asked_for_by_any_name(service, pki):
    """A Service has many names; only on loopback is a foreign one a sign of a web page."""
    given = replace(options(pki), ops_listen="0.0.0.0:0")
    async with serving(service, given) as listeners:
        address = listeners["ops"].address._replace(host="127.0.0.1")
        ops = replace(listeners["ops"], address=address)
        assert await ask(ops, "GET", "/livez", Host="dra-extender.dra-extender.svc") == 200
        assert await ask(ops, "GET", "/livez", Origin="https://evil.example") == 403


async def test_a_new_client_ca_counts_without_a_restart(service, pki, tmp_path, monkeypatch):
    """Old issuers are no longer trusted, new ones are; a connection that is open stays."""
    monkeypatch.setattr(tls, "LOOK_SECONDS", 0.02)
    ca = tmp_path / "ca.crt"
    ca.write_bytes(pki["ours"].certificate.read_bytes())
    other = authority(tmp_path, "other")
    certificate = other.issue("scheduler", common=NAME)
    new = ssl.create_default_context(cafile=str(pki["ours"].certificate))
    new.load_cert_chain(certificate.certificate, certificate.key)
    old = client_context(pki, "right")
    async with (
        serving(service, replace(options(pki), client_ca=ca)) as listeners,
        ClientSession(connector=TCPConnector(ssl=old)) as kept,
    ):
        verbs = listeners["verbs"]
        url, headers = f"https://{verbs.address}/filter", {"Content-Type": "application/json"}
        assert (await kept.post(url, data=b"{}", headers=headers)).status == 400
        assert await ask(verbs, "POST", "/filter", new) is None
        ca.write_bytes(other.certificate.read_bytes())
        async with asyncio.timeout(10):
            while await ask(verbs, "POST", "/filter", new) is None:  # noqa: ASYNC110  a file is looked at
                await asyncio.sleep(0.02)
        assert await ask(verbs, "POST", "/filter", old) is None
        assert (await kept.post(url, data=b"{}", headers=headers)).status == 400


async def test_answers_while_draining_close_the_connection(service):
    """The next request then goes to a server that stays."""
    async with serving(service, ListenOptions(listen=ANY)) as listeners, ClientSession() as session:
        url = f"http://{listeners[ALL].address}/livez"
        async with session.get(url) as response:
            assert "Connection" not in response.headers
        service.lifecycle.draining = True
        async with session.get(url) as response:
            assert (response.status, response.headers["Connection"]) == (200, "close")


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        (None, set()),
        ({}, set()),
        ({"subject": ((("commonName", "A"),), (("organizationName", "o"),))}, {"a"}),
        (
            {
                "subject": (),
                "subjectAltName": (("DNS", "B.c"), ("URI", "spiffe://d/e"), ("IP Address", "1.2.3.4")),
            },
            {"b.c", "spiffe://d/e"},
        ),
    ],
)
def test_names_of_certificates(certificate, names):
    """Common names, DNS names and URIs; never the organization, which groups share."""
    assert client_names(certificate) == names


TLS = {"tls_cert": Path("a"), "tls_key": Path("b")}
CLIENT = {"client_ca": Path("c"), "client_names": ("d",)}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"listen": "0.0.0.0:8888"}, "--listen: .*write --verbs-listen 0.0.0.0:8888"),
        ({"listen": ":8888"}, "--listen: .*loopback addresses only"),
        ({"listen": ANY, "verbs_listen": ANY}, "--listen: .*leave it out"),
        ({"verbs_listen": "10.0.0.1:1"}, "--verbs-listen: .*--insecure-verbs"),
        ({"verbs_listen": "[::]:1", **TLS}, "--verbs-listen: .*--client-ca"),
        ({"verbs_listen": ":1", **TLS, "client_ca": Path("c")}, "--client-ca: .*--client-name"),
        ({"verbs_listen": ":1", **TLS, "client_names": ("d",)}, "--client-ca: .*together"),
        ({"verbs_listen": ":1", **CLIENT}, "--client-ca: .*together"),
        ({"verbs_listen": ANY, "tls_cert": Path("a")}, "--tls-cert: goes with --tls-key"),
        (TLS, "--tls-cert: .*--verbs-listen.*--webhook-cert"),
        ({"insecure_verbs": True}, "--insecure-verbs: .*--verbs-listen"),
        ({"webhook_listen": ANY}, "--webhook-listen: takes --webhook-cert"),
        (
            {"webhook_listen": ANY, **TLS},
            "--webhook-listen: .*--tls-cert and --tls-key are those of the verbs",
        ),
        ({"webhook_cert": Path("a"), "webhook_key": Path("b")}, "--webhook-cert: .*--webhook-listen"),
        ({"ops_listen": "nowhere"}, "--ops-listen: expected HOST:PORT"),
    ],
)
def test_options_that_do_not_go_together(given, says):
    """The error says what to write."""
    with pytest.raises(ValueError, match=says):
        listeners_of(ListenOptions(**given))


@pytest.mark.parametrize(
    ("given", "unsafe"),
    [
        ({}, set()),
        ({"verbs_listen": ":1", **TLS, **CLIENT, "ops_listen": ":2"}, set()),
        ({"verbs_listen": "10.0.0.1:1", "insecure_verbs": True}, {"verbs"}),
        ({"verbs_listen": "10.0.0.1:1", **TLS, "insecure_verbs": True}, {"verbs"}),
        ({"people_listen": ":1"}, {"people"}),
    ],
)
def test_what_is_warned_of(given, unsafe):
    """Whatever lets strangers in is said at each start."""
    listeners = listeners_of(ListenOptions(**given))
    assert {listener.name for listener in listeners if listener.warning} == unsafe
