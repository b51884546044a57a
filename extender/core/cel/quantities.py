"""
Quantities as CEL sees them.

``isInteger`` and ``asInteger`` ask how Go happens to represent the number, not
what it is worth: ``quantity("1000m")`` is no integer. So the representation is
followed here: a 64-bit number with a decimal scale, or an arbitrary decimal.

Source: k8s.io/apimachinery pkg/api/resource quantity.go and amount.go, and
k8s.io/apiserver pkg/cel/library/quantity.go, v0.36.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from ..quantity import MAX_INT64, MIN_INT64, NANOS, Quantity

_SYNTAX = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?"
    r"(?P<suffix>Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?[0-9]+)"
)
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_FAST_DIGITS = 18
_MAX_EXPONENT = 200


class QuantityValue:
    """
    ``number`` is exact. ``scale`` is the decimal scale of Go's 64-bit form, ``None`` for
    the arbitrary decimal, which a number becomes when it is compared with one.

    ``computed`` marks the result of ``add`` and ``sub``, which upstream are pointers: no
    quantity equals them, though they equal quantities.
    """

    __slots__ = ("computed", "number", "scale")

    def __init__(self, number: Fraction, scale: int | None, *, computed: bool = False) -> None:
        self.number = number
        self.scale = scale
        self.computed = computed

    @property
    def integer(self) -> int | None:
        """What ``asInteger`` gives, ``None`` for its error."""
        if self.scale is None or self.scale < 0:
            return None
        value = int(self.number)
        return value if MIN_INT64 <= value <= MAX_INT64 else None

    @property
    def approximate(self) -> float | None:
        """What ``asApproximateFloat`` gives, ``None`` where we do not follow the rounding."""
        if self.scale is None:
            return None
        return float(self._unscaled(self.scale)) * float(f"1e{self.scale}")

    def compare(self, other: QuantityValue) -> int:
        """Return -1, 0 or 1."""
        if other.scale is None:
            self.scale = None
        return (self.number > other.number) - (self.number < other.number)

    def plus(self, other: QuantityValue) -> QuantityValue:
        """Return the sum."""
        if self.scale is not None and other.scale is not None:
            summed = _add(self._unscaled(self.scale), self.scale, other._unscaled(other.scale), other.scale)
            if summed is not None:
                return summed
        return QuantityValue(self.number + other.number, None, computed=True)

    def minus(self, other: QuantityValue) -> QuantityValue:
        """Return the difference; negating the smallest 64-bit number leaves it, as in Go."""
        if self.scale is not None and other.scale is not None:
            subtrahend = other._unscaled(other.scale)
            negative = subtrahend if subtrahend == MIN_INT64 else -subtrahend
            summed = _add(self._unscaled(self.scale), self.scale, negative, other.scale)
            if summed is not None:
                return summed
        return QuantityValue(self.number - other.number, None, computed=True)

    def _unscaled(self, scale: int) -> int:
        return int(self.number / Fraction(10) ** scale)


def _add(first: int, first_scale: int, second: int, second_scale: int) -> QuantityValue | None:
    """``int64Amount.Add``: the sum at the finer scale, ``None`` if 64 bits do not hold it."""
    if second == 0:
        return _computed(first, first_scale)
    if first == 0:
        return _computed(second, second_scale)
    scale = min(first_scale, second_scale)
    first *= 10 ** (first_scale - scale)
    second *= 10 ** (second_scale - scale)
    total = first + second
    if all(MIN_INT64 <= number <= MAX_INT64 for number in (first, second, total)):
        return _computed(total, scale)
    return None


def _computed(unscaled: int, scale: int) -> QuantityValue:
    return QuantityValue(unscaled * Fraction(10) ** scale, scale, computed=True)


def whole(number: int) -> QuantityValue:
    """Build the quantity of a whole number, as ``resource.NewQuantity`` does."""
    return QuantityValue(Fraction(number), 0)


def parse_quantity_value(text: str) -> QuantityValue:
    """
    Parse ``40Gi``.

    Raises ``ValueError`` for what is no quantity, and ``OverflowError`` for an exponent
    so large that we do not follow what Go makes of it.
    """
    number, scale = _parse(text)
    return QuantityValue(number, scale)


def quantity_value(quantity: Quantity) -> QuantityValue:
    """Return a device's capacity as CEL sees it."""
    if quantity.text:
        return parse_quantity_value(quantity.text)
    return QuantityValue(Fraction(quantity.nanos, NANOS), 0 if quantity.exact_int64 else -9)


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[Fraction, int | None]:
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
        return _binary(sign, mantissa, len(digits), len(fraction), _BINARY[suffix])
    exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    if abs(exponent) > _MAX_EXPONENT:
        raise OverflowError(f"quantity {text!r} has too large an exponent")
    number = sign * mantissa * Fraction(10) ** (exponent - len(fraction))
    scale = exponent - len(fraction)
    if len(digits) + len(fraction) <= _FAST_DIGITS and scale >= -9:
        return number, scale
    return _rounded(number), None


def _binary(
    sign: int, mantissa: int, digits: int, fraction: int, exponent: int
) -> tuple[Fraction, int | None]:
    number = Fraction(mantissa << exponent, 10**fraction)
    # 15 digits less the digits of the number and about 3 per 10 bits of the suffix.
    room = 15 - digits - int(exponent * 3 / 10) - 1
    if not fraction and room >= 0 and number <= MAX_INT64:
        return sign * number, 0
    return sign * min(abs(_rounded(number)), Fraction(MAX_INT64)), None


def _rounded(number: Fraction) -> Fraction:
    """Round away from zero to a whole number of nanos."""
    nanos = -(-abs(number.numerator) * NANOS // number.denominator)
    return Fraction(nanos if number >= 0 else -nanos, NANOS)
