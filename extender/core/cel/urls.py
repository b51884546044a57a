"""
URLs as CEL values.

Only plain URLs are parsed; what Go makes of an unusual one is not guessed.

Source: k8s.io/apiserver pkg/cel/library/urls.go, v0.36, on Go's net/url.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import Undecided

_PLAIN = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[A-Za-z0-9.-]+(?::[0-9]+)?)"
    r"(?P<path>(?:/[A-Za-z0-9._~-]*)*)(?:\?(?P<query>[A-Za-z0-9._~&=-]*))?"
)
_PATH = re.compile(r"(?P<path>(?:/[A-Za-z0-9._~-]+)+/?|/)(?:\?(?P<query>[A-Za-z0-9._~&=-]*))?")
_RELATIVE = re.compile(r"[A-Za-z0-9._~-]*")


class Url(NamedTuple):
    """The parts of a URL; ``host`` includes the port."""

    scheme: str
    host: str
    path: str
    query: str
    question: bool

    @property
    def hostname(self) -> str:
        """The host without the port."""
        return self.host.partition(":")[0]

    @property
    def port(self) -> str:
        """The port, empty if there is none."""
        return self.host.partition(":")[2]

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The values of each query parameter, in order."""
        found: dict[str, list[str]] = {}
        for part in filter(None, self.query.split("&")):
            key, _, value = part.partition("=")
            found.setdefault(key, []).append(value)
        return found


def parse_url(text: str) -> Url:
    """
    Parse an absolute URL or path.

    Raises ``ValueError`` for what surely is none, ``Undecided`` for what is unusual.
    """
    match = _PLAIN.fullmatch(text)
    if match is not None:
        query = match["query"]
        return Url(match["scheme"].lower(), match["host"], match["path"], query or "", query is not None)
    match = _PATH.fullmatch(text)
    if match is not None:
        query = match["query"]
        return Url("", "", match["path"], query or "", query is not None)
    if not text or _RELATIVE.fullmatch(text):
        raise ValueError(
            f'URL parse error during conversion from string: parse "{text}": invalid URI for request'
        )
    raise Undecided("parsing an unusual URL is not modelled")
