"""
What a node looks like to one set of compiled claims: the search's only input.

A layout keeps what can decide the search and drops the rest: devices that no
request selects, device and pool names, attribute values that nothing compares.
Nodes with equal layouts and equal usage get the same prediction, so one search
serves them all. Because the search reads nothing but the layout, a missing
piece would show as a wrong prediction in every test, not as a stale one.
"""

from __future__ import annotations

from typing import NamedTuple

from extender.model import CounterSet, DeviceTraits

from ..cluster.signature import PoolSignature
from ..cluster.usage import Amounts
from ..topology.locations import Location
from .compared_values import ValueClass
from .selector_result import SelectorResult


class Candidate(NamedTuple):
    """
    A device that at least one alternative does not reject.

    ``selector_results`` by alternative; ``classes`` by compared value. ``failure`` says where
    and why the first failing selector failed. ``block``: see ``Layout``. ``unusable``:
    selectable, but never to be had on this node. ``derived_failure``: why an expression
    for a compared value fails, or what keeps us from evaluating it.
    """

    pool: int
    traits: DeviceTraits
    selector_results: tuple[SelectorResult, ...]
    classes: tuple[ValueClass, ...]
    location: Location
    failure: tuple[str, str]
    block: int = 0
    unusable: bool = False
    derived_failure: str = ""


class Block(NamedTuple):
    """
    A slice that holds candidates, in releases where slices matter to the search.

    Two blocks have a fixed order only if they are of different pools of which one
    is ``late``, or of one pool and one is a ``late_slice``. ``plain``: how many devices the slice
    begins with that a request without capacity surely has room on; 0 where no release asks.
    """

    pool: int
    late: bool
    late_slice: bool
    counter_sets: tuple[CounterSet, ...] = ()
    plain: int = 0


class Layout(NamedTuple):
    """
    Candidates in search order, over all usable pools.

    ``blocks`` are the slices they are in, kept only where pools and slices have a
    random order or counters of their own.
    """

    pools: tuple[PoolSignature, ...]
    candidates: tuple[Candidate, ...]
    blocks: tuple[Block, ...] = ()


class NodeLayout(NamedTuple):
    """
    A layout and where on the node its candidates are: (slice, device) positions,
    ``NOWHERE`` for one that stands for an invalid pool.

    Equal layouts of one projector have equal numbers.
    """

    number: int
    layout: Layout
    positions: tuple[tuple[int, int], ...]


NOWHERE = (-1, -1)

NOTHING = NodeLayout(-1, Layout((), ()), ())
"""What claims see that ask for no device."""


class LayoutUsage(NamedTuple):
    """
    What is allocated of a layout's candidates.

    ``in_use``: bit per candidate. ``consumed``: capacity taken by shares, by
    candidate. ``consumed_counters``: taken by allocated devices, by pool, or by block
    where each slice has its own: (number, ((set, counter, nanos), …)). ``shared``:
    bit per candidate that is shared, where a share alone spares the next its counters.
    ``groups``: the compatibility groups that all allocated devices of a counter set
    share (see ``compatibility_groups``), by pool and set, where the feature is on.
    """

    in_use: int
    consumed: tuple[tuple[int, Amounts], ...]
    consumed_counters: tuple[tuple[int, tuple[tuple[str, str, int], ...]], ...]
    shared: int = 0
    groups: tuple[tuple[int, str, tuple[str, ...] | None], ...] = ()


UNUSED = LayoutUsage(0, (), ())
