"""
Names as the API server validates them: each function returns what is wrong, empty where nothing is.

Source: k8s.io/apimachinery pkg/api/validate/content (dns.go, identifier.go, kube.go) and
k8s.io/kubernetes pkg/apis/resource/validation/validation.go, v1.36.2.
"""

from __future__ import annotations

import re

from extender.model.names import DNS_LABEL, DNS_SUBDOMAIN, MOST_LABEL, MOST_SUBDOMAIN, NAME_PART

from ..decode.errors import quoted

MOST_DRIVER = 63
MOST_IDENTIFIER = 32

_IS_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def label_problem(name: str) -> str:
    """Of a DNS label: a request, a namespace."""
    return _length(name, MOST_LABEL) or _form(
        DNS_LABEL, name, "write lower-case letters, digits and '-', with a letter or digit at both ends"
    )


def subdomain_problem(name: str, most: int = MOST_SUBDOMAIN) -> str:
    """Of a DNS subdomain: an object, a device class."""
    return _length(name, most) or _form(
        DNS_SUBDOMAIN,
        name,
        "write lower-case letters, digits, '-' and '.', with a letter or digit at both ends of each part",
    )


def prefix_problem(name: str) -> str:
    """Of a ``generateName``, which may end with ``-``."""
    return subdomain_problem(f"{name[:-2]}a" if len(name) > 1 and name.endswith("-") else name)


def driver_problem(name: str) -> str:
    """Of a driver, whose case does not count."""
    return subdomain_problem(name.lower(), MOST_DRIVER)


def attribute_problem(name: str) -> str:
    """
    Of an attribute in full, ``domain/id``. Names with more slashes pass, as upstream.

    Capitals in the domain pass as well, though API servers from 1.37 on refuse them: a manifest may be for
    an older one.
    """
    domain, slash, identifier = name.partition("/")
    if not slash:
        return f"{quoted(name)} names no domain; write DOMAIN/{name}"
    if "/" in identifier:
        return ""
    if not domain or not identifier:
        return f"{quoted(name)} is no DOMAIN/ID; write both, as in resource.kubernetes.io/pcieRoot"
    return driver_problem(domain) or identifier_problem(identifier)


def identifier_problem(name: str) -> str:
    """Of the part of an attribute after the domain."""
    return _length(name, MOST_IDENTIFIER) or _form(
        _IS_IDENTIFIER, name, "write letters, digits and '_', and begin with no digit"
    )


def key_problem(key: str) -> str:
    """Of the key of a label, an annotation or a taint: a name, with a domain and a slash before it or not."""
    domain, slash, name = key.rpartition("/")
    if slash and (problem := subdomain_problem(domain)):
        return problem
    return _length(name, MOST_LABEL) or _form(
        NAME_PART, name, "write letters, digits, '-', '_' and '.', with a letter or digit at both ends"
    )


def value_problem(value: str) -> str:
    """Of the value of a label or a taint, which may be empty."""
    return "" if not value else key_problem(value) if "/" not in value else f"{quoted(value)} has a slash"


def _length(name: str, most: int) -> str:
    return "" if len(name) <= most else f"has {len(name)} characters, and at most {most} are allowed"


def _form(pattern: re.Pattern[str], name: str, instead: str) -> str:
    return "" if pattern.fullmatch(name) else f"{quoted(name)} is no valid name; {instead}"
