"""The numbers that stand for compared values: equal exactly where Kubernetes takes values for equal."""

from __future__ import annotations

import pytest

from extender.cel import compile_derived, unlimited
from extender.cel.dialect import V1_37
from extender.core.allocator.compared_values import (
    INCOMPARABLE,
    MISSING,
    UNUSABLE_VALUE,
    ValueClass,
    ValueClasses,
    looked_up,
)
from extender.core.claims.compiled_claims import Compared
from extender.core.releases.history import release_for
from extender.model import Attribute, AttributeKind, Device
from tests import builders as b

SCALARS, LISTS = (release_for("1.37", {"DRAListTypeAttributes": on}) for on in (False, True))
ONE = b.number(1)
TRUE = Attribute(AttributeKind.BOOL, True)
TEXT = b.text("1")
VERSION = Attribute(AttributeKind.VERSION, "1")
FALSE, ZERO = Attribute(AttributeKind.BOOL, False), b.number(0)
UNKNOWN = Attribute(AttributeKind.UNKNOWN, None)
INTS = Attribute(AttributeKind.INTS, (1, 2))
NO_INTS = Attribute(AttributeKind.INTS, ())
TEXTS = Attribute(AttributeKind.STRINGS, ("1", "1"))


def numbered(*values: Attribute | None, sets: bool) -> list[ValueClass]:
    """One device after the other, compared by a single attribute."""
    classes = ValueClasses([Compared("a/b")], LISTS if sets else SCALARS)
    return [classes.of([value])[0] for value in values]


@pytest.mark.parametrize("sets", [False, True])
def test_kinds_never_equal_each_other(sets):
    """Python takes True for 1; a text, a version, a number and a bool are four values."""
    found = numbered(ONE, TRUE, TEXT, VERSION, FALSE, ZERO, sets=sets)
    assert len(set(found)) == 6
    assert numbered(ONE, TRUE, ONE, sets=sets)[::2] == [found[0]] * 2


@pytest.mark.parametrize("sets", [False, True])
@pytest.mark.parametrize(
    ("value", "expected"), [(None, MISSING), (UNKNOWN, INCOMPARABLE), (NO_INTS, INCOMPARABLE)]
)
def test_what_equals_nothing(sets, value, expected):
    """No value is told apart from a value that cannot be compared."""
    assert numbered(value, ONE, value, sets=sets)[::2] == [expected] * 2


def test_lists_are_incomparable_where_they_are_no_sets():
    """Before list attributes, upstream knew scalars only."""
    assert numbered(INTS, INTS, ONE, sets=False) == [INCOMPARABLE, INCOMPARABLE, 0]


def test_lists_are_sets_of_scalars():
    """An element equals the scalar of its kind; repeated ones count once."""
    ints, one, texts, text = numbered(INTS, ONE, TEXTS, TEXT, sets=True)
    assert isinstance(ints, frozenset)
    assert isinstance(one, frozenset)
    assert one < ints
    assert texts == text
    assert ints.isdisjoint(texts if isinstance(texts, frozenset) else ())


ABORTING, ABORTING_LISTS = (release_for("1.38", {"DRAListTypeAttributes": on}) for on in (False, True))


@pytest.mark.parametrize(
    ("value", "lists"),
    [
        (UNKNOWN, False),
        (UNKNOWN, True),
        (NO_INTS, True),
        (INTS, False),
        (VERSION, False),
        (VERSION, True),
        (Attribute(AttributeKind.VERSIONS, ("1.0.0", "x")), True),
    ],
)
def test_what_aborts_from_1_38_on(value, lists):
    """Unknown kinds, empty lists, texts that are no versions, and lists where they are no sets."""
    release = ABORTING_LISTS if lists else ABORTING
    assert ValueClasses([Compared("a/b")], release).of([value]) == (UNUSABLE_VALUE,)
    assert ValueClasses([Compared("a/b")], release).of([None]) == (MISSING,)


def test_builds_tell_no_versions_apart_from_1_38_on():
    """Pre-releases do; before, the texts were compared."""
    versions = [Attribute(AttributeKind.VERSION, text) for text in ("1.0.0+a", "1.0.0+b", "1.0.0-a")]
    classes = ValueClasses([Compared("a/b")], ABORTING)
    assert [classes.of([version]) for version in versions] == [(0,), (0,), (1,)]
    assert numbered(*versions, sets=False) == [0, 1, 2]


def test_an_empty_list_that_is_derived_has_nothing_in_common():
    """It has a type, so from 1.38 on it is a value like any other."""
    derived = Compared("a/b", compile_derived("[]", V1_37, unlimited()))
    empty = Attribute(AttributeKind.STRINGS, ())
    assert ValueClasses([derived], ABORTING_LISTS).of([empty]) == (frozenset(),)
    assert ValueClasses([derived], LISTS).of([empty]) == (INCOMPARABLE,)


def test_attributes_are_numbered_apart():
    """Of two attributes equal values need not be equal; under one name they are, derived or not."""
    classes = ValueClasses(
        [
            Compared("a/b"),
            Compared("a/c"),
            Compared("a/b", compile_derived("device.driver", V1_37, unlimited())),
        ],
        SCALARS,
    )
    assert classes.of([b.text("x"), b.text("y"), b.text("y")]) == (0, 0, 1)
    assert classes.of([b.text("y"), b.text("x"), b.text("x")]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [("x", "own"), ("gpu.nvidia.com/x", "own"), ("other.com/x", "other"), ("y", None)],
)
def test_a_bare_name_is_the_driver_s(attribute, expected):
    """A qualified one is what it says."""
    device = Device("d", {"gpu.nvidia.com/x": b.text("own"), "other.com/x": b.text("other")})
    found = looked_up(device, "gpu.nvidia.com", attribute)
    assert (None if found is None else found.value) == expected
