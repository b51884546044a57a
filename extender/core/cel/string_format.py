"""
``"%s".format([...])``.

``%f`` and ``%e`` follow a locale's rules upstream, which are not modelled.

Source: github.com/google/cel-go ext/formatting.go (strings version 2), v0.26.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from .doubles import double_text
from .errors import EvaluationError, Undecided
from .maps import AnyMap
from .runtime_types import ordered, type_name
from .values import LISTS, TypeValue, Uint

END_OF_STRING = "unexpected end of string"
_CLAUSE = re.compile(r"%(?:(?P<percent>%)|(?P<precision>\.[0-9]*)?(?P<verb>.)?)", re.DOTALL)
_PLAIN_TEXT = re.compile(r"[ !#-\[\]-~]*")


class Template(NamedTuple):
    """
    A format string: literal texts around clauses, ``len(texts) == len(verbs) + 1``.

    ``fault`` describes the clause at which reading stopped, empty if none did.
    """

    texts: tuple[str, ...]
    verbs: tuple[str, ...]
    fault: str


def parse_template(template: str) -> Template:
    """Split a format string into texts and verbs."""
    texts: list[str] = []
    verbs: list[str] = []
    text = ""
    position = 0
    for match in _CLAUSE.finditer(template):
        text += template[position : match.start()]
        position = match.end()
        if match["percent"]:
            text += "%"
            continue
        fault = _fault(match)
        texts.append(text)
        text = ""
        if fault:
            return Template((*texts, ""), (*verbs, ""), fault)
        verbs.append(match["verb"])
    return Template((*texts, text + template[position:]), tuple(verbs), "")


def _fault(match: re.Match[str]) -> str:
    if match["verb"] is None:
        return END_OF_STRING
    precision = match["precision"]
    if precision == "." or (precision and len(precision) > 18):
        return "could not parse formatting clause: error while parsing precision"
    if match["verb"] not in "sdfebxXo":
        return f'could not parse formatting clause: unrecognized formatting clause "{match["verb"]}"'
    return ""


def format_string(template: str, values: object) -> str:
    """Fill in a format string; surplus values are ignored."""
    parsed = parse_template(template)
    arguments = ordered(values)
    parts = [parsed.texts[0]]
    for index, verb in enumerate(parsed.verbs):
        if index >= len(arguments):
            raise EvaluationError(f"index {index} out of range")
        if not verb:
            raise EvaluationError(parsed.fault)
        parts += (_formatted(verb, arguments[index]), parsed.texts[index + 1])
    return "".join(parts)


def _formatted(verb: str, value: object) -> str:
    if verb == "s":
        return _text(value)
    if verb in "fe":
        if type(value) is float or value in ("NaN", "Infinity", "-Infinity"):
            raise Undecided(f"formatting with %{verb} is not modelled")
        raise _wrong_type("fixed-point" if verb == "f" else "scientific", value)
    if verb in "xX" and isinstance(value, str | bytes):
        digits = (value.encode() if isinstance(value, str) else value).hex()
        return digits.upper() if verb == "X" else digits
    if type(value) is bool and verb == "b":
        return "1" if value else "0"
    if isinstance(value, int) and type(value) is not bool:
        return f"{int(value):{verb}}"
    raise _wrong_type(verb, value)


def _wrong_type(clause: str, value: object) -> EvaluationError:
    return EvaluationError(f"error during formatting: {clause} clause cannot format {type_name(value)}")


def _text(value: object) -> str:
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
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise EvaluationError("could not convert argument to string") from None
    if isinstance(value, TypeValue):
        return value.name
    if type(value) in LISTS:
        return f"[{', '.join(map(_nested, ordered(value)))}]"
    if isinstance(value, AnyMap):
        return _map_text(value)
    raise _wrong_type("string", value)


def _map_text(value: AnyMap) -> str:
    entries = []
    for key in value:
        if not isinstance(key, str | bool | int):
            raise EvaluationError(f"no formatting function for map key of type {type_name(key)}")
        entries.append((_nested(key), _nested(value.find(key))))
    return "{" + ", ".join(f"{key}:{text}" for key, text in sorted(entries)) + "}"


def _nested(value: object) -> str:
    """Write a value inside a list or map: strings quoted, doubles with six digits."""
    if isinstance(value, float):
        if math.isfinite(value):
            return f"{value:.6f}"
        return '"NaN"' if math.isnan(value) else f'"{"+" if value > 0 else "-"}Inf"'
    if isinstance(value, str | bytes):
        text = _text(value)
        if not _PLAIN_TEXT.fullmatch(text):
            raise Undecided("quoting special characters inside a formatted list is not modelled")
        return f'b"{text}"' if isinstance(value, bytes) else f'"{text}"'
    if type_name(value) in (
        "optional_type",
        "kubernetes.Quantity",
        "kubernetes.Semver",
        "kubernetes.URL",
        "net.IP",
        "net.CIDR",
    ):
        raise EvaluationError(f"no formatting function for {type_name(value)}")
    return _text(value)
