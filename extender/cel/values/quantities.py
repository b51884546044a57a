"""
Quantities as CEL sees them.

``isInteger``, ``asInteger`` and ``asApproximateFloat`` ask how Go happens to represent the number, not
what its value is: ``quantity("1000m")`` is no integer. So the representation is followed here: a
64-bit number with a decimal scale, or an arbitrary decimal.

Source: k8s.io/apimachinery pkg/api/resource quantity.go and amount.go, and
k8s.io/apiserver pkg/cel/library/quantity.go, v0.36 and v0.37.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from extender.model.quantity import MAX_INT64, MIN_INT64, NANOS, Quantity

_SYNTAX = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?"
    r"(?P<suffix>Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?[0-9]+)"
)
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_FAST_DIGITS = 18
PARSE_UNITS = 3
"""The work of reading a quantity, and of computing with one: their length is bounded."""

_NANO = -9
_MAX_EXPONENT = 200


class _Parsed(NamedTuple):
    """``unscaled * 10**scale``, as a 64-bit number or as an arbitrary decimal."""

    unscaled: int
    scale: int
    arbitrary: bool


class _Decimal:
    """An arbitrary decimal, ``unscaled * 10**scale``; several quantities may share one."""

    __slots__ = ("scale", "unscaled")

    def __init__(self, unscaled: int, scale: int) -> None:
        self.unscaled = unscaled
        self.scale = scale


class QuantityValue:
    """
    A quantity: a 64-bit number and a scale, unless ``decimal`` is set, which then counts.

    ``computed`` marks the result of ``add`` and ``sub``, which upstream are pointers: no
    quantity equals them, though they equal quantities. ``borrowed`` marks a decimal that
    belongs to the device.
    """

    __slots__ = ("borrowed", "computed", "decimal", "scale", "unscaled")

    def __init__(self, unscaled: int, scale: int, *, computed: bool = False) -> None:
        self.unscaled = unscaled
        self.scale = scale
        self.decimal: _Decimal | None = None
        self.computed = computed
        self.borrowed = False

    @property
    def integer(self) -> int | None:
        """What ``asInteger`` gives, ``None`` for its error."""
        if self.decimal is not None or self.scale < 0:
            return None
        value: int = self.unscaled * 10**self.scale
        return value if MIN_INT64 <= value <= MAX_INT64 else None

    @property
    def approximate(self) -> float:
        """What ``asApproximateFloat`` gives, with its rounding."""
        exact = self.decimal or self
        try:
            base = float(exact.unscaled)
        except OverflowError:
            base = float("inf") if exact.unscaled > 0 else float("-inf")
        return base * _power_of_ten(exact.scale) if exact.scale else base

    @property
    def sign(self) -> int:
        """-1, 0 or 1."""
        unscaled = (self.decimal or self).unscaled
        return (unscaled > 0) - (unscaled < 0)

    def compare(self, other: QuantityValue) -> int:
        """Return -1, 0 or 1; a number compared with an arbitrary decimal becomes one."""
        if other.decimal is not None:
            self.to_decimal()
        return compared(self, other)

    def to_decimal(self) -> _Decimal:
        """Return the arbitrary decimal, which the quantity becomes."""
        if self.decimal is None:
            self.decimal = _Decimal(self.unscaled, self.scale)
        return self.decimal

    def plus(self, other: QuantityValue, *, sign: int = 1) -> QuantityValue:
        """Return the sum, or the difference; negating the smallest 64-bit number leaves it, as in Go."""
        if self.decimal is None and other.decimal is None:
            second = other.unscaled if sign > 0 or other.unscaled == MIN_INT64 else -other.unscaled
            summed = _add(self.unscaled, self.scale, second, other.scale)
            if summed is not None:
                return summed
        result = QuantityValue(0, 0, computed=True)
        mine, theirs = self.decimal or self, other.decimal or other
        scale = min(mine.scale, theirs.scale)
        first = mine.unscaled * 10 ** (mine.scale - scale)
        result.decimal = _Decimal(first + sign * theirs.unscaled * 10 ** (theirs.scale - scale), scale)
        return result

    def plus_in_place(self, other: QuantityValue, *, sign: int = 1) -> QuantityValue:
        """
        Like ``plus``, but an arbitrary decimal is changed and shared with the result.

        Source: k8s.io/apiserver pkg/cel/library/quantity.go (``copy := *q``), to v0.36.
        """
        result = self.plus(other, sign=sign)
        if self.decimal is not None and result.decimal is not None:
            self.decimal.unscaled, self.decimal.scale = result.decimal.unscaled, result.decimal.scale
            result.decimal = self.decimal
        return result


def compared(left: QuantityValue, right: QuantityValue) -> int:
    """Return -1, 0 or 1 by value."""
    first, second = left.decimal or left, right.decimal or right
    a, b = first.unscaled, second.unscaled
    if first.scale > second.scale:
        a *= 10 ** (first.scale - second.scale)
    elif first.scale < second.scale:
        b *= 10 ** (second.scale - first.scale)
    return (a > b) - (a < b)


def _add(first: int, first_scale: int, second: int, second_scale: int) -> QuantityValue | None:
    """``int64Amount.Add``: the sum at the finer scale, ``None`` if 64 bits do not hold it."""
    if second == 0:
        return QuantityValue(first, first_scale, computed=True)
    if first == 0:
        return QuantityValue(second, second_scale, computed=True)
    scale = min(first_scale, second_scale)
    first *= 10 ** (first_scale - scale)
    second *= 10 ** (second_scale - scale)
    total = first + second
    if all(MIN_INT64 <= number <= MAX_INT64 for number in (first, second, total)):
        return QuantityValue(total, scale, computed=True)
    return None


def whole(number: int) -> QuantityValue:
    """Build the quantity of a whole number, as ``resource.NewQuantity`` does."""
    return QuantityValue(number, 0)


def parse_quantity_value(text: str, *, wide: bool = False) -> QuantityValue:
    """
    Parse ``40Gi``.

    ``wide``: a decimal of 19 digits that fits 64 bits is no arbitrary decimal (from 1.38). Raises
    ``ValueError`` for what is no quantity, and ``OverflowError`` for an exponent so large that we do not
    follow what Go makes of it.
    """
    unscaled, scale, arbitrary = _parse(text, wide)
    value = QuantityValue(unscaled, scale)
    if arbitrary:
        value.to_decimal()
    return value


def quantity_value(quantity: Quantity, *, wide: bool) -> QuantityValue:
    """Return a device's capacity as CEL sees it."""
    if quantity.text:
        value = parse_quantity_value(quantity.text, wide=wide)
        value.borrowed = value.decimal is not None
        return value
    if quantity.exact_int64:
        return QuantityValue(quantity.nanos // NANOS, 0)
    return QuantityValue(quantity.nanos, _NANO)


@lru_cache(maxsize=4096)
def _parse(text: str, wide: bool) -> _Parsed:
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
    scale = exponent - len(fraction)
    count = len(digits) + len(fraction)
    fits = count <= _FAST_DIGITS or (wide and count == _FAST_DIGITS + 1 and _fits_int64(sign * mantissa))
    if fits and scale >= _NANO:
        return _Parsed(sign * mantissa, scale, arbitrary=False)
    return _in_nanos(sign, mantissa, scale)


def _fits_int64(number: int) -> bool:
    return MIN_INT64 <= number <= MAX_INT64


def _binary(sign: int, mantissa: int, digits: int, fraction: int, exponent: int) -> _Parsed:
    number = mantissa << exponent
    # 15 digits less the digits of the number and about 3 per 10 bits of the suffix.
    room = 15 - digits - int(exponent * 3 / 10) - 1
    if not fraction and room >= 0 and number <= MAX_INT64:
        return _Parsed(sign * number, 0, arbitrary=False)
    parsed = _in_nanos(sign, number, -fraction)
    if abs(parsed.unscaled) > MAX_INT64 * 10**-parsed.scale:
        return _Parsed(sign * MAX_INT64, 0, arbitrary=True)
    return parsed


def _in_nanos(sign: int, unscaled: int, scale: int) -> _Parsed:
    """Round away from zero to a whole number of nanos; zero keeps its scale."""
    if not unscaled:
        return _Parsed(0, scale, arbitrary=True)
    if scale >= _NANO:
        nanos = unscaled * 10 ** (scale - _NANO)
    else:
        nanos = -(-unscaled // 10 ** (_NANO - scale))
    return _Parsed(sign * nanos, _NANO, arbitrary=True)


def _power_of_ten(exponent: int) -> float:
    """Go's ``math.Pow10``, which is a product or a quotient of two tables' entries."""
    if exponent < -323:
        return 0.0
    if exponent > 308:
        return float("inf")
    steps, rest = divmod(abs(exponent), 32)
    if exponent >= 0:
        return float(f"1e{32 * steps}") * float(f"1e{rest}")
    return float(f"1e-{32 * steps}") / float(f"1e{rest}")
