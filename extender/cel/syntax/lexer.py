"""
Split a CEL expression into tokens.

Source: the lexer rules of github.com/google/cel-go parser/gen/CEL.g4, v0.26.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from ..errors import CompileError
from ..work import Work


class TokenKind(Enum):
    FLOAT = "float"
    UINT = "uint"
    INT = "int"
    BYTES = "bytes"
    STRING = "string"
    IDENTIFIER = "identifier"
    QUOTED_IDENTIFIER = "quoted"
    OPERATOR = "operator"
    END = "end"


class Token(NamedTuple):
    """``text`` is the source text, ``offset`` its place in code points."""

    kind: TokenKind
    text: str
    offset: int


_TOKEN_UNITS = 3
"""The work of finding a token, apart from its length."""

KEYWORDS = frozenset({"in", "true", "false", "null"})

ESCAPE = r"\\(?:[abfnrtv\"'\\?`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
_STRING = (
    r'[rR]"""(?s:.*?)"""|[rR]\'\'\'(?s:.*?)\'\'\''
    rf'|"""(?:{ESCAPE}|[^\\])*?"""|\'\'\'(?:{ESCAPE}|[^\\])*?\'\'\''
    r'|[rR]"[^"\n\r]*"|[rR]\'[^\'\n\r]*\''
    rf'|"(?:{ESCAPE}|[^\\"\n\r])*"|\'(?:{ESCAPE}|[^\\\'\n\r])*\''
)
_TOKEN = re.compile(
    r"(?P<skip>(?:[\t \r\n\f]+|//[^\n]*)+)"
    r"|(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<uint>0x[0-9a-fA-F]+[uU]|[0-9]+[uU])"
    r"|(?P<int>0x[0-9a-fA-F]+|[0-9]+)"
    rf"|(?P<bytes>[bB](?:{_STRING}))"
    rf"|(?P<string>{_STRING})"
    r"|(?P<quoted>`[A-Za-z0-9_./ -]+`)"
    r"|(?P<identifier>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>==|!=|<=|>=|&&|\|\||[<>\[\]{}().,\-!?:+*/%])"
)


def tokenize(expression: str, work: Work) -> list[Token]:
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
        work.charge(_TOKEN_UNITS + (len(text) >> 2))
        if kind != "skip":
            is_keyword = kind == "identifier" and text in KEYWORDS
            tokens.append(Token(TokenKind.OPERATOR if is_keyword else TokenKind(kind), text, offset))
        offset = match.end()
    tokens.append(Token(TokenKind.END, "", len(expression)))
    return tokens
