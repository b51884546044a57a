"""
What a node offers, independent of any pod: its pools, and their signature.

The *signature* is everything about the pools that is not an attribute of a device
and not a name that differs from node to node: drivers, completeness, counters,
device locations. Nodes of one machine type share one signature, which is half of the
reason why they can share predictions (the other half is ``layout``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from extender.cel import unsupported_attribute
from extender.model import Device, Node, PoolID, ResourceSlice

from ..reasons import Reason, ReasonCode, reason
from ..releases.release import CounterScope, Release
from ..topology.locate import locate_with
from ..topology.locations import Location
from ..topology.machine_facts import NO_FACTS, FactsUse, MachineFacts, MachineType
from ..topology.published import read_published
from ..topology.vocabulary import Vocabulary
from .differences import Difference
from .free_pairs import NOTHING_PAIRABLE, Pairable, marks_of, pairable_of
from .node_selection import NodeSelectorError, node_matches, ties_to
from .pools import (
    Pool,
    gather_pools,
    has_binding_conditions,
    in_search_order,
    targets_node,
)
from .signature import Lineage, NodeSignature, PoolSignature, SliceSignature
from .slice_index import SliceIndex


@dataclass(frozen=True, slots=True)
class Inventory:
    """
    A node's pools in search order, and all their slices flattened in that order.

    ``failure`` is set when gathering the pools is fatal upstream. ``pairable``: what of it
    can be part of a free pair. ``facts``: the facts of machines by which its devices are located, or
    why it is located without them.
    """

    pools: tuple[Pool, ...]
    slices: tuple[ResourceSlice, ...]
    signature: NodeSignature
    failure: Reason | None = None
    pairable: Pairable = field(default=NOTHING_PAIRABLE, compare=False)
    facts: FactsUse | None = None

    def located(self) -> Iterator[tuple[ResourceSlice, Device, Location]]:
        """Yield every device with its slice and its location, in the order of ``slices``."""
        for slice_, signature in zip(self.slices, self.signature.slices, strict=True):
            for device, location in zip(slice_.devices, signature.locations, strict=True):
                yield slice_, device, location


NODE_FEATURE = "DRAOptionalNodeOperations"
"""What a node declares that lets drivers skip node operations."""

EMPTY = Inventory((), (), NodeSignature((), ()))


class Previous(NamedTuple):
    """
    What a node was before some of its slices changed.

    ``pools``: those with slices that changed. ``unmoved``: see ``unmoved_slices``.
    """

    inventory: Inventory
    pools: frozenset[PoolID]
    unmoved: frozenset[str]


def inventory_of(
    node: Node,
    index: SliceIndex,
    release: Release,
    vocabulary: Vocabulary,
    lineage: Lineage,
    previous: Previous | None = None,
    machines: MachineFacts = NO_FACTS,
) -> Inventory:
    """
    Gather the node's inventory. ``lineage`` interns what nodes share.

    ``previous`` saves work and changes nothing. It must be of the same node, with what
    slices and devices ask of a node unchanged.

    Of counter slices that count for every node, those of pools the node has no
    device of matter only where they are broken, so only these are added.
    """
    if previous is not None and previous.inventory.failure is not None:
        previous = None
    try:
        offered = (*index.local.get(node.name, ()), *index.selected)
        slices = [
            slice_
            for slice_ in offered
            if (previous is None or slice_.pool_id in previous.pools)
            and targets_node(slice_, node, release.gathering)
        ]
        own = {slice_.pool_id for slice_ in slices}
        slices += [slice_ for pool in own for slice_ in index.counters.get(pool, ())]
        pools = gather_pools(slices, index.by_pool, release)
        foreign = [
            pool
            for pool in index.broken
            if pool.id not in own and (previous is None or pool.id in previous.pools)
        ]
        kept = (
            []
            if previous is None
            else [pool for pool in previous.inventory.pools if pool.id not in previous.pools]
        )
        if foreign or kept:
            pools = in_search_order((*kept, *pools, *foreign), release)
        types = machines.labelled(node.labels)
        return _signature_of(node, pools, release, vocabulary, types, lineage, previous)
    except NodeSelectorError as error:
        failure = reason(ReasonCode.NODE_SELECTOR, where=f"node {node.name}", detail=error)
        return Inventory((), (), EMPTY.signature, failure)


def unmoved_slices(
    changed: Mapping[str, Difference[ResourceSlice]], vocabulary: Vocabulary
) -> frozenset[str]:
    """Names of the slices that changed but say the same as before of where their devices are."""
    return frozenset(
        name
        for name, (before, after) in changed.items()
        if before is not None and after is not None and _says_the_same(before, after, vocabulary)
    )


def _says_the_same(before: ResourceSlice, after: ResourceSlice, vocabulary: Vocabulary) -> bool:
    if before.driver != after.driver or _reach(before) != _reach(after):
        return False
    names = vocabulary.attributes(after.driver)
    # What a device itself says of nodes decides whether it has a location on one.
    if any(
        (then.traits.node_name, then.traits.all_nodes, then.traits.node_selector)
        != (now.traits.node_name, now.traits.all_nodes, now.traits.node_selector)
        for then, now in zip(before.devices, after.devices, strict=False)
    ):
        return False
    # Facts of machines may go by names, too.
    return len(before.devices) == len(after.devices) and all(
        then.name == now.name
        and (
            then.attributes == now.attributes
            or read_published(names, after.driver, then) == read_published(names, after.driver, now)
        )
        for then, now in zip(before.devices, after.devices, strict=True)
    )


def _reach(slice_: ResourceSlice) -> tuple[object, ...]:
    """What of a slice decides whether its devices are for one node alone."""
    return (
        bool(slice_.node_name),
        slice_.all_nodes,
        slice_.node_selector,
        slice_.per_device_node_selection,
    )


def _signature_of(
    node: Node,
    pools: tuple[Pool, ...],
    release: Release,
    vocabulary: Vocabulary,
    types: Sequence[MachineType],
    lineage: Lineage,
    previous: Previous | None,
) -> Inventory:
    numbered = [(number, slice_) for number, pool in enumerate(pools) for slice_ in pool.slices]
    slices = tuple(slice_ for _, slice_ in numbered)
    pool_signatures = _pool_signatures(pools, release)
    if previous is not None and _stayed(previous, slices):
        before = previous.inventory
        facts = before.facts
        slice_signatures = tuple(
            _moved(signature, number)
            if slice_ is then
            else _slice_signature(node, number, slice_, signature.locations, release)
            for (number, slice_), then, signature in zip(
                numbered, before.slices, before.signature.slices, strict=True
            )
        )
        if (pool_signatures, slice_signatures) == (before.signature.pools, before.signature.slices):
            pairable = _pairable(slices, before.signature, release, vocabulary, lineage)
            return Inventory(pools, slices, before.signature, pairable=pairable, facts=facts)
    else:
        devices = [(slice_, device) for slice_ in slices for device in slice_.devices]
        roaming = {
            number for number, (slice_, device) in enumerate(devices) if not _is_local(slice_, device, node)
        }
        named = [(slice_.driver, device) for slice_, device in devices]
        located = locate_with(named, vocabulary, types, roaming)
        facts, locations = located.facts, iter(located.locations)
        slice_signatures = tuple(
            _slice_signature(node, number, slice_, tuple(next(locations) for _ in slice_.devices), release)
            for number, slice_ in numbered
        )
    signature = NodeSignature(pool_signatures, slice_signatures)
    signature = lineage.signatures.setdefault(signature, signature)
    pairable = _pairable(slices, signature, release, vocabulary, lineage)
    return Inventory(pools, slices, signature, pairable=pairable, facts=facts)


def _pairable(
    slices: Sequence[ResourceSlice],
    signature: NodeSignature,
    release: Release,
    vocabulary: Vocabulary,
    lineage: Lineage,
) -> Pairable:
    marks = tuple([marks_of(slice_, release, vocabulary) for slice_ in slices])
    previous = lineage.pairables.get((signature, marks))
    if previous is None:
        previous = lineage.pairables[signature, marks] = pairable_of(
            [slice_signature.locations for slice_signature in signature.slices],
            [slice_signature.targets for slice_signature in signature.slices],
            marks,
        )
    return previous


def _stayed(previous: Previous, slices: Sequence[ResourceSlice]) -> bool:
    """Whether every device is where it was, because all that is said about locations was said before."""
    before = previous.inventory.slices
    return len(before) == len(slices) and all(
        slice_ is then or (slice_.name == then.name and slice_.name in previous.unmoved)
        for slice_, then in zip(slices, before, strict=True)
    )


def _moved(signature: SliceSignature, pool: int) -> SliceSignature:
    return signature if signature.pool == pool else replace(signature, pool=pool)


def _pool_signatures(pools: Sequence[Pool], release: Release) -> tuple[PoolSignature, ...]:
    counter_owners: dict[str, int] = {}
    return tuple(
        PoolSignature(
            pool.id.driver,
            counter_owners.setdefault(pool.id.pool, number),
            pool.incomplete,
            pool.invalid,
            pool.counter_sets,
            late=release.order.late_pools and pool.has_binding_conditions,
            ambiguous=pool.ambiguous,
        )
        for number, pool in enumerate(pools)
    )


def _slice_signature(
    node: Node, pool: int, slice_: ResourceSlice, locations: tuple[Location, ...], release: Release
) -> SliceSignature:
    targets: tuple[bool, ...] = ()
    if slice_.per_device_node_selection:
        targets = tuple(_targets(device, node) for device in slice_.devices)
    unsupported = tuple(unsupported_attribute(device.attributes, release.cel) for device in slice_.devices)
    own_counters = release.counters.scope is CounterScope.SLICE and release.features.partitionable_devices
    return SliceSignature(
        pool,
        locations,
        targets,
        unsupported if any(unsupported) else (),
        late=release.order.late_slices and has_binding_conditions(slice_),
        counter_sets=slice_.shared_counters if own_counters else (),
        skips_node=_skips_node(slice_, node, release),
    )


def _skips_node(slice_: ResourceSlice, node: Node, release: Release) -> bool:
    """Whether the slice's devices need a node that knows optional node operations, and it does not."""
    if not slice_.skip_node_operations or not release.node_operations:
        return False
    return not release.features.optional_node_operations or NODE_FEATURE not in node.declared_features


def _is_local(slice_: ResourceSlice, device: Device, node: Node) -> bool:
    """Whether the device is for this node, by its slice or by itself, and for no other."""
    if slice_.node_name:
        return True
    if not slice_.per_device_node_selection:
        return not slice_.all_nodes and ties_to(slice_.node_selector, node)
    traits = device.traits
    if traits.node_name or traits.all_nodes:
        return traits.node_name == node.name
    return ties_to(traits.node_selector, node)


def _targets(device: Device, node: Node) -> bool:
    traits = device.traits
    return node_matches(node, traits.node_name, traits.all_nodes, traits.node_selector)
