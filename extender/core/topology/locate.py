"""
Where the devices of one node are.

What a driver does not publish about a device is inferred where other devices of the node prove
it, and stays unknown otherwise. A GPU without a NUMA node is on that of the NIC on its root.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence
from itertools import repeat
from typing import Generic, NamedTuple, TypeVar

from extender.model import Device

from .driver_attributes import OFF_BUS, DeviceKind, DriverAttributes
from .filled_places import Places, contradicted, filled
from .locations import TOLD_NUMA, TOLD_ROOT, TOLD_SOCKET, Location
from .machine_facts import FactsUse, MachineType, matched
from .published import PublishedTopology, read_published
from .vocabulary import Vocabulary

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", int, str)


class Located(NamedTuple):
    """The locations of a node's devices, and the facts of machines that were used, or why they were not."""

    locations: tuple[Location, ...]
    facts: FactsUse | None


def locate(
    devices: Sequence[tuple[str, Device]], vocabulary: Vocabulary, not_local: Container[int] = ()
) -> tuple[Location, ...]:
    """Find the locations by what is published alone; see ``locate_with``."""
    return locate_with(devices, vocabulary, (), not_local).locations


def locate_with(
    devices: Sequence[tuple[str, Device]],
    vocabulary: Vocabulary,
    types: Sequence[MachineType],
    not_local: Container[int] = (),
) -> Located:
    """
    Find the locations of all devices of one node: one ``Location`` per (driver, device), same order.

    Pass everything the node publishes, allocated or not: one device's NUMA node is often known
    only through another one on the same root. ``types``: the machine types that the node's labels
    allow. ``not_local``: the positions of devices that other nodes can reach too, or that are not for
    this node at all. They are nowhere on the node, of kind ``virtual``, and nothing is inferred from
    them. Never raises: values that make no sense are unknown.
    """
    names_of: dict[str, DriverAttributes] = {}
    published: list[PublishedTopology] = []
    for position, (driver, device) in enumerate(devices):
        names = names_of.get(driver)
        if names is None:
            names = names_of[driver] = vocabulary.attributes(driver)
        facts = read_published(names, driver, device)
        published.append(facts.without_location() if position in not_local else facts)
    places = _places(published)
    named = [(driver, device.name) for driver, device in devices] if types else []
    match = matched(types, named, published) if types else None
    if match is None:
        return Located(_locations(published, places), None)
    use = contradicted(match, named, published, places)
    if use.problem is not None:
        return Located(_locations(published, places), use)
    known = filled(published, match.places)
    return Located(_locations(known, _places(known), places), use)


def _places(published: Sequence[PublishedTopology]) -> Places:
    physical = _physical_devices(published)
    roots = _roots(published, physical)
    nodes = _numa_nodes(published, physical, roots)
    return Places(physical, roots, nodes, _sockets(published, roots, nodes))


def _locations(
    published: Sequence[PublishedTopology], places: Places, bare: Places | None = None
) -> tuple[Location, ...]:
    """``bare``: the places by what is published alone, where ``places`` are by facts too."""
    return tuple(
        map(
            Location,
            [facts.kind for facts in published],
            places.physical,
            _numbered(places.roots),
            _numbered(places.nodes),
            _numbered(places.sockets),
            _groups(published),
            _numbered(_switches(published, places.roots)),
            repeat(0) if bare is None else _told(places, bare),
        )
    )


def _told(places: Places, bare: Places) -> list[int]:
    """Bits for what is known in ``places`` and unknown in ``bare``."""
    return [
        (TOLD_ROOT if root and not bare_root else 0)
        | (TOLD_NUMA if node is not None and bare_node is None else 0)
        | (TOLD_SOCKET if socket is not None and bare_socket is None else 0)
        for root, bare_root, node, bare_node, socket, bare_socket in zip(
            places.roots, bare.roots, places.nodes, bare.nodes, places.sockets, bare.sockets, strict=True
        )
    ]


def _switches(published: Sequence[PublishedTopology], roots: Sequence[str]) -> list[str]:
    """The switch of each device whose root holds several; a root's only switch is as near as the root."""
    held: dict[str, set[str]] = {}
    for facts, root in zip(published, roots, strict=True):
        if root and facts.switch:
            held.setdefault(root, set()).add(facts.switch)
    return [
        facts.switch if len(held.get(root, ())) > 1 else ""
        for facts, root in zip(published, roots, strict=True)
    ]


def _physical_devices(published: Sequence[PublishedTopology]) -> list[int]:
    """
    Number the physical devices.

    A GPU, its MIG slices and its VFIO entry are one device; so are a PF and its VFs, which share
    a port. A device that publishes no key is one of its own.
    """
    same_device = _DisjointSets()
    for facts in published:
        keys = facts.keys
        for key in keys[1:]:
            same_device.join(keys[0], key)
    return _numbered(
        [same_device.find(facts.keys[0]) if facts.keys else index for index, facts in enumerate(published)]
    )


def _roots(published: Sequence[PublishedTopology], physical: Sequence[int]) -> list[str]:
    """
    Return each device's root; of a device without one, that of its physical device.

    Empty where unknown, and for all devices where the root is flat.
    """
    of_device = _AgreedValues[int, str]()
    for facts, device in zip(published, physical, strict=True):
        if facts.root:
            of_device.record(device, facts.root)
    roots = [
        facts.root or of_device.value_of(device) or ""
        for facts, device in zip(published, physical, strict=True)
    ]
    return [""] * len(roots) if _is_flat(published, roots) else roots


def _is_flat(published: Sequence[PublishedTopology], roots: Sequence[str]) -> bool:
    """
    Return whether one root holds every PCI device of the node although it is none of real hardware.

    A virtual machine has such a root, and two devices that share it need not be near. There are
    two signs. The root spans several NUMA nodes or sockets. Or, if no CPU and no memory publishes
    the NUMA nodes, all devices are on the root's own bus, where hardware has a port for each. A
    root that a CPU publishes counts as well: with two roots the machine is not flat.
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
    if any(facts.kind in OFF_BUS and (facts.numa or facts.socket >= 0) for facts in published):
        return False
    buses = {facts.bus for facts, root in zip(published, roots, strict=True) if root}
    return buses == {named.pop().removeprefix("pci")}


def _numa_nodes(
    published: Sequence[PublishedTopology], physical: Sequence[int], roots: Sequence[str]
) -> list[int | None]:
    """
    Return each device's NUMA node: as published, else that of its physical device, else of its root.

    On bare metal a root has one NUMA node (kubernetes-sigs/dra-driver-cpu,
    docs/dev/topology-linux-sysfs.md). So the NUMA node of any device on a root is that of the
    root, and so is that of a CPU that serves the root. If they differ, nothing is inferred.
    """
    cpu_nodes = {
        facts.numa[0]
        for facts in published
        if facts.numa and not facts.own_memory and (facts.kind is DeviceKind.CPU or facts.root or facts.keys)
    }
    nodes: list[int | None] = []
    of_device = _AgreedValues[int, int]()
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
            of_device.record(device, node)
    of_root = _AgreedValues[str, int]()
    for index, facts in enumerate(published):
        node = nodes[index]
        if node is None:
            node = nodes[index] = of_device.value_of(physical[index])
        if node is not None:
            if roots[index]:
                of_root.record(roots[index], node)
            for root in facts.reach:
                of_root.record(root, node)
    for index, node in enumerate(nodes):
        if node is None and roots[index]:
            nodes[index] = of_root.value_of(roots[index])
    return nodes


def _sockets(
    published: Sequence[PublishedTopology], roots: Sequence[str], nodes: Sequence[int | None]
) -> list[Hashable]:
    """
    Return each device's socket, that of its NUMA node or else that of its root.

    Any device on a NUMA node that publishes a socket gives it to the node. CPUs grouped by socket
    have no NUMA node and give theirs to the roots that they serve. A list of NUMA nodes holds the
    physical one and others of its socket (KEP-6072), so two lists with a node in common are on one
    socket even if nobody publishes its number.
    """
    same_socket = _DisjointSets()
    nodes_with_socket: set[Hashable] = set()
    of_root = _AgreedValues[str, int]()
    for facts, node in zip(published, nodes, strict=True):
        for other in facts.numa[1:]:
            same_socket.join(facts.numa[0], other)
            nodes_with_socket.add(other)
        if facts.socket >= 0:
            if node is not None:
                same_socket.join(node, ("socket", facts.socket))
                nodes_with_socket.add(node)
            for root in facts.reach:
                of_root.record(root, facts.socket)
    known_sockets = {same_socket.find(node) for node in nodes_with_socket}
    sockets: list[Hashable] = []
    for facts, root, node in zip(published, roots, nodes, strict=True):
        socket: Hashable = None
        if node is not None:
            group = same_socket.find(node)
            socket = group if group in known_sockets else None
        if socket is None:
            number = facts.socket if facts.socket >= 0 else of_root.value_of(root)
            socket = None if number is None else same_socket.find(("socket", number))
        sockets.append(socket)
    return sockets


def _groups(published: Sequence[PublishedTopology]) -> list[tuple[tuple[int, float], ...]]:
    """Number the groups of each device, those that are one by attribute and value alike."""
    numbers: dict[str, int] = {}
    return [
        tuple((numbers.setdefault(group, len(numbers)), worth) for group, worth in facts.groups)
        for facts in published
    ]


def _numbered(values: Iterable[Hashable]) -> list[int]:
    """Number distinct values by first occurrence; ``None`` and empty text are -1."""
    numbers: dict[Hashable, int] = {None: -1, "": -1}
    return [numbers.setdefault(value, len(numbers) - 2) for value in values]


class _AgreedValues(Generic[K, V]):
    """The value of each key on which all devices agree; it is unknown where two differ."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[K, V | None] = {}

    def record(self, key: K, value: V) -> None:
        if self._values.setdefault(key, value) != value:
            self._values[key] = None

    def value_of(self, key: K) -> V | None:
        return self._values.get(key)


class _DisjointSets:
    """Disjoint sets by union-find; an item that was never joined is a set of its own."""

    __slots__ = ("_parents",)

    def __init__(self) -> None:
        self._parents: dict[Hashable, Hashable] = {}

    def find(self, item: Hashable) -> Hashable:
        parents = self._parents
        while item in parents:
            parent = parents[item]
            # Halving the path keeps the thousand VFs of one port from becoming a list.
            parents[item] = parents.get(parent, parent)
            item = parent
        return item

    def join(self, a: Hashable, b: Hashable) -> None:
        a, b = self.find(a), self.find(b)
        if a != b:
            self._parents[b] = a
