"""
When a certificate ends, read from its file: Python's ``ssl`` tells it of the other side's certificate only.

Source: RFC 5280, 4.1 and 4.1.2.5.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_VERSION, _UTC_TIME = 0xA0, 0x17


def expiry(pem: str) -> float | None:
    """
    The Unix time at which the first of the certificates of a PEM file ends.

    ``None`` where no certificate has a form that is known. That they can be used is for OpenSSL to say.
    """
    try:
        ends = [_not_after(ssl.PEM_cert_to_DER_cert(block)) for block in _PEM.findall(pem)]
    except (ValueError, IndexError):
        return None
    return min(ends, default=None)


def _not_after(certificate: bytes) -> float:
    """``tbsCertificate.validity.notAfter`` of a certificate in DER."""
    ((_, signed), *_) = _children(certificate)
    ((_, body), *_) = _children(signed)
    fields = [value for tag, value in _children(body) if tag != _VERSION]
    # After the serial number, the algorithm and the issuer.
    (_, (tag, end)) = _children(fields[3])
    text = end.decode("ascii")
    if tag == _UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _children(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements that follow each other in ``data``, as tag and content."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size]), at + size
        yield tag, data[at : at + length]
        at += length
