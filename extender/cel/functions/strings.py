"""
String functions.

Source: github.com/google/cel-go ext/strings.go (version 2), v0.26, and
k8s.io/apiserver pkg/cel/library/regex.go, v0.36.
"""

from __future__ import annotations

import string
from collections.abc import Callable

from ..checking import call_costs
from ..checking.declarations import Charging, Function, Overload, function, overload
from ..errors import EvaluationError, Unpredictable
from ..values.go_text import SHORT_ESCAPES
from ..values.regular_expressions import Pattern, compile_pattern
from ..values.runtime_types import ordered, shown
from ..values.string_format import format_string
from ..work import Work

_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
    "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_QUOTED = str.maketrans(SHORT_ESCAPES)
_LARGEST_RESULT = 1_000_000

_Find = Callable[[Work, str, str, int], int]


def _out_of_range(index: int) -> EvaluationError:
    return EvaluationError(f"index out of range: {index}")


def _char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise _out_of_range(index)
    return text[index : index + 1]


def _index_of(work: Work, text: str, part: str) -> int:
    work.search(len(text), len(part))
    return text.find(part)


def _index_from(work: Work, text: str, part: str, offset: int) -> int:
    if offset < 0:
        raise _out_of_range(offset)
    work.search(len(text), len(part))
    return text.find(part, offset) if part else min(offset, len(text))


def _last_index_of(work: Work, text: str, part: str) -> int:
    if not part:
        return len(text)
    work.scan(len(text) + len(part))
    if len(text.encode()) < len(part.encode()):
        return -1
    return _last_index_from(work, text, part, len(text) - 1)


def _last_index_from(work: Work, text: str, part: str, offset: int) -> int:
    if offset < 0:
        raise _out_of_range(offset)
    if not part:
        return min(offset, len(text))
    if offset >= len(text):
        return -1
    # Searching backwards, Python may compare the part at every place.
    head = text[: offset + len(part)]
    work.search(2 * len(head), len(part))
    index = head[::-1].find(part[::-1])
    return index if index < 0 else len(head) - len(part) - index


def _lower_ascii(work: Work, text: str) -> str:
    work.charge(len(text) >> 4)
    return text.translate(_LOWER)


def _upper_ascii(work: Work, text: str) -> str:
    work.charge(len(text) >> 4)
    return text.translate(_UPPER)


def _replace(work: Work, text: str, old: str, new: str, count: int = -1) -> str:
    work.search(2 * len(text), len(old))
    occurrences = text.count(old) if count < 0 else min(count, text.count(old))
    if len(text) + occurrences * len(new) > _LARGEST_RESULT:
        raise Unpredictable("the result of replace() may exceed the cost limit")
    work.build(len(text) + occurrences * len(new))
    return text.replace(old, new, count if count >= 0 else -1)


def _split(work: Work, text: str, separator: str, limit: int = -1) -> tuple[str, ...]:
    if limit == 0:
        return ()
    work.search(2 * len(text), len(separator))
    work.charge(text.count(separator) >> 2)
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


def _trim(work: Work, text: str) -> str:
    work.charge(len(text) >> 5)
    return text.strip(_SPACE)


def _quote(work: Work, text: str) -> str:
    work.charge(len(text) >> 4)
    return f'"{text.translate(_QUOTED)}"'


def _join(work: Work, elements: object, separator: str = "") -> str:
    texts = []
    work.charge(len(ordered(elements)) >> 2)
    for element in ordered(elements):
        if not isinstance(element, str):
            raise EvaluationError(f"join: invalid input: {shown(element)}")
        texts.append(element)
    length = sum(map(len, texts)) + len(separator) * len(texts)
    if length > _LARGEST_RESULT:
        raise Unpredictable("the result of join() may exceed the cost limit")
    work.build(length)
    return separator.join(texts)


def _pattern(work: Work, pattern: str) -> Pattern:
    try:
        return compile_pattern(pattern, work)
    except ValueError as error:
        raise EvaluationError(f"Illegal regex: {error}") from None


def _find(work: Work, text: str, pattern: str) -> str:
    return _pattern(work, pattern).find(text, work)


def _find_all(work: Work, text: str, pattern: str, limit: int = -1) -> tuple[str, ...]:
    return _pattern(work, pattern).find_all(text, limit, work)


def _format(work: Work, template: str, values: object) -> str:
    return format_string(template, values, work)


FUNCTIONS: tuple[Function, ...] = (
    function("charAt", overload("string.(int) -> string", _char_at)),
    function("lowerAscii", overload("string.() -> string", Charging(_lower_ascii)), cost=call_costs.WALK),
    function("upperAscii", overload("string.() -> string", Charging(_upper_ascii)), cost=call_costs.WALK),
    function(
        "replace",
        overload("string.(string, string) -> string", Charging(_replace)),
        overload("string.(string, string, int) -> string", Charging(_replace)),
        cost=call_costs.WALK_TWICE,
    ),
    function(
        "split",
        overload("string.(string) -> list(string)", Charging(_split)),
        overload("string.(string, int) -> list(string)", Charging(_split)),
        cost=call_costs.WALK_TWICE,
    ),
    function(
        "substring",
        overload("string.(int) -> string", _substring),
        overload("string.(int, int) -> string", _substring_range),
        cost=call_costs.WALK,
    ),
    function("trim", overload("string.() -> string", Charging(_trim)), cost=call_costs.WALK),
    function("format", overload("string.(list(dyn)) -> string", Charging(_format), call_costs.OPERAND_WALK)),
    function("strings.quote", overload("(string) -> string", Charging(_quote), call_costs.OPERAND_WALK)),
    function(
        "join",
        overload("list(string).() -> string", Charging(_join)),
        overload("list(string).(string) -> string", Charging(_join)),
        cost=call_costs.WALK_RESULT_TWICE,
    ),
    function("find", overload("string.(string) -> string", Charging(_find)), cost=call_costs.SEARCH),
    function(
        "findAll",
        overload("string.(string) -> list(string)", Charging(_find_all)),
        overload("string.(string, int) -> list(string)", Charging(_find_all)),
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
            overload("string.(string) -> int", Charging(_index_of)),
            overload("string.(string, int) -> int", Charging(find)),
        ),
        (
            overload("string.(string) -> int", Charging(_last_index_of)),
            overload("string.(string, int) -> int", Charging(find_last)),
        ),
    )


def _unchecked(find: _Find) -> _Find:
    return lambda work, text, part, offset: find(work, text, part, offset) if part else offset
