"""A renewed certificate: trusted by whoever trusts the authority, for the host and nobody else."""

from __future__ import annotations

import ssl
from datetime import timedelta

import pytest
from cryptography import x509

from extender.cli.renew.issuing import Authority, Certificate, Pem, Unusable
from extender.service.listeners import Tls
from extender.service.process.certificate_expiry import expiry
from tests.cli.renew.authorities import NOW, aged, authority_pem, elliptic_authority_pem
from tests.handshake import met

HOST = "dra-extender-webhook.dra-extender.svc"
LONG_HOST = f"dra-extender-webhook.{'n' * 63}.svc"


def written(folder, pem, issuer):
    folder.mkdir()
    for name, content in (("tls.crt", pem.certificate), ("tls.key", pem.key), ("ca.crt", issuer.certificate)):
        (folder / name).write_bytes(content)
    return folder


async def know_each_other(server, client, host):
    """The names that the server sees of the client; both know each other by the authority."""
    tls = Tls(server / "tls.crt", server / "tls.key", server / "ca.crt", frozenset({"any"}))
    context = ssl.create_default_context(cafile=client / "ca.crt")
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_cert_chain(client / "tls.crt", client / "tls.key")
    return await met(tls, context, host)


@pytest.mark.parametrize("make", [authority_pem, elliptic_authority_pem], ids=["rsa", "ecdsa"])
@pytest.mark.parametrize("host", [HOST, LONG_HOST], ids=["host", "long host"])
async def test_server_and_client_know_each_other_by_the_authority(tmp_path, make, host):
    """Also where a client is as strict as Python's from 3.13 on; a name of 64 and more characters is one."""
    pem = make()
    authority = Authority.of(pem, NOW)
    server = written(tmp_path / "server", authority.issue(host, 90, NOW), pem)
    client = written(tmp_path / "client", authority.issue("kube-scheduler", 90, NOW), pem)
    assert await know_each_other(server, client, host) == {"kube-scheduler"}
    with pytest.raises(ssl.SSLCertVerificationError):
        await know_each_other(server, client, "another.dra-extender.svc")


def test_it_ends_after_the_days_and_cannot_sign():
    """A third of its time before the end it is due."""
    made = Authority.of(authority_pem(), NOW).issue(HOST, 90, NOW)
    certificate = Certificate.of(made.certificate)
    assert certificate.ends == NOW + timedelta(days=90)
    assert certificate.due == pytest.approx(NOW + timedelta(days=60), abs=timedelta(minutes=5))
    assert expiry(made.certificate.decode()) == certificate.ends.timestamp()
    constraints = certificate.parsed.extensions.get_extension_for_class(x509.BasicConstraints)
    assert not constraints.value.ca


def test_each_has_a_key_of_its_own():
    authority = Authority.of(authority_pem(), NOW)
    assert authority.issue(HOST, 90, NOW).key != authority.issue(HOST, 90, NOW).key


def test_it_never_outlives_the_authority():
    """Which says so where it has ended itself."""
    pem = authority_pem(ends=NOW + timedelta(days=30))
    made = Authority.of(pem, NOW).issue(HOST, 90, NOW)
    assert Certificate.of(made.certificate).ends == NOW + timedelta(days=30)
    with pytest.raises(Unusable, match="ended on"):
        Authority.of(pem, NOW + timedelta(days=31))


def test_of_another_authority():
    """By its signature: the name of the authority alone says nothing."""
    ours, same_name = authority_pem(), authority_pem()
    certificate = Certificate.of(aged(same_name, HOST, 1).certificate)
    assert Authority.of(same_name, NOW).issued(certificate)
    assert not Authority.of(ours, NOW).issued(certificate)
    assert not Authority.of(elliptic_authority_pem(), NOW).issued(certificate)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda ours, other: Pem(b"", ours.key), "no certificate"),
        (lambda ours, other: Pem(ours.key, ours.key), "no certificate"),
        (lambda ours, other: Pem(ours.certificate, b"-----BEGIN"), "key that cannot be read"),
        (lambda ours, other: Pem(ours.certificate, other.key), "key of another certificate"),
    ],
)
def test_what_is_no_authority(change, said):
    with pytest.raises(Unusable, match=said):
        Authority.of(change(authority_pem(), elliptic_authority_pem()), NOW)
