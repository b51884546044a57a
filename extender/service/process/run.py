"""Listen, serve, and stop without dropping a request."""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from ..config import Address, Config
from ..http.dependencies import Lifecycle
from .collector import freeze
from .tls import Certificate

_AT_ONCE = 0.001
# aiohttp takes a timeout of 0 for none at all.

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.run")


class ListenError(Exception):
    """The address cannot be listened on; says why and what to give instead."""


@asynccontextmanager
async def listening(app: web.Application, config: Config) -> AsyncIterator[Address]:
    """
    Serve ``app`` while the context lasts; yields the address bound (port 0: the one given).

    With ``config.tls`` it is served over HTTPS as well, on an address of its own. On exit no new
    connection is accepted, and requests under way get ``config.shutdown_seconds`` to finish.
    Raises ``ListenError``, and ``ConfigError`` for a certificate that cannot be used.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=config.keepalive_seconds,
        shutdown_timeout=max(config.shutdown_seconds, _AT_ONCE),
        # A small body must not become a large one; see web._body.
        auto_decompress=False,
        # Handlers await only the body, whose reading fails by itself when the caller
        # leaves, the binder, which must not be cancelled, and what a later claim needs, too.
        handler_cancellation=False,
    )
    await runner.setup()
    try:
        await _listen(runner, config.listen, "--listen")
        address = Address(config.listen.host, runner.addresses[0][1])
        if config.tls is None:
            yield address
            return
        certificate = Certificate(config.tls)
        await _listen(runner, config.tls.listen, "--webhook-listen", certificate.context)
        async with certificate.renewing():
            yield address
    finally:
        await runner.cleanup()


async def _listen(
    runner: web.AppRunner, address: Address, option: str, context: ssl.SSLContext | None = None
) -> None:
    try:
        await web.TCPSite(runner, address.host or None, address.port, ssl_context=context).start()
    except OSError as error:
        raise ListenError(
            f"cannot listen on {address}: {error.strerror or error}; "
            f"give another {option} HOST:PORT (port 0: any free one)"
        ) from error


async def serve(
    app: web.Application, lifecycle: Lifecycle, config: Config, announce: Callable[[Address], None]
) -> None:
    """
    Serve until SIGTERM or SIGINT, of which ``lifecycle`` learns.

    ``announce`` is told the address once requests are accepted. On SIGTERM
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
    try:
        async with listening(app, config) as address:
            log.info("listening", address=str(address))
            announce(address)
            await stop.wait()
            lifecycle.draining = True
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
