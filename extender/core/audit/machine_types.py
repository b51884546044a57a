"""
Nodes that are built alike: the same drivers, the same devices in the same locations.

A machine type is what the signature of a node's inventory keeps: names, attributes that say nothing
about locations, and what is allocated do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ..cluster.signature import NodeSignature
from ..cluster.snapshot import NodeState, Snapshot
from ..topology.locations import Location
from ..topology.vocabulary import DeviceKind

INSTANCE_TYPE = "node.kubernetes.io/instance-type"
"""The label by which clouds and administrators name a machine type."""


@dataclass(frozen=True, slots=True)
class MachineType:
    """
    ``nodes``: names, sorted. ``types``: the instance types that the nodes are labelled with, sorted.

    ``devices`` counts physical devices by kind, in the order of ``DeviceKind``: a GPU and its
    MIG slices are one. ``sockets``, ``numa_nodes`` and ``roots`` count those known.
    """

    nodes: tuple[str, ...]
    types: tuple[str, ...]
    drivers: tuple[str, ...]
    devices: tuple[tuple[DeviceKind, int], ...]
    sockets: int
    numa_nodes: int
    roots: int


def machine_types(snapshot: Snapshot) -> tuple[MachineType, ...]:
    """The machine types of all nodes with devices, those of most nodes first, then by first node."""
    groups: dict[NodeSignature, list[NodeState]] = {}
    for state in snapshot.nodes.values():
        if any(slice_.locations for slice_ in state.inventory.signature.slices):
            groups.setdefault(state.inventory.signature, []).append(state)
    types = [_machine_type(signature, states) for signature, states in groups.items()]
    return tuple(sorted(types, key=lambda machine_type: (-len(machine_type.nodes), machine_type.nodes[0])))


def _machine_type(signature: NodeSignature, states: list[NodeState]) -> MachineType:
    locations = list(_locations(signature))
    physical = Counter(kind for kind, _ in {(location.kind, location.device) for location in locations})
    return MachineType(
        nodes=tuple(sorted(state.node.name for state in states)),
        types=tuple(sorted({label for state in states if (label := state.node.labels.get(INSTANCE_TYPE))})),
        drivers=tuple(
            sorted({signature.pools[slice_.pool].driver for slice_ in signature.slices if slice_.locations})
        ),
        devices=tuple((kind, physical[kind]) for kind in DeviceKind if physical[kind]),
        sockets=len({location.socket for location in locations} - {-1}),
        numa_nodes=len({location.numa for location in locations} - {-1}),
        roots=len({location.root for location in locations} - {-1}),
    )


def _locations(signature: NodeSignature) -> Iterator[Location]:
    for slice_ in signature.slices:
        yield from slice_.locations
