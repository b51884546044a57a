"""
A node's pools and slices without names: what nodes of one machine type share.

Half of the reason why they can share predictions; the other half is ``allocator.layout``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from extender.model import CounterSet

from ..topology.locations import Location
from .free_pairs import Pairable


@dataclass(frozen=True, slots=True)
class PoolSignature:
    """
    A pool without its name.

    ``counter_owner`` is the index of the first pool of the node with the same pool name,
    whatever the driver: counters were once kept by pool name alone. ``late``:
    comes after all pools that are not. ``ambiguous``: see ``Pool``.
    """

    driver: str
    counter_owner: int
    incomplete: bool
    invalid: str
    counter_sets: tuple[CounterSet, ...]
    late: bool = False
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class SliceSignature:
    """
    A slice without its devices' attributes; tuples are in device order.

    ``targets`` tells which devices are for this node (all when empty),
    ``unsupported`` which attribute makes CEL fail on a device (none when empty).
    ``late``: comes after all slices of its pool that are not. ``counter_sets``:
    where each slice has counters of its own. ``skips_node``: its devices skip node
    operations, which this node does not know.
    """

    pool: int
    locations: tuple[Location, ...]
    targets: tuple[bool, ...]
    unsupported: tuple[str | None, ...]
    late: bool = False
    counter_sets: tuple[CounterSet, ...] = ()
    skips_node: bool = False


@dataclass(frozen=True, slots=True)
class NodeSignature:
    pools: tuple[PoolSignature, ...]
    slices: tuple[SliceSignature, ...]
    digest: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        """Hash once: the signature is part of a key that is looked up per node."""
        object.__setattr__(self, "digest", hash((self.pools, self.slices)))

    def __hash__(self) -> int:
        return self.digest


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """
    Identity of a chain of snapshots; keeps along it what nodes share.

    ``signatures`` interns them; ``pairables`` by signature and what ``marks_of`` says of each slice.
    """

    signatures: dict[NodeSignature, NodeSignature] = field(default_factory=dict)
    pairables: dict[tuple[NodeSignature, tuple[bytes, ...]], Pairable] = field(default_factory=dict)
