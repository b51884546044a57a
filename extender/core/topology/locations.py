"""
Locations of devices on a node, and how far two of them are apart.

A location is a path: physical device, PCIe root, NUMA node, socket.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from .driver_attributes import DeviceKind


class Distance(StrEnum):
    """
    How far two devices are apart, nearest first; ``unknown`` is not on that scale.

    ``device``, ``pcie-root``, ``numa`` and ``socket``: the two devices share it, and nothing
    nearer. ``pcie-switch``: they share a switch of a root that holds several. ``group``: they share the
    value of an attribute that the vocabulary calls a group, and no root. ``remote``: they are on
    different sockets, or on different NUMA nodes whose sockets nobody publishes. ``unknown``: too
    little is known to compare them.
    """

    DEVICE = "device"
    PCIE_SWITCH = "pcie-switch"
    PCIE_ROOT = "pcie-root"
    GROUP = "group"
    NUMA = "numa"
    SOCKET = "socket"
    REMOTE = "remote"
    UNKNOWN = "unknown"


class Location(NamedTuple):
    """
    Where a device is on its node.

    Physical devices, roots, NUMA nodes and sockets are numbered by their first occurrence among
    the node's devices. So two nodes that are built alike have equal locations although names and
    addresses differ. -1 is unknown; two unknown numbers count as different. ``groups``: of each
    group that the device is in its number, and what a pair within it is worth. ``switch``: its PCIe switch,
    only where facts of the machine tell that its root holds several. ``told``: bits that say which of the
    numbers nothing that is published told, so that facts of the machine did.
    """

    kind: DeviceKind
    device: int = -1
    root: int = -1
    numa: int = -1
    socket: int = -1
    groups: tuple[tuple[int, float], ...] = ()
    switch: int = -1
    told: int = 0


TOLD_ROOT, TOLD_NUMA, TOLD_SOCKET = 1, 2, 4
"""Bits of ``Location.told``."""

_TOLD_AT = {
    Distance.PCIE_ROOT: TOLD_ROOT,
    Distance.NUMA: TOLD_NUMA,
    Distance.SOCKET: TOLD_NUMA | TOLD_SOCKET,
    Distance.REMOTE: TOLD_NUMA | TOLD_SOCKET,
}


def distance(a: Location, b: Location) -> Distance:
    """
    Return how far *a* is from *b*, two locations of one node.

    On real hardware one root is on one NUMA node. If two devices share a root and are known to be
    on different NUMA nodes, a hypervisor made up the root, and it is ignored.
    """
    if a.device == b.device >= 0:
        return Distance.DEVICE
    nodes_known = a.numa >= 0 and b.numa >= 0
    if a.root == b.root >= 0 and (not nodes_known or a.numa == b.numa):
        return Distance.PCIE_SWITCH if a.switch == b.switch >= 0 else Distance.PCIE_ROOT
    if a.groups and group_worth(a, b) is not None:
        return Distance.GROUP
    if nodes_known and a.numa == b.numa:
        return Distance.NUMA
    if a.socket >= 0 and b.socket >= 0:
        return Distance.SOCKET if a.socket == b.socket else Distance.REMOTE
    return Distance.REMOTE if nodes_known else Distance.UNKNOWN


def group_worth(a: Location, b: Location) -> float | None:
    """
    What the group that both are in is worth, of several the most; ``None`` where they share none.

    Where their drivers differ about a group, the less counts.
    """
    others = dict(b.groups)
    return max((min(worth, others[number]) for number, worth in a.groups if number in others), default=None)


def switches_differ(a: Location, b: Location) -> bool:
    """Whether facts tell that two devices on one root are on two of its switches."""
    return a.switch >= 0 and b.switch >= 0 and a.switch != b.switch


def told_by_facts(a: Location, b: Location) -> bool:
    """Whether facts of the machine, and nothing that is published, tell how far *a* is from *b*."""
    apart = distance(a, b)
    return apart is Distance.PCIE_SWITCH or bool((a.told | b.told) & _TOLD_AT.get(apart, 0))
