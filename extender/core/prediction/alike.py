"""
Nodes that look the same to a pod, found by columns: no function is called for each node.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter, itemgetter
from typing import TypeVar

from ..cluster.inventory import Inventory
from ..cluster.node_state import NodeState

LOOKS_PER_UNIT = 4
"""How many nodes are looked at in a unit of work."""

K = TypeVar("K")
V = TypeVar("V")

_type_number = attrgetter("inventory.type.number")
_slices = attrgetter("inventory.slices")
_columns = attrgetter("devices.columns")
_taken = attrgetter("taken")


def alike(
    names: Sequence[str],
    states: Sequence[NodeState],
    reads: Callable[[Inventory], Sequence[tuple[int, int]]],
) -> Iterator[Sequence[str]]:
    """
    Yield the names of nodes that look the same, each name once.

    ``states`` is parallel to ``names``. ``reads``: the (slice, column) positions that the claims read on
    nodes of one type. Columns are told apart by identity, which a decoder makes the same for equal ones;
    where it has not, nodes that look the same come apart, and each part gets the answer that all would.
    """
    for of_type in _grouped(map(_type_number, states), zip(names, states, strict=True)):
        own_names, own_states = zip(*of_type, strict=True)
        inventory = own_states[0].inventory
        differing = inventory.type.columns.differing
        keys = list(_read(own_states, [place for place in reads(inventory) if place in differing]))
        taken = list(map(_taken, own_states))
        if any(taken):
            keys.append(taken)
        yield from _grouped(zip(*keys, strict=True), own_names) if keys else (own_names,)


def _read(states: Sequence[NodeState], reads: Sequence[tuple[int, int]]) -> Iterator[list[object]]:
    """Yield for each of ``reads`` the identities of the column there, by node."""
    slices = list(map(_slices, states))
    for place, position in reads:
        columns = map(_columns, map(itemgetter(place), slices))
        yield list(map(id, map(itemgetter(position), columns)))


def _grouped(keys: Iterable[K], values: Iterable[V]) -> Iterable[list[V]]:
    groups: defaultdict[K, list[V]] = defaultdict(list)
    for key, value in zip(keys, values, strict=True):
        groups[key].append(value)
    return groups.values()
