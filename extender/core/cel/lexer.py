"""
Split a CEL expression into tokens.

Source: the lexer rules of github.com/google/cel-go parser/gen/CEL.g4 and
parser/unescape.go, v0.26.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from .errors import CompileError


class TokenKind(Enum):
    FLOAT = "float"
    UINT = "uint"
    INT = "int"
    BYTES = "bytes"
    STRING = "string"
    IDENTIFIER = "identifier"
    OPERATOR = "operator"
    END = "end"


class Token(NamedTuple):
    """``text`` is the source text, ``offset`` its place in code points."""

    kind: TokenKind
    text: str
    offset: int


KEYWORDS = frozenset({"in", "true", "false", "null"})

_ESCAPE = r"\\(?:[abfnrtv\"'\\?`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
_STRING = (
    r'[rR]"""(?s:.*?)"""|[rR]\'\'\'(?s:.*?)\'\'\''
    rf'|"""(?:{_ESCAPE}|[^\\])*?"""|\'\'\'(?:{_ESCAPE}|[^\\])*?\'\'\''
    r'|[rR]"[^"\n\r]*"|[rR]\'[^\'\n\r]*\''
    rf'|"(?:{_ESCAPE}|[^\\"\n\r])*"|\'(?:{_ESCAPE}|[^\\\'\n\r])*\''
)
_TOKEN = re.compile(
    r"(?P<skip>(?:[\t \r\n\f]+|//[^\n]*)+)"
    r"|(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<uint>0x[0-9a-fA-F]+[uU]|[0-9]+[uU])"
    r"|(?P<int>0x[0-9a-fA-F]+|[0-9]+)"
    rf"|(?P<bytes>[bB](?:{_STRING}))"
    rf"|(?P<string>{_STRING})"
    r"|(?P<identifier>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>==|!=|<=|>=|&&|\|\||[<>\[\]{}().,\-!?:+*/%])"
)
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
_ESCAPED = re.compile(_ESCAPE)


def tokenize(expression: str) -> list[Token]:
    """
    Return the tokens of an expression, ending with one of kind ``END``.

    Raises ``CompileError`` at the first character that starts no token.
    """
    tokens = []
    offset = 0
    while offset < len(expression):
        match = _TOKEN.match(expression, offset)
        if match is None:
            raise CompileError(f"token recognition error at offset {offset}: {expression[offset]!r}")
        kind = match.lastgroup or ""
        text = match.group()
        if kind != "skip":
            is_keyword = kind == "identifier" and text in KEYWORDS
            tokens.append(Token(TokenKind.OPERATOR if is_keyword else TokenKind(kind), text, offset))
        offset = match.end()
    tokens.append(Token(TokenKind.END, "", len(expression)))
    return tokens


def string_value(text: str) -> str:
    """
    Return the value of a string token.

    Raises ``CompileError`` for an escape that is no Unicode scalar value.
    """
    body, raw = _body(text)
    return body if raw else _ESCAPED.sub(_character, body)


def bytes_value(text: str) -> bytes:
    """
    Return the value of a bytes token; octal and hex escapes are single bytes.

    Raises ``CompileError`` for a Unicode escape, which bytes do not have.
    """
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
