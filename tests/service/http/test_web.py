"""The HTTP edge: lengths, connections, methods, and the page at ``/``."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from html.parser import HTMLParser

import pytest

from extender.service.config import Config
from extender.service.config_error import ConfigError
from extender.service.http import body, web
from extender.service.listeners import Address, everything
from extender.service.process.run import ListenError, listening

POSTS = ("/filter", "/prioritize", "/bind", "/preempt", "/explain")
GETS = ("/livez", "/readyz", "/metrics", "/")
LOOPBACK = Config(listeners=(everything(Address("127.0.0.1", 0)),))
BINDING = {"PodName": "job-1", "PodNamespace": "default", "PodUID": "uid-1", "Node": "node-a"}


@asynccontextmanager
async def connected(service, config=LOOPBACK):
    """One connection to a server as ``serve`` sets it up; yields what sends bytes and reads an answer."""
    async with listening(service, config) as (listener,):
        reader, writer = await asyncio.open_connection(*listener.address)

        async def exchange(request):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)\r\n", head)
            assert length is not None, head
            return int(head.split()[1]), await reader.readexactly(int(length[1]))

        try:
            yield exchange
        finally:
            writer.close()


def posted(path, body):
    """A request as Go's client writes it."""
    return (
        b"POST %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: %d\r\n"
        b"Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n%s"
        % (path.encode(), len(body), body)
    )


async def body_for(path, args, pod):
    """A right body for each verb."""
    if path == "/bind":
        return {"json": BINDING}
    if path == "/preempt":
        return {"json": {"Pod": pod(), "NodeNameToMetaVictims": {}}}
    return {"data": args("node-a")}


@pytest.mark.parametrize("path", POSTS)
async def test_answers_tell_their_length(client, args, pod, path):
    """A decoder that stops at the end of the value leaves a chunked connection unusable."""
    response = await client.post(path, **await body_for(path, args, pod))
    text = await response.read()
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("application/json")
    assert int(response.headers["Content-Length"]) == len(text) > 0
    assert "Transfer-Encoding" not in response.headers
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("path", [*POSTS, *GETS, "/absent"])
async def test_refusals_and_probes_tell_their_length(client, path):
    """So do the others."""
    response = await (client.get(path) if path in GETS else client.post(path, data=b"{"))
    assert int(response.headers["Content-Length"]) == len(await response.read()) > 0
    assert "Transfer-Encoding" not in response.headers


@pytest.mark.parametrize("path", POSTS)
async def test_the_limit_is_for_every_verb(connect, service, args, pod, monkeypatch, path):
    """At the limit a body is served, one byte more is 413; the next request is served."""
    right = await body_for(path, args, pod)
    limit = 2000
    monkeypatch.setattr(body.Bodies, "limit", lambda _self, _verb: limit)
    client = await connect(web.make_app(service))
    served = await client.post(path, data=b" " * (limit - 2) + b"{}")
    refused = await client.post(path, data=b" " * (limit - 1) + b"{}")
    assert (served.status, refused.status) == (400, 413)
    problem = await refused.json()
    assert problem.keys() == {"error", "field", "fix"}
    assert problem["field"] == "body"
    assert (await client.post(path, **right)).status == 200


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/bind", 2**16),
        ("/mutate", 2**22),
        ("/route", 2**22),
        ("/preempt", 2**21),
        ("/filter", 2**21),
        ("/explain", 2**21),
    ],
)
async def test_a_body_told_too_large_is_not_waited_for(service, path, most):
    """The length alone is enough to refuse; the rest, which never comes, does not hold up a stop either."""
    at_once = Config(listeners=LOOPBACK.listeners, shutdown_seconds=0, max_body_mib=2)
    head = (
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    async with asyncio.timeout(5), connected(service, at_once) as exchange:
        status, _ = await exchange((head % (path, most + 1)).encode())
    assert status == 413


async def test_a_chunked_body_is_read(client, args):
    """A proxy in between may not know the length."""

    async def chunks():
        for byte in args("node-a"):
            yield bytes([byte])

    response = await client.post("/filter", data=chunks())
    assert (await response.json())["NodeNames"] == ["node-a"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        (None, 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json, text/plain", 415),
    ],
)
async def test_a_body_must_be_declared_as_json(client, args, metric, content_type, status):
    """A web page may post text to any address without asking; JSON it may not."""
    if content_type is None:
        del client.session.headers["Content-Type"]
    headers = {} if content_type is None else {"Content-Type": content_type}
    skipped = ["Content-Type"] if content_type is None else []
    response = await client.post("/filter", data=args("node-a"), headers=headers, skip_auto_headers=skipped)
    assert response.status == status
    if status == 415:
        assert "Content-Type: application/json" in (await response.json())["fix"]
    refused = metric("turned_away_requests_total", listener="all", reason="media-type")
    assert refused == (status == 415)


async def test_one_connection_serves_many_requests(service, args):
    """Also after requests that were refused."""
    async with connected(service) as exchange, asyncio.timeout(30):
        for path, body, status in [
            ("/filter", args("node-a"), 200),
            ("/filter", b"{", 400),
            ("/prioritize", args("node-a"), 200),
            ("/absent", b"{}", 404),
            ("/livez", b"{}", 405),
            ("/prioritize", args("node-a"), 200),
        ]:
            assert (await exchange(posted(path, body)))[0] == status


@pytest.mark.parametrize(("idle", "open_"), [(89, True), (91, True), (179, True), (200, False)])
async def test_idle_connections_outlive_the_scheduler_s(service, args, monkeypatch, idle, open_):
    """
    kube-scheduler reuses a connection that was idle for up to 90 s.

    A server that closes it first makes the attempt fail: a POST is not repeated.
    """
    loop = asyncio.get_running_loop()
    clock, passed = loop.time, 0
    monkeypatch.setattr(loop, "time", lambda: clock() + passed)
    async with connected(service) as exchange:
        assert (await exchange(posted("/filter", args("node-a"))))[0] == 200
        passed = idle
        for _ in range(10):  # let what the clock has made due happen
            await asyncio.sleep(0)
        if open_:
            assert (await exchange(posted("/filter", args("node-a"))))[0] == 200
        else:
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await exchange(posted("/filter", args("node-a")))


@pytest.mark.parametrize("seconds", [0, 75, 90])
def test_a_shorter_keep_alive_is_refused(seconds):
    """The setting cannot be wrong by accident."""
    with pytest.raises(ConfigError, match="--keepalive-seconds: expected more than 90"):
        Config(keepalive_seconds=seconds)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_verbs_are_post_only(client, path, method):
    """405 names the method that is taken."""
    response = await client.request(method, path)
    assert (response.status, response.headers["Allow"]) == (405, "POST")
    if method != "HEAD":
        problem = await response.json()
        assert problem.keys() == {"error", "field", "fix"}
        assert problem["error"].startswith(f"{method} {path}: ")


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_probes_are_read_only(client, path, method):
    """405 names the methods that are taken."""
    response = await client.request(method, path)
    assert response.status == 405
    assert set(response.headers["Allow"].split(",")) == {"GET", "HEAD"}
    assert (await response.json()).keys() == {"error", "field", "fix"}


@pytest.mark.parametrize("path", ["/Filter", "/filter/", "/filter/x", "/favicon.ico"])
async def test_other_paths_are_404_not_a_redirect(client, path):
    """Go turns a redirected POST into a GET."""
    response = await client.post(path, data=b"{}", allow_redirects=False)
    assert response.status == 404
    assert "/filter" in (await response.json())["fix"]


async def test_a_request_that_is_no_http_does_no_harm(service, args):
    """Whatever comes over a connection, the next one is served."""
    async with listening(service, LOOPBACK) as (listener,):
        address = listener.address
        for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"POST /filter\r\n\r\n", b"\r\n" * 100):
            _, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(nonsense)
            writer.write_eof()
            await writer.drain()
            writer.close()
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.close()
    async with connected(service) as exchange, asyncio.timeout(10):
        assert (await exchange(posted("/filter", args("node-a"))))[0] == 200


async def test_an_address_in_use_is_told(service):
    """The error names the address and what to give instead."""
    async with listening(service, LOOPBACK) as (listener,):
        address = listener.address
        with pytest.raises(ListenError, match=rf"cannot listen on {address}: .*give another --listen"):
            async with listening(service, Config(listeners=(everything(address),))):
                pass


class Page(HTMLParser):
    """Collects what a document refers to, and checks that tags are closed in order."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})

    def __init__(self, text):
        super().__init__()
        self.references = []
        self.tags = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.references += [value for name, value in attrs if name in {"href", "src"}]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag


async def test_the_page_says_what_this_is(client):
    """What it does, what it serves, what it knows; whoever opens the port sees it in a browser."""
    response = await client.get("/")
    text = await response.text()
    assert (response.status, response.content_type, response.charset) == (200, "text/html", "utf-8")
    for expected in (
        "dra-extender",
        "Kubernetes 1.36.2",
        "<strong>ready</strong>",
        "POST /filter",
        "/explain",
    ):
        assert expected in text
    assert re.search(r"resourceslices</td><td[^>]*>3<", text)


async def test_the_page_needs_nothing_else(client):
    """No script, no font, no image from anywhere; its links are relative and lead somewhere."""
    page = Page(await (await client.get("/")).text())
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert page.references
    for reference in page.references:
        assert not reference.startswith(("http", "/"))
        assert (await client.get(f"/{reference}")).status == 200


async def test_the_page_follows_the_state(client, store, service):
    """It is rendered when it is asked for."""
    store.ready = False
    assert "<strong>not ready</strong>" in await (await client.get("/")).text()
    store.ready, service.lifecycle.draining = True, True
    assert "<strong>not ready</strong>" in await (await client.get("/")).text()
