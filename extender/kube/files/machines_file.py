"""
A site's facts of its machines: where the device at each PCI address is.

``machines`` maps names of machine types to ``labels``, which tell the nodes, and ``devices``, which maps PCI
addresses (or ``driver/name`` of devices that publish none) to ``root``, ``switch``, ``numa`` and ``socket``,
each as the kernel of the node names it. What is left out is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from extender.core.topology.machine_facts import MachineType, Place
from extender.core.topology.published import canonical_address

from .site_file import SiteValue, read_site_file

_PLACE = ("root", "switch", "numa", "socket")
_ROOT = re.compile(r"pci[0-9a-f]{4,8}:[0-9a-f]{2}")
_NAMED = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[a-z0-9]([-a-z0-9]*[a-z0-9])?")


class _Written(NamedTuple):
    """A type with the value that it is read from, for errors about it."""

    type: MachineType
    value: SiteValue


def read_machines(path: str) -> tuple[MachineType, ...]:
    """Return the types of the file at ``path``, in the order written. Raises ``SiteFileError``."""
    top = read_site_file(path).mapping("sections", ("machines",))
    if "machines" not in top:
        return ()
    written: list[_Written] = []
    for name, value in top["machines"].mapping("machine types").items():
        read = _Written(_machine(name, value), value)
        for other in written:
            _check_apart(read, other)
        written.append(read)
    return tuple(each.type for each in written)


def _machine(name: str, value: SiteValue) -> MachineType:
    given = value.mapping("fields", ("labels", "devices"))
    for field in ("labels", "devices"):
        if field not in given:
            value.refuse(f"has no {field}; `dra-extender probe` prints a complete entry")
    labels = {key: _values(each) for key, each in given["labels"].mapping("labels of nodes").items()}
    if not labels:
        given["labels"].refuse(
            "would match every node; write the label that tells these nodes, such as "
            "node.kubernetes.io/instance-type"
        )
    devices: dict[str, Place] = {}
    switches: dict[str, str] = {}
    sockets: dict[int, int] = {}
    for written, each in given["devices"].mapping("PCI addresses").items():
        key = _key(written, each)
        if key in devices:
            each.refuse(f"{key} is given twice; leave out one of the two")
        place = devices[key] = _place(each)
        if place.switch and place.root and switches.setdefault(place.switch, place.root) != place.root:
            each.refuse(
                f"switch {place.switch} is on root {switches[place.switch]} for another device; a switch "
                "is on one root, so one of the two is wrong"
            )
        if min(place.numa, place.socket) >= 0:
            socket = sockets.setdefault(place.numa, place.socket)
            if socket != place.socket:
                each.refuse(
                    f"NUMA node {place.numa} is on socket {socket} for another device; a node is on one "
                    "socket, so one of the two is wrong"
                )
    if not devices:
        given["devices"].refuse("is empty; list the devices of one node by PCI address")
    return MachineType(name, f"{value.path}, line {value.line}", labels, devices)


def _values(value: SiteValue) -> frozenset[str]:
    """A text, or a list of those that count alike."""
    if value.is_list:
        return frozenset(item.text("a label's value") for item in value.texts("a label's values"))
    return frozenset({value.text("a label's value, or a list of them")})


def _key(written: str, value: SiteValue) -> str:
    address = canonical_address(written)
    if not address and not _NAMED.fullmatch(written):
        value.refuse(
            f"{written} is neither a PCI address nor DRIVER/DEVICE; write it as lspci -D does, "
            "0000:1b:00.0, or by driver and name where the device publishes no address"
        )
    return address or written


def _place(value: SiteValue) -> Place:
    given = value.mapping("facts", _PLACE)
    root = given["root"].text("the name of a PCIe root") if "root" in given else ""
    if root and not _ROOT.fullmatch(root):
        given["root"].refuse(f"{root} is not the name of a PCIe root; write it as sysfs does, pci0000:15")
    return Place(
        root,
        given["switch"].text("the name of a PCIe switch, such as its address") if "switch" in given else "",
        _number(given, "numa", "the number of a NUMA node"),
        _number(given, "socket", "the number of a CPU socket"),
    )


def _number(given: Mapping[str, SiteValue], field: str, what: str) -> int:
    if field not in given:
        return -1
    if given[field].number(what) == -1:
        given[field].refuse("-1 means that the kernel does not know it; leave the field out")
    return given[field].whole_number(what)


def _check_apart(read: _Written, other: _Written) -> None:
    """Two types of the same nodes and addresses could only be told apart by chance."""
    a, b = read.type, other.type
    one_node = all(a.labels[key] & b.labels[key] for key in a.labels.keys() & b.labels.keys())
    if one_node and a.devices.keys() == b.devices.keys() and a.devices != b.devices:
        read.value.refuse(
            f"a node can match it and also {b.name} (line {other.value.line}), which has the same addresses "
            "and other places; give the nodes of one of them another label, and name it here"
        )
