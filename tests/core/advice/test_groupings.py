"""Attributes of any domain that divide devices into groups."""

from __future__ import annotations

import pytest

from extender.core.advice.groupings import MOST_FURTHER, Groupings, Members, SeenDevice
from extender.core.topology.locations import Location
from extender.core.topology.vocabulary import DeviceKind
from extender.model import Attribute, AttributeKind, Device

NOWHERE = Location(DeviceKind.OTHER)
GROUP = "fabric.example/group"
BOTH = Members(((0,), (1,)), 2)


def text(value):
    return Attribute(AttributeKind.STRING, value)


def seen(alternative, number, **attributes):
    named = {name.replace("__", "/").replace("_", "."): value for name, value in attributes.items()}
    driver = ("a.example", "b.example")[alternative]
    return SeenDevice(frozenset({alternative}), driver, Device(f"d{number}", named), NOWHERE)


def node(values, attribute="fabric_example__group"):
    """For each value a device of either request with it."""
    return tuple(
        seen(alternative, number, **{attribute: value})
        for number, value in enumerate(values)
        for alternative in (0, 1)
    )


def found(*nodes, lists=False):
    return Groupings(nodes, lists)


def test_a_name_of_any_domain_that_groups_both():
    assert found(node([text("x"), text("y")])).further([BOTH], ()) == (GROUP,)


@pytest.mark.parametrize(
    "values",
    [
        [text("x")],
        [text("x"), text("x")],
        [Attribute(AttributeKind.BOOL, True), Attribute(AttributeKind.BOOL, False)],
        [Attribute(AttributeKind.VERSION, "1.0.0"), Attribute(AttributeKind.VERSION, "2.0.0")],
        [Attribute(AttributeKind.INT, -1), Attribute(AttributeKind.INT, -1)],
    ],
    ids=("one", "the same for all", "bool", "version", "unknown"),
)
def test_what_is_the_same_for_all_or_says_what_devices_are_like_groups_nothing(values):
    assert found(node(values)).further([BOTH], ()) == ()


def test_every_device_has_to_publish_it():
    """One device without the attribute, and it is no candidate."""
    devices = node([text("x"), text("y")])
    assert found((*devices, seen(1, 9))).further([BOTH], ()) == ()


def test_other_nodes_may_have_devices_without_it():
    """A fleet of several machine types: what one type publishes is an option there."""
    assert found(node([text("x"), text("y")]), (seen(0, 0), seen(1, 1))).further([BOTH], ()) == (GROUP,)


def test_values_have_to_be_in_common():
    """Two drivers that publish different values under one name."""
    devices = (
        seen(0, 0, fabric_example__group=text("x")),
        seen(0, 1, fabric_example__group=text("y")),
        seen(1, 2, fabric_example__group=text("z")),
    )
    assert found(devices).further([BOTH], ()) == ()


def test_enough_devices_have_to_share_a_value():
    two_of_each = found(node([text("x"), text("y")]))
    assert two_of_each.further([Members(((0,), (1,)), 3)], ()) == ()


def test_shared_domains_first_then_the_finest_and_no_more_than_the_bound():
    """Names in a driver's own domain come last; of equal divisions one is enough."""
    count = MOST_FURTHER + 3

    def device(alternative, number):
        names = {f"fabric_example__g{size}": text(f"{number // size}") for size in range(1, count)}
        names["a_example__own"] = text(str(number))
        names["fabric_example__same_as_1"] = text(f"-{number}")
        return seen(alternative, number, **names)

    devices = tuple(device(alternative, number) for number in range(60) for alternative in (0, 1))
    names = found(devices).further([BOTH], ())
    assert names == tuple(f"fabric.example/g{size}" for size in range(1, MOST_FURTHER + 1))


def test_a_division_that_a_known_attribute_makes_is_not_told_twice():
    devices = tuple(
        seen(
            alternative,
            number,
            fabric_example__group=text(f"{number}"),
            numa_example__node=text(f"n{number}"),
        )
        for number in range(2)
        for alternative in (0, 1)
    )
    assert found(devices).further([BOTH], ("numa.example/node",)) == ()


def test_lists_count_as_sets_only_where_the_release_says_so():
    values = [Attribute(AttributeKind.STRINGS, ("x", "y")), Attribute(AttributeKind.STRINGS, ("z",))]
    devices = (
        *(seen(0, number, fabric_example__group=value) for number, value in enumerate(values)),
        *(seen(1, number, fabric_example__group=text(value)) for number, value in enumerate("xyz")),
    )
    assert found(devices, lists=True).further([BOTH], ()) == (GROUP,)
    assert found(devices, lists=False).further([BOTH], ()) == ()


def test_the_finer_implies_the_coarser():
    devices = tuple(
        seen(
            0,
            number,
            fabric_example__card=text(f"{number // 2}"),
            fabric_example__root=text(f"{number // 4}"),
        )
        for number in range(8)
    )
    cards, members = found(devices), Members(((0,),), 2)
    assert cards.implies("fabric.example/card", "fabric.example/root", members)
    assert not cards.implies("fabric.example/root", "fabric.example/card", members)
    assert not cards.implies("fabric.example/absent", "fabric.example/card", members)


def test_how_many_always_agree():
    """The least over the nodes that have any, of the most with one value."""
    four = (
        *(seen(1, n, fabric_example__group=text("x")) for n in range(4)),
        seen(0, 9, fabric_example__group=text("x")),
    )
    three = four[1:]
    none = (seen(1, 0, fabric_example__group=text("y")), seen(0, 1, fabric_example__group=text("z")))
    assert found(four, three, none).most_together(GROUP, BOTH, 1) == 3
    assert found(none).most_together(GROUP, BOTH, 1) == 0
