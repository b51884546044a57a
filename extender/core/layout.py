"""
What a node looks like to one shape: the search's only input.

A layout keeps what can decide the search and drops the rest: devices that no
request selects, device and pool names, attribute values that nothing compares.
Nodes with equal layouts and equal usage get the same prediction, so one search
serves them all. Because the search reads nothing but the layout, a missing
piece would show as a wrong prediction in every test, not as a stale one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .cel import CelDevice, VerdictKind
from .inventory import Frame, Inventory, PoolFrame
from .model import Attribute, Device, DeviceTraits, ResourceSlice
from .places import Place
from .quantity import Quantity
from .shape import Alternative, Shape
from .usage import Amounts, PoolUsage

REJECTED, SELECTED, FAILED, UNDECIDED = range(4)
"""Verdict of one alternative on one device; the last two stop the search when reached."""

MISSING, INCOMPARABLE = -1, -2
"""Classes of attribute values: not there; there, but equal to nothing (lists, unknown types)."""

_VERDICTS = {
    VerdictKind.MATCH: SELECTED,
    VerdictKind.NO_MATCH: REJECTED,
    VerdictKind.ERROR: FAILED,
    VerdictKind.UNKNOWN: UNDECIDED,
}


class Candidate(NamedTuple):
    """
    A device that at least one alternative does not reject.

    ``verdicts`` by alternative; ``classes`` by constraint attribute: equal values
    on the node have equal numbers. ``failure`` says where and why the first
    failing selector failed.
    """

    pool: int
    traits: DeviceTraits
    verdicts: tuple[int, ...]
    classes: tuple[int, ...]
    place: Place
    failure: tuple[str, str]


class Layout(NamedTuple):
    """Candidates in search order, over all usable pools."""

    pools: tuple[PoolFrame, ...]
    candidates: tuple[Candidate, ...]


class Placed(NamedTuple):
    """
    A layout and where on the node its candidates are: (slice, device) positions.

    Equal layouts of one projector have equal numbers.
    """

    number: int
    layout: Layout
    positions: tuple[tuple[int, int], ...]


class LayoutUsage(NamedTuple):
    """
    What is allocated of a layout's candidates.

    ``in_use``: bit per candidate. ``consumed``: capacity taken by shares, by
    candidate. ``drawn``: counters taken by the allocated devices of a pool, for
    pools whose candidates use counters: (pool, ((set, counter, nanos), …)).
    """

    in_use: int
    consumed: tuple[tuple[int, Amounts], ...]
    drawn: tuple[tuple[int, tuple[tuple[str, str, int], ...]], ...]


UNUSED = LayoutUsage(0, (), ())

_Seen = tuple[int, tuple[int, ...], tuple[Attribute | None, ...], tuple[str, str]]
# Of one device of a slice: its position, verdicts, compared values, first failure.


class Projector:
    """
    Projects inventories onto one shape.

    State is two memos of pure functions: distinct devices to verdicts, and
    distinct slices to small numbers, so that a node costs one look-up per slice.
    """

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._reads = tuple(dict.fromkeys((*shape.reads, *shape.attributes)))
        self._whole = shape.reads_everything or bool(shape.domains)
        self._verdicts: dict[object, tuple[tuple[int, ...], tuple[str, str]]] = {}
        self._slices: dict[object, int] = {}
        self._seen: list[tuple[_Seen, ...]] = []
        self._layouts: dict[Layout, int] = {}
        self._placed: dict[tuple[Frame, tuple[int, ...]], Placed] = {}

    def place(self, inventory: Inventory) -> Placed:
        """The layout of a node; equal nodes get the same object."""
        frame = inventory.frame
        numbers = tuple(
            [
                self._slice_number(slice_, of.unsupported, of.targets)
                for slice_, of in zip(inventory.slices, frame.slices, strict=True)
            ]
        )
        placed = self._placed.get((frame, numbers))
        if placed is None:
            placed = self._placed[(frame, numbers)] = self._build(inventory, numbers)
        return placed

    def _slice_number(
        self, slice_: ResourceSlice, unsupported: tuple[str | None, ...], targets: tuple[bool, ...]
    ) -> int:
        reads = self._reads
        if self._whole:
            seen: list[object] = [(device.traits, self._extract(device)) for device in slice_.devices]
        else:
            seen = [(device.traits, *map(device.attributes.get, reads)) for device in slice_.devices]
        key = (slice_.driver, tuple(seen), unsupported, targets)
        number = self._slices.get(key)
        if number is None:
            number = self._slices[key] = len(self._seen)
            self._seen.append(self._select(slice_, seen, unsupported, targets))
        return number

    def _extract(self, device: Device) -> tuple[tuple[str, Attribute], ...]:
        """All attributes that a selector with computed look-ups might read."""
        domains, reads = self._shape.domains, self._reads
        return tuple(
            sorted(
                (name, value)
                for name, value in device.attributes.items()
                if self._shape.reads_everything or name in reads or name.partition("/")[0] in domains
            )
        )

    def _select(
        self,
        slice_: ResourceSlice,
        seen: Sequence[object],
        unsupported: tuple[str | None, ...],
        targets: tuple[bool, ...],
    ) -> tuple[_Seen, ...]:
        """Devices of a slice that some alternative does not reject."""
        kept = []
        for position, (device, key) in enumerate(zip(slice_.devices, seen, strict=True)):
            broken = unsupported[position] if unsupported else None
            full_key = (slice_.driver, key, broken)
            known = self._verdicts.get(full_key)
            if known is None:
                known = self._verdicts[full_key] = self._judge(slice_.driver, device, broken)
            verdicts, failure = known
            if targets and not targets[position]:
                # Upstream asks for the node after CEL, so failures still count.
                verdicts = tuple(REJECTED if verdict == SELECTED else verdict for verdict in verdicts)
            if any(verdicts):
                values = tuple(_attribute(device, slice_.driver, name) for name in self._shape.attributes)
                kept.append((position, verdicts, values, failure))
        return tuple(kept)

    def _judge(
        self, driver: str, device: Device, unsupported: str | None
    ) -> tuple[tuple[int, ...], tuple[str, str]]:
        cel_device = CelDevice(
            driver,
            device.traits.allow_multiple_allocations,
            device.attributes,
            _qualified_capacity(device.traits, driver),
        )
        failure = ("", "")
        verdicts = []
        for alternative in self._shape.alternatives:
            verdict, why = _verdict(alternative, cel_device, unsupported)
            verdicts.append(verdict)
            if why[0] and not failure[0]:
                failure = why
        return tuple(verdicts), failure

    def _build(self, inventory: Inventory, numbers: Sequence[int]) -> Placed:
        classes: list[dict[Attribute, int]] = [{} for _ in self._shape.attributes]
        candidates: list[Candidate] = []
        positions: list[tuple[int, int]] = []
        for place, (number, of) in enumerate(zip(numbers, inventory.frame.slices, strict=True)):
            devices = inventory.slices[place].devices
            for position, verdicts, values, failure in self._seen[number]:
                candidates.append(
                    Candidate(
                        of.pool,
                        devices[position].traits,
                        verdicts,
                        tuple(map(_value_class, values, classes)),
                        of.places[position],
                        failure,
                    )
                )
                positions.append((place, position))
        layout = Layout(inventory.frame.pools, tuple(candidates))
        return Placed(self._layouts.setdefault(layout, len(self._layouts)), layout, tuple(positions))


def _verdict(
    alternative: Alternative, device: CelDevice, unsupported: str | None
) -> tuple[int, tuple[str, str]]:
    """Class selectors first, then the request's; the first that does not match decides."""
    for where, selector in alternative.selectors:
        if unsupported is not None:
            return FAILED, (where, f"attribute {unsupported}: unsupported attribute value")
        verdict = selector.matches(device)
        if verdict.kind is not VerdictKind.MATCH:
            why = (where, verdict.message) if verdict.kind is not VerdictKind.NO_MATCH else ("", "")
            return _VERDICTS[verdict.kind], why
    return SELECTED, ("", "")


def _qualified_capacity(traits: DeviceTraits, driver: str) -> dict[str, Quantity]:
    return {name if "/" in name else f"{driver}/{name}": capacity.value for name, capacity in traits.capacity}


def _attribute(device: Device, driver: str, name: str) -> Attribute | None:
    """Look up a constraint's attribute (``lookupAttribute``): bare names mean the driver's own."""
    return device.attributes.get(name if "/" in name else f"{driver}/{name}")


def _value_class(value: Attribute | None, numbers: dict[Attribute, int]) -> int:
    if value is None:
        return MISSING
    if value.kind.is_list or value.value is None:
        return INCOMPARABLE
    return numbers.setdefault(value, len(numbers))


def usage_of(
    placed: Placed, inventory: Inventory, usage: Sequence[PoolUsage], *, shares_consume_counters: bool
) -> LayoutUsage:
    """Restrict a node's usage (parallel to ``inventory.pools``) to a layout's candidates."""
    if not any(pool.exclusive or pool.shared for pool in usage):
        return UNUSED
    in_use = 0
    consumed: list[tuple[int, Amounts]] = []
    counting: set[int] = set()
    for number, (slice_, position) in enumerate(placed.positions):
        candidate = placed.layout.candidates[number]
        of = usage[candidate.pool]
        name = inventory.slices[slice_].devices[position].name
        if name in of.exclusive:
            in_use |= 1 << number
        if name in of.consumed:
            consumed.append((number, of.consumed[name]))
        if candidate.traits.consumes_counters:
            counting.add(candidate.pool)
    drawn = tuple(
        (pool, amounts)
        for pool in sorted(counting)
        if (amounts := _drawn(inventory, pool, usage[pool], shares_consume_counters))
    )
    return LayoutUsage(in_use, tuple(consumed), drawn)


def _drawn(
    inventory: Inventory, pool: int, usage: PoolUsage, shares_consume_counters: bool
) -> tuple[tuple[str, str, int], ...]:
    """
    Counters taken by the pool's allocated devices, wherever these are.

    Source: allocator_incubating.go checkAvailableCounters and
    internal/allocatedstate.go IsDeviceAllocated, v0.36.2.
    """
    taken = usage.exclusive
    if shares_consume_counters:
        taken = taken | usage.shared | usage.consumed.keys()
    sums: dict[tuple[str, str], int] = {}
    source = inventory.pools[pool]
    for slice_ in (*source.slices, *source.elsewhere):
        for device in slice_.devices:
            if device.name not in taken:
                continue
            for consumption in device.traits.consumes_counters:
                for name, quantity in consumption.counters:
                    key = (consumption.counter_set, name)
                    sums[key] = sums.get(key, 0) + quantity.nanos
    return tuple((*key, nanos) for key, nanos in sorted(sums.items()))
