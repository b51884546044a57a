"""
Certificates of servers and clients, issued under an authority.

Nothing here reads the cluster or a clock. What a stored certificate says is never copied into a new one:
whoever can write its Secret must not get a name signed that we were not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLOCKS_DIFFER = timedelta(minutes=5)
"""A new certificate is valid from so long before, for whoever's clock is late."""

MOST_COMMON_NAME = 64
"""Characters; RFC 5280, A.1."""

_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_encipherment=True,
    content_commitment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_PURPOSES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


class Unusable(Exception):
    """PEM that is no certificate, or not what it has to be; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate and its key; the key has no passphrase."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that somebody uses."""

    parsed: x509.Certificate

    @classmethod
    def of(cls, pem: bytes) -> Self:
        """The first certificate of ``pem``. Raises ``Unusable``."""
        try:
            return cls(x509.load_pem_x509_certificate(pem))
        except ValueError as error:
            raise Unusable(f"is no certificate: {error}") from error

    @property
    def ends(self) -> datetime:
        return self.parsed.not_valid_after_utc

    @property
    def due(self) -> datetime:
        """When it has to be renewed: as soon as a third of its time is left."""
        return self.ends - (self.ends - self.parsed.not_valid_before_utc) / 3


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs; whoever connects knows its certificate and nothing else."""

    certificate: Certificate
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, pem: Pem, now: datetime) -> Self:
        """Raises ``Unusable`` where they are none, do not belong together, or the authority has ended."""
        certificate = Certificate.of(pem.certificate)
        if certificate.ends <= now:
            raise Unusable(f"ended on {certificate.ends:%Y-%m-%d}")
        try:
            key = serialization.load_pem_private_key(pem.key, password=None)
        except (ValueError, TypeError) as error:
            raise Unusable(f"has a key that cannot be read: {error}") from error
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise Unusable("has a key that is neither RSA nor ECDSA")
        if key.public_key() != certificate.parsed.public_key():
            raise Unusable("has the key of another certificate")
        return cls(certificate, key)

    def issued(self, certificate: Certificate) -> bool:
        """Whether whoever trusts this authority trusts ``certificate``."""
        try:
            certificate.parsed.verify_directly_issued_by(self.certificate.parsed)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def _identifier(self) -> x509.AuthorityKeyIdentifier:
        """As the authority itself names its key: OpenSSL compares the two, and Go has a way of its own."""
        try:
            own = self.certificate.parsed.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound:
            return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)

    def issue(self, host: str, days: int, now: datetime) -> Pem:
        """
        A certificate for ``host``, with a new key, that ends after ``days`` or with the authority.

        Source: what ``genSignedCert`` makes for the chart (Masterminds/sprig crypto.go, v3.3.0): the host as
        common name and DNS name, for servers and clients.
        """
        ends = min(now + timedelta(days=days), self.certificate.ends)
        key = ec.generate_private_key(ec.SECP256R1())
        # A longer name is in the extension alone, which counts anyway, and has to be critical then.
        common = [x509.NameAttribute(NameOID.COMMON_NAME, host)] if len(host) <= MOST_COMMON_NAME else []
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(common))
            .issuer_name(self.certificate.parsed.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCKS_DIFFER)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_USAGE, critical=True)
            .add_extension(_PURPOSES, critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=not common)
            .add_extension(self._identifier(), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Pem(
            made.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
