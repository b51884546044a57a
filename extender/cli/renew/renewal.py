"""Which of the chart's certificates are due, and what takes their place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from extender.kube.api.connection import Connection
from extender.kube.api.errors import LiveError
from extender.kube.api.secrets import CERTIFICATE, KEY, Secret, read_secret, replace_files

from .issuing import Authority, Certificate, Pem, Unusable

RENEW_FROM = "dra-extender.io/renew-from"
"""The annotation by which the chart, at ``helm upgrade``, knows on which day a certificate is due."""

DAY = "%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The Secret ``name`` has a certificate for ``host``."""

    name: str
    host: str


async def read_authority(connection: Connection, namespace: str, name: str, now: datetime) -> Authority:
    """Raises ``LiveError``."""
    secret = await read_secret(connection, namespace, name)
    with _about(secret, "it and the Secrets of its certificates"):
        return Authority.of(Pem(secret.file(CERTIFICATE), secret.file(KEY)), now)


async def renew(
    connection: Connection, namespace: str, authority: Authority, wanted: Wanted, days: int, now: datetime
) -> str:
    """
    Renew one certificate if it is due, for ``days``; a line that says what was done.

    The authority stays, so whoever trusts it goes on. Certificate and key are replaced at once, and only if
    nobody else has changed the Secret since it was read. Raises ``LiveError``.
    """
    secret = await read_secret(connection, namespace, wanted.name)
    with _about(secret, "it"):
        used = Certificate.of(secret.file(CERTIFICATE))
        if not authority.issued(used):
            raise Unusable("has a certificate of another authority, and whoever connects may trust only that")
        if now < used.due:
            return f"{wanted.name}: valid until {used.ends:{DAY}}, due from {used.due:{DAY}} on"
    made = authority.issue(wanted.host, days, now)
    new = Certificate.of(made.certificate)
    files = {CERTIFICATE: made.certificate, KEY: made.key}
    await replace_files(connection, secret, files, {RENEW_FROM: f"{new.due:{DAY}}"})
    return f"{wanted.name}: renewed, valid until {new.ends:{DAY}}"


@contextmanager
def _about(secret: Secret, anew: str) -> Iterator[None]:
    """Name the Secret that is not as it has to be; the way out is that Helm makes ``anew`` anew."""
    try:
        yield
    except Unusable as error:
        raise LiveError(
            f"the Secret {secret.namespace}/{secret.name} {error}; delete {anew} and run helm upgrade, "
            "which makes what is missing"
        ) from error
