"""Listen, serve, and stop without dropping a request."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from ..collector import freeze
from ..http.web import CONNECTIONS, application
from ..judging import SWITCH_SECONDS
from ..listeners import ALL, Address, Listener
from .acceptor import BACKLOG, Acceptor
from .tls import Certificate

if TYPE_CHECKING:
    from ..config import Config
    from ..http.dependencies import Service

_AT_ONCE = 0.001
# aiohttp takes a timeout of 0 for none at all.

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.run")


class ListenError(Exception):
    """The address cannot be listened on; says why and what to give instead."""


Make = Callable[["Service", Listener, "Config"], web.Application]
"""Makes the application of a listener."""


@asynccontextmanager
async def listening(
    service: Service, config: Config, make: Make = application
) -> AsyncIterator[tuple[Listener, ...]]:
    """
    Serve on every listener of ``config`` while the context lasts.

    Yields the listeners with the addresses bound (port 0: the one given). On exit no new connection is
    accepted, and requests under way get ``config.shutdown_seconds`` to finish. Raises ``ListenError``, and
    ``ConfigError`` for certificates that cannot be used.
    """
    async with AsyncExitStack() as stack:
        listeners = [
            await _listen(stack, service, listener, make(service, listener, config), config)
            for listener in config.listeners
        ]
        yield tuple(listeners)


async def _listen(
    stack: AsyncExitStack, service: Service, listener: Listener, app: web.Application, config: Config
) -> Listener:
    certificate: Certificate | None = None
    if listener.tls is not None:
        certificate = Certificate(
            listener.tls,
            partial(service.metrics.reloaded, listener.name),
            partial(service.metrics.certificate_ends, listener.name),
        )
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=config.keepalive_seconds,
        shutdown_timeout=max(config.shutdown_seconds, _AT_ONCE),
        # A small body must not become a large one; see body.read.
        auto_decompress=False,
        # Handlers await only the body, whose reading fails by itself when the caller
        # leaves, the binder, which must not be cancelled, and what a later claim needs, too.
        handler_cancellation=False,
    )
    sockets = await _sockets(listener)
    stack.callback(_close, sockets)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None
    acceptor = Acceptor(
        listener.name,
        sockets,
        runner.server,
        app[CONNECTIONS],
        lambda: None if certificate is None else certificate.context,
    )
    await stack.enter_async_context(acceptor.accepting())
    if certificate is not None:
        await stack.enter_async_context(certificate.renewing())
    return replace(listener, address=Address(listener.address.host, sockets[0].getsockname()[1]))


async def _sockets(listener: Listener) -> list[socket.socket]:
    """Listen on every address that the host stands for, all with the same port."""
    address = listener.address
    loop = asyncio.get_running_loop()
    opened: list[socket.socket] = []
    port = address.port
    try:
        found = await loop.getaddrinfo(
            address.host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, where in dict.fromkeys(found):
            opened.append(socket.socket(family, kind, protocol))
            _bind(opened[-1], (where[0], port, *where[2:]))
            port = opened[-1].getsockname()[1]
    except OSError as error:
        _close(opened)
        raise ListenError(
            f"cannot listen on {address}: {error.strerror or error}; "
            f"give another {listener.option} HOST:PORT (port 0: any free one)"
        ) from error
    return opened


def _bind(opened: socket.socket, where: tuple[object, ...]) -> None:
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if opened.family is socket.AF_INET6:
        # IPv4 has a socket of its own.
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    opened.bind(where)
    opened.listen(BACKLOG)


def _close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


def addresses(listeners: Sequence[Listener]) -> str:
    """The URLs of ``listeners``; each with who is served there unless there is one for everything."""
    if listeners[0].name == ALL:
        return _url(listeners[0])
    return ", ".join(f"{_url(each)} ({each.name})" for each in listeners)


def _url(listener: Listener) -> str:
    return f"{listener.scheme}://{listener.address}"


async def serve(service: Service, config: Config, announce: Callable[[str], None]) -> None:
    """
    Serve until SIGTERM or SIGINT, of which the service's lifecycle learns.

    ``announce`` is told the addresses once requests are accepted. On SIGTERM
    readiness turns off at once, and requests are served for another
    ``config.drain_seconds`` so that callers can move away; on SIGINT, or a second
    signal, there is no such wait. Raises ``ListenError``.
    """
    loop = asyncio.get_running_loop()
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set() or number is signal.SIGINT:
            hurry.set()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    freeze(collect=True)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        async with listening(service, config) as listeners:
            for listener in listeners:
                log.info("listening", listener=listener.name, address=str(listener.address))
                if listener.warning:
                    log.warning("unsafe listener", listener=listener.name, problem=listener.warning)
            announce(addresses(listeners))
            await stop.wait()
            service.lifecycle.draining = True
            log.info("draining", seconds=0 if hurry.is_set() else config.drain_seconds)
            try:
                async with asyncio.timeout(config.drain_seconds):
                    await hurry.wait()
            except TimeoutError:
                pass
        log.info("stopped")
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
