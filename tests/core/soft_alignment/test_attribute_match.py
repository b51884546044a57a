"""Which devices a ``matchAttribute`` accepts, alone and together, with and without lists as sets."""

from __future__ import annotations

import pytest

from extender.core.releases.history import release_for
from extender.core.soft_alignment.attribute_match import AttributeMatch
from extender.core.soft_alignment.selection import SelectedDevice
from extender.model import Attribute, AttributeKind, Device
from tests import builders as b

NO_LISTS = release_for("1.36.2")
LISTS = release_for("1.37.2", {"DRAListTypeAttributes": True})
NAME = "example.com/rack"

A, B, EMPTY = b.text("a"), b.text("b"), b.text("")
ONE = b.number(1)
A_VERSION = Attribute(AttributeKind.VERSION, "a")
ONLY_A, AB, B_LIST, NO_ELEMENT = (
    Attribute(AttributeKind.STRINGS, elements) for elements in (("a",), ("a", "b"), ("b",), ())
)


def device(value, name=NAME):
    made = Device("d", {} if value is None else {name: value})
    return SelectedDevice(b.slice_of("gpu.example.com", "n", [made]), 0)


@pytest.mark.parametrize(
    ("value", "without_lists", "with_lists"),
    [
        (None, False, False),
        (A, True, True),
        (EMPTY, True, True),
        (ONE, True, True),
        # Without the gate a list is a value that equals nothing, which holds for one device.
        (AB, True, True),
        (NO_ELEMENT, True, False),
    ],
    ids=["missing", "text", "empty", "number", "list", "empty-list"],
)
def test_one_device(value, without_lists, with_lists):
    """Whether it is accepted; rejected are values, never the devices that have none."""
    for release, accepted in ((NO_LISTS, without_lists), (LISTS, with_lists)):
        match = AttributeMatch(NAME, release)
        assert match.accepts(device(value)) is accepted
        assert match.accepts(device(value)) is accepted
        assert match.rejects_value(device(value)) is (not accepted and value is not None)


@pytest.mark.parametrize(
    ("left", "right", "without_lists", "with_lists"),
    [
        ([A], [A], True, True),
        ([A], [B], False, False),
        ([A, B], [B], True, True),
        ([None], [None], False, False),
        ([A], [], False, False),
        # Values of two types never match.
        ([A], [A_VERSION], False, False),
        ([AB], [AB], False, True),
        ([AB], [B_LIST], False, True),
        ([ONLY_A], [B_LIST], False, False),
        ([AB], [A], False, True),
        ([NO_ELEMENT], [NO_ELEMENT], False, False),
    ],
)
def test_two_devices(left, right, without_lists, with_lists):
    """Whether it holds for one of each side together."""
    for release, holds in ((NO_LISTS, without_lists), (LISTS, with_lists)):
        match = AttributeMatch(NAME, release)
        assert match.holds_for_some(map(device, left), map(device, right)) is holds
        assert match.holds_for_some(map(device, right), map(device, left)) is holds


def test_the_empty_text_matches_itself_unless_it_is_ignored():
    """Drivers publish it for what they do not know."""
    match = AttributeMatch(NAME, NO_LISTS)
    empty, filled = [device(EMPTY)], [device(EMPTY), device(A)]
    assert match.holds_for_some(empty, empty)
    assert not match.holds_for_some(empty, filled, ignore_empty=True)
    assert match.holds_for_some(filled, filled, ignore_empty=True)


def test_a_full_name_is_read_whatever_the_driver():
    """The driver's own domain is not put before it."""
    match = AttributeMatch(NAME, NO_LISTS)
    assert not match.accepts(device(A, "gpu.example.com/rack"))
