"""
Semantic versions.

Source: github.com/blang/semver/v4 (Parse, Compare) and
k8s.io/apiserver pkg/cel/library/semverlib.go (normalisation), v0.36.
"""

from __future__ import annotations

import re
from functools import lru_cache

_NUMBER = re.compile(r"0|[1-9][0-9]*")
_DIGITS = re.compile(r"[0-9]+")
_IDENTIFIER = re.compile(r"[0-9A-Za-z-]+")
_MAX = 2**64 - 1
_LONGEST_REMEMBERED = 100


class Semver:
    """A version, written ``text``; build metadata neither orders nor distinguishes."""

    __slots__ = ("key", "major", "minor", "patch", "text")

    def __init__(
        self, text: str, major: int, minor: int, patch: int, prerelease: tuple[int | str, ...]
    ) -> None:
        self.text = text
        self.major = major
        self.minor = minor
        self.patch = patch
        # A release sorts after its pre-releases, and a number before a word.
        identifiers = tuple(
            (0, identifier, "") if isinstance(identifier, int) else (1, 0, identifier)
            for identifier in prerelease
        )
        self.key = (major, minor, patch, not prerelease, identifiers)


def parse_semver(text: str) -> Semver:
    """
    Parse ``1.2.3-rc.1+build``.

    Raises ``ValueError`` with upstream's message for anything else.
    """
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _parse(text)


def _parse(text: str) -> Semver:
    if not text:
        raise ValueError("Version string empty")
    parts = text.split(".", 2)
    if len(parts) != 3:
        raise ValueError("No Major.Minor.Patch elements found")
    major, minor = _number(parts[0], "major"), _number(parts[1], "minor")
    rest, plus, build = parts[2].partition("+")
    patch_text, dash, prerelease = rest.partition("-")
    patch = _number(patch_text, "patch")
    identifiers = tuple(_prerelease(identifier) for identifier in prerelease.split(".")) if dash else ()
    if plus and not all(_IDENTIFIER.fullmatch(identifier) for identifier in build.split(".")):
        raise ValueError(f'Invalid character(s) found in build meta data "{build}"')
    return Semver(text, major, minor, patch, identifiers)


_remembered = lru_cache(maxsize=4096)(_parse)


def normalized(text: str) -> str:
    """
    Drop a leading ``v`` and leading zeros, and fill up ``1`` and ``1.2`` with zeros.

    Raises ``ValueError`` for a short version with a pre-release or build.
    """
    parts = text.removeprefix("v").split(".", 2)
    for index, part in enumerate(parts):
        if len(part) > 1:
            stripped = part.lstrip("0")
            parts[index] = stripped if stripped[:1].isascii() and stripped[:1].isdigit() else "0" + stripped
    if len(parts) < 3:
        if "+" in parts[-1] or "-" in parts[-1]:
            raise ValueError("short version cannot contain PreRelease/Build meta data")
        parts += ["0"] * (3 - len(parts))
    return ".".join(parts)


def _number(text: str, what: str) -> int:
    if text and not _DIGITS.fullmatch(text):
        raise ValueError(f'Invalid character(s) found in {what} number "{text}"')
    if text and not _NUMBER.fullmatch(text):
        raise ValueError(f'{what.capitalize()} number must not contain leading zeroes "{text}"')
    if not text:
        raise ValueError('strconv.ParseUint: parsing "": invalid syntax')
    if int(text) > _MAX:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def _prerelease(identifier: str) -> int | str:
    if not identifier:
        raise ValueError("Prerelease is empty")
    if _DIGITS.fullmatch(identifier):
        return _number(identifier, "pre-release")
    if not _IDENTIFIER.fullmatch(identifier):
        raise ValueError(f'Invalid character(s) found in prerelease "{identifier}"')
    return identifier
