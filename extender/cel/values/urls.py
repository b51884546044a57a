"""
URLs as CEL values.

Go has tightened its parsing of hosts over the releases that kube-scheduler is built with; where they
differ nothing is guessed.

Source: k8s.io/apiserver pkg/cel/library/urls.go, v0.36, on Go's net/url.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import Unpredictable
from .networks import parse_ip

_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~")
_PATH = _LETTERS | frozenset(b"$&+,/:;=@")
_HOST = _LETTERS | frozenset(b"!$&'()*+,;=:[]<>\"")
_USER = _LETTERS | frozenset(b"$&+,;=")
_FRAGMENT = _LETTERS | frozenset(b"$&+,/:;=?@!()*")
_ENCODED = frozenset(b"!$&'()*+,;=:@[]%")

_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:|:")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(rb"%(?:([0-9a-fA-F]{2})|.{0,2})", re.DOTALL)
_PORT = re.compile(rb"(?::[0-9]*)?")
_USERINFO = re.compile(rb"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_MOST_PARAMETERS = 10_000


class Url(NamedTuple):
    """A URL: ``text`` is how it is written again, ``host`` includes the port."""

    text: str
    scheme: str
    host: bytes
    path: str
    query: bytes

    @property
    def hostname(self) -> bytes:
        """The host without the port."""
        return _split_host(self.host)[0]

    @property
    def port(self) -> bytes:
        """The port, empty if there is none."""
        return _split_host(self.host)[1]

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The values of each query parameter, in order; malformed ones are left out."""
        if self.query.count(b"&") >= _MOST_PARAMETERS:
            raise Unpredictable("a URL with very many parameters is not modelled")
        parameters: dict[str, list[str]] = {}
        for part in filter(None, self.query.split(b"&")):
            key, _, value = part.partition(b"=")
            if b";" in part:
                continue
            try:
                name, content = _unescaped(key, plus=True), _unescaped(value, plus=True)
            except ValueError:
                continue
            parameters.setdefault(text_of(name), []).append(text_of(content))
        return parameters


class _Parts(NamedTuple):
    scheme: bytes
    opaque: bytes
    user: bytes | None
    host: bytes
    path: bytes
    query: bytes
    force_query: bool
    omit_host: bool


def is_request_uri(text: str) -> bool:
    """Whether the text is an absolute URL or path."""
    try:
        _parse(text.encode(), request=True)
    except ValueError:
        return False
    return True


def parse_url(text: str) -> Url:
    """
    Parse an absolute URL or path.

    Raises ``ValueError`` for what is none, ``Unpredictable`` where Go releases differ.
    """
    whole = text.encode()
    try:
        _parse(whole, request=True)
        start, _, fragment = whole.partition(b"#")
        parts = _parse(start, request=False)
        fragment_text = _reescaped(fragment, _FRAGMENT)
    except ValueError as error:
        message = f'URL parse error during conversion from string: parse "{text}": {error}'
        raise ValueError(message) from None
    path = _reescaped(parts.path, _PATH)
    written = _url_text(parts, path) + (b"#" + fragment_text if fragment else b"")
    return Url(written.decode(), parts.scheme.decode(), parts.host, path.decode(), parts.query)


def text_of(value: bytes) -> str:
    """Return unescaped bytes as a string; upstream has strings that are no UTF-8, we have not."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Unpredictable("a string that is not UTF-8 is not modelled") from None


def _parse(url: bytes, *, request: bool) -> _Parts:
    if _CONTROL.search(url):
        raise ValueError("net/url: invalid control character in URL")
    if not url and request:
        raise ValueError("empty url")
    if url == b"*":
        return _Parts(b"", b"", None, b"", b"*", b"", force_query=False, omit_host=False)
    match = _SCHEME.match(url)
    if match is not None and match.group() == b":":
        raise ValueError("missing protocol scheme")
    scheme = match.group()[:-1].lower() if match else b""
    rest = url[match.end() :] if match else url
    force_query = rest.endswith(b"?") and rest.count(b"?") == 1
    rest, _, query = rest.partition(b"?")
    if not rest.startswith(b"/"):
        if scheme:
            return _Parts(scheme, rest, None, b"", b"", query, force_query, omit_host=False)
        if request:
            raise ValueError("invalid URI for request")
        if b":" in rest.partition(b"/")[0]:
            raise ValueError("first path segment in URL cannot contain colon")
    user, host, omit_host = None, b"", False
    if (scheme or (not request and not rest.startswith(b"///"))) and rest.startswith(b"//"):
        authority, slash, rest = rest[2:].partition(b"/")
        rest = slash + rest
        user, host = _parse_authority(scheme, authority)
    elif scheme and rest.startswith(b"/"):
        omit_host = True
    _unescaped(rest)
    return _Parts(scheme, b"", user, host, rest, query, force_query, omit_host)


def _parse_authority(scheme: bytes, authority: bytes) -> tuple[bytes | None, bytes]:
    userinfo, at, host_text = authority.rpartition(b"@")
    host = _parse_host(scheme, host_text)
    if not at:
        return None, host
    if not _USERINFO.fullmatch(userinfo):
        raise ValueError("net/url: invalid userinfo")
    name, colon, password = userinfo.partition(b":")
    written = _escaped(_unescaped(name), _USER)
    if colon:
        written += b":" + _escaped(_unescaped(password), _USER)
    return written, host


def _parse_host(scheme: bytes, host: bytes) -> bytes:
    if b"[" in host:
        return _parse_bracketed(host)
    if host.count(b":") > 1:
        if scheme in (b"http", b"https"):
            raise Unpredictable("colons in the host of a URL mean different things to releases of Go")
        _check_port(host[host.rindex(b":") :])
    elif b":" in host:
        _check_port(host[host.index(b":") :])
    return _unescaped(host, host=True)


def _parse_bracketed(host: bytes) -> bytes:
    end = host.rfind(b"]")
    if host.rfind(b"[") > 0:
        raise Unpredictable("brackets in the host of a URL mean different things to releases of Go")
    if end < 0:
        raise ValueError("missing ']' in host")
    _check_port(host[end + 1 :])
    inside, _, zone = host[1:end].partition(b"%25")
    if zone or b"%" in inside or b":" not in inside:
        raise Unpredictable("an unusual address in a URL is not modelled")
    try:
        parse_ip(inside.decode())
    except ValueError:
        raise Unpredictable("an unusual address in a URL is not modelled") from None
    return host


def _check_port(text: bytes) -> None:
    if not _PORT.fullmatch(text):
        raise ValueError(f'invalid port "{text.decode(errors="replace")}" after host')


def _unescaped(text: bytes, *, host: bool = False, plus: bool = False) -> bytes:
    """Decode ``%41``, and ``+`` as a space if ``plus``; raises ``ValueError`` for a malformed escape."""

    def decoded(match: re.Match[bytes]) -> bytes:
        if match[1] is None or (host and match[1][:1] < b"8" and match[0] != b"%25"):
            raise ValueError(f'invalid URL escape "{match[0].decode(errors="replace")}"')
        return bytes.fromhex(match[1].decode())

    if host:
        for byte in text:
            if byte < 0x80 and byte not in _HOST and byte != ord("%"):
                raise ValueError(f'invalid character "{chr(byte)}" in host name')
    return _ESCAPE.sub(decoded, text.replace(b"+", b" ") if plus else text)


def _escaped(text: bytes, allowed: frozenset[int]) -> bytes:
    return b"".join(bytes([byte]) if byte in allowed else b"%%%02X" % byte for byte in text)


def _reescaped(text: bytes, allowed: frozenset[int]) -> bytes:
    """How a path or fragment is written again: as it was if nothing in it needs escaping."""
    decoded = _unescaped(text)
    if all(byte in allowed or byte in _ENCODED for byte in text):
        return text
    return b"*" if decoded == b"*" else _escaped(decoded, allowed)


def _url_text(parts: _Parts, path: bytes) -> bytes:
    text = parts.scheme + b":" if parts.scheme else b""
    if parts.opaque:
        text += parts.opaque
    else:
        has_authority = parts.host or parts.user is not None
        if (parts.scheme or has_authority) and (has_authority or (path and not parts.omit_host)):
            text += b"//"
        if parts.user is not None:
            text += parts.user + b"@"
        text += _escaped(parts.host, _HOST)
        if not text and b":" in path.partition(b"/")[0]:
            text += b"./"
        text += path
    return text + b"?" + parts.query if parts.force_query or parts.query else text


def _split_host(host: bytes) -> tuple[bytes, bytes]:
    name, colon, port = host.rpartition(b":")
    if not colon or not _PORT.fullmatch(colon + port):
        name, port = host, b""
    if name.startswith(b"[") and name.endswith(b"]"):
        name = name[1:-1]
    return name, port
