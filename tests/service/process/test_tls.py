"""Certificates that change under us."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from extender.service.config_error import ConfigError
from extender.service.listeners import Reloaded, Tls
from extender.service.process.certificate_expiry import expiry
from extender.service.process.tls import Certificate
from tests.certificates import OPENSSL, self_signed

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificates")


@pytest.fixture
def pem(tmp_path):
    return self_signed(tmp_path)


@pytest.fixture
def tls(pem):
    return Tls(pem.certificate, pem.key)


async def test_a_renewed_certificate_is_used_for_new_connections(tls, tmp_path, logged):
    """Once both files fit each other; until then the old one stays."""
    other = self_signed(tmp_path, "other")
    old = shutil.copy(tls.certificate, tmp_path / "old.crt")
    told: list[Reloaded] = []
    certificate = Certificate(tls, told.append)
    assert not certificate.renew()
    assert told == []
    other.certificate.replace(tls.certificate)
    assert not certificate.renew()
    assert not certificate.renew()
    assert told == [Reloaded.FAILED]
    assert [line["event"] for line in logged if line["log_level"] == "warning"] == [
        "cannot load the new certificate, still using the old one"
    ]
    assert await presented(certificate, old)
    other.key.replace(tls.key)
    assert certificate.renew()
    assert not certificate.renew()
    assert told == [Reloaded.FAILED, Reloaded.RENEWED]
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
        Certificate(Tls(tls.certificate, locked))


def test_a_mounted_secret_is_renewed_by_its_link(tmp_path):
    """The kubelet swaps one link for all files: ``..data``, to which each of them leads."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        pem = self_signed(tmp_path / name)
        pem.certificate.rename(tmp_path / name / "tls.crt")
        pem.key.rename(tmp_path / name / "tls.key")
    data = tmp_path / "..data"
    data.symlink_to("first")
    tls = Tls(tmp_path / "tls.crt", tmp_path / "tls.key")
    for path in tls.files:
        path.symlink_to(Path("..data") / path.name)
    certificate = Certificate(tls)
    new = tmp_path / "..data_tmp"
    new.symlink_to("second")
    assert not certificate.renew()
    new.replace(data)
    assert certificate.renew()


def test_files_that_are_gone_are_logged_once(tls, logged):
    """The old ones are used on."""
    told: list[Reloaded] = []
    certificate = Certificate(tls, told.append)
    context = certificate.context
    tls.key.unlink()
    assert [certificate.renew() for _ in range(3)] == [False] * 3
    assert told == [Reloaded.FAILED]
    assert len([line for line in logged if line["log_level"] == "warning"]) == 1
    assert certificate.context is context


def test_when_the_certificate_ends_is_told(tls, tmp_path):
    """Of the one in use, of a chain the first to end; a renewal that fails tells nothing."""
    told: list[float] = []
    certificate = Certificate(tls, on_expiry=told.append)
    assert told == [ends_by_openssl(tls.certificate)]
    longer = self_signed(tmp_path, "longer", days=30_000)
    ends = ends_by_openssl(longer.certificate)
    # After 2049 the time is written in another form.
    assert ends > 2_524_608_000
    shorter = tls.certificate.read_text()
    longer.certificate.replace(tls.certificate)
    assert not certificate.renew()
    assert len(told) == 1
    longer.key.replace(tls.key)
    assert certificate.renew()
    assert told[1:] == [ends]
    with tls.certificate.open("a") as file:
        file.write(shorter)
    assert certificate.renew()
    assert told[2:] == told[:1]


@pytest.mark.parametrize("data", [b"", b"\x30\x03\x02\x01\x01", b"\x30\x84\xff\xff\xff\xff", b"not DER"])
def test_a_certificate_of_unknown_form_has_no_end(data):
    """Whether it can be used is not decided here."""
    assert expiry(ssl.DER_cert_to_PEM_cert(data)) is None


def ends_by_openssl(path):
    """The end of the first certificate of a file, as openssl prints it."""
    assert OPENSSL is not None
    command = [OPENSSL, "x509", "-in", path, "-noout", "-enddate"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return ssl.cert_time_to_seconds(said.strip().partition("=")[2])
