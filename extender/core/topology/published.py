"""
What a device's own attributes say about its location, nothing inferred.

No value is trusted before it is checked: a NUMA node below zero and an empty string are
"unknown" although kube-scheduler lets them match, an absent value is never zero, and one
attribute may be a scalar on one device and a list on the next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from extender.model import Attribute, Device

from .driver_attributes import OFF_BUS, DeviceKind, DriverAttributes

_ADDRESS = re.compile(r"([0-9a-fA-F]{1,8}):([0-9a-fA-F]{2}):([0-9a-fA-F]{2})\.([0-7])")
_ADDRESS_IN_NAME = re.compile(r"(?:pci-)?([0-9a-f]{4,8})-([0-9a-f]{2})-([0-9a-f]{2})-([0-7])(?:-.*)?")
_BUS = re.compile(r"[0-9a-fA-F]{2}")
_NODE_TEXT = re.compile(r"[0-9]{1,4}")
_CANONICAL_LENGTH = len("0000:00:00.0")

Attributes = Mapping[str, Attribute]


class PublishedTopology(NamedTuple):
    """
    What one device publishes about itself, nothing inferred.

    ``keys`` name the physical device: ``dddd:bb:dd.f`` for a PCI address, its own or its
    parent's, ``driver=text`` for an identity. Devices with a key in common are one.
    ``root`` is empty and ``socket`` -1 where unknown; ``reach`` holds the roots that a
    device serves without sitting on one of them; ``numa`` is empty where unknown, else
    the physical node comes first. ``is_part``: it names a device that it is a part of. ``groups``:
    ``attribute=value`` of each group that it is in, with what a pair within it is worth. ``switch``: its
    PCIe switch, which no driver publishes and facts of the machine may tell.
    """

    kind: DeviceKind
    keys: tuple[str, ...]
    root: str
    reach: tuple[str, ...]
    numa: tuple[int, ...]
    socket: int
    own_memory: bool
    is_part: bool = False
    groups: tuple[tuple[str, float], ...] = ()
    switch: str = ""

    @property
    def bus(self) -> str:
        """The bus of its PCI address, ``dddd:bb``, empty where it names none."""
        return next((key.rpartition(":")[0] for key in self.keys if _ADDRESS.fullmatch(key)), "")

    def without_location(self) -> PublishedTopology:
        """The same for a device that several nodes can reach: it is nowhere on this one."""
        keys = tuple(key for key in self.keys if not _ADDRESS.fullmatch(key))
        return self._replace(
            kind=DeviceKind.VIRTUAL, keys=keys, root="", reach=(), numa=(), socket=-1, groups=()
        )


def read_published(names: DriverAttributes, driver: str, device: Device) -> PublishedTopology:
    """Read what *device* of *driver* publishes; *names* are the driver's, qualified."""
    attributes = device.attributes
    address = _address(names, device)
    keys = [address] if address else []
    keys += [parent for name in names.parent if (parent := canonical_address(_text(attributes, name)))]
    is_part = len(keys) > bool(address)
    keys += [f"{driver}={text}" for name in names.identity if (text := _text(attributes, name))]
    own = len(keys)
    keys += [f"{driver}={text}" for name in names.parent_identity if (text := _text(attributes, name))]
    is_part = is_part or len(keys) > own
    root, reach = _roots(names, attributes)
    if not root and not reach:
        root = _widened_root(names, attributes, address)
    return PublishedTopology(
        names.kind,
        tuple(keys),
        root,
        reach,
        _numa(names, attributes),
        _socket(names, attributes),
        _has_own_memory(names, attributes),
        is_part,
        tuple((f"{name}={text}", worth) for name, worth in names.groups if (text := _text(attributes, name))),
    )


def canonical_address(text: str) -> str:
    """
    Spell a PCI address as ``dddd:bb:dd.f`` in lower case; empty if it is none.

    NVML writes eight digits of domain and capitals, sysfs four digits and small
    letters; a domain above ffff keeps its digits.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return ""
    if len(text) == _CANONICAL_LENGTH:
        return text.lower()
    domain, bus, slot, function = match.groups()
    return f"{int(domain, 16):04x}:{bus}:{slot}.{function}".lower()


def does_rdma(names: DriverAttributes, device: Device) -> bool | None:
    """
    Return whether *device* does RDMA; ``None`` where it does not publish that.

    A claim can ask for RDMA. It has no influence on the location: a NIC without RDMA is as near
    to a GPU as one with it.
    """
    for name in names.rdma:
        attribute = device.attributes.get(name)
        if attribute is not None and isinstance(attribute.value, bool):
            return attribute.value
    return None


def _text(attributes: Attributes, name: str) -> str:
    attribute = attributes.get(name)
    return attribute.value if attribute is not None and isinstance(attribute.value, str) else ""


def _address(names: DriverAttributes, device: Device) -> str:
    attributes = device.attributes
    for name in names.address:
        attribute = attributes.get(name)
        if attribute is not None and isinstance(attribute.value, str):
            address = canonical_address(attribute.value)
            if address:
                return address
    if names.address_parts:
        parts = [_text(attributes, name) for name in names.address_parts]
        if all(parts):
            return canonical_address("{}:{}:{}.{}".format(*parts))
    if names.address_in_name:
        match = _ADDRESS_IN_NAME.fullmatch(device.name)
        if match is not None:
            return canonical_address("{}:{}:{}.{}".format(*match.groups()))
    return ""


def _roots(names: DriverAttributes, attributes: Attributes) -> tuple[str, tuple[str, ...]]:
    """
    Return the root that the device sits on, or else those that it serves.

    A list of several roots, and any root of a CPU or of memory, comes from the
    kernel's bus affinity, which is per NUMA node: it makes nothing share a root.
    """
    for name in names.root:
        attribute = attributes.get(name)
        if attribute is None:
            continue
        value = attribute.value
        if isinstance(value, str):
            roots: tuple[str, ...] = (value,) if value else ()
        elif isinstance(value, tuple):
            roots = tuple(item for item in value if isinstance(item, str) and item)
        else:
            continue
        if len(roots) == 1 and names.kind not in OFF_BUS:
            return roots[0], ()
        if roots:
            return "", roots
    return "", ()


def _widened_root(names: DriverAttributes, attributes: Attributes, address: str) -> str:
    """A bus number alone collides between PCI domains, so it takes its domain from the address."""
    if not address:
        return ""
    for name in names.root_bus:
        bus = _text(attributes, name)
        if _BUS.fullmatch(bus):
            domain = address.partition(":")[0]
            return f"pci{domain}:{bus.lower()}"
    return ""


def _numa(names: DriverAttributes, attributes: Attributes) -> tuple[int, ...]:
    for name in names.numa:
        attribute = attributes.get(name)
        if attribute is None:
            continue
        value = attribute.value
        if isinstance(value, int):
            if value >= 0 and not isinstance(value, bool):
                return (value,)
        elif isinstance(value, str):
            if _NODE_TEXT.fullmatch(value):
                return (int(value),)
        elif value:
            # The first element is the physical node, so a list that starts with no node is ignored.
            nodes = tuple(item for item in value if type(item) is int and item >= 0)
            if nodes and nodes[0] == value[0]:
                return nodes
    return ()


def _socket(names: DriverAttributes, attributes: Attributes) -> int:
    for name in names.socket:
        attribute = attributes.get(name)
        if attribute is not None and type(attribute.value) is int and attribute.value >= 0:
            return attribute.value
    return -1


def _has_own_memory(names: DriverAttributes, attributes: Attributes) -> bool:
    return names.own_memory is not None and _text(attributes, names.own_memory[0]) == names.own_memory[1]
