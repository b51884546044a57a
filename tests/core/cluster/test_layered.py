"""Mappings that share what did not change: equal to a dict that the same changes make, and never changed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.core.cluster import layered
from extender.core.cluster.layered import Layered, absent, changed, flat, layers, values_of

LARGE = {f"key-{number}": number for number in range(layered.COPIED + 100)}
KEYS = st.sampled_from([*list(LARGE)[:8], *(f"new-{number}" for number in range(8))])
CHANGES = st.dictionaries(KEYS, st.none() | st.integers(0, 3), max_size=6)


def applied(plain, changes):
    after = dict(plain)
    for key, value in changes.items():
        if value is None:
            after.pop(key, None)
        else:
            after[key] = value
    return after


def assert_same(mapping, plain):
    """In whatever way it is read."""
    assert list(mapping) == list(plain)
    assert list(mapping.items()) == list(plain.items())
    assert list(mapping.values()) == list(plain.values())
    assert list(mapping.keys()) == list(plain.keys())
    assert len(mapping) == len(plain) == len(mapping.items())
    assert mapping == plain
    assert plain == mapping
    asked = [*list(LARGE)[:10], *(f"new-{number}" for number in range(10))]
    assert values_of(mapping, asked) == [plain.get(key) for key in asked]
    assert absent(mapping, set(asked)) == set(asked) - plain.keys()
    for key in asked:
        assert (key in mapping) == (key in plain)
        assert mapping.get(key) == plain.get(key)
        assert mapping.get(key, "none") == plain.get(key, "none")
        assert mapping[key] == plain[key] if key in plain else _is_no_key(mapping, key)


def _is_no_key(mapping, key):
    try:
        mapping[key]
    except KeyError:
        return True
    return False


@given(st.lists(CHANGES, max_size=12))
def test_like_a_dict_after_any_history(history):
    """What goes and comes again comes last; each mapping stays as it was while others follow from it."""
    states: list[tuple[Mapping[str, int], Mapping[str, int]]] = [(LARGE, dict(LARGE))]
    for changes in history:
        mapping, plain = states[-1]
        states.append((changed(mapping, changes), applied(plain, changes)))
    for mapping, plain in states:
        assert_same(mapping, plain)


@given(st.lists(CHANGES, max_size=12))
def test_a_small_mapping_is_a_dict(history):
    """It is copied each time."""
    plain = {"key-0": 0}
    mapping: Mapping[str, int] = dict(plain)
    for changes in history:
        before, kept = mapping, dict(mapping)
        mapping, plain = changed(mapping, changes), applied(plain, changes)
        assert isinstance(mapping, dict)
        assert before == kept
        assert_same(mapping, plain)


def test_no_changes_are_the_same_mapping():
    """So a reader sees by identity that there are none."""
    assert changed(LARGE, {}) is LARGE
    after = changed(LARGE, {"key-1": 7})
    assert isinstance(after, Layered)
    assert changed(after, {}) is after


def test_what_differs_becomes_a_new_base():
    """It never holds more than the square root of twice the base, and shares the base until then."""
    mapping: Mapping[str, int] = LARGE
    bases: list[int] = []
    for number in range(500):
        mapping = changed(mapping, {f"key-{number}": -1})
        if isinstance(mapping, Layered):
            assert len(mapping.different) ** 2 <= 2 * len(LARGE)
            bases.append(id(mapping.base))
    assert len(set(bases)) < len(bases) // 30
    assert len(mapping) == len(LARGE)


def test_many_changes_at_once_are_a_new_base():
    """They would be copied with each event after them."""
    assert isinstance(changed(LARGE, dict.fromkeys(LARGE, 0)), dict)


def test_the_parts_are_told():
    """So that who counts bytes counts a base once."""
    one, two = (changed(LARGE, {"key-1": number}) for number in (1, 2))
    assert layers(LARGE) == (LARGE,)
    assert layers(one)[0] is layers(two)[0] is LARGE
    assert layers(one)[1] == {"key-1": 1}


@pytest.mark.parametrize(
    "changes",
    [{"key-1": 1}, {"key-1": None}, {"new": 1}, {"key-1": None, "new": 1}, {"key-1": 1, "key-2": 2}],
)
def test_flat_is_one_dict_in_the_same_order(changes):
    layers_ = changed(LARGE, changes)
    again = changed(layers_, {"key-1": 7})
    for mapping in (layers_, again):
        assert isinstance(mapping, Layered)
        assert list(flat(mapping).items()) == list(mapping.items())
        assert isinstance(flat(mapping), dict)
    assert flat(LARGE) is LARGE
