"""
Which distances between the devices of a node are known, and who told them.

For a cluster as it is: what drivers publish, what follows from it, and what facts of machines tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, product
from typing import NamedTuple

from ..topology.driver_attributes import DeviceKind
from ..topology.locations import Distance, Location, distance, told_by_facts
from ..topology.machine_facts import FactsUse
from ..topology.published import PublishedTopology, does_rdma, read_published
from ..topology.vocabulary import Vocabulary
from .node_state import NodeState
from .signature import NodeSignature

KINDS = (
    (DeviceKind.GPU, DeviceKind.NIC),
    (DeviceKind.GPU, DeviceKind.CPU),
    (DeviceKind.GPU, DeviceKind.GPU),
    (DeviceKind.ACCELERATOR, DeviceKind.NIC),
    (DeviceKind.ACCELERATOR, DeviceKind.CPU),
    (DeviceKind.ACCELERATOR, DeviceKind.ACCELERATOR),
    (DeviceKind.NIC, DeviceKind.CPU),
)
"""The kinds of devices whose distances are looked at."""


class Source(StrEnum):
    """
    Who tells a distance: both drivers, or what other devices of the node publish, or facts of machines.
    """

    PUBLISHED = "published"
    INFERRED = "inferred"
    FACTS = "machine-facts"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """
    What is known of the pairs of two kinds on one node.

    ``known``: how many, by who tells. ``unknown``: how many nobody tells. ``silent``: the drivers of the
    devices in these of which no NUMA node is known.
    """

    known: Mapping[Source, int]
    unknown: int
    silent: tuple[str, ...]


class KnownType(NamedTuple):
    """
    Nodes with the same devices at the same locations, known from the same source; ``kinds`` that form a
    pair there, such as ``gpu-nic``, by name.

    ``reaching``: drivers of CPUs and memory that name the PCIe roots they are near. ``rooted``:
    drivers of devices that publish a PCIe root that is none of a hypervisor's. ``drivers``: all.
    """

    nodes: tuple[str, ...]
    facts: FactsUse | None
    kinds: Mapping[str, Knowledge]
    drivers: frozenset[str]
    reaching: frozenset[str]
    rooted: frozenset[str]


class _Seen(NamedTuple):
    driver: str
    location: Location
    published: PublishedTopology
    rdma: bool


def known_types(
    nodes: Mapping[str, NodeState], vocabulary: Vocabulary, label: str
) -> dict[str, list[KnownType]]:
    """
    What is known on each type of node, by the value of the node's ``label``; empty where it has none.

    One node of each type is looked at. Nodes without devices of these kinds are left out.
    """
    groups: dict[tuple[str, NodeSignature, FactsUse | None], list[str]] = {}
    for name, state in nodes.items():
        key = (state.node.labels.get(label, ""), state.inventory.signature, state.inventory.facts)
        groups.setdefault(key, []).append(name)
    found: dict[str, list[KnownType]] = {}
    for (value, _, facts), names in groups.items():
        seen = list(_devices(nodes[names[0]], vocabulary))
        kinds = _knowledge(seen)
        if kinds:
            found.setdefault(value, []).append(
                KnownType(
                    tuple(names),
                    facts,
                    kinds,
                    frozenset(each.driver for each in seen),
                    frozenset(each.driver for each in seen if each.published.reach),
                    frozenset(
                        each.driver for each in seen if each.published.root and each.location.root >= 0
                    ),
                )
            )
    return found


def _devices(state: NodeState, vocabulary: Vocabulary) -> Iterator[_Seen]:
    for slice_, device, location in state.inventory.located():
        names = vocabulary.attributes(slice_.driver)
        published = read_published(names, slice_.driver, device)
        yield _Seen(slice_.driver, location, published, does_rdma(names, device) is True)


def _knowledge(seen: list[_Seen]) -> dict[str, Knowledge]:
    by_kind: dict[DeviceKind, list[_Seen]] = {}
    for each in seen:
        by_kind.setdefault(each.location.kind, []).append(each)
    nics = by_kind.get(DeviceKind.NIC, [])
    if any(nic.rdma for nic in nics):
        # As with free pairs: the others are no partners of a GPU.
        by_kind[DeviceKind.NIC] = [nic for nic in nics if nic.rdma]
    found: dict[str, Knowledge] = {}
    for first, second in KINDS:
        devices, others = by_kind.get(first, []), by_kind.get(second, [])
        pairs = list(combinations(devices, 2) if first is second else product(devices, others))
        if pairs:
            found[f"{first}-{second}"] = _told(pairs)
    return found


def _told(pairs: list[tuple[_Seen, _Seen]]) -> Knowledge:
    known: dict[Source, int] = {}
    unknown, silent = 0, set[str]()
    for a, b in pairs:
        if distance(a.location, b.location) is Distance.UNKNOWN:
            unknown += 1
            silent.update(each.driver for each in (a, b) if each.location.numa < 0)
        else:
            source = _source(a, b)
            known[source] = known.get(source, 0) + 1
    return Knowledge(known, unknown, tuple(sorted(silent)))


def _source(a: _Seen, b: _Seen) -> Source:
    if told_by_facts(a.location, b.location):
        return Source.FACTS
    apart = distance(a.location, b.location)
    if apart in (Distance.DEVICE, Distance.GROUP):
        return Source.PUBLISHED
    if apart is Distance.PCIE_ROOT:
        both = bool(a.published.root and b.published.root)
    else:
        both = _says_node(a.published) and _says_node(b.published)
    return Source.PUBLISHED if both else Source.INFERRED


def _says_node(published: PublishedTopology) -> bool:
    return bool(published.numa) and not published.own_memory
