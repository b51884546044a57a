"""Integers as Go's strconv.ParseInt reads them."""

from __future__ import annotations

import pytest

from extender.model.integers import parse_int64

NUMBERS = {
    "0": 0,
    "-0": 0,
    "+5": 5,
    "-3": -3,
    "007": 7,
    "0" * 5000 + "7": 7,
    "9223372036854775807": 2**63 - 1,
    "9223372036854775808": None,
    "-9223372036854775808": -(2**63),
    "-9223372036854775809": None,
    "1" * 25: None,
    "1" * 5000: None,
    "": None,
    "+": None,
    "+-1": None,
    "--1": None,
    " 1": None,
    "1_0": None,
    "1.0": None,
    "²": None,
    "٣": None,
}


@pytest.mark.parametrize(("text", "number"), NUMBERS.items(), ids=range(len(NUMBERS)))
def test_numbers(text, number):
    """Digits of ASCII with at most one sign, within 64 bits, however many zeros lead."""
    assert parse_int64(text) == number
