"""
The inventories of nodes after slices or rules changed, worked out once for all nodes alike.
"""

# Theory
# ------
# What a `Successor` makes of an inventory must be what `inventory_of` returns for the node;
# tests/property/test_snapshot_update.py and tests/property/test_events_everywhere.py compare the two. A pool
# depends on its own slices alone, so only pools of which a slice changed are gathered anew. Inventories are
# alike if they had the same type, the same pools go and come at the same places, those that come say the same
# to their nodes (`said_to`), and the same pools that stay have names of those (counters may be kept by name).
# They get one new type, too, unless a pool that stays may have devices of one card with a pool that comes,
# which identities tell: then it is worked out for each node alone.
# All nodes that had one type get it, so they differ at most where they differed (`TypeColumns.inherit`).
#
# Places and names need not be looked at on each node if what comes is the same for all nodes, is of drivers
# of which no pool stays, and has counters of its own: pools are in the order of drivers, and a type tells the
# drivers. Of one type, inventories are then alike from which equal pools go (`Successor.typical`).

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Any, Protocol, TypeVar

from extender.model import Node, PoolID, ResourceSlice

from .changed_pools import NOTHING, ChangedPools, Gathered
from .context import ClusterContext
from .differences import Difference
from .inventory import Inventory, inventory_of, with_rules
from .node_selection import NodeSelectorError
from .node_type import counts_by_pool_name, said_to, type_of
from .pools import Pool, search_rank
from .signature import NodeType
from .taint_rules import read_by

Pick = Callable[[tuple[Any, ...]], tuple[Any, ...]]
"""Returns some items of a tuple, in an order of its own."""


class Stated(Protocol):
    """A node with its inventory."""

    @property
    def node(self) -> Node: ...
    @property
    def inventory(self) -> Inventory: ...


S = TypeVar("S", bound=Stated)


def _pick(positions: Sequence[int]) -> Pick:
    if len(positions) > 1:
        return itemgetter(*positions)
    if not positions:
        return lambda _: ()
    (position,) = positions
    return lambda items: (items[position],)


@dataclass(frozen=True, slots=True, eq=False)
class Successor:
    """
    What becomes of inventories that are alike.

    ``pools`` picks from what a node has by pool, followed by that of the pools that ``come``, and ``slices``
    so by slice; both are ``None`` where all pools stay. ``type``: ``None`` where each node's is worked out
    alone. ``gone`` picks the pools that go; ``moved``: those that come have other ids. ``typical``: this is
    the successor of all inventories of their type from which equal pools go.
    """

    type: NodeType | None
    gone: Pick
    come: Gathered = NOTHING
    pools: Pick | None = None
    slices: Pick | None = None
    moved: bool = False
    typical: bool = False


class InventoryUpdate:
    """
    What changes inventories: ``slices`` (by name, before and after), and the rules of ``context``.

    In ``context`` all is as it is after the changes. ``everything``: pools that are broken on every node are
    there or were, so that inventories are gathered from nothing.
    """

    __slots__ = ("_changed", "_context", "_everything", "_in_common", "_rank", "_read", "_successors")

    def __init__(
        self,
        context: ClusterContext,
        slices: Mapping[str, Difference[ResourceSlice]],
        *,
        everything: bool = False,
    ) -> None:
        self._context = context
        self._everything = everything
        self._changed = ChangedPools(context, slices)
        self._rank = search_rank(context.release)
        self._read = read_by(context.rules)
        self._successors: dict[Hashable, Successor] = {}
        self._in_common: bool | None = None

    def alike(self, states: Iterable[S]) -> dict[Successor | None, list[S]]:
        """
        Group nodes by what becomes of their inventories; ``None``: they are gathered from nothing.

        The nodes say of themselves what they said.
        """
        groups: dict[Successor | None, list[S]] = {}
        typical: dict[int, tuple[Pick, tuple[Pool, ...], list[S]]] = {}
        nothing: tuple[Pick, tuple[Pool, ...], list[S]] = (tuple, (), [])
        for state in states:
            inventory = state.inventory
            gone, pools, group = typical.get(inventory.type.number, nothing)
            if group and gone(inventory.pools) == pools:
                group.append(state)
                continue
            successor = self._successor(state.node, inventory)
            group = groups.setdefault(successor, [])
            group.append(state)
            if successor is not None and successor.typical:
                typical[inventory.type.number] = successor.gone, successor.gone(inventory.pools), group
        return groups

    def after(
        self, successor: Successor | None, nodes: Sequence[Node], before: Sequence[Inventory]
    ) -> Sequence[Inventory]:
        """The inventories of nodes that had those ``before``, which are alike; the same object if equal."""
        if successor is None:
            fresh = [inventory_of(node, self._context) for node in nodes]
            return [then if now == then else now for then, now in zip(before, fresh, strict=True)]
        type_, come, pick_pools, pick_slices = (
            successor.type,
            successor.come,
            successor.pools,
            successor.slices,
        )
        if pick_pools is None or pick_slices is None:
            return [
                then
                if type_ is then.type
                else Inventory._make((then.pools, then.slices, type_, then.failure))
                for then in before
            ]
        pools = [pick_pools(then.pools + come.pools) for then in before]
        slices = [pick_slices(then.slices + come.slices) for then in before]
        types = repeat(type_) if type_ is not None else map(self._own_type, nodes, pools, slices)
        after = list(map(Inventory._make, zip(pools, slices, types, repeat(None))))
        if come.differ:
            return after
        return [then if now == then else now for then, now in zip(before, after, strict=True)]

    def _successor(self, node: Node, before: Inventory) -> Successor | None:
        if self._everything or (before.failure is not None and self._changed.ids):
            return None
        read = self._read and self._read.of(before.slices)
        try:
            come = self._changed.seen_by(node)
            said: Hashable = ()
            if come.asking:
                said = tuple([said_to(node, slice_, self._context.release) for slice_ in come.asking])
            names, rank = self._changed.names, self._rank
            gone = tuple([pool.id if pool.id.pool in names else None for pool in before.pools])
            places = tuple([bisect_left(before.pools, each, key=rank) for each in come.ranks])
            key = (before.type.number, read, gone, places, id(come), said)
            successor = self._successors.get(key)
            if successor is None:
                successor = self._successors[key] = self._regathered(node, before, gone, places, come)
            return successor
        except NodeSelectorError:
            # What is said of the failure is told by all slices.
            return None

    def _regathered(
        self,
        node: Node,
        before: Inventory,
        gone: Sequence[PoolID | None],
        places: Sequence[int],
        come: Gathered,
    ) -> Successor:
        """
        What becomes of an inventory with the changed pools gathered anew. Raises ``NodeSelectorError``.

        ``gone``: by place of a pool, its id if it has the name of a pool that changed. ``places``: before
        which pool each of those that come stands.
        """
        changed = self._changed
        leaving = [place for place, pool in enumerate(gone) if pool in changed.ids]
        kept = [place for place, pool in enumerate(gone) if pool not in changed.ids]
        drivers = {before.pools[place].id.driver for place in kept}
        typical = (
            self._read is None
            and not come.asking
            and changed.everywhere
            and drivers.isdisjoint(pool.driver for pool in changed.ids)
            and not self._may_have_counters_in_common()
        )
        if not leaving and not come.pools:
            type_ = with_rules(before.type.published, before.slices, self._context)
            type_ = before.type if type_ == before.type else type_
            return Successor(type_, _pick(()), typical=typical)
        # A pool that comes stands before the one that is at its place.
        order = sorted(
            [(place, True, place) for place in kept]
            + [(place, False, len(gone) + number) for number, place in enumerate(places)]
        )
        picked = [position for _, _, position in order]
        of_pools: list[range] = []
        for pool in (*before.pools, *come.pools):
            start = of_pools[-1].stop if of_pools else 0
            of_pools.append(range(start, start + len(pool.slices)))
        picked_slices = [position for place in picked for position in of_pools[place]]
        pick_pools, pick_slices = _pick(picked), _pick(picked_slices)
        pools = pick_pools(before.pools + come.pools)
        own: NodeType | None = None
        if not come.alone and drivers.isdisjoint(come.drivers):
            own = self._own_type(node, pools, pick_slices(before.slices + come.slices))
            # The nodes of a type differ in what they keep, for what comes are the same slices for all.
            stays = {then: now for now, then in enumerate(picked_slices) if then < len(before.slices)}
            own.columns.inherit(before.type.columns, stays)
        moved = [pool.id for pool in pools] != [pool.id for pool in before.pools]
        typical = typical and own is not None
        return Successor(own, _pick(leaving), come, pick_pools, pick_slices, moved, typical)

    def _may_have_counters_in_common(self) -> bool:
        """Whether a pool that changed may have counters in common with one that did not, on any node."""
        if self._in_common is None:
            by_name = counts_by_pool_name(self._context.release)
            self._in_common = by_name and self._changed.names_stay()
        return self._in_common

    def _own_type(self, node: Node, pools: Sequence[Pool], slices: Sequence[ResourceSlice]) -> NodeType:
        context = self._context
        release, vocabulary = context.release, context.vocabulary
        published = type_of(node, pools, release, vocabulary, context.machines, context.lineage)
        type_ = with_rules(published, slices, context)
        type_.columns.note(slices)
        return type_
