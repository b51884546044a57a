"""Compatibility groups: who may draw on one counter set together."""

from __future__ import annotations

from itertools import permutations

import pytest

from extender.core.allocator.compatibility_groups import AvailableGroups, admits, common_groups
from extender.core.allocator.layout import Candidate, LayoutUsage
from extender.core.topology.locations import Location
from extender.core.topology.vocabulary import DeviceKind
from extender.model import CounterConsumption, DeviceTraits

Groups = tuple[str, ...]


def member(*sets: tuple[str, Groups], pool: int = 0) -> Candidate:
    consumed = tuple(CounterConsumption(name, (), groups) for name, groups in sets)
    return Candidate(
        pool, DeviceTraits(consumes_counters=consumed), (), (), Location(DeviceKind.OTHER), ("", "")
    )


def available(*groups: tuple[int, str, Groups | None]) -> AvailableGroups:
    return AvailableGroups(LayoutUsage(0, (), (), 0, groups))


@pytest.mark.parametrize(
    ("common", "groups", "expected"),
    [
        (None, (), True),
        (None, ("a",), False),
        (("a",), (), False),
        (("a",), ("a", "b"), True),
        (("a",), ("b",), False),
        ((), ("a",), False),
    ],
)
def test_who_is_admitted(common, groups, expected):
    """Those with a group in common; those without any join only those without."""
    assert admits(common, groups) is expected


JOINS: dict[str, tuple[list[Groups], bool]] = {
    "none has any": ([(), (), ()], True),
    "one for all": ([("a", "b"), ("b", "c"), ("b",)], True),
    "pairs only": ([("a", "b"), ("b", "c"), ("a", "c")], False),
    "one without": ([("a",), ()], False),
}


@pytest.mark.parametrize("case", JOINS)
def test_all_members_share_a_group(case):
    """It is not enough that every two do, whatever the order."""
    members, fits = JOINS[case]
    for order in permutations(members):
        of = available()
        assert all(of.join(member(("set", groups))) is not None for groups in order) is fits


def test_sets_and_pools_are_apart():
    """Only members of one set of one pool need a group in common."""
    of = available()
    assert of.join(member(("set", ("a",)))) is not None
    assert of.join(member(("other", ("b",)))) is not None
    assert of.join(member(("set", ("b",)), pool=1)) is not None
    assert of.join(member(("set", ("b",)))) is None


def test_allocated_devices_are_members():
    """What they share is where the search starts; a set without members admits all."""
    of = available((0, "set", ("a",)), (0, "plain", None))
    assert of.join(member(("set", ("b",)))) is None
    assert of.join(member(("plain", ("b",)))) is None
    assert of.join(member(("set", ("a", "b")), ("plain", ()))) is not None


def test_leaving_restores():
    """A device that goes widens what is shared, and a refused one changes nothing."""
    of = available()
    first = of.join(member(("set", ("a", "b"))))
    assert first is not None
    second = of.join(member(("set", ("a",))))
    assert second is not None
    assert of.join(member(("set", ("b",)))) is None
    of.leave(second)
    assert of.join(member(("fresh", ("x",)), ("set", ("c",)))) is None
    third = of.join(member(("set", ("b",)), ("fresh", ("y",))))
    assert third is not None
    of.leave(third)
    of.leave(first)
    assert of.join(member(("set", ()))) is not None


def test_what_members_share_by_set():
    """Sorted; none where a member has none first, and empty where there is no common one."""
    found = common_groups(
        [("one", ("b", "a")), ("two", ()), ("one", ("a", "b", "c")), ("three", ("a",)), ("three", ("b",))]
    )
    assert found == {"one": ("a", "b"), "two": None, "three": ()}
