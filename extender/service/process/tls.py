"""
The certificate of the HTTPS listener, which may be renewed while we serve.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from ..config import ConfigError, Tls

LOOK_SECONDS = 10.0
"""How often the files are looked at."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.tls")


class Certificate:
    """
    A certificate and its key; ``context`` has those that were read last and that fit each other.

    Raises ``ConfigError`` where they cannot be used at the start.
    """

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        try:
            self._seen = self._stamp()
            self.context = _context(tls)
        except (OSError, ValueError) as error:
            raise ConfigError(
                "--tls-cert", f"cannot be used with {tls.key}: {error}; give PEM files that belong together"
            ) from error

    def renew(self) -> bool:
        """Read the files again if they changed; whether new connections get another certificate."""
        try:
            stamp = self._stamp()
            if stamp == self._seen:
                return False
            # A file may be new before the other is; a context must never hold one of each.
            _context(self._tls)
            self.context.load_cert_chain(self._tls.certificate, self._tls.key, password=_no_passphrase)
        except (OSError, ValueError) as error:
            log.warning("cannot load the new certificate, still using the old one", problem=str(error))
            return False
        self._seen = stamp
        log.info("certificate renewed", file=str(self._tls.certificate))
        return True

    @asynccontextmanager
    async def renewing(self) -> AsyncIterator[None]:
        """Look for renewed files while the context lasts."""
        task = asyncio.create_task(self._view())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _view(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.renew()

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        # A mounted Secret changes by a link to other files, which may be of the same second.
        statuses = (path.stat() for path in (self._tls.certificate, self._tls.key))
        return tuple((status.st_mtime_ns, status.st_ino) for status in statuses)


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without an answer for passphrases OpenSSL asks at the terminal.
    context.load_cert_chain(tls.certificate, tls.key, password=_no_passphrase)
    return context


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")
