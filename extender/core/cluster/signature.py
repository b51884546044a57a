"""
A node's pools and slices without names: what nodes of one machine type share.

Half of the reason why they can share predictions; the other half is ``allocator.layout``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress, count
from operator import is_not
from typing import NamedTuple
from weakref import WeakValueDictionary

from extender.model import CounterSet, ResourceSlice
from extender.model.device_columns import Heading, Traits, Values

from ..topology.locations import Location
from ..topology.machine_facts import FactsUse
from .free_pairs import Pairable


@dataclass(frozen=True, slots=True)
class PoolSignature:
    """
    A pool without its name.

    ``counter_owner`` is the index of the pool whose counters are meant: its own, or that of the first pool of
    the node with the same name, whatever the driver, in releases that keep counters by pool name. ``late``:
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


class TypeColumns:
    """
    In which columns of their slices the nodes of one type differ.

    ``differing``: the (slice, column) positions at which some node that was ever of the type has another
    column than the first one. It only grows: what no longer differs costs a look at each node, no more.
    """

    __slots__ = ("_first", "differing")

    def __init__(self) -> None:
        self._first: tuple[tuple[Values, ...], ...] | None = None
        self.differing: set[tuple[int, int]] = set()

    def inherit(self, before: TypeColumns, places: Mapping[int, int]) -> None:
        """
        Take note that nodes of another type become of this one, one of which is noted here.

        ``places``: where slices that they keep come to stand. In others, they do not differ.
        """
        self.differing.update(
            (places[place], column) for place, column in before.differing if place in places
        )

    def note(self, slices: Iterable[ResourceSlice]) -> None:
        """Take note of a node of the type with these slices."""
        columns = tuple([slice_.devices.columns for slice_ in slices])
        if self._first is None:
            self._first = columns
            return
        for place, (own, first) in enumerate(zip(columns, self._first, strict=True)):
            if own is not first:
                others = compress(count(), map(is_not, own, first))
                self.differing.update((place, column) for column in others if own[column] != first[column])


@dataclass(frozen=True, slots=True)
class NodeType:
    """
    What nodes have in common whose slices say the same of the machine, and rules of its devices.

    ``number``: one for each type of a lineage, given once. ``traits``: of the devices of each slice, with the
    taints of rules. ``pairable``: what can be part of a free pair. ``facts``: the facts of machines by which
    devices are located, or why they are located without them. ``columns``: what the nodes have not in common,
    shared with the types that rules make of this one. ``untainted``: the type without the taints of rules,
    ``None`` for one without them.
    """

    number: int = field(compare=False)
    signature: NodeSignature
    traits: tuple[Traits, ...]
    pairable: Pairable = field(compare=False)
    facts: FactsUse | None = None
    columns: TypeColumns = field(compare=False, repr=False, default_factory=TypeColumns)
    untainted: NodeType | None = field(compare=False, repr=False, default=None)

    @property
    def published(self) -> NodeType:
        """The type without the taints of rules."""
        return self.untainted or self


@dataclass(frozen=True, slots=True, weakref_slot=True)
class NodeLook:
    """
    What nodes have in common that look the same but for the columns in which their type differs.

    ``taken``: equal for nodes of one type of which the same is taken, empty where nothing is. There is one
    object of each look in a lineage, as long as a node has it; so looks are told apart by identity.
    """

    type: NodeType
    taken: Hashable


class SliceReads(NamedTuple):
    """
    Positions of the columns of a slice that its node's type is read from.

    ``identities``: those of which only the pattern counts. ``by_name``: an address may be in a device's name.
    """

    located: tuple[int, ...]
    identities: tuple[int, ...]
    by_name: bool


SPARE_TYPES = 100
"""Types that no node has any more cost memory only; looking for them costs a look at every node."""


@dataclass(slots=True, eq=False)
class Lineage:
    """
    Identity of a chain of snapshots; keeps along it what nodes share.

    ``signatures`` interns them. ``types``: by all that they are worked out from (see ``node_type``), with
    ``numbers`` for new ones. ``tainted``: those with the taints of rules, by the number of the type without
    them and the traits with them. ``looks``: by the type's number and what is taken. ``reads``: by driver and
    heading. ``most``: how many entries a table may have before ``sweep`` looks for those that no node needs.
    """

    signatures: dict[NodeSignature, NodeSignature] = field(default_factory=dict)
    types: dict[Hashable, NodeType] = field(default_factory=dict)
    tainted: dict[tuple[int, tuple[Traits, ...]], NodeType] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)
    looks: WeakValueDictionary[tuple[int, Hashable], NodeLook] = field(default_factory=WeakValueDictionary)
    reads: dict[tuple[str, Heading], SliceReads] = field(default_factory=dict)
    most: int = SPARE_TYPES

    def look(self, type_: NodeType, taken: Hashable) -> NodeLook:
        """The look of nodes of a type of which something is taken."""
        key = (type_.number, taken)
        look = self.looks.get(key)
        if look is None:
            look = self.looks[key] = NodeLook(type_, taken)
        return look

    def sweep(self, had: Iterable[NodeType]) -> None:
        """
        Drop all but the types that nodes have, of whom there may be several of one, once there is much else.

        After it no table grows to more than twice the types of nodes and ``SPARE_TYPES``.
        """
        if max(len(self.types), len(self.tainted), len(self.reads)) <= self.most:
            return
        types = {type_.number: type_ for type_ in had}
        types |= {type_.published.number: type_.published for type_ in types.values()}
        self.types = {key: type_ for key, type_ in self.types.items() if type_.number in types}
        self.tainted = {key: type_ for key, type_ in self.tainted.items() if type_.number in types}
        self.signatures = {type_.signature: type_.signature for type_ in types.values()}
        self.reads.clear()
        self.most = 2 * len(types) + SPARE_TYPES
