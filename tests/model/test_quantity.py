"""Quantities as Kubernetes parses, rounds and prints them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.model.quantity import MAX_INT64, MIN_INT64, NANOS, Quantity, parse_quantity

NANO = {
    "0": 0,
    "1": NANOS,
    "+1": NANOS,
    "-1": -NANOS,
    "007": 7 * NANOS,
    "1.": NANOS,
    ".5": NANOS // 2,
    "1.5": 3 * NANOS // 2,
    "1.5Gi": 3 * 2**29 * NANOS,
    "-1500m": -3 * NANOS // 2,
    "1e3": 1000 * NANOS,
    "1E3": 1000 * NANOS,
    "1e-3": NANOS // 1000,
    "1.25e1": 25 * NANOS // 2,
    "1E": 10**18 * NANOS,
    "1000E": 10**21 * NANOS,
    "1000000000000000000002": (10**21 + 2) * NANOS,
    "1k": 1000 * NANOS,
    "1Ki": 1024 * NANOS,
    "100m": NANOS // 10,
    "1u": 1000,
    "1n": 1,
    "0.5Ki": 512 * NANOS,
}
"""Texts and their values in nano units."""

FINER_THAN_NANO = {"0.1n": 1, "-0.1n": -1, "1.1n": 2, "0.0000000001": 1, "1e-10": 1, "-1e-99": -1, "0e-99": 0}
"""What is lost is rounded away from zero."""

BEYOND_INT64 = {"8Ei": MAX_INT64, "-8Ei": -MAX_INT64, "7Ei": 7 * 2**60, "99999999Ei": MAX_INT64}
"""Binary texts saturate; whole units."""


@pytest.mark.parametrize(("text", "nanos"), {**NANO, **FINER_THAN_NANO}.items())
def test_parses(text, nanos):
    """Every suffix, sign and form of number; the spelling is kept."""
    quantity = parse_quantity(text)
    assert (quantity.nanos, quantity.text, str(quantity)) == (nanos, text, text)


@pytest.mark.parametrize(("text", "whole"), BEYOND_INT64.items())
def test_binary_texts_saturate(text, whole):
    """Unlike decimal ones, which upstream keeps exactly."""
    assert parse_quantity(text).nanos == whole * NANOS


@pytest.mark.parametrize(
    "text",
    [
        *("", "1 Gi", " 1", "1\n", "1g", "1K", "1mi", "1KiB", "0x10", "1e", "1e1.5", "1e3k", "--1"),
        *("1_000", "1,5", "٣", "Infinity", "NaN", "1.2.3"),
    ],
)
def test_refuses(text):
    """The error quotes the text and shows right ones."""
    with pytest.raises(ValueError, match="is not a quantity") as error:
        parse_quantity(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize("text", ["1e999999999", "-1e999999999", "1e-999999999", "9" * 4000])
def test_huge_texts_are_cheap(text):
    """A hostile exponent costs nothing."""
    assert parse_quantity(text).nanos.bit_length() < 20_000


VALUES = {
    "1500m": 2,
    "-1500m": -2,
    "1n": 1,
    "-1n": -1,
    "2": 2,
    "9223372036854775807": MAX_INT64,
    "1000E": 0,
    "1e30": 0,
    "1000000000000000000002": (10**21 + 2 + 2**63) % 2**64 - 2**63,
    "8Ei": MAX_INT64,
}
"""What ``Quantity.Value`` answers."""


@pytest.mark.parametrize(("text", "value"), VALUES.items())
def test_the_value_in_whole_units(text, value):
    """Away from zero; beyond 64 bits it is 0 or the low bits, by how the text was kept."""
    assert parse_quantity(text).value == value


@pytest.mark.parametrize(
    ("nanos", "exact"),
    [
        (MAX_INT64 * NANOS, True),
        ((MAX_INT64 + 1) * NANOS, False),
        (MIN_INT64 * NANOS, True),
        ((MIN_INT64 - 1) * NANOS, False),
        (NANOS // 2, False),
        (0, True),
    ],
)
def test_what_is_an_exact_int64(nanos, exact):
    """Whole and within 64 bits."""
    assert Quantity(nanos).exact_int64 is exact


def test_identical_compares_the_spelling_too():
    """Go compares the structs, which hold the cached text."""
    one, same, other = parse_quantity("1Ki"), parse_quantity("1Ki"), parse_quantity("1024")
    assert one.identical(same)
    assert not one.identical(other)
    assert one.nanos == other.nanos


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0"),
        (1024 * NANOS, "1Ki"),
        (3 * 2**29 * NANOS, "1536Mi"),
        (1000 * NANOS, "1000"),
        (-1024 * NANOS, "-1Ki"),
        (1, "1n"),
    ],
)
def test_computed_quantities_print_canonically(nanos, text):
    """The shortest binary spelling."""
    assert str(Quantity(nanos)) == text


@given(st.integers(-(10**30), 10**30))
def test_what_is_printed_is_parsed_again(nanos):
    """Whatever is computed, its text stands for it, up to what binary texts can hold."""
    if abs(nanos) <= MAX_INT64 * NANOS:
        assert parse_quantity(str(Quantity(nanos))).nanos == nanos
