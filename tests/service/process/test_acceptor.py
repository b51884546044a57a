"""Accepting connections: slow, silent and many clients, and a process without descriptors."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from contextlib import asynccontextmanager

import pytest

from extender.service.config import Config
from extender.service.http import connections
from extender.service.listeners import ListenOptions, listeners_of
from extender.service.process import acceptor
from extender.service.process.run import listening
from tests.certificates import OPENSSL, self_signed

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


@asynccontextmanager
async def serving(service, **given):
    config = Config(listeners=listeners_of(ListenOptions(**given)), shutdown_seconds=0)
    async with listening(service, config) as listeners:
        yield listeners[0].address


async def ask(address, text=LIVEZ):
    """All that comes until the server closes, or the first line of an answer."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(text)
    async with asyncio.timeout(20):
        line = await reader.readline()
    writer.close()
    return line


async def closed(reader):
    """What a client gets until its connection is closed on it."""
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def test_headers_that_do_not_come_are_408(service, metric, monkeypatch):
    """The client learns why, in the form of all errors."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.1)
    monkeypatch.setattr(acceptor, "SWEEP_SECONDS", 0.02)
    async with serving(service, listen="127.0.0.1:0") as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(LIVEZ[:-2])
        answer = await closed(reader)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert answer.endswith(b'"fix":"send the request at once"}')
        assert (await ask(address)).startswith(b"HTTP/1.1 200")
    assert metric("closed_connections_total", listener="all", reason="slow-headers") == 1


async def test_a_silent_client_is_closed_on(service, metric, monkeypatch):
    """Without a word: it has asked for nothing."""
    monkeypatch.setattr(connections, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(acceptor, "SWEEP_SECONDS", 0.02)
    async with serving(service, listen="127.0.0.1:0") as address:
        reader, writer = await asyncio.open_connection(*address)
        assert await closed(reader) == b""
        writer.close()
    assert metric("closed_connections_total", listener="all", reason="silent") == 1


@pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificates")
async def test_a_handshake_that_does_not_come_is_given_up(service, metric, monkeypatch, tmp_path):
    """Also while others come to an end."""
    monkeypatch.setattr(acceptor, "HEADER_SECONDS", 0.3)
    pem = self_signed(tmp_path)
    given = {"tls_cert": pem.certificate, "tls_key": pem.key}
    async with serving(service, verbs_listen="127.0.0.1:0", people_listen="127.0.0.1:0", **given) as address:
        reader, writer = await asyncio.open_connection(*address)
        context = ssl.create_default_context(cafile=str(pem.certificate))
        _, other = await asyncio.open_connection(*address, ssl=context)
        other.close()
        await closed(reader)
        writer.close()
    assert metric("closed_connections_total", listener="verbs", reason="handshake") == 1


async def test_more_connections_than_allowed(service, metric, monkeypatch):
    """A connection that was answered stays and is served; silent ones make room."""
    most = 256
    async with serving(service, listen="127.0.0.1:0") as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(LIVEZ)
        await reader.readuntil(b"ok\n")
        crowd = [await asyncio.open_connection(*address) for _ in range(most + 44)]
        async with asyncio.timeout(20):
            await asyncio.gather(*(each.read() for each, _ in crowd[:40]), return_exceptions=True)
        writer.write(LIVEZ)
        async with asyncio.timeout(20):
            await reader.readuntil(b"ok\n")
        assert (await ask(address)).startswith(b"HTTP/1.1 200")
        for each in (writer, *(other for _, other in crowd)):
            each.close()
    assert metric("closed_connections_total", listener="all", reason="limit") >= 45


async def test_a_process_without_descriptors_waits(service, monkeypatch, logged):
    """One line in the log, and the next connection is served."""
    monkeypatch.setattr(acceptor, "RETRY_SECONDS", 0.01)
    loop = asyncio.get_running_loop()
    accept, failures = loop.sock_accept, 5

    async def scarce(listening):
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return await accept(listening)

    monkeypatch.setattr(loop, "sock_accept", scarce)
    async with serving(service, listen="127.0.0.1:0") as address:
        assert (await ask(address)).startswith(b"HTTP/1.1 200")
    lines = [line for line in logged if line["event"] == "cannot accept connections"]
    assert len(lines) == 1
    assert lines[0]["problem"] == "Too many open files"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
async def test_all_interfaces_have_one_port(service):
    """IPv4 and IPv6, also where the port is a free one."""
    given = ListenOptions(verbs_listen="127.0.0.1:0", ops_listen=":0", people_listen="127.0.0.1:0")
    async with listening(service, Config(listeners=listeners_of(given), shutdown_seconds=0)) as listeners:
        port = listeners[1].address.port
        for host in ("127.0.0.1", "::1"):
            assert (await ask((host, port))).startswith(b"HTTP/1.1 200")
