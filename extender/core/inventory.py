"""
What a node offers, independent of any pod: its pools, and their frame.

The *frame* is everything about the pools that is not an attribute of a device
and not a name that differs from node to node: drivers, completeness, counters,
device places. Nodes of one machine type share one frame, which is half of the
reason why they can share predictions (the other half is ``layout``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from .cel import unsupported_attribute
from .model import CounterSet, Device, Node, ResourceSlice
from .node_selection import NodeSelectorError, node_matches
from .places import Place
from .pools import (
    Pool,
    gather_pools,
    has_binding_conditions,
    in_search_order,
    targets_node,
)
from .reasons import Reason, ReasonCode, reason
from .releases import CounterScope, Release
from .slice_index import SliceIndex
from .topology import locate
from .vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class PoolFrame:
    """
    A pool without its name.

    ``book`` is the index of the first pool of the node with the same pool name,
    whatever the driver: counter books were once kept by pool name alone. ``late``:
    comes after all pools that are not. ``ambiguous``: see ``Pool``.
    """

    driver: str
    book: int
    incomplete: bool
    invalid: str
    counter_sets: tuple[CounterSet, ...]
    late: bool = False
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class SliceFrame:
    """
    A slice without its devices' attributes; tuples are in device order.

    ``targets`` tells which devices are for this node (all when empty),
    ``unsupported`` which attribute makes CEL fail on a device (none when empty).
    ``late``: comes after all slices of its pool that are not. ``counter_sets``:
    where each slice has counters of its own. ``skips_node``: its devices skip node
    operations, which this node does not know.
    """

    pool: int
    places: tuple[Place, ...]
    targets: tuple[bool, ...]
    unsupported: tuple[str | None, ...]
    late: bool = False
    counter_sets: tuple[CounterSet, ...] = ()
    skips_node: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    pools: tuple[PoolFrame, ...]
    slices: tuple[SliceFrame, ...]
    digest: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        """Hash once: the frame is part of a key that is looked up per node."""
        object.__setattr__(self, "digest", hash((self.pools, self.slices)))

    def __hash__(self) -> int:
        return self.digest


@dataclass(frozen=True, slots=True)
class Inventory:
    """
    A node's pools in search order, and all their slices flattened in that order.

    ``failure`` is set when gathering the pools is fatal upstream.
    """

    pools: tuple[Pool, ...]
    slices: tuple[ResourceSlice, ...]
    frame: Frame
    failure: Reason | None = None


NODE_FEATURE = "DRAOptionalNodeOperations"
"""What a node declares that lets drivers skip node operations."""

EMPTY = Inventory((), (), Frame((), ()))


def inventory_of(
    node: Node, index: SliceIndex, release: Release, vocabulary: Vocabulary, frames: dict[Frame, Frame]
) -> Inventory:
    """
    Gather the node's inventory. ``frames`` interns frames across nodes.

    Of counter slices that count for every node, those of pools the node has no
    device of matter only where they are broken, so only these are added.
    """
    try:
        slices = [*index.local.get(node.name, ())]
        slices += [slice_ for slice_ in index.selected if targets_node(slice_, node, release.gathering)]
        own = {slice_.pool_id for slice_ in slices}
        slices += [slice_ for pool in own for slice_ in index.counters.get(pool, ())]
        pools = gather_pools(node, slices, index.by_pool, release)
        foreign = [pool for pool in index.broken if pool.id not in own]
        if foreign:
            pools = in_search_order((*pools, *foreign), release)
        return _framed(node, pools, release, vocabulary, frames)
    except NodeSelectorError as error:
        failure = reason(ReasonCode.NODE_SELECTOR, where=f"node {node.name}", detail=error)
        return Inventory((), (), EMPTY.frame, failure)


def with_broken_pools(
    inventory: Inventory, lost: Collection[Pool], gained: Sequence[Pool], release: Release
) -> Inventory:
    """
    The inventory of a node that has no devices of the broken pools that came and went.

    These have no slices, so devices stay where they are and only numbers of pools
    change. ``lost`` are the objects that ``SliceIndex.broken`` had. The frame is not interned.
    """
    if inventory.failure is not None:
        return inventory
    ids = {pool.id for pool in lost}
    kept = [pool for pool in inventory.pools if pool.id not in ids]
    pools = in_search_order((*kept, *gained), release)
    numbers = {pool.id: number for number, pool in enumerate(pools)}
    slices = tuple(
        replace(slice_, pool=numbers[inventory.pools[slice_.pool].id]) for slice_ in inventory.frame.slices
    )
    return Inventory(pools, inventory.slices, Frame(_pool_frames(pools, release), slices))


def _framed(
    node: Node,
    pools: tuple[Pool, ...],
    release: Release,
    vocabulary: Vocabulary,
    frames: dict[Frame, Frame],
) -> Inventory:
    slices = [(number, slice_) for number, pool in enumerate(pools) for slice_ in pool.slices]
    devices = [(slice_.driver, device) for _, slice_ in slices for device in slice_.devices]
    places = iter(locate(devices, vocabulary))
    slice_frames = tuple(
        _slice_frame(node, number, slice_, tuple(next(places) for _ in slice_.devices), release)
        for number, slice_ in slices
    )
    frame = Frame(_pool_frames(pools, release), slice_frames)
    return Inventory(pools, tuple(slice_ for _, slice_ in slices), frames.setdefault(frame, frame))


def _pool_frames(pools: Sequence[Pool], release: Release) -> tuple[PoolFrame, ...]:
    books: dict[str, int] = {}
    return tuple(
        PoolFrame(
            pool.id.driver,
            books.setdefault(pool.id.pool, number),
            pool.incomplete,
            pool.invalid,
            pool.counter_sets,
            late=release.order.late_pools and pool.has_binding_conditions,
            ambiguous=pool.ambiguous,
        )
        for number, pool in enumerate(pools)
    )


def _slice_frame(
    node: Node, pool: int, slice_: ResourceSlice, places: tuple[Place, ...], release: Release
) -> SliceFrame:
    targets: tuple[bool, ...] = ()
    if slice_.per_device_node_selection:
        targets = tuple(_targets(device, node) for device in slice_.devices)
    if not slice_.node_name:
        # A device that several nodes can reach has no place on this node's buses.
        places = tuple(place._replace(root=-1, numa=-1, socket=-1) for place in places)
    unsupported = tuple(unsupported_attribute(device.attributes, release.cel) for device in slice_.devices)
    own_counters = release.counters.scope is CounterScope.SLICE and release.features.partitionable_devices
    return SliceFrame(
        pool,
        places,
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


def _targets(device: Device, node: Node) -> bool:
    traits = device.traits
    return node_matches(node, traits.node_name, traits.all_nodes, traits.node_selector)
