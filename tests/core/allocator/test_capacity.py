"""Consumable capacity: what a request takes by policy, and what cannot be reckoned with."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from extender.core.allocator.capacity import Arithmetic, CapacityFault, consumed_amount, demand, fits
from extender.model import Capacity, RequestPolicy
from extender.model.quantity import MAX_INT64, NANOS, Quantity, parse_quantity

DRIVER = "gpu.example.com"
PLAIN = Arithmetic(wraps=False, fractions=False, rounds_negative=True, scoped_names=False)
WRAPS = PLAIN._replace(wraps=True)
FRACTIONS = PLAIN._replace(fractions=True)


def q(text: str) -> Quantity:
    return parse_quantity(text)


def policy(
    default: str = "", low: str = "", high: str = "", step: str = "", values: tuple[str, ...] | None = None
) -> RequestPolicy:
    """Empty: not set; with any end or step it has a range."""
    return RequestPolicy(
        q(default) if default else None,
        None if values is None else tuple(map(q, values)),
        q(low) if low else None,
        q(high) if high else None,
        q(step) if step else None,
        has_range=bool(low or high or step),
    )


class Case(NamedTuple):
    """``taken`` of a capacity of 100: None if it never fits."""

    policy: RequestPolicy | None
    asked: str
    taken: str | None
    arithmetic: Arithmetic = PLAIN


RANGE = policy("10", "10", "40", "5")
CASES = {
    "no request, no policy: all": Case(None, "", "100"),
    "no request: the default": Case(policy("7", values=("7", "9")), "", "7"),
    "no request, policy without default: all": Case(policy(low="1", high="200"), "", "100"),
    "a default that breaks its own range": Case(policy("3", "10", "40"), "", "3"),
    "a request without policy": Case(None, "30", "30"),
    "a request of nothing": Case(None, "0", "0"),
    "larger than the device": Case(None, "101", "101"),
    "range: below it": Case(RANGE, "1", "10"),
    "range: on a step": Case(RANGE, "15", "15"),
    "range: to the next step": Case(RANGE, "16", "20"),
    "range: fractions to the next step": Case(RANGE, "15500m", "20"),
    "range: the end": Case(RANGE, "40", "40"),
    "range: beyond the end": Case(RANGE, "41", None),
    "range: no step": Case(policy(low="10", high="40"), "16", "16"),
    "range: no end": Case(policy(low="10", step="4"), "27", "30"),
    "range: steps count from its start": Case(policy(low="3", high="40", step="5"), "9", "13"),
    "range without start: not rounded": Case(policy(high="40", step="5"), "15", "15"),
    "range without start: off step": Case(policy(high="40", step="5"), "16", None),
    "values: the next": Case(policy("5", values=("5", "10", "20")), "6", "10"),
    "values: one of them": Case(policy("5", values=("5", "10", "20")), "20", "20"),
    "values: none is large enough": Case(policy("5", values=("5", "10", "20")), "21", None),
    "values: none at all": Case(policy("5", values=()), "6", "6"),
    "fractions: in milli": Case(policy(low="500m", high="4", step="250m"), "600m", "750m", FRACTIONS),
    "fractions: whole numbers too": Case(RANGE, "16", "20", FRACTIONS),
    "fractions: beyond the end": Case(policy(low="500m", high="1", step="250m"), "1100m", None, FRACTIONS),
    "fractions: a step finer than a milli is in whole units": Case(
        policy(low="1", high="9", step="1u"), "2", "2", FRACTIONS
    ),
    "negative passes where amounts wrap": Case(None, "-5", "-5", WRAPS),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_request_takes(case):
    """By the request policy's default, range or values."""
    of, asked, taken, arithmetic = CASES[case]
    capacity = (("memory", Capacity(q("100"), of)),)
    found = demand(DRIVER, capacity, (("memory", q(asked)),) if asked else None, arithmetic)
    assert found == (None if taken is None else (("memory", q(taken).nanos, 100 * NANOS),))


FAULTS = {
    "negative": (None, "-1", PLAIN, "negative"),
    "beyond 64 bits": (policy(low="1", step="2"), "1e19", PLAIN, "does not fit 64 bits"),
    "rounded up beyond": (policy(low="0", step="10"), "9223372036854775807", PLAIN, "rounded up"),
    "finer than a milli": (
        policy(low="1", high="9", step="1"),
        "1000001u",
        FRACTIONS,
        "thousandth",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_cannot_be_reckoned_with(case):
    """A fault aborts the attempt, so it is told apart from what merely does not fit."""
    of, asked, arithmetic, message = FAULTS[case]
    capacity = (("memory", Capacity(q("100"), of)),)
    with pytest.raises(CapacityFault, match=message):
        demand(DRIVER, capacity, (("memory", q(asked)),), arithmetic)


def test_amounts_wrap_like_int64():
    """Where they do, the next step beyond 64 bits is a negative amount."""
    of = policy(low="0", step="10")
    taken = consumed_amount(q("9223372036854775807"), Capacity(q("1"), of), WRAPS)
    assert taken.nanos == ((MAX_INT64 // 10 + 1) * 10 - 2**64) * NANOS


def test_a_capacity_that_the_device_lacks_never_fits():
    """Whatever is asked of it."""
    capacity = (("memory", Capacity(q("100"))),)
    assert demand(DRIVER, capacity, (("cores", q("0")),), PLAIN) is None


def test_every_capacity_is_taken_of():
    """Those not asked for are taken whole, or by their default."""
    capacity = (("cores", Capacity(q("8"), policy("2", "1", "8"))), ("memory", Capacity(q("100"))))
    assert demand(DRIVER, capacity, None, PLAIN) == (
        ("cores", 2 * NANOS, 8 * NANOS),
        ("memory", 100 * NANOS, 100 * NANOS),
    )
    assert demand(DRIVER, (), None, PLAIN) == ()


@pytest.mark.parametrize(
    ("consumed", "allocating", "expected"),
    [
        ({}, {}, True),
        ({"m": 60}, {}, True),
        ({"m": 61}, {}, False),
        ({"m": 30}, {"m": 31}, False),
        ({"x": 99}, {}, True),
    ],
)
def test_what_fits_beside_others(consumed, allocating, expected):
    """What is consumed and what this attempt has picked count together."""
    assert fits((("m", 40, 100), ("n", 1, 1)), consumed, allocating) is expected
