"""
Where everything on one node sits, and who holds it: sockets, NUMA nodes, PCIe roots, devices.

The same locations that alignment is judged by, with the names that drivers give to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from extender.model import DeviceID

from ..cluster.double_use import HeldDevices
from ..cluster.snapshot import NodeState, Snapshot
from ..topology.locations import Location
from ..topology.published import PublishedTopology, read_published
from ..topology.vocabulary import OFF_BUS, DeviceKind


@dataclass(frozen=True, slots=True)
class MapDevice:
    """``holders``: the pods that hold it as ``namespace/name``, a claim's name where no pod is known."""

    id: DeviceID
    kind: DeviceKind
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MapRoot:
    """``name`` as published, empty where none is known; CPUs and memory are on no root."""

    name: str
    devices: tuple[MapDevice, ...]

    @property
    def off_bus(self) -> bool:
        return all(device.kind in OFF_BUS for device in self.devices)


@dataclass(frozen=True, slots=True)
class MapNumaNode:
    """``name`` is the kernel's number, empty where unknown."""

    name: str
    roots: tuple[MapRoot, ...]


@dataclass(frozen=True, slots=True)
class MapSocket:
    """``known``: the socket is, though its ``name`` may be empty where drivers only tell it from another."""

    known: bool
    name: str
    numa_nodes: tuple[MapNumaNode, ...]


@dataclass(frozen=True, slots=True)
class _Located:
    device: MapDevice
    location: Location
    published: PublishedTopology


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
                MapRoot(_root_name(group) if root >= 0 else "", tuple(entry.device for entry in group))
                for root, group in _groups(roots, lambda entry: entry.location.root)
            ]
            nodes.append(MapNumaNode(_numa_name(of_node) if numa >= 0 else "", tuple(rows)))
        sockets.append(MapSocket(socket >= 0, _socket_name(of_socket) if socket >= 0 else "", tuple(nodes)))
    return tuple(sockets)


def _located(state: NodeState, snapshot: Snapshot) -> list[_Located]:
    devices = HeldDevices(snapshot.holders)
    held: dict[DeviceID, tuple[str, ...]] = {}
    for pool in state.inventory.pools:
        held.update(devices.of(pool.id))
    located = []
    for slice_, device, location in state.inventory.located():
        id_ = DeviceID(slice_.driver, slice_.pool, device.name)
        names = snapshot.vocabulary.attributes(slice_.driver)
        published = read_published(names, slice_.driver, device)
        located.append(_Located(MapDevice(id_, location.kind, held.get(id_, ())), location, published))
    return located


def _groups(located: Iterable[_Located], key: Callable[[_Located], int]) -> list[tuple[int, list[_Located]]]:
    groups: dict[int, list[_Located]] = {}
    for device in located:
        groups.setdefault(key(device), []).append(device)
    return sorted(groups.items(), key=lambda item: (item[0] < 0, item[0]))


def _root_name(group: Sequence[_Located]) -> str:
    return next((device.published.root for device in group if device.published.root), "")


def _numa_name(group: Sequence[_Located]) -> str:
    return next(
        (
            str(device.published.numa[0])
            for device in group
            if device.published.numa and not device.published.own_memory
        ),
        "",
    )


def _socket_name(group: Sequence[_Located]) -> str:
    return next((str(device.published.socket) for device in group if device.published.socket >= 0), "")
