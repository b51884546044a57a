"""What selectors see of a device."""

from __future__ import annotations

import itertools

import pytest

from extender.core.allocator.selector_result import as_seen
from extender.core.releases.history import LATEST
from extender.model import Capacity, Device, DeviceTraits
from extender.model.quantity import parse_quantity

VALUES = {"a.example/memory": "4", "memory": "6", "z.example/memory": "8"}


@pytest.mark.parametrize("order", list(itertools.permutations(VALUES)))
@pytest.mark.parametrize(("driver", "own"), [("a.example", "4"), ("z.example", "8"), ("b.example", "6")])
def test_the_qualified_spelling_of_a_capacity_wins(order, driver, own):
    """As that of an attribute does; without one the bare name is in the driver's own domain."""
    capacity = tuple((name, Capacity(parse_quantity(VALUES[name]))) for name in order)
    seen = as_seen(driver, Device("d", traits=DeviceTraits(capacity=capacity)), LATEST).capacity
    assert seen[f"{driver}/memory"] == parse_quantity(own)
    assert seen["a.example/memory"] == parse_quantity("4")
    assert seen["z.example/memory"] == parse_quantity("8")
