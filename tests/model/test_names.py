"""The forms of names, by characters and by length."""

from __future__ import annotations

import pytest

from extender.model.names import is_dns_label, is_dns_subdomain, is_label_value, is_qualified_name

CHECKS = {
    "label": is_dns_label,
    "subdomain": is_dns_subdomain,
    "qualified name": is_qualified_name,
    "label value": is_label_value,
}
ALL, NONE = frozenset(CHECKS), frozenset[str]()
NAMES = ALL - {"label", "subdomain"}
SUBDOMAIN = ".".join(["a" * 63] * 3 + ["a" * 61])

FORMS = {
    "a": ALL,
    "a-1": ALL,
    "1a": ALL,
    "": {"label value"},
    "a.b": ALL - {"label"},
    "A": NAMES,
    "a_b": NAMES,
    "a..b": NAMES,
    "-a": NONE,
    "a-": NONE,
    "a.": NONE,
    "a\n": NONE,
    "ä": NONE,
    "example.com/Name_1": {"qualified name"},
    "Example.com/name": NONE,
    "/name": NONE,
    "example.com/": NONE,
    "a/b/c": NONE,
    "a" * 63: ALL,
    "a" * 64: {"subdomain"},
    SUBDOMAIN: {"subdomain"},
    f"{SUBDOMAIN}a": NONE,
    f"{SUBDOMAIN}/name": {"qualified name"},
    f"{SUBDOMAIN}a/name": NONE,
}


@pytest.mark.parametrize(("text", "forms"), FORMS.items(), ids=range(len(FORMS)))
def test_forms(text, forms):
    """What each text is, as apimachinery's validation says."""
    assert {name for name, check in CHECKS.items() if check(text)} == forms
