"""
Where the devices of one node are.

What a driver does not say about a device is inferred where the node's own data prove
it, and stays unknown otherwise.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from extender.model import Device

from .driver_attributes import OFF_BUS, DeviceKind, DriverAttributes
from .locations import Location
from .published import PublishedTopology, read_published
from .vocabulary import Vocabulary

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", int, str)


def locate(
    devices: Sequence[tuple[str, Device]], vocabulary: Vocabulary, roaming: Container[int] = ()
) -> tuple[Location, ...]:
    """
    Find the locations of all devices of one node: one ``Location`` per (driver, device), same order.

    Pass everything the node publishes, allocated or not: one device's NUMA node is
    often known only through another one on the same root. ``roaming``: the positions of
    devices that other nodes can reach too, or that are not for this node at all; these are on no
    bus of it, and tell nothing about those that are. Never raises: what makes no sense is unknown.
    """
    names_of: dict[str, DriverAttributes] = {}
    published: list[PublishedTopology] = []
    for position, (driver, device) in enumerate(devices):
        names = names_of.get(driver)
        if names is None:
            names = names_of[driver] = vocabulary.attributes(driver)
        facts = read_published(names, driver, device)
        published.append(facts.without_location() if position in roaming else facts)

    physical = _physical_devices(published)
    roots = _roots(published, physical)
    nodes = _numa_nodes(published, physical, roots)
    sockets = _sockets(published, roots, nodes)
    return tuple(
        map(
            Location,
            [facts.kind for facts in published],
            physical,
            _numbered(roots),
            _numbered(nodes),
            _numbered(sockets),
        )
    )


def _physical_devices(published: Sequence[PublishedTopology]) -> list[int]:
    """
    Number the physical devices.

    A GPU, its MIG slices and its VFIO twin are one device; so are a PF and its VFs,
    which share a port. A device that names nothing is one of its own.
    """
    groups = _Groups()
    for facts in published:
        keys = facts.keys
        for key in keys[1:]:
            groups.join(keys[0], key)
    return _numbered(
        [groups.find(facts.keys[0]) if facts.keys else index for index, facts in enumerate(published)]
    )


def _roots(published: Sequence[PublishedTopology], physical: Sequence[int]) -> list[str]:
    """Return each device's root, taken from its twin if need be; none where the root is flat."""
    of_device = _Agreed[int, str]()
    for facts, device in zip(published, physical, strict=True):
        if facts.root:
            of_device.learn(device, facts.root)
    roots = [
        facts.root or of_device.learned(device) or ""
        for facts, device in zip(published, physical, strict=True)
    ]
    return [""] * len(roots) if _is_flat(published, roots) else roots


def _is_flat(published: Sequence[PublishedTopology], roots: Sequence[str]) -> bool:
    """
    Tell whether one root holds every PCI device of the node, and is not one of real hardware.

    Such a root is a virtual machine's: sharing it says nothing. It shows by spanning several NUMA
    nodes. Where no CPU and no memory tells how many there are, it shows by holding all devices on
    its own bus, where hardware has a port for each. A root that a CPU serves counts too: it shows
    that the machine has more than one.
    """
    named = set(roots)
    for facts in published:
        named.update(facts.reach)
    named.discard("")
    if len(named) != 1 or not any(roots):
        return False
    if any(facts.keys and not root for facts, root in zip(published, roots, strict=True)):
        return False
    nodes = {node for facts in published if not facts.own_memory for node in facts.numa}
    sockets = {facts.socket for facts in published if facts.socket >= 0}
    if len(nodes) > 1 or len(sockets) > 1:
        return True
    if any(each.kind in OFF_BUS and (each.numa or each.socket >= 0) for each in published):
        return False
    buses = {facts.bus for facts, root in zip(published, roots, strict=True) if root}
    return buses == {named.pop().removeprefix("pci")}


def _numa_nodes(
    published: Sequence[PublishedTopology], physical: Sequence[int], roots: Sequence[str]
) -> list[int | None]:
    """
    Return each device's NUMA node: its own word, its twin's, or that of its root.

    A root has one NUMA node on bare metal (kubernetes-sigs/dra-driver-cpu,
    docs/dev/topology-linux-sysfs.md), so every device on it tells that of the others,
    and a CPU tells that of the roots it serves. Where they differ nothing is inferred.
    """
    cpu_nodes = {
        facts.numa[0]
        for facts in published
        if facts.numa and not facts.own_memory and (facts.kind is DeviceKind.CPU or facts.root or facts.keys)
    }
    nodes: list[int | None] = []
    of_device = _Agreed[int, int]()
    for facts, device in zip(published, physical, strict=True):
        node: int | None = None
        if facts.own_memory:
            # The memory of a coherent GPU is a NUMA node too. A CPU's node is one that a CPU
            # or another PCI device is on; a memory zone proves nothing.
            node = next((node for node in facts.numa if node in cpu_nodes), None)
        elif facts.numa:
            node = facts.numa[0]
        nodes.append(node)
        if node is not None:
            of_device.learn(device, node)
    of_root = _Agreed[str, int]()
    for index, facts in enumerate(published):
        node = nodes[index]
        if node is None:
            node = nodes[index] = of_device.learned(physical[index])
        if node is not None:
            if roots[index]:
                of_root.learn(roots[index], node)
            for root in facts.reach:
                of_root.learn(root, node)
    for index, node in enumerate(nodes):
        if node is None and roots[index]:
            nodes[index] = of_root.learned(roots[index])
    return nodes


def _sockets(
    published: Sequence[PublishedTopology], roots: Sequence[str], nodes: Sequence[int | None]
) -> list[Hashable]:
    """
    Return each device's socket.

    A NUMA node's socket is told by any device on it, a root's by CPUs grouped by
    socket. A list of NUMA nodes holds the physical one and others of its socket
    (KEP-6072), so lists with a node in common are of one socket even without its number.
    """
    groups = _Groups()
    learned: set[Hashable] = set()
    of_root = _Agreed[str, int]()
    for facts, node in zip(published, nodes, strict=True):
        for other in facts.numa[1:]:
            groups.join(facts.numa[0], other)
            learned.add(other)
        if facts.socket >= 0:
            if node is not None:
                groups.join(node, ("socket", facts.socket))
                learned.add(node)
            for root in facts.reach:
                of_root.learn(root, facts.socket)
    known = {groups.find(item) for item in learned}
    sockets: list[Hashable] = []
    for facts, root, node in zip(published, roots, nodes, strict=True):
        socket: Hashable = None
        if node is not None:
            group = groups.find(node)
            socket = group if group in known else None
        if socket is None:
            number = facts.socket if facts.socket >= 0 else of_root.learned(root)
            socket = None if number is None else groups.find(("socket", number))
        sockets.append(socket)
    return sockets


def _numbered(values: Iterable[Hashable]) -> list[int]:
    """Number distinct values by first occurrence; ``None`` and empty text are -1."""
    numbers: dict[Hashable, int] = {None: -1, "": -1}
    return [numbers.setdefault(value, len(numbers) - 2) for value in values]


class _Agreed(Generic[K, V]):
    """What is known about each key; statements that contradict each other make it unknown."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[K, V | None] = {}

    def learn(self, key: K, value: V) -> None:
        if self._values.setdefault(key, value) != value:
            self._values[key] = None

    def learned(self, key: K) -> V | None:
        return self._values.get(key)


class _Groups:
    """Disjoint sets; an item that was never joined is a group of its own."""

    __slots__ = ("_above",)

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def find(self, item: Hashable) -> Hashable:
        above = self._above
        while item in above:
            parent = above[item]
            # Halving the path keeps the thousand VFs of one port from becoming a list.
            above[item] = above.get(parent, parent)
            item = parent
        return item

    def join(self, a: Hashable, b: Hashable) -> None:
        a, b = self.find(a), self.find(b)
        if a != b:
            self._above[b] = a
