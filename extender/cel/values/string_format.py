"""
``"%s".format([...])``.

``%f`` and ``%e`` follow the rules of American English.

Source: github.com/google/cel-go ext/formatting.go (strings version 2), v0.26, and
golang.org/x/text/message.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from ..errors import EvaluationError, Unpredictable
from ..work import Work
from .doubles import double_text
from .go_text import quoted
from .maps import AnyMap
from .named_formats import Format
from .networks import Cidr, Ip
from .quantities import QuantityValue
from .runtime_types import ordered, type_name
from .semver import Semver
from .times import Duration, Timestamp, duration_text, timestamp_text
from .urls import Url
from .values import LISTS, Optional, TypeValue, Uint

END_OF_STRING = "unexpected end of string"
_CLAUSE = re.compile(r"%(?:(?P<percent>%)|(?P<precision>\.[0-9]*)?(?P<verb>.)?)", re.DOTALL)
_UNFORMATTED = frozenset({Optional, QuantityValue, Semver, Url, Ip, Cidr, Format})
_DEFAULT_PRECISION = 6
_WIDEST = 2**15 - 1
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Clause(NamedTuple):
    """``%.3f``: its letter, and the precision if one is given; it has no letter where it is malformed."""

    verb: str
    precision: int | None = None


class Template(NamedTuple):
    """
    A format string: literal texts around clauses, ``len(texts) == len(clauses) + 1``.

    ``error`` describes the clause at which reading stopped, empty if none did.
    """

    texts: tuple[str, ...]
    clauses: tuple[Clause, ...]
    error: str


def parse_template(template: str) -> Template:
    """Split a format string into texts and clauses."""
    texts: list[str] = []
    clauses: list[Clause] = []
    text = ""
    position = 0
    for match in _CLAUSE.finditer(template):
        text += template[position : match.start()]
        position = match.end()
        if match["percent"]:
            text += "%"
            continue
        error = _clause_error(match)
        texts.append(text)
        text = ""
        if error:
            return Template((*texts, ""), (*clauses, Clause("")), error)
        digits = match["precision"]
        clauses.append(Clause(match["verb"], int(digits[1:]) if digits else None))
    return Template((*texts, text + template[position:]), tuple(clauses), "")


def _clause_error(match: re.Match[str]) -> str:
    if match["verb"] is None:
        return END_OF_STRING
    precision = match["precision"]
    if precision == "." or (precision and len(precision) > 18):
        return "could not parse formatting clause: error while parsing precision"
    if match["verb"] not in "sdfebxXo":
        return f'could not parse formatting clause: unrecognized formatting clause "{match["verb"]}"'
    return ""


def format_string(template: str, values: object, work: Work) -> str:
    """Fill in a format string; surplus values are ignored."""
    work.charge(2 * template.count("%") + (len(template) >> 8))
    parsed = parse_template(template)
    arguments = ordered(values)
    parts = [parsed.texts[0]]
    for index, clause in enumerate(parsed.clauses):
        if index >= len(arguments):
            raise EvaluationError(f"index {index} out of range")
        if not clause.verb:
            raise EvaluationError(parsed.error)
        parts += (_formatted(clause, arguments[index], work), parsed.texts[index + 1])
    work.build(sum(map(len, parts)))
    return "".join(parts)


def _formatted(clause: Clause, value: object, work: Work) -> str:
    verb = clause.verb
    if verb == "s":
        return _text(value, work)
    if verb in "fe":
        if type(value) is not float and value not in ("NaN", "Infinity", "-Infinity"):
            raise _wrong_type("fixed-point" if verb == "f" else "scientific", value)
        assert isinstance(value, float | str)
        precision = _DEFAULT_PRECISION if clause.precision is None else clause.precision
        if precision > _WIDEST:
            raise Unpredictable("so large a precision is not modelled")
        work.charge(precision >> 7)
        return (_fixed if verb == "f" else _scientific)(float(value), precision)
    if verb in "xX" and isinstance(value, str | bytes):
        work.build(8 * len(value))
        digits = (value.encode() if isinstance(value, str) else value).hex()
        return digits.upper() if verb == "X" else digits
    if type(value) is bool and verb == "b":
        return "1" if value else "0"
    if isinstance(value, int) and type(value) is not bool:
        return f"{int(value):{verb}}"
    raise _wrong_type(verb, value)


def _fixed(value: float, precision: int) -> str:
    if not math.isfinite(value):
        return _special(value)
    text = f"{abs(value):,.{precision}f}"
    # At least the low 8 bits of the precision count upstream, more if there are digits to show.
    significant = len(text.rstrip("0")) if precision > 0xFF else len(text)
    least = len(text) - precision + (precision & 0xFF)
    text = text[: max(significant, least)].removesuffix(".")
    return f"-{text}" if value < 0 else text


def _scientific(value: float, width: int) -> str:
    """Write with six digits after the point; what looks like a precision is the least width."""
    if not math.isfinite(value):
        return _special(value).rjust(width)
    mantissa, _, exponent = f"{value or 0.0:.6e}".partition("e")
    sign = "-" if exponent.startswith("-") else ""
    return f"{mantissa}×10{(sign + exponent[1:]).translate(_SUPERSCRIPTS)}".rjust(width)


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "∞" if value > 0 else "-∞"


def _wrong_type(clause: str, value: object) -> EvaluationError:
    return EvaluationError(f"error during formatting: {clause} clause cannot format {type_name(value)}")


def _text(value: object, work: Work) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) in (int, Uint):
        return str(value)
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, bytes):
        work.build(len(value))
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise EvaluationError("could not convert argument to string") from None
    if isinstance(value, TypeValue):
        return value.name
    if isinstance(value, Duration):
        return duration_text(value)
    if isinstance(value, Timestamp):
        return timestamp_text(value)
    if type(value) in LISTS:
        elements = ordered(value)
        work.charge(len(elements))
        texts = [_nested(element, work) for element in elements]
        work.build(sum(map(len, texts)))
        return f"[{', '.join(texts)}]"
    if isinstance(value, AnyMap):
        return _map_text(value, work)
    raise _wrong_type("string", value)


def _map_text(value: AnyMap, work: Work) -> str:
    work.charge(2 * len(value))
    entries = []
    for key in value:
        if not isinstance(key, str | bool | int):
            raise EvaluationError(f"no formatting function for map key of type {type_name(key)}")
        entries.append((_nested(key, work), _nested(value.find(key), work)))
    work.build(sum(len(key) + len(text) for key, text in entries))
    return "{" + ", ".join(f"{key}:{text}" for key, text in sorted(entries)) + "}"


def _nested(value: object, work: Work) -> str:
    """Write a value inside a list or map: strings quoted, doubles with six digits."""
    if isinstance(value, float):
        if math.isfinite(value):
            return f"{value:.6f}"
        return '"NaN"' if math.isnan(value) else f'"{"+" if value > 0 else "-"}Inf"'
    if isinstance(value, str | bytes):
        work.charge(len(value) >> 2)
        return quoted(value) if isinstance(value, str) else f"b{quoted(_text(value, work))}"
    if isinstance(value, Duration):
        return f'duration("{duration_text(value)}")'
    if isinstance(value, Timestamp):
        return f'timestamp("{timestamp_text(value)}")'
    if type(value) in _UNFORMATTED:
        raise EvaluationError(f"no formatting function for {type_name(value)}")
    return _text(value, work)
