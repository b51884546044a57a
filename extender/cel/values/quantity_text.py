"""
How the text of a quantity is read: as a 64-bit number with a decimal scale, or as an arbitrary decimal.

Source: k8s.io/apimachinery pkg/api/resource quantity.go ParseQuantity, v0.36 to v0.38.0-beta.0.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from extender.model.quantity import MAX_INT64, MIN_INT64

_SYNTAX = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?"
    r"(?P<suffix>Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?[0-9]+)"
)
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_FAST_DIGITS = 18
_DIGITS = 29
_BINARY_DIGITS = 70
"""How many digits count from 1.38 on, without and with a suffix such as ``Gi``."""

NANO = -9
_MAX_EXPONENT = 200


class Parsed(NamedTuple):
    """``unscaled * 10**scale``, as a 64-bit number or as an arbitrary decimal."""

    unscaled: int
    scale: int
    arbitrary: bool


@lru_cache(maxsize=4096)
def parsed_quantity(text: str, wide: bool) -> Parsed:
    """
    Read a quantity.

    ``wide``: a decimal of 19 digits that fits 64 bits is no arbitrary decimal, an arbitrary decimal keeps
    a scale above that of nanos, and has at most 29 digits, or 70 before a binary suffix (from 1.38).
    Raises ``ValueError`` for what is no quantity, and ``OverflowError`` for an exponent so large that we
    do not follow what Go makes of it.
    """
    if len(text) > _MAX_EXPONENT:
        raise OverflowError(f"quantity {text[:20]!r}... is too long")
    # Upstream takes digits as optional: "k" and "-" are zero.
    match = _SYNTAX.fullmatch(text)
    if match is None or not text:
        raise ValueError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    digits = match["whole"].lstrip("0") or "0"
    fraction, suffix = match["fraction"] or "", match["suffix"]
    sign = -1 if match["sign"] == "-" else 1
    mantissa = int(digits + fraction)
    if suffix in _BINARY:
        shift = _BINARY[suffix]
        # 15 digits less the digits of the number and about 3 per 10 bits of the suffix.
        room = 15 - len(digits) - int(shift * 3 / 10) - 1
        if not fraction and room >= 0 and mantissa << shift <= MAX_INT64:
            return Parsed(sign * (mantissa << shift), 0, arbitrary=False)
        _require_digits(match)
        return _binary(sign, mantissa, -len(fraction), shift, wide)
    exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    if abs(exponent) > _MAX_EXPONENT:
        raise OverflowError(f"quantity {text!r} has too large an exponent")
    scale = exponent - len(fraction)
    count = len(digits) + len(fraction)
    fits = count <= _FAST_DIGITS or (wide and count == _FAST_DIGITS + 1 and _fits_int64(sign * mantissa))
    if fits and scale >= NANO:
        return Parsed(sign * mantissa, scale, arbitrary=False)
    _require_digits(match)
    if wide:
        mantissa, scale = _limited(mantissa, scale, _DIGITS)
    return _finest(sign, mantissa, scale, wide)


def _require_digits(match: re.Match[str]) -> None:
    if not (match["whole"] or match["fraction"]):
        raise ValueError("unable to parse numeric part of quantity")


def _fits_int64(number: int) -> bool:
    return MIN_INT64 <= number <= MAX_INT64


def _binary(sign: int, mantissa: int, scale: int, shift: int, wide: bool) -> Parsed:
    if wide:
        mantissa, scale = _limited(mantissa, scale, _BINARY_DIGITS)
    parsed = _finest(sign, mantissa << shift, scale, wide)
    if abs(parsed.unscaled) * 10 ** max(parsed.scale, 0) > MAX_INT64 * 10 ** max(-parsed.scale, 0):
        return Parsed(sign * MAX_INT64, 0, arbitrary=True)
    return parsed


def _limited(mantissa: int, scale: int, digits: int) -> tuple[int, int]:
    """Round away from zero to so many digits (``decFromDigits``)."""
    dropped = len(str(mantissa)) - digits
    if dropped <= 0:
        return mantissa, scale
    return -(-mantissa // 10**dropped), scale + dropped


def _finest(sign: int, unscaled: int, scale: int, wide: bool) -> Parsed:
    """Round away from zero to nanos; ``wide``: a coarser scale stays, as does that of zero always."""
    if unscaled and scale < NANO:
        return Parsed(sign * -(-unscaled // 10 ** (NANO - scale)), NANO, arbitrary=True)
    if unscaled and not wide:
        return Parsed(sign * unscaled * 10 ** (scale - NANO), NANO, arbitrary=True)
    return Parsed(sign * unscaled, scale, arbitrary=True)
