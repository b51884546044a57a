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

_look = attrgetter("look")
_slices = attrgetter("inventory.slices")
_columns = attrgetter("devices.columns")


def alike(
    names: Sequence[str],
    states: Sequence[NodeState],
    reads: Callable[[Inventory], Sequence[tuple[int, int]]],
) -> Iterator[Sequence[str]]:
    """
    Yield the names of nodes that look the same, each name once; each whose pools cannot be gathered, alone.

    ``states`` is parallel to ``names``. ``reads``: the (slice, column) positions that the claims read on
    nodes of one type. Columns are told apart by identity, which a decoder makes the same for equal ones;
    where it has not, nodes that look the same come apart, and each part gets the answer that all would.
    """
    looks = list(map(id, map(_look, states)))
    for own_names, own_states in zip(_grouped(looks, names), _grouped(looks, states), strict=True):
        inventory = own_states[0].inventory
        if inventory.failure is not None:
            yield from ((name,) for name in own_names)
            continue
        differing = inventory.type.columns.differing
        places = [place for place in reads(inventory) if place in differing]
        if places:
            yield from _grouped(zip(*_read(own_states, places), strict=True), own_names)
        else:
            yield own_names


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
