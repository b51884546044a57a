"""HTTPS beside HTTP, and certificates that change under us."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess

import pytest
from aiohttp import ClientSession, TCPConnector

from extender.service.config import Address, Config, ConfigError, Tls
from extender.service.process.run import listening
from extender.service.process.tls import Certificate
from tests.certificates import OPENSSL, self_signed

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificates")
ANY = Address("127.0.0.1", 0)


@pytest.fixture
def pem(tmp_path):
    return self_signed(tmp_path)


@pytest.fixture
def tls(pem, unused_tcp_port):
    return Tls(Address("127.0.0.1", unused_tcp_port), pem.certificate, pem.key)


async def get(address, trusted):
    context = ssl.create_default_context(cafile=str(trusted))
    session = ClientSession(connector=TCPConnector(ssl=context))
    async with session, session.get(f"https://{address}/livez") as response:
        return response.status


async def test_everything_is_served_over_https_too(app, tls):
    """On an address of its own; plain HTTP goes on."""
    async with listening(app, Config(listen=ANY, tls=tls)) as plain:
        assert plain.port != tls.listen.port
        assert await get(tls.listen, tls.certificate) == 200
        async with ClientSession() as session, session.get(f"http://{plain}/livez") as response:
            assert response.status == 200


async def test_a_renewed_certificate_is_used_for_new_connections(tls, tmp_path, logged):
    """Once both files fit each other; until then the old one stays."""
    other = self_signed(tmp_path, "other")
    old = shutil.copy(tls.certificate, tmp_path / "old.crt")
    certificate = Certificate(tls)
    assert not certificate.renew()
    other.certificate.replace(tls.certificate)
    assert not certificate.renew()
    assert [line["event"] for line in logged if line["log_level"] == "warning"] == [
        "cannot load the new certificate, still using the old one"
    ]
    assert await presented(certificate, old)
    other.key.replace(tls.key)
    assert certificate.renew()
    assert not certificate.renew()
    assert await presented(certificate, tls.certificate)
    with pytest.raises(ssl.SSLCertVerificationError):
        await presented(certificate, old)


async def presented(certificate, trusted):
    """Whether a client that trusts only one certificate gets on with the server's context."""
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=certificate.context
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        context = ssl.create_default_context(cafile=str(trusted))
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.close()
    return True


@pytest.mark.parametrize("broken", ["missing", "text", "other"])
def test_files_that_cannot_be_used(tls, tmp_path, broken):
    """At the start that is an error that names them."""
    if broken == "missing":
        tls.key.unlink()
    elif broken == "text":
        tls.key.write_text("no key")
    else:
        self_signed(tmp_path, "other").key.replace(tls.key)
    with pytest.raises(ConfigError, match=str(tls.key)):
        Certificate(tls)


def test_a_key_with_a_passphrase_is_refused(tls, tmp_path):
    """Nobody is there to type it."""
    locked = tmp_path / "locked.key"
    command = [OPENSSL, "pkcs8", "-topk8", "-in", tls.key, "-out", locked, "-passout", "pass:secret"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=60)
    with pytest.raises(ConfigError, match="passphrase"):
        Certificate(Tls(tls.listen, tls.certificate, locked))
