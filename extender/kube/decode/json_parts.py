"""
JSON taken apart by its brackets and quotes, however deeply it is nested and whatever else is wrong with it.

msgspec is many times faster, but calls itself for each level, and gives up a whole list or event for one
bad value in it (on Python 3.11 and 3.12 at some 990 levels; kube-apiserver accepts 10,000). So this is for
what msgspec has refused, to tell the one bad object from the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*"'
_STRING = re.compile(_STRING_TEXT, re.DOTALL)
_SCALAR = re.compile(rb'[^",:\[\]{} \t\r\n]+')
_MARK = re.compile(rb"[\[{]+|[\]}]+|" + _STRING_TEXT + rb'|"', re.DOTALL)
_OPENING = frozenset(b"[{")
_QUOTE = b'"'


class JSONPartsError(ValueError):
    """Text whose brackets, quotes, commas and colons are not those of JSON; says at which byte."""


class JSONParts:
    """
    A position in the JSON text ``data``, which moves forward only.

    What values hold is not looked at: one may well be no JSON. Time is linear in the bytes passed, about
    0.2 µs for each string and each run of brackets. All methods raise ``JSONPartsError``.
    """

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def members(self) -> Iterator[str]:
        """
        Yield the key of each member of the object that begins here, empty for one that is no text.

        Its value must be taken, with one of the methods, before the next.
        """
        for _ in self._entries(b"{", b"}"):
            key = self._match(_STRING, "a key")
            self._expect(b":")
            try:
                yield msgspec.json.decode(key, type=str)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                yield ""

    def elements(self) -> Iterator[bytes]:
        """Yield the elements of the array that begins here."""
        for _ in self._entries(b"[", b"]"):
            yield self.value()

    def value(self) -> bytes:
        """Take the value that begins here, of whatever kind."""
        first = self._peek()
        if first == _QUOTE:
            return self._match(_STRING, "a string")
        if first not in (b"[", b"{"):
            return self._match(_SCALAR, "a value")
        start, depth = self._at, 0
        for mark in _MARK.finditer(self._data, start):
            text = mark[0]
            if text[0] in _OPENING:
                depth += len(text)
            elif text == _QUOTE:
                raise self._error("a string without an end", mark.start())
            elif text[0] != _QUOTE[0]:
                if len(text) >= depth:
                    self._at = mark.start() + depth
                    return self._data[start : self._at]
                depth -= len(text)
        raise self._error("brackets without an end", start)

    def end(self) -> None:
        """Nothing but white space may follow."""
        if self._peek():
            raise self._error("more than one value", self._at)

    def _entries(self, opening: bytes, closing: bytes) -> Iterator[None]:
        """Yield before each entry between the brackets, whose caller takes it."""
        self._expect(opening)
        if self._peek() == closing:
            self._at += 1
            return
        while True:
            yield
            if self._peek() == closing:
                self._at += 1
                return
            self._expect(b",")

    def _peek(self) -> bytes:
        space = _SPACE.match(self._data, self._at)
        self._at = space.end() if space else self._at
        return self._data[self._at : self._at + 1]

    def _expect(self, mark: bytes) -> None:
        if self._peek() != mark:
            raise self._error(f"expected {mark.decode()}", self._at)
        self._at += 1

    def _match(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        self._peek()
        match = pattern.match(self._data, self._at)
        if match is None:
            raise self._error(f"expected {what}", self._at)
        self._at = match.end()
        return match[0]

    @staticmethod
    def _error(problem: str, at: int) -> JSONPartsError:
        return JSONPartsError(f"{problem} (byte {at})")
