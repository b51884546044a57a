"""
A site's own attribute names: which attribute of which driver means what.

``drivers`` maps driver names to the fields of ``extender.core.topology.driver_attributes.DriverAttributes``
that differ. What is left out stays as it is: for a driver of the vocabulary its own names,
for any other those of an unlisted one.
"""

from __future__ import annotations

from dataclasses import replace

from extender.core.topology.driver_attributes import DeviceKind, DriverAttributes
from extender.core.topology.vocabulary import Vocabulary

from .api_names import driver_problem, identifier_problem
from .site_file import SiteValue, read_site_file

_FIELDS = (
    "kind",
    "root",
    "root_bus",
    "numa",
    "socket",
    "address",
    "address_parts",
    "address_in_name",
    "parent",
    "identity",
    "parent_identity",
    "groups",
    "own_memory",
    "rdma",
)
_ADDRESS_PARTS = 4


def read_vocabulary(path: str, base: Vocabulary) -> Vocabulary:
    """Return ``base`` with the drivers of the file at ``path`` added or changed. Raises ``SiteFileError``."""
    top = read_site_file(path).mapping("sections", ("drivers",))
    if "drivers" not in top:
        return base
    drivers = top["drivers"].mapping("drivers")
    return base.with_drivers({name: _words(name, value, base) for name, value in drivers.items()})


def _words(driver: str, value: SiteValue, base: Vocabulary) -> DriverAttributes:
    if driver_problem(driver):
        value.refuse("not a driver's name; write the spec.driver of its ResourceSlices")
    given = value.mapping("fields", _FIELDS)
    names = base.attributes(driver)
    return replace(
        names,
        kind=_kind(given["kind"]) if "kind" in given else names.kind,
        root=_names(given, "root", names.root),
        root_bus=_names(given, "root_bus", names.root_bus),
        numa=_names(given, "numa", names.numa),
        socket=_names(given, "socket", names.socket),
        address=_names(given, "address", names.address),
        address_parts=_address_parts(given, names.address_parts),
        address_in_name=(
            given["address_in_name"].boolean() if "address_in_name" in given else names.address_in_name
        ),
        parent=_names(given, "parent", names.parent),
        identity=_names(given, "identity", names.identity),
        parent_identity=_names(given, "parent_identity", names.parent_identity),
        groups=_groups(given["groups"]) if "groups" in given else names.groups,
        own_memory=_own_memory(given["own_memory"]) if "own_memory" in given else names.own_memory,
        rdma=_names(given, "rdma", names.rdma),
    )


def _kind(value: SiteValue) -> DeviceKind:
    kinds = ", ".join(DeviceKind)
    text = value.text(f"one of {kinds}")
    if text not in list(DeviceKind):
        value.refuse(f"unknown kind {text}; write one of {kinds}")
    return DeviceKind(text)


def _names(given: dict[str, SiteValue], field: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if field not in given:
        return default
    return tuple(_name(item) for item in given[field].texts("attribute names"))


def _name(item: SiteValue) -> str:
    name = item.text("the name of an attribute")
    if not _is_attribute(name):
        item.refuse(
            f"{name} is not the name of an attribute; write it as the slices do, with or without its "
            "domain: numaNode or dra.net/numaNode"
        )
    return name


def _is_attribute(name: str) -> bool:
    domain, slash, identifier = name.rpartition("/")
    return not identifier_problem(identifier) and not (slash and driver_problem(domain))


def _address_parts(given: dict[str, SiteValue], default: tuple[str, ...]) -> tuple[str, ...]:
    parts = _names(given, "address_parts", default)
    if len(parts) not in (0, _ADDRESS_PARTS):
        given["address_parts"].refuse(
            f"expected {_ADDRESS_PARTS} names, of domain, bus, device and function, got {len(parts)}"
        )
    return parts


def _groups(value: SiteValue) -> tuple[tuple[str, float], ...]:
    """The attributes with their worths, the most first."""
    groups = []
    for name, worth in value.mapping("the attributes of groups, each with its worth").items():
        if not _is_attribute(name):
            worth.refuse(f"{name} is not the name of an attribute; write it as the slices do")
        number = worth.number("what a pair within a group is worth")
        if not 0 <= number <= 1:
            worth.refuse(f"{number:g} is no worth; write a number from 0 to 1")
        groups.append((name, number))
    return tuple(sorted(groups, key=lambda group: (-group[1], group[0])))


def _own_memory(value: SiteValue) -> tuple[str, str]:
    items = value.texts("an attribute name and the value that marks such devices")
    if len(items) != len(("name", "value")):
        value.refuse(f"expected an attribute name and a value, [addressingMode, ATS], got {len(items)} items")
    return _name(items[0]), items[1].text("the value")
