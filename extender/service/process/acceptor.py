"""
Accepts the connections of one listener, and closes those that take too long or are too many.

asyncio's own servers neither bound connections nor let a new certificate authority replace an old one.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import NoReturn

import structlog

from ..http.connections import HEADER_SECONDS, Connection, Connections, Phase
from ..refusals import Closed

SWEEP_SECONDS = 0.5
"""How often it is looked whose time is up."""

BACKLOG = 1024
"""Connections that the kernel keeps until we accept them."""

RETRY_SECONDS = 0.5
"""How long to wait when the process has no descriptor left."""

CROWDED_SECONDS = 0.004
"""
How long to wait after each connection while there are as many as allowed.

kube-scheduler, which keeps its connection, is then served beside any crowd; a new connection waits some
seconds at most behind a thousand others.
"""

LOG_SECONDS = 60.0
"""The least time between two log lines about too many connections."""

_SCARCE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)
_BODY = b'{"error":"the headers did not come within %d s","field":null,"fix":"send the request at once"}' % (
    HEADER_SECONDS
)
HEADERS_TOO_SLOW = _TOO_SLOW % (len(_BODY), _BODY)

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.acceptor")


class _Watched(asyncio.Protocol):
    """Tells the table what happens on a connection, and passes everything on to ``inner``."""

    def __init__(self, inner: asyncio.Protocol, connection: Connection, table: Connections) -> None:
        self._inner, self._connection, self._table = inner, connection, table

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._connection.abort = transport.abort
        self._transport = transport
        self._table.enter(self._connection, Phase.SILENT)
        self._table.by_protocol[self._inner] = self._connection
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._table.received(self._connection)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._table.by_protocol.pop(self._inner, None)
        self._table.forget(self._connection)
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def say_too_slow(self) -> None:
        """Answer 408; what the client does not read at once is lost."""
        self._transport.write(HEADERS_TOO_SLOW)


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()


class Acceptor:
    """
    Accepts on ``sockets`` for an HTTP server; ``protocol`` makes the protocol of a new connection.

    ``context`` answers the TLS context of the moment, ``None`` for plain HTTP.
    """

    def __init__(
        self,
        name: str,
        sockets: list[socket.socket],
        protocol: Callable[[], asyncio.Protocol],
        table: Connections,
        context: Callable[[], ssl.SSLContext | None],
    ) -> None:
        self._name, self._sockets, self._protocol = name, sockets, protocol
        self._table, self._context = table, context
        self._watched: dict[Connection, _Watched] = {}
        self._handshakes: set[asyncio.Task[None]] = set()
        self._logged = -LOG_SECONDS

    @asynccontextmanager
    async def accepting(self) -> AsyncIterator[None]:
        """Accept while the context lasts. Connections that are there at its end stay."""
        tasks = [asyncio.create_task(self._accept(each)) for each in self._sockets]
        tasks.append(asyncio.create_task(self._sweep()))
        try:
            yield
        finally:
            for task in (*tasks, *self._handshakes):
                task.cancel()
            await asyncio.gather(*tasks, *self._handshakes, return_exceptions=True)
            for each in self._sockets:
                each.close()

    async def _accept(self, listening: socket.socket) -> NoReturn:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listening)
            except OSError as error:
                # Anything else is about a client that has left already.
                if error.errno in _SCARCE:
                    self._complain("cannot accept connections", error.strerror or str(error))
                    await asyncio.sleep(RETRY_SECONDS)
                continue
            self._take_in(accepted)
            # A waiting client is accepted without a turn of the loop. In a crowd a new one would be closed
            # again before its request is read, and the loop would do nothing but open and close.
            crowded = len(self._table.open) >= self._table.most
            await asyncio.sleep(CROWDED_SECONDS if crowded else 0)

    def _take_in(self, accepted: socket.socket) -> None:
        before = len(self._table.open)
        connection = self._table.admit(accepted.close)
        if before >= self._table.most:
            self._complain("too many connections", f"more than {self._table.most} at a time")
        if connection is None:
            accepted.close()
            return
        task = asyncio.create_task(self._begin(accepted, connection))
        connection.abort = partial(_cancel, task)
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _begin(self, accepted: socket.socket, connection: Connection) -> None:
        context = self._context()
        watched: _Watched | None = None

        def made() -> _Watched:
            nonlocal watched
            watched = self._watched[connection] = _Watched(self._protocol(), connection, self._table)
            return watched

        loop = asyncio.get_running_loop()
        try:
            accepted.setblocking(False)
            await loop.connect_accepted_socket(
                made,
                accepted,
                ssl=context,
                ssl_handshake_timeout=None if context is None else HEADER_SECONDS,
            )
        except (OSError, ValueError):
            # No TLS, a certificate that is not ours to accept, or too slow.
            self._table.on_closed(Closed.HANDSHAKE)
            self._drop(accepted, connection)
        except asyncio.CancelledError:
            self._drop(accepted, connection)
            raise

    def _drop(self, accepted: socket.socket, connection: Connection) -> None:
        self._table.forget(connection)
        self._watched.pop(connection, None)
        with contextlib.suppress(OSError):
            accepted.close()

    async def _sweep(self) -> NoReturn:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for connection, why in self._table.overdue():
                if why is Closed.SLOW_HEADERS and (watched := self._watched.get(connection)) is not None:
                    watched.say_too_slow()
                self._table.close(connection, why)
            for connection in [each for each in self._watched if each not in self._table.open]:
                del self._watched[connection]

    def _complain(self, what: str, problem: str) -> None:
        now = time.monotonic()
        if now - self._logged >= LOG_SECONDS:
            self._logged = now
            log.warning(what, listener=self._name, problem=problem)
