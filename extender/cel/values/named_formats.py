"""
The formats that ``format.<name>()`` stands for, such as DNS labels and dates.

Only whether a text is valid is modelled, not the messages: their texts differ between releases.

Source: k8s.io/apiserver pkg/cel/library/format.go, k8s.io/apimachinery pkg/util/validation and
k8s.io/kube-openapi pkg/validation/strfmt, as of Kubernetes 1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from extender.model.names import is_dns_label, is_dns_subdomain, is_label_value, is_qualified_name

from .times import parse_timestamp
from .urls import is_request_uri

_UUID = re.compile("[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_BASE64 = re.compile("([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile("([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))")

Check = Callable[[str], bool]


class Format(NamedTuple):
    """A format; two of one ``name`` are equal. ``pattern`` is the size that its cost is counted with."""

    name: str
    pattern: int
    accepts: Check


def _prefix(check: Check) -> Check:
    """Check a text to which something will be appended: it may end with a dash."""
    return lambda text: check(f"{text[:-2]}a" if len(text) > 1 and text.endswith("-") else text)


def _is_dns_1035_label(text: str) -> bool:
    return is_dns_label(text) and not text[0].isdigit()


def _uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def _base64(text: str) -> bool:
    return _BASE64.fullmatch(text) is not None


def _date(text: str) -> bool:
    # A leap year decides the same way in the years that a timestamp can have.
    if not _DATE.fullmatch(text):
        return False
    year = int(text[:4]) or 2000
    return parse_timestamp(f"{year:04d}{text[4:]}T00:00:00Z") is not None


def _datetime(text: str) -> bool:
    parts = re.split("[Tt]", text)
    if len(parts) < 2 or not _date(parts[0]):
        return False
    match = _CLOCK.fullmatch(parts[1].replace("Z", "z"))
    return match is not None and match[1] <= "23" and match[2] <= "59" and match[3] <= "59"


FORMATS: dict[str, Format] = {
    "dns1123Label": Format("DNS1123Label", 30, is_dns_label),
    "dns1123Subdomain": Format("DNS1123Subdomain", 60, is_dns_subdomain),
    "dns1035Label": Format("DNS1035Label", 30, _is_dns_1035_label),
    "qualifiedName": Format("QualifiedName", 60, is_qualified_name),
    "dns1123LabelPrefix": Format("DNS1123LabelPrefix", 30, _prefix(is_dns_label)),
    "dns1123SubdomainPrefix": Format("DNS1123SubdomainPrefix", 60, _prefix(is_dns_subdomain)),
    "dns1035LabelPrefix": Format("DNS1035LabelPrefix", 30, _prefix(_is_dns_1035_label)),
    "labelValue": Format("LabelValue", 40, is_label_value),
    "uri": Format("URI", 1103, is_request_uri),
    "uuid": Format("uuid", 70, _uuid),
    "byte": Format("byte", 84, _base64),
    "date": Format("date", 71, _date),
    "datetime": Format("datetime", 71, _datetime),
}
