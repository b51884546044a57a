"""
Where everything on one node sits, and who holds it: sockets, NUMA nodes, PCIe roots, devices.

The same locations that alignment is judged by, with the names that drivers, or facts of the machine, give to
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from extender.model import DeviceID

from ..cluster.double_use import HeldDevices
from ..cluster.snapshot import NodeState, Snapshot
from ..topology.filled_places import filled
from ..topology.locations import TOLD_NUMA, TOLD_ROOT, TOLD_SOCKET, Location
from ..topology.published import PublishedTopology, read_published
from ..topology.vocabulary import OFF_BUS, DeviceKind


@dataclass(frozen=True, slots=True)
class MapDevice:
    """
    ``holders``: the pods that hold it as ``namespace/name``, a claim's name where no pod is known. ``told``:
    facts of the machine, and nothing that is published, tell a part of where it is.
    """

    id: DeviceID
    kind: DeviceKind
    holders: tuple[str, ...]
    told: bool = False


@dataclass(frozen=True, slots=True)
class MapRoot:
    """
    ``name`` of sysfs, empty where none is known; CPUs and memory are on no root. ``told``: facts of the
    machine, and nothing that is published, put devices on it.
    """

    name: str
    devices: tuple[MapDevice, ...]
    told: bool = False

    @property
    def off_bus(self) -> bool:
        return all(device.kind in OFF_BUS for device in self.devices)


@dataclass(frozen=True, slots=True)
class MapNumaNode:
    """``name`` is the kernel's number, empty where unknown; ``told`` as of a root."""

    name: str
    roots: tuple[MapRoot, ...]
    told: bool = False


@dataclass(frozen=True, slots=True)
class MapSocket:
    """
    ``known``: the socket is, though its ``name`` may be empty where drivers only tell it from another;
    ``told`` as of a root.
    """

    known: bool
    name: str
    numa_nodes: tuple[MapNumaNode, ...]
    told: bool = False


@dataclass(frozen=True, slots=True)
class _Located:
    """``named``: what the device publishes, with what facts of the machine tell beside it."""

    device: MapDevice
    location: Location
    named: PublishedTopology


def node_map(name: str, snapshot: Snapshot) -> tuple[MapSocket, ...]:
    """
    The node's sockets with all below, in the order in which its devices show them; unknown ones come last.

    A device is listed once, off-bus devices before those on roots.
    """
    located = _located(snapshot.nodes[name], snapshot)
    sockets = []
    for socket, of_socket in _groups(located, lambda entry: entry.location.socket):
        nodes = []
        for numa, of_node in _groups(of_socket, lambda entry: entry.location.numa):
            roots = [entry for entry in of_node if entry.device.kind not in OFF_BUS]
            off_bus = tuple(entry.device for entry in of_node if entry.device.kind in OFF_BUS)
            rows = [MapRoot("", off_bus)] if off_bus else []
            rows += [
                MapRoot(
                    _root_name(group) if root >= 0 else "",
                    tuple(entry.device for entry in group),
                    _told(group, TOLD_ROOT),
                )
                for root, group in _groups(roots, lambda entry: entry.location.root)
            ]
            called = _numa_name(of_node) if numa >= 0 else ""
            nodes.append(MapNumaNode(called, tuple(rows), _told(of_node, TOLD_NUMA)))
        called = _socket_name(of_socket) if socket >= 0 else ""
        sockets.append(MapSocket(socket >= 0, called, tuple(nodes), _told(of_socket, TOLD_SOCKET)))
    return tuple(sockets)


def _located(state: NodeState, snapshot: Snapshot) -> list[_Located]:
    devices = HeldDevices(snapshot.holders)
    held: dict[DeviceID, tuple[str, ...]] = {}
    for pool in state.inventory.pools:
        held.update(devices.of(pool.id))
    all_devices = list(state.inventory.located())
    published = [
        read_published(snapshot.vocabulary.attributes(slice_.driver), slice_.driver, device)
        for slice_, device, _ in all_devices
    ]
    machine = snapshot.machines.used(state.inventory.facts)
    if machine is not None:
        places = [
            machine.place_of(slice_.driver, device.name, facts)
            for (slice_, device, _), facts in zip(all_devices, published, strict=True)
        ]
        published = filled(published, places)
    located = []
    for (slice_, device, location), named in zip(all_devices, published, strict=True):
        id_ = DeviceID(slice_.driver, slice_.pool, device.name)
        drawn = MapDevice(id_, location.kind, held.get(id_, ()), bool(location.told))
        located.append(_Located(drawn, location, named))
    return located


def _told(group: Sequence[_Located], bit: int) -> bool:
    """Whether facts of the machine put every device of a known place there."""
    return all(entry.location.told & bit for entry in group)


def _groups(located: Iterable[_Located], key: Callable[[_Located], int]) -> list[tuple[int, list[_Located]]]:
    groups: dict[int, list[_Located]] = {}
    for device in located:
        groups.setdefault(key(device), []).append(device)
    return sorted(groups.items(), key=lambda item: (item[0] < 0, item[0]))


def _root_name(group: Sequence[_Located]) -> str:
    return next((entry.named.root for entry in group if entry.named.root), "")


def _numa_name(group: Sequence[_Located]) -> str:
    return next(
        (str(entry.named.numa[0]) for entry in group if entry.named.numa and not entry.named.own_memory),
        "",
    )


def _socket_name(group: Sequence[_Located]) -> str:
    return next((str(entry.named.socket) for entry in group if entry.named.socket >= 0), "")
