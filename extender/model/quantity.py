"""
Kubernetes quantities: exact numbers with a unit suffix.

Source: k8s.io/apimachinery pkg/api/resource: ParseQuantity, Quantity.Value, v0.36.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NANOS = 10**9
MAX_INT64 = 2**63 - 1
MIN_INT64 = -(2**63)

_SYNTAX = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?"
    r"(?P<suffix>Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?[0-9]+)"
)
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {
    "n": -9,
    "u": -6,
    "m": -3,
    "": 0,
    "k": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
    "E": 18,
}
# An exponent beyond this only ever saturates or rounds to one nano; keeping it
# bounded keeps a hostile "1e999999999" cheap.
_EXPONENT_LIMIT = 64
_SHORT_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Quantity:
    """
    A fixed-point number.

    ``nanos`` is the value in units of 10^-9, the finest that Kubernetes keeps.
    ``text`` is the spelling it was parsed from, empty for a computed quantity:
    upstream's ``==`` on two quantities compares the cached spelling too.
    """

    nanos: int
    text: str = ""

    @property
    def value(self) -> int:
        """
        Whole units, rounded away from zero as ``Quantity.Value`` does.

        What does not fit 64 bits is 0 where upstream keeps a number and an exponent
        (``ScaledValue`` drops the sign of failure), else its low 64 bits.
        """
        whole = -(-abs(self.nanos) // NANOS)
        if whole > MAX_INT64 and _is_short(self.text):
            return 0
        low = (whole if self.nanos >= 0 else -whole) + MAX_INT64 + 1
        return low % (1 << 64) - MAX_INT64 - 1

    @property
    def exact_int64(self) -> bool:
        """Whether the value is a whole number that fits 64 bits (``AsInt64``)."""
        return self.nanos % NANOS == 0 and MIN_INT64 <= self.nanos // NANOS <= MAX_INT64

    def identical(self, other: Quantity) -> bool:
        """Go's ``==`` on the two structs: same spelling, not just same value."""
        return self.nanos == other.nanos and self.text == other.text

    def __str__(self) -> str:
        if self.text:
            return self.text
        if self.nanos % NANOS == 0:
            return _binary_text(self.nanos // NANOS)
        return f"{self.nanos}n"


ZERO = Quantity(0, "0")


def parse_quantity(text: str) -> Quantity:
    """
    Parse ``"40Gi"``, ``"250m"``, ``"1e3"``.

    Digits finer than a nano round away from zero; binary values beyond int64 saturate.
    Raises ``ValueError`` naming the text when it is not a quantity.
    """
    match = _SYNTAX.fullmatch(text)
    if match is None or not (match["whole"] or match["fraction"]):
        raise ValueError(f"{text!r} is not a quantity (want a number such as 40Gi, 250m or 1e3)")
    whole, fraction, suffix = match["whole"], match["fraction"] or "", match["suffix"]
    digits = int(whole + fraction or "0")
    if suffix in _BINARY:
        numerator, denominator = digits << _BINARY[suffix], 10 ** len(fraction)
    else:
        exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
        exponent = max(-_EXPONENT_LIMIT, min(_EXPONENT_LIMIT, exponent))
        numerator, denominator = digits * 10 ** max(exponent, 0), 10 ** len(fraction)
        denominator *= 10 ** max(-exponent, 0)
    nanos = -(-numerator * NANOS // denominator)
    if suffix in _BINARY:
        nanos = min(nanos, MAX_INT64 * NANOS)
    return Quantity(-nanos if match["sign"] == "-" else nanos, text)


def _is_short(text: str) -> bool:
    """Whether upstream parses a decimal text into an int64 and an exponent (``int64Amount``)."""
    match = _SYNTAX.fullmatch(text)
    if match is None or match["suffix"] in _BINARY:
        return False
    return len(match["whole"].lstrip("0")) + len(match["fraction"] or "") <= _SHORT_DIGITS


def _binary_text(whole: int) -> str:
    """The shortest BinarySI spelling of a whole number."""
    for suffix, shift in reversed(_BINARY.items()):
        if whole and whole % (1 << shift) == 0:
            return f"{whole >> shift}{suffix}"
    return str(whole)
