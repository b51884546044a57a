"""
The forms of names: which characters they may have, and how many.

Source: k8s.io/apimachinery pkg/util/validation validation.go (IsDNS1123Label, IsDNS1123Subdomain,
IsQualifiedName, IsValidLabelValue), v0.34 to v0.37.
"""

from __future__ import annotations

import re

MOST_LABEL = 63
"""The most characters of a DNS-1123 label, such as the name of a namespace."""

MOST_SUBDOMAIN = 253
"""The most characters of a DNS-1123 subdomain, such as the name of a node or pod."""

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
DNS_LABEL = re.compile(_LABEL)
DNS_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
NAME_PART = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
"""The form of a qualified name without its domain, and of the value of a label."""


def is_dns_label(text: str) -> bool:
    """Whether ``text`` is a DNS-1123 label."""
    return len(text) <= MOST_LABEL and DNS_LABEL.fullmatch(text) is not None


def is_dns_subdomain(text: str) -> bool:
    """Whether ``text`` is a DNS-1123 subdomain."""
    return len(text) <= MOST_SUBDOMAIN and DNS_SUBDOMAIN.fullmatch(text) is not None


def is_qualified_name(text: str) -> bool:
    """Whether ``text`` is a name such as the key of a label, with a domain and a slash before it or not."""
    domain, slash, name = text.rpartition("/")
    return _is_name_part(name) and (not slash or is_dns_subdomain(domain))


def is_label_value(text: str) -> bool:
    """Whether ``text`` can be the value of a label."""
    return not text or _is_name_part(text)


def _is_name_part(text: str) -> bool:
    return len(text) <= MOST_LABEL and NAME_PART.fullmatch(text) is not None
