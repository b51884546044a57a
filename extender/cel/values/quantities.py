"""
Quantities as CEL sees them.

``isInteger``, ``asInteger`` and ``asApproximateFloat`` ask how Go happens to represent the number, not
what its value is: ``quantity("1000m")`` is no integer. So the representation is followed here: a
64-bit number with a decimal scale, or an arbitrary decimal.

Source: k8s.io/apimachinery pkg/api/resource quantity.go and amount.go, and
k8s.io/apiserver pkg/cel/library/quantity.go, v0.36 to v0.38.0-beta.0.
"""

from __future__ import annotations

from extender.model.quantity import MAX_INT64, MIN_INT64, NANOS, Quantity

from .quantity_text import NANO, parsed_quantity

PARSE_UNITS = 3
"""The work of reading a quantity, and of computing with one: their length is bounded."""

_MAX_SCALE_GAP = 29


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

    def plus(self, other: QuantityValue, *, sign: int = 1, wide: bool = False) -> QuantityValue:
        """
        Return the sum, or the difference.

        Negating the smallest 64-bit number leaves it, as in Go. ``wide``: it becomes an arbitrary decimal,
        and of decimals more than 29 digits apart the finer one is rounded (from 1.38).
        """
        if self.decimal is None and other.decimal is None:
            stays = other.unscaled == MIN_INT64 and not wide
            second = other.unscaled if stays else sign * other.unscaled
            summed = _add(self.unscaled, self.scale, second, other.scale)
            if summed is not None:
                return summed
        mine, theirs = self.decimal or self, other.decimal or other
        augend, addend = _Decimal(mine.unscaled, mine.scale), _Decimal(sign * theirs.unscaled, theirs.scale)
        result = QuantityValue(0, 0, computed=True)
        result.decimal = _bounded_sum(augend, addend) if wide else _sum(augend, addend)
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


def _sum(first: _Decimal, second: _Decimal) -> _Decimal:
    """``inf.Dec.Add``: the sum at the finer scale."""
    scale = min(first.scale, second.scale)
    total = first.unscaled * 10 ** (first.scale - scale) + second.unscaled * 10 ** (second.scale - scale)
    return _Decimal(total, scale)


def _bounded_sum(first: _Decimal, second: _Decimal) -> _Decimal:
    """``addDecBoundedScale``: zero leaves the other as it is."""
    if not second.unscaled:
        return first
    if not first.unscaled:
        return second
    coarsest = max(first.scale, second.scale)
    return _sum(*(_rounded(each, coarsest - _MAX_SCALE_GAP) for each in (first, second)))


def _rounded(number: _Decimal, scale: int) -> _Decimal:
    """Round away from zero to a scale, unless the number's is coarser."""
    if number.scale >= scale:
        return number
    magnitude = -(-abs(number.unscaled) // 10 ** (scale - number.scale))
    return _Decimal(magnitude if number.unscaled > 0 else -magnitude, scale)


def _add(first: int, first_scale: int, second: int, second_scale: int) -> QuantityValue | None:
    """``int64Amount.Add``: the sum at the finer scale, ``None`` if 64 bits do not hold it."""
    if second == 0:
        return QuantityValue(first, first_scale, computed=True)
    if first == 0 and second <= MAX_INT64:
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

    ``wide``: as in ``parsed_quantity``. Raises ``ValueError`` for what is no quantity, and
    ``OverflowError`` for an exponent so large that we do not follow what Go makes of it.
    """
    unscaled, scale, arbitrary = parsed_quantity(text, wide)
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
    return QuantityValue(quantity.nanos, NANO)


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
