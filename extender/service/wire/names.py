"""
The names that a request may hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from extender.model.names import MOST_SUBDOMAIN, is_dns_label, is_dns_subdomain

from .bad_request import BadRequest

MAX_UID = 128
"""The most characters of a UID; the API server's have 36, or 32 where a kubelet made them."""

_is_uid = re.compile(r"[-A-Za-z0-9_.:]+").fullmatch
_ALLOWED = b"abcdefghijklmnopqrstuvwxyz0123456789-.\n"
_MISPLACED = (b"\n\n", b"\n-", b"\n.", b"-\n", b".\n", b"..", b".-", b"-.")
_FIX = "send names of Kubernetes objects: small letters, digits, - and ., at most 253 characters"


def check_count(names: Sequence[str], most: int) -> None:
    """Raise ``BadRequest`` where there are more names than ``most``."""
    if len(names) > most:
        raise BadRequest(
            "NodeNames",
            f"has {len(names):,} names, more than {most:,}",
            "send fewer names, or start the extender with a larger --max-nodes",
        )


def check_nodes(names: Sequence[str]) -> None:
    """Raise ``BadRequest`` for the first name that no node can have."""
    if not _all_subdomains(names):
        index = next(index for index, name in enumerate(names) if not is_dns_subdomain(name))
        raise BadRequest(f"NodeNames[{index}]", "is not a name that a node can have", _FIX)


def check_subdomain(field: str, name: str) -> None:
    """Raise ``BadRequest`` for a name that no object can have."""
    if not is_dns_subdomain(name):
        raise BadRequest(field, "is not a name that an object can have", _FIX)


def check_namespace(field: str, name: str) -> None:
    """Raise ``BadRequest`` for a name that no namespace can have."""
    if not is_dns_label(name):
        raise BadRequest(field, "is not a name that a namespace can have", _FIX)


def check_uid(field: str, uid: str) -> None:
    """Raise ``BadRequest`` for what is no UID of an object."""
    if len(uid) > MAX_UID or not _is_uid(uid):
        raise BadRequest(field, "is not a UID", "send the UID of the object")


def _all_subdomains(names: Sequence[str]) -> bool:
    """Whether all are subdomains, by a few passes over all of them at once: most requests are right."""
    if not names:
        return True
    joined = "\n".join(names)
    if not joined.isascii() or joined.count("\n") != len(names) - 1 or max(map(len, names)) > MOST_SUBDOMAIN:
        return False
    text = b"\n%s\n" % joined.encode()
    return not text.translate(None, _ALLOWED) and not any(pattern in text for pattern in _MISPLACED)
