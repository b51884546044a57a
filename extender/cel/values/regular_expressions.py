"""
RE2, the syntax of Go's regular expressions.

Source: k8s.io/apiserver pkg/cel/library/regex.go, v0.36, on Go's regexp.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

import re2


class _Match(Protocol):
    def group(self) -> str: ...

    def span(self) -> tuple[int, int]: ...


class Pattern(Protocol):
    """The part of a compiled pattern that CEL needs."""

    def search(self, text: str, /) -> _Match | None: ...

    def finditer(self, text: str, /) -> Iterator[_Match]: ...


_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Pattern:
    """Compile a pattern; raises ``ValueError`` with RE2's message."""
    try:
        compiled: Pattern = re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        raise ValueError(f"error parsing regexp: {error}") from None
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
