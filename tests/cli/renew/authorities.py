"""Authorities as Helm makes them, and Secrets as the API server shows them."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from extender.cli.renew.issuing import Authority, Pem

NOW = datetime.now(UTC).replace(microsecond=0)


def authority_pem(name: str = "authority", *, ends: datetime = NOW + timedelta(days=3650)) -> Pem:
    """An authority of its own with an RSA key in PKCS #1, which is what Helm writes."""
    return _signed_by_itself(name, rsa.generate_private_key(65537, 2048), ends)


def elliptic_authority_pem() -> Pem:
    """The same as openssl makes them by the manual."""
    return _signed_by_itself("elliptic", ec.generate_private_key(ec.SECP256R1()), NOW + timedelta(days=3650))


def _signed_by_itself(name: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, ends: datetime) -> Pem:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=3650))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier(_name_of(key)), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pem(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ),
    )


def _name_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """As Go computes it from 1.25 on, by SHA-256: nothing that RFC 5280 suggests, and allowed."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(public).digest()[:20]


def aged(pem: Pem, host: str, days: float, *, of: int = 90) -> Pem:
    """A certificate for ``host`` that was issued ``days`` ago for ``of`` days."""
    return Authority.of(pem, NOW).issue(host, of, NOW - timedelta(days=days))


def secret(name: str, pem: Pem, version: str = "7") -> bytes:
    """What a GET of the Secret answers."""
    files = {"tls.crt": pem.certificate, "tls.key": pem.key, "ca.crt": b"issuer"}
    data = {file: base64.b64encode(content).decode() for file, content in files.items()}
    return json.dumps({"metadata": {"name": name, "resourceVersion": version}, "data": data}).encode()
