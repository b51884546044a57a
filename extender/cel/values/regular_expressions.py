"""
RE2, the syntax of Go's regular expressions.

Source: k8s.io/apiserver pkg/cel/library/regex.go, v0.36, on Go's regexp.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

import re2

from ..errors import Unpredictable


class _Match(Protocol):
    def group(self) -> str: ...

    def span(self) -> tuple[int, int]: ...


class Pattern(Protocol):
    """The part of a compiled pattern that CEL needs."""

    def search(self, text: str, /) -> _Match | None: ...

    def finditer(self, text: str, /) -> Iterator[_Match]: ...


_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
# CEL never asks for the groups of a match.
_OPTIONS.never_capture = True
# What the states of a pattern's searches may take; caches hold some hundred patterns.
_OPTIONS.max_mem = 1 << 20

_UNLIKE_GO = re.compile(r"\\Q.*?(?:\\E|$)|(?P<byte>\\C)|\\.|\(\?P?<(?P<name>[^>]*)>", re.DOTALL)
_UNKNOWN_CATEGORY = "invalid character class range: \\p"


@lru_cache(maxsize=64)
def compile_pattern(pattern: str) -> Pattern:
    """
    Compile a pattern.

    Raises ``ValueError`` with the message of RE2, and ``Unpredictable`` where releases of Go differ or a
    pattern has a size that is too much for RE2 alone.
    """
    for difference in _UNLIKE_GO.finditer(pattern):
        if difference["byte"]:
            raise ValueError("error parsing regexp: invalid escape sequence: `\\C`")
        if difference["name"] and not difference["name"].isascii():
            raise ValueError(f"error parsing regexp: invalid named capture: `{difference.group()}`")
    try:
        compiled: Pattern = re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        raise _failure(error) from None
    return compiled


def find_all(pattern: Pattern, text: str, limit: int) -> tuple[str, ...]:
    """
    Return the matches from left to right; a negative limit means all.

    Go leaves out an empty match right after another match.
    """
    matches: list[str] = []
    previous_end = -1
    for match in pattern.finditer(text):
        if len(matches) == limit:
            break
        start, end = match.span()
        if start < end or start != previous_end:
            matches.append(match.group())
        previous_end = end
    return tuple(matches)


def _failure(error: Exception) -> Exception:
    message = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
    if "pattern too large" in message:
        return Unpredictable("so large a regular expression is not modelled")
    if message.lower().startswith(_UNKNOWN_CATEGORY):
        return Unpredictable("which names of characters a regular expression may use depends on Go's release")
    return ValueError(f"error parsing regexp: {error}")
