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
from ..work import Work
from .pattern_size import pattern_size


class _Match(Protocol):
    def group(self) -> str: ...

    def span(self) -> tuple[int, int]: ...


class _Compiled(Protocol):
    @property
    def programsize(self) -> int: ...

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

_SEARCH = 4
"""The work of a search in an empty text."""


class Pattern:
    """A compiled pattern; its searches charge work by the length of the text and the size of the program."""

    __slots__ = ("_compiled", "_size")

    def __init__(self, compiled: _Compiled) -> None:
        self._compiled = compiled
        self._size = compiled.programsize

    def matches(self, text: str, work: Work) -> bool:
        """Whether the pattern occurs in the text."""
        self._charge(len(text), text, work)
        return self._compiled.search(text) is not None

    def find(self, text: str, work: Work) -> str:
        """Return the first match, empty if there is none."""
        self._charge(len(text), text, work)
        match = self._compiled.search(text)
        return match.group() if match else ""

    def find_all(self, text: str, limit: int, work: Work) -> tuple[str, ...]:
        """
        Return the matches from left to right; a negative limit means all.

        Go leaves out an empty match right after another match.
        """
        matches: list[str] = []
        previous_end = -1
        self._charge(len(text), text, work)
        for match in self._compiled.finditer(text):
            if len(matches) == limit:
                break
            start, end = match.span()
            if start < end or start != previous_end:
                matches.append(match.group())
            previous_end = end
            # The next search may go to the end of the text, whatever it finds.
            self._charge(len(text) - end, text, work)
        return tuple(matches)

    def _charge(self, characters: int, text: str, work: Work) -> None:
        length = characters if text.isascii() else 4 * characters
        # At worst every character makes a new state of as many steps as the program has.
        work.charge(_SEARCH + length * (self._size + 10) // 40)


class ConstantPattern(str):  # noqa: SLOT000 - a text cannot have slots
    """A pattern that was compiled together with its expression: using it does not charge that again."""

    compiled: Pattern


def constant_pattern(pattern: str, work: Work) -> ConstantPattern:
    """Compile a pattern that an expression holds; raises as ``compile_pattern`` does."""
    constant = ConstantPattern(pattern)
    constant.compiled = compile_pattern(pattern, work)
    return constant


def compile_pattern(pattern: str, work: Work) -> Pattern:
    """
    Compile a pattern.

    Raises ``ValueError`` with the message of RE2, and ``Unpredictable`` where releases of Go differ or a
    pattern has a size that is too much for RE2 alone.
    """
    if isinstance(pattern, ConstantPattern):
        return pattern.compiled
    work.charge(30 + 3 * pattern_size(pattern))
    return _compile(pattern)


@lru_cache(maxsize=64)
def _compile(pattern: str) -> Pattern:
    for difference in _UNLIKE_GO.finditer(pattern):
        if difference["byte"]:
            raise ValueError("error parsing regexp: invalid escape sequence: `\\C`")
        if difference["name"] and not difference["name"].isascii():
            raise ValueError(f"error parsing regexp: invalid named capture: `{difference.group()}`")
    try:
        compiled: _Compiled = re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        raise _failure(error) from None
    return Pattern(compiled)


def _failure(error: Exception) -> Exception:
    message = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
    if "pattern too large" in message:
        return Unpredictable("so large a regular expression is not modelled")
    if message.lower().startswith(_UNKNOWN_CATEGORY):
        return Unpredictable("which names of characters a regular expression may use depends on Go's release")
    return ValueError(f"error parsing regexp: {error}")
