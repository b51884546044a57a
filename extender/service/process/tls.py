"""
The certificates of an HTTPS listener, its own and its clients' issuers, which may change while we serve.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from ..config_error import ConfigError
from ..listeners import Reloaded, Tls
from .certificate_expiry import expiry

LOOK_SECONDS = 10.0
"""How often the files are looked at, by the monotonic clock."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.tls")


class Certificate:
    """
    A certificate, its key and the issuers of clients' certificates.

    ``context`` has those that were read last and that fit each other. It is a new object after every
    change, since an issuer cannot be taken out of a context; new connections need to ask for it.
    ``on_reload`` is told about changes, ``on_expiry`` when the certificate in use ends, in Unix time.
    Raises ``ConfigError`` where the files cannot be used at the start.
    """

    def __init__(
        self,
        tls: Tls,
        on_reload: Callable[[Reloaded], None] = lambda _: None,
        on_expiry: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._tls, self._on_reload, self._on_expiry = tls, on_reload, on_expiry
        self._refused: _Stamp | None = None
        try:
            self._seen = self._stamp()
            self._load()
        except (OSError, ValueError) as error:
            files = ", ".join(map(str, tls.files))
            raise ConfigError(
                tls.option,
                f"cannot use {files} together: {error}; give PEM files, a certificate with its key",
            ) from error

    def renew(self) -> bool:
        """Read the files again if they changed; whether new connections get another context."""
        stamp: _Stamp = ()
        try:
            stamp = self._stamp()
            if stamp == self._seen:
                return False
            # A file may be new before the other is; a context must never hold one of each.
            self._load()
        except (OSError, ValueError) as error:
            if self._refused is None or stamp != self._refused:
                self._on_reload(Reloaded.FAILED)
                log.warning("cannot load the new certificate, still using the old one", problem=str(error))
            self._refused = stamp
            return False
        self._seen, self._refused = stamp, None
        self._on_reload(Reloaded.RENEWED)
        log.info("certificate renewed", files=[str(path) for path in self._tls.files])
        return True

    @asynccontextmanager
    async def renewing(self) -> AsyncIterator[None]:
        """Look for renewed files while the context lasts."""
        task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.renew()

    def _load(self) -> None:
        # Read first: what fails must leave the context and what is told of it as they are.
        ends = expiry(self._tls.certificate.read_text(encoding="ascii", errors="replace"))
        self.context = _context(self._tls)
        if ends is not None:
            self._on_expiry(ends)

    def _stamp(self) -> _Stamp:
        # A mounted Secret changes by a link to other files, which may be of the same second.
        return tuple((status.st_mtime_ns, status.st_ino) for status in map(os.stat, self._tls.files))


_Stamp = tuple[tuple[int, int], ...]


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without an answer for passphrases OpenSSL asks at the terminal.
    context.load_cert_chain(tls.certificate, tls.key, password=_no_passphrase)
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
        # A resumed session would show the certificate of another day.
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
    return context


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")
