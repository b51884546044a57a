"""Look-ups in one step give what look-ups one by one would."""

from __future__ import annotations

import pytest

from extender.core.prediction.look_up import look_up

KNOWN = {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("names", [(), ("b",), ("c", "a"), ("a", "b", "c", "a")])
def test_values_come_in_the_order_of_names(names):
    """Of none, one and several names."""
    assert look_up(KNOWN, names) == [KNOWN[name] for name in names]


@pytest.mark.parametrize("names", [("x",), ("a", "x")])
def test_a_missing_name_raises(names):
    """One among many is enough."""
    with pytest.raises(KeyError, match="x"):
        look_up(KNOWN, names)
