"""
How large the program of a regular expression gets, at most.

A few characters can stand for a program of a million steps, such as ``\\pL{1000}``. Compiling takes time in
proportion, and a search may take as much for each character of the text. So the size is bounded from the
text of the pattern before it is compiled.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_CATEGORY = 1500
"""The steps that a Unicode category such as ``\\pL`` takes at most, in UTF-8."""

_CHARACTER = 12
"""The steps of ``.``, of an escape such as ``\\W``, or of a range of characters, at most."""

_MOST_REPEATS = 1000
"""RE2 and Go refuse to repeat anything more often, all repeats around it multiplied."""

_ASCII = 2
_FOLDED_ASCII = 4
"""The steps of a letter; in any case some letters have more forms than two."""

_PART = re.compile(
    r"\\Q(?P<quoted>.*?)(?:\\E|$)"
    r"|(?P<category>\\[pP](?:\{[^}]*\}?|.))"
    r"|(?P<class>\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]?)"
    r"|(?P<open>\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*[:)]?))?)"
    r"|(?P<close>\))"
    r"|\{(?P<least>[0-9]{1,5})(?P<more>,(?P<most>[0-9]{0,5}))?\}"
    r"|(?P<other>\\x\{[^}]*\}?|\\.|.)",
    re.DOTALL,
)


class _Size(NamedTuple):
    """The size of a part of a pattern, and how often what is innermost in it is repeated."""

    steps: int = 0
    repeats: int = 1


def pattern_size(pattern: str) -> int:
    """
    Return a bound of the steps of a pattern's program in RE2.

    A malformed pattern has none; it gets some number that bounds how long it takes to find out.
    """
    # What is before the open groups, innermost last; the current group and its last part.
    outer: list[_Size] = []
    group = last = _Size()
    folded = "(?" in pattern
    for match in _PART.finditer(pattern):
        if match["least"] is not None:
            times = max(int(match["least"]), int(match["most"] or 0))
            if times * last.repeats > _MOST_REPEATS:
                return len(pattern)
            # "a{2,}" is "aa+", and "a{0}" nothing, but it is parsed.
            copies = max(times + (match["more"] is not None), 1)
            group = _Size(group.steps + last.steps * (copies - 1), max(group.repeats, times * last.repeats))
            last = _Size(last.steps * copies, max(times, 1) * last.repeats)
        elif match["quoted"] is not None:
            sizes = [_character_size(character, folded) for character in match["quoted"]]
            group = _Size(group.steps + sum(sizes), group.repeats)
            last = _Size(sizes[-1] if sizes else 0)
        elif match["open"] is not None:
            if not match["open"].endswith(")"):
                outer.append(group)
                group = last = _Size()
        elif match["close"] is not None:
            before = outer.pop() if outer else _Size()
            last = _Size(group.steps + 2, group.repeats)
            group = _Size(before.steps + last.steps, max(before.repeats, last.repeats))
        else:
            last = _Size(_part_size(match, folded))
            group = _Size(group.steps + last.steps, group.repeats)
    return group.steps + sum(size.steps for size in outer) + 4


def _part_size(match: re.Match[str], folded: bool) -> int:
    if match["category"] is not None:
        return _CATEGORY
    text = match["class"] or match["other"]
    if len(text) == 1 and text != ".":
        return _character_size(text, folded)
    per_character = 1 if text.isascii() and not folded else 4
    return _CHARACTER + per_character * len(text) + _CATEGORY * text.lower().count("\\p")


def _character_size(character: str, folded: bool) -> int:
    if not character.isascii():
        return _CHARACTER
    return _FOLDED_ASCII if folded else _ASCII
