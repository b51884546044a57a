"""
Conversions between the basic types: ``int("1")``, ``string(1.5)``.

Source: the ``ConvertToType`` methods of github.com/google/cel-go common/types, v0.26,
and Go's strconv.
"""

from __future__ import annotations

import math
import re

from extender.model.integers import parse_int64

from ..checking import call_costs
from ..checking.declarations import Charging, Function, function, overload
from ..errors import EvaluationError
from ..values.arithmetic import checked_int, checked_uint
from ..values.doubles import double_text, parse_double
from ..values.networks import Cidr, Ip
from ..values.runtime_types import type_name
from ..values.times import CALENDAR_UNITS, Timestamp, duration_text, timestamp_text
from ..values.values import MAX_UINT, TypeValue, Uint
from ..work import Work

_UINT = re.compile(r"[0-9]+")
_BOOLS = {"1": True, "t": True, "T": True, "true": True, "TRUE": True, "True": True} | {
    "0": False,
    "f": False,
    "F": False,
    "false": False,
    "FALSE": False,
    "False": False,
}


def conversion_failed(value: object, to: str) -> EvaluationError:
    """Build cel-go's error for a value that cannot be converted."""
    return EvaluationError(f"type conversion error from '{type_name(value)}' to '{to}'")


def _same(value: object) -> object:
    return value


def _double_to_int(value: float) -> int:
    if math.isnan(value) or not -(2.0**63) < value < 2.0**63:
        raise EvaluationError("integer overflow")
    return int(value)


def _double_to_uint(value: float) -> Uint:
    if math.isnan(value) or not 0 <= value < 2.0**64:
        raise EvaluationError("unsigned integer overflow")
    return Uint(value)


def _uint_to_int(value: Uint) -> int:
    return checked_int(int(value))


def _string_to_int(work: Work, text: str) -> int:
    work.scan(len(text))
    value = parse_int64(text)
    if value is None:
        raise conversion_failed(text, "int")
    return value


def _string_to_uint(work: Work, text: str) -> Uint:
    work.scan(len(text))
    digits = text.lstrip("0") or "0"
    if _UINT.fullmatch(text) and len(digits) < 21 and int(digits) <= MAX_UINT:
        return Uint(digits)
    raise conversion_failed(text, "uint")


def _string_to_double(work: Work, text: str) -> float:
    work.scan(4 * len(text))
    value = parse_double(text)
    if value is None:
        raise conversion_failed(text, "double")
    return value


def _string_to_bool(text: str) -> bool:
    if text not in _BOOLS:
        raise conversion_failed(text, "bool")
    return _BOOLS[text]


def _string_to_bytes(work: Work, text: str) -> bytes:
    work.build(4 * len(text))
    return text.encode()


def _bytes_to_string(work: Work, value: bytes) -> str:
    work.build(4 * len(value))
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from None


def _bool_to_string(value: bool) -> str:
    return "true" if value else "false"


def _type_value(value: object) -> TypeValue:
    return TypeValue(type_name(value))


def _timestamp_text(work: Work, timestamp: Timestamp) -> str:
    work.charge(2 * CALENDAR_UNITS)
    return timestamp_text(timestamp)


def _network_text(value: Ip | Cidr) -> str:
    return str(value)


FUNCTIONS: tuple[Function, ...] = (
    function(
        "bool",
        overload("(bool) -> bool", _same),
        overload("(string) -> bool", _string_to_bool),
    ),
    function(
        "bytes",
        overload("(bytes) -> bytes", _same),
        overload("(string) -> bytes", Charging(_string_to_bytes), call_costs.OPERAND_WALK),
    ),
    function(
        "double",
        overload("(double) -> double", _same),
        overload("(int) -> double", float),
        overload("(string) -> double", Charging(_string_to_double)),
        overload("(uint) -> double", float),
    ),
    function("dyn", overload("(A) -> dyn", _same)),
    function(
        "int",
        overload("(int) -> int", _same),
        overload("(double) -> int", _double_to_int),
        overload("(Duration) -> int", lambda duration: duration.nanos),
        overload("(string) -> int", Charging(_string_to_int)),
        overload("(Timestamp) -> int", lambda timestamp: timestamp.seconds),
        overload("(uint) -> int", _uint_to_int),
    ),
    function(
        "string",
        overload("(string) -> string", _same),
        overload("(bool) -> string", _bool_to_string),
        overload("(bytes) -> string", Charging(_bytes_to_string), call_costs.OPERAND_WALK),
        overload("(double) -> string", double_text),
        overload("(Duration) -> string", duration_text),
        overload("(int) -> string", str),
        overload("(Timestamp) -> string", Charging(_timestamp_text)),
        overload("(uint) -> string", str),
        overload("(IP) -> string", _network_text),
        overload("(CIDR) -> string", _network_text),
    ),
    function("type", overload("(A) -> type(A)", _type_value)),
    function(
        "uint",
        overload("(uint) -> uint", _same),
        overload("(double) -> uint", _double_to_uint),
        overload("(int) -> uint", checked_uint),
        overload("(string) -> uint", Charging(_string_to_uint)),
    ),
)
