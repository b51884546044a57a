"""
String functions.

Source: github.com/google/cel-go ext/strings.go (version 2), v0.26, and
k8s.io/apiserver pkg/cel/library/regex.go, v0.36.
"""

from __future__ import annotations

import string
from collections.abc import Callable

from ..checking import call_costs
from ..checking.declarations import Function, Overload, function, overload
from ..errors import EvaluationError, Unpredictable
from ..values.go_text import SHORT_ESCAPES
from ..values.regular_expressions import Pattern, compile_pattern, find_all
from ..values.runtime_types import ordered, shown
from ..values.string_format import format_string

_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
    "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_QUOTED = str.maketrans(SHORT_ESCAPES)
_LARGEST_RESULT = 1_000_000


def _out_of_range(index: int) -> EvaluationError:
    return EvaluationError(f"index out of range: {index}")


def _char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise _out_of_range(index)
    return text[index : index + 1]


def _index_of(text: str, part: str) -> int:
    return text.find(part)


def _index_from(text: str, part: str, offset: int) -> int:
    if offset < 0:
        raise _out_of_range(offset)
    return text.find(part, offset) if part else min(offset, len(text))


def _last_index_of(text: str, part: str) -> int:
    if not part:
        return len(text)
    if len(text.encode()) < len(part.encode()):
        return -1
    return _last_index_from(text, part, len(text) - 1)


def _last_index_from(text: str, part: str, offset: int) -> int:
    if offset < 0:
        raise _out_of_range(offset)
    if not part:
        return min(offset, len(text))
    if offset >= len(text):
        return -1
    # Searching backwards, Python may compare the part at every place.
    head = text[: offset + len(part)]
    index = head[::-1].find(part[::-1])
    return index if index < 0 else len(head) - len(part) - index


def _lower_ascii(text: str) -> str:
    return text.translate(_LOWER)


def _upper_ascii(text: str) -> str:
    return text.translate(_UPPER)


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    occurrences = text.count(old) if count < 0 else min(count, text.count(old))
    if len(text) + occurrences * len(new) > _LARGEST_RESULT:
        raise Unpredictable("the result of replace() may exceed the cost limit")
    return text.replace(old, new, count if count >= 0 else -1)


def _split(text: str, separator: str, limit: int = -1) -> tuple[str, ...]:
    if limit == 0:
        return ()
    if not separator:
        if limit < 0 or limit > len(text):
            return tuple(text)
        return (*text[: limit - 1], text[limit - 1 :])
    return tuple(text.split(separator, limit - 1 if limit > 0 else -1))


def _substring(text: str, start: int) -> str:
    if not 0 <= start <= len(text):
        raise _out_of_range(start)
    return text[start:]


def _substring_range(text: str, start: int, end: int) -> str:
    if start > end:
        raise EvaluationError(f"invalid substring range. start: {start}, end: {end}")
    for index in (start, end):
        if not 0 <= index <= len(text):
            raise _out_of_range(index)
    return text[start:end]


def _trim(text: str) -> str:
    return text.strip(_SPACE)


def _quote(text: str) -> str:
    return f'"{text.translate(_QUOTED)}"'


def _join(elements: object, separator: str = "") -> str:
    texts = []
    for element in ordered(elements):
        if not isinstance(element, str):
            raise EvaluationError(f"join: invalid input: {shown(element)}")
        texts.append(element)
    if sum(map(len, texts)) + len(separator) * len(texts) > _LARGEST_RESULT:
        raise Unpredictable("the result of join() may exceed the cost limit")
    return separator.join(texts)


def _pattern(pattern: str) -> Pattern:
    try:
        return compile_pattern(pattern)
    except ValueError as error:
        raise EvaluationError(f"Illegal regex: {error}") from None


def _find(text: str, pattern: str) -> str:
    match = _pattern(pattern).search(text)
    return match.group() if match else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> tuple[str, ...]:
    return find_all(_pattern(pattern), text, limit)


FUNCTIONS: tuple[Function, ...] = (
    function("charAt", overload("string.(int) -> string", _char_at)),
    function("lowerAscii", overload("string.() -> string", _lower_ascii), cost=call_costs.WALK),
    function("upperAscii", overload("string.() -> string", _upper_ascii), cost=call_costs.WALK),
    function(
        "replace",
        overload("string.(string, string) -> string", _replace),
        overload("string.(string, string, int) -> string", _replace),
        cost=call_costs.WALK_TWICE,
    ),
    function(
        "split",
        overload("string.(string) -> list(string)", _split),
        overload("string.(string, int) -> list(string)", _split),
        cost=call_costs.WALK_TWICE,
    ),
    function(
        "substring",
        overload("string.(int) -> string", _substring),
        overload("string.(int, int) -> string", _substring_range),
        cost=call_costs.WALK,
    ),
    function("trim", overload("string.() -> string", _trim), cost=call_costs.WALK),
    function("format", overload("string.(list(dyn)) -> string", format_string, call_costs.OPERAND_WALK)),
    function("strings.quote", overload("(string) -> string", _quote, call_costs.OPERAND_WALK)),
    function(
        "join",
        overload("list(string).() -> string", _join),
        overload("list(string).(string) -> string", _join),
        cost=call_costs.WALK_RESULT_TWICE,
    ),
    function("find", overload("string.(string) -> string", _find), cost=call_costs.SEARCH),
    function(
        "findAll",
        overload("string.(string) -> list(string)", _find_all),
        overload("string.(string, int) -> list(string)", _find_all),
        cost=call_costs.SEARCH,
    ),
)


def index_overloads(*, checks_offset: bool) -> tuple[tuple[Overload, ...], tuple[Overload, ...]]:
    """
    Declare ``indexOf`` and ``lastIndexOf`` of strings.

    ``checks_offset``: the empty string is found no further than the text goes, else wherever it is
    looked for (cel-go 0.26).
    """
    find = _index_from if checks_offset else _unchecked(_index_from)
    find_last = _last_index_from if checks_offset else _unchecked(_last_index_from)
    return (
        (
            overload("string.(string) -> int", _index_of),
            overload("string.(string, int) -> int", find),
        ),
        (
            overload("string.(string) -> int", _last_index_of),
            overload("string.(string, int) -> int", find_last),
        ),
    )


def _unchecked(find: Callable[[str, str, int], int]) -> Callable[[str, str, int], int]:
    return lambda text, part, offset: find(text, part, offset) if part else offset
