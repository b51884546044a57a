"""
What a node's slices say of a machine, worked out once for all nodes of which they say the same.

Nodes are told apart by content, column by column, never by label or driver. Identities count by their
pattern alone: two devices with one UUID are one card, whatever the UUID is.
"""

# Theory
# ------
# `type_of` must return what `_worked_out` returns for the node alone; tests/property/test_node_types.py
# compares the two over random fleets. So the key must hold all that `_worked_out` reads: a new input there
# goes into `_said`, as itself or as what is read of it. A key that holds too much costs time only.
# The release, the vocabulary and the facts of machines are those of the lineage, and in no key.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from extender.cel import unsupported_attribute
from extender.model import CounterSet, Device, Node, ResourceSlice
from extender.model.device_columns import Heading, Names, Traits, Values

from ..releases.release import CounterScope, Release
from ..topology.driver_attributes import DriverAttributes
from ..topology.locate import locate_with
from ..topology.locations import Location
from ..topology.machine_facts import MachineFacts, MachineType
from ..topology.vocabulary import Vocabulary
from .free_pairs import marks_of, pairable_of
from .node_selection import node_matches, ties_to
from .pools import Pool, has_binding_conditions
from .signature import Lineage, NodeSignature, NodeType, PoolSignature, SliceReads, SliceSignature
from .taint_rules import Rules, rules_on, with_taints

NODE_FEATURE = "DRAOptionalNodeOperations"
"""What a node declares that lets drivers skip node operations."""


class SaidToNode(NamedTuple):
    """
    What a slice says to one node.

    ``roaming``: for which of its devices the node is not the only one, empty for none. The rest is as in
    ``SliceSignature``.
    """

    roaming: tuple[bool, ...]
    targets: tuple[bool, ...]
    skips_node: bool


class _Said(NamedTuple):
    """
    What a slice says of the machine to a node, apart from identities.

    ``names``: where locations may go by them. ``read``: the columns that locations and free pairs are read
    from; ``unusual``: those that may make CEL fail. The rest is as in ``SliceSignature``.
    """

    pool: int
    driver: str
    heading: Heading
    traits: Traits
    names: Names | None
    read: tuple[Values, ...]
    unusual: tuple[Values, ...]
    counter_sets: tuple[CounterSet, ...]
    to_node: SaidToNode


def type_of(
    node: Node,
    pools: Sequence[Pool],
    release: Release,
    vocabulary: Vocabulary,
    machines: MachineFacts,
    lineage: Lineage,
) -> NodeType:
    """The type of a node with these pools, without taints of rules. Raises ``NodeSelectorError``."""
    types = machines.labelled(node.labels)
    slices = [slice_ for pool in pools for slice_ in pool.slices]
    reads = [_reads_of(slice_, vocabulary, lineage) for slice_ in slices]
    numbers = [number for number, pool in enumerate(pools) for _ in pool.slices]
    pool_signatures = _pool_signatures(pools, release)
    said = tuple(
        [
            _said(node, number, slice_, of_slice, release, by_name=bool(types))
            for number, slice_, of_slice in zip(numbers, slices, reads, strict=True)
        ]
    )
    key = (pool_signatures, said, _identities(slices, reads), types)
    known = lineage.types.get(key)
    if known is None:
        number = next(lineage.numbers)
        known = _worked_out(number, slices, pool_signatures, said, release, vocabulary, types, lineage)
        lineage.types[key] = known
    return known


def tainted_type(
    published: NodeType,
    slices: Sequence[ResourceSlice],
    rules: Rules,
    release: Release,
    vocabulary: Vocabulary,
    lineage: Lineage,
) -> NodeType:
    """The type of a node with the taints of rules on its devices; the same object if there are none."""
    traits = tuple([with_taints(slice_.devices, rules_on(rules, slice_.pool_id)) for slice_ in slices])
    if traits == published.traits:
        return published
    key = (published.number, traits)
    known = lineage.tainted.get(key)
    if known is None:
        signatures = published.signature.slices
        pairable = pairable_of(
            [signature.locations for signature in signatures],
            [signature.targets for signature in signatures],
            [
                marks_of(slice_, of_slice, release, vocabulary)
                for slice_, of_slice in zip(slices, traits, strict=True)
            ],
        )
        known = lineage.tainted[key] = replace(
            published,
            number=next(lineage.numbers),
            traits=traits,
            pairable=pairable,
            untainted=published,
        )
    return known


def _reads_of(slice_: ResourceSlice, vocabulary: Vocabulary, lineage: Lineage) -> SliceReads:
    key = (slice_.driver, slice_.devices.heading)
    reads = lineage.reads.get(key)
    if reads is None:
        names = vocabulary.attributes(slice_.driver)
        positions = slice_.devices.heading.positions
        reads = lineage.reads[key] = SliceReads(
            tuple(positions[name] for name in _located_by(names) if name in positions),
            tuple(positions[name] for name in (*names.identity, *names.parent_identity) if name in positions),
            by_name=names.address_in_name,
        )
    return reads


def _located_by(names: DriverAttributes) -> tuple[str, ...]:
    """The attributes whose values count for locations and free pairs, and not only their pattern."""
    return (
        *names.root,
        *names.root_bus,
        *names.numa,
        *names.socket,
        *names.address,
        *names.address_parts,
        *names.parent,
        *(name for name, _ in names.groups),
        *(names.own_memory or ())[:1],
        *names.rdma,
    )


def _said(
    node: Node, pool: int, slice_: ResourceSlice, reads: SliceReads, release: Release, *, by_name: bool
) -> _Said:
    devices = slice_.devices
    columns = devices.columns
    return _Said(
        pool,
        slice_.driver,
        devices.heading,
        devices.traits,
        devices.names if by_name or reads.by_name else None,
        tuple([columns[position] for position in reads.located]),
        () if release.cel.lazy_attributes else tuple([column for column in columns if column.unusual]),
        slice_.shared_counters if _has_own_counters(release) else (),
        said_to(node, slice_, release),
    )


def said_to(node: Node, slice_: ResourceSlice, release: Release) -> SaidToNode:
    """What a slice says to a node that depends on who the node is. Raises ``NodeSelectorError``."""
    return SaidToNode(
        () if slice_.node_name else _roaming(slice_, node),
        _targets(slice_, node) if slice_.per_device_node_selection else (),
        bool(slice_.skip_node_operations) and _skips_node(node, release),
    )


def asks_node(slice_: ResourceSlice) -> bool:
    """Whether ``said_to`` may differ between nodes that the slice is for."""
    for_some = not (slice_.node_name or slice_.all_nodes)
    return for_some or bool(slice_.per_device_node_selection or slice_.skip_node_operations)


def has_identities(slice_: ResourceSlice, vocabulary: Vocabulary, lineage: Lineage) -> bool:
    """Whether devices of the slice can be of one card with those of other slices of their driver."""
    columns = slice_.devices.columns
    return any(
        value is not None and value.value
        for position in _reads_of(slice_, vocabulary, lineage).identities
        for value in columns[position].values
    )


def _identities(slices: Sequence[ResourceSlice], reads: Sequence[SliceReads]) -> tuple[tuple[int, ...], ...]:
    """The pattern of identities: equal numbers where a driver gives one device's name twice."""
    numbers: dict[tuple[str, object], int] = {}
    return tuple(
        [
            tuple(
                [
                    -1
                    if value is None or not value.value
                    else numbers.setdefault((slice_.driver, value.value), len(numbers))
                    for position in of_slice.identities
                    for value in slice_.devices.columns[position].values
                ]
            )
            for slice_, of_slice in zip(slices, reads, strict=True)
        ]
    )


def _worked_out(
    number: int,
    slices: Sequence[ResourceSlice],
    pool_signatures: tuple[PoolSignature, ...],
    said: Sequence[_Said],
    release: Release,
    vocabulary: Vocabulary,
    types: Sequence[MachineType],
    lineage: Lineage,
) -> NodeType:
    named = [(slice_.driver, device) for slice_ in slices for device in slice_.devices]
    roaming = [
        roams
        for slice_, of_slice in zip(slices, said, strict=True)
        for roams in of_slice.to_node.roaming or (False,) * len(slice_.devices)
    ]
    located = locate_with(named, vocabulary, types, {place for place, roams in enumerate(roaming) if roams})
    locations = iter(located.locations)
    signature = NodeSignature(
        pool_signatures,
        tuple(
            _slice_signature(slice_, of_slice, tuple(next(locations) for _ in slice_.devices), release)
            for slice_, of_slice in zip(slices, said, strict=True)
        ),
    )
    signature = lineage.signatures.setdefault(signature, signature)
    pairable = pairable_of(
        [slice_signature.locations for slice_signature in signature.slices],
        [slice_signature.targets for slice_signature in signature.slices],
        [marks_of(slice_, slice_.devices.traits, release, vocabulary) for slice_ in slices],
    )
    traits = tuple([slice_.devices.traits for slice_ in slices])
    return NodeType(number, signature, traits, pairable, located.facts)


def _slice_signature(
    slice_: ResourceSlice, said: _Said, locations: tuple[Location, ...], release: Release
) -> SliceSignature:
    unsupported: tuple[str | None, ...] = ()
    if said.unusual:
        unsupported = tuple(
            unsupported_attribute(slice_.devices.attributes(position), release.cel)
            for position in range(len(slice_.devices))
        )
    return SliceSignature(
        said.pool,
        locations,
        said.to_node.targets,
        unsupported if any(unsupported) else (),
        late=release.order.late_slices and has_binding_conditions(slice_),
        counter_sets=slice_.shared_counters if _has_own_counters(release) else (),
        skips_node=said.to_node.skips_node,
    )


def _has_own_counters(release: Release) -> bool:
    """Whether each slice has counters of its own."""
    return release.counters.scope is CounterScope.SLICE and release.features.partitionable_devices


def counts_by_pool_name(release: Release) -> bool:
    """Whether pools of one name have counters in common, whatever their drivers."""
    return release.counters.scope is CounterScope.POOL_NAME


def _pool_signatures(pools: Sequence[Pool], release: Release) -> tuple[PoolSignature, ...]:
    owners: dict[str, int] = {}
    by_name = counts_by_pool_name(release)
    return tuple(
        [
            PoolSignature(
                pool.id.driver,
                owners.setdefault(pool.id.pool, number) if by_name else number,
                pool.incomplete,
                pool.invalid,
                pool.counter_sets,
                late=release.order.late_pools and pool.has_binding_conditions,
                ambiguous=pool.ambiguous,
            )
            for number, pool in enumerate(pools)
        ]
    )


def _skips_node(node: Node, release: Release) -> bool:
    """Whether devices that skip node operations need a node that knows these, and it does not."""
    if not release.node_operations:
        return False
    return not release.features.optional_node_operations or NODE_FEATURE not in node.declared_features


def _roaming(slice_: ResourceSlice, node: Node) -> tuple[bool, ...]:
    roaming = tuple(not _is_local(slice_, device, node) for device in slice_.devices)
    return roaming if any(roaming) else ()


def _is_local(slice_: ResourceSlice, device: Device, node: Node) -> bool:
    """Whether the device is for this node, by its slice or by itself, and for no other."""
    if not slice_.per_device_node_selection:
        return not slice_.all_nodes and ties_to(slice_.node_selector, node)
    traits = device.traits
    if traits.node_name or traits.all_nodes:
        return traits.node_name == node.name
    return ties_to(traits.node_selector, node)


def _targets(slice_: ResourceSlice, node: Node) -> tuple[bool, ...]:
    return tuple(
        node_matches(node, traits.node_name, traits.all_nodes, traits.node_selector)
        for traits in slice_.devices.traits.values
    )
