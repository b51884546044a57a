"""
The values of literal tokens.

Source: github.com/google/cel-go parser/parser.go and parser/unescape.go, v0.26.
"""

from __future__ import annotations

import math
import re

from ..errors import CompileError
from ..values.values import MAX_INT, MAX_UINT, MIN_INT, Uint
from .lexer import ESCAPE, Token, TokenKind

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "`": "`",
    "?": "?",
}
_ESCAPED = re.compile(ESCAPE)


def literal_value(token: Token, sign: str) -> object:
    """
    Return the value of a literal; ``sign`` is ``-`` for a number written with one.

    Raises ``CompileError`` for a number or an escape out of range.
    """
    if token.kind is TokenKind.STRING:
        return _string(token.text)
    if token.kind is TokenKind.BYTES:
        return _bytes(token.text)
    if token.kind is TokenKind.FLOAT:
        value = float(sign + token.text)
        if math.isinf(value):
            raise CompileError("invalid double literal")
        return value
    if token.kind is TokenKind.UINT:
        number = _integer("", token.text[:-1])
        if number > MAX_UINT:
            raise CompileError("invalid uint literal")
        return Uint(number)
    number = _integer(sign, token.text)
    if not MIN_INT <= number <= MAX_INT:
        raise CompileError("invalid int literal")
    return number


def _integer(sign: str, text: str) -> int:
    base = 16 if text.startswith("0x") else 10
    digits = text.removeprefix("0x").lstrip("0") or "0"
    if len(digits) > len(str(MAX_UINT)):
        raise CompileError("invalid int literal")
    return int(sign + digits, base)


def _string(text: str) -> str:
    body, raw = _body(text)
    return body if raw else _ESCAPED.sub(_character, body)


def _bytes(text: str) -> bytes:
    """Octal and hex escapes are single bytes here, and there are no others."""
    body, raw = _body(text[1:])
    if raw:
        return body.encode()
    parts = []
    end = 0
    for match in _ESCAPED.finditer(body):
        parts.append(body[end : match.start()].encode())
        escape = match.group()[1:]
        if escape[0] in "uU":
            raise CompileError("unable to unescape string")
        parts.append(_SIMPLE[escape].encode() if escape in _SIMPLE else bytes([_code(escape) & 0xFF]))
        end = match.end()
    parts.append(body[end:].encode())
    return b"".join(parts)


def _body(text: str) -> tuple[str, bool]:
    """The text between the quotes, and whether it is raw."""
    raw = text[0] in "rR"
    text = text[raw:].replace("\r\n", "\n").replace("\r", "\n")
    quotes = 3 if len(text) >= 6 and text[:3] in ('"""', "'''") else 1
    return text[quotes:-quotes], raw


def _code(escape: str) -> int:
    return int(escape[1:], 16) if escape[0] in "xXuU" else int(escape, 8)


def _character(match: re.Match[str]) -> str:
    escape = match.group()[1:]
    if escape in _SIMPLE:
        return _SIMPLE[escape]
    code = _code(escape)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise CompileError("invalid unicode code point")
    return chr(code)
