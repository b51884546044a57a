"""Inventories projected onto compiled claims: each distinct device and slice is judged once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from extender.cel import Answer, CelDevice, Work
from extender.model import Device, DeviceTraits, ResourceSlice
from extender.model.device_columns import Heading, Traits, Values
from extender.model.devices import NO_TRAITS

from ..claims.compiled_claims import CompiledClaims
from ..cluster.inventory import Inventory
from ..cluster.scoped_names import scoped
from ..cluster.signature import NodeSignature, PoolSignature
from ..releases.release import CounterScope, Release
from ..topology.driver_attributes import DeviceKind
from ..topology.locations import Location
from .budget import PIECE_UNITS, Budget, TurnOver
from .capacity import plain_devices
from .compared_values import MISSING, Value, ValueClasses, values_of
from .layout import NOWHERE, Block, Candidate, Layout, NodeLayout
from .selector_result import SelectorResult, as_seen, selector_result

# What a device costs apart from its selectors.
_DEVICE_UNITS = 1

_LAYOUT_UNITS = 2
"""The work of putting a candidate into a layout."""


class _Device(NamedTuple):
    """What the claims see of a device, where its selectors failed first, and what that took to find out."""

    results: tuple[SelectorResult, ...]
    values: tuple[Value, ...]
    failure: tuple[str, str]
    units: int


# A device that some alternative does not reject: its position in the slice, and selector results there.
_Seen = tuple[int, tuple[SelectorResult, ...], _Device]


class Projector:
    """
    Projects inventories onto compiled claims.

    State is three memos of pure functions: distinct devices to what the claims see of them, distinct
    slices to small numbers, so that a node costs one look-up per slice, and types of nodes to the columns
    that the claims read there.

    ``units``: an upper bound of what any set of nodes is charged for their slices.
    """

    def __init__(self, compiled: CompiledClaims, release: Release) -> None:
        self.units = 0
        self._compiled = compiled
        self._release = release
        self._by_block = not release.order.fixed or release.counters.scope is CounterScope.SLICE
        published = (value.attribute for value in compiled.compared if value.derived is None)
        self._reads = tuple(dict.fromkeys((*compiled.reads, *published)))
        self._whole = compiled.reads_everything or bool(compiled.domains)
        self._devices: dict[object, _Device] = {}
        self._slices: dict[object, int] = {}
        self._seen: list[tuple[_Seen, ...]] = []
        self._slice_units: list[int] = []
        self._layouts: dict[Layout, int] = {}
        self._node_layouts: dict[tuple[NodeSignature, tuple[int, ...]], NodeLayout] = {}
        self._reads_of_type: dict[int, tuple[tuple[int, int], ...]] = {}
        self._by_sight: dict[Hashable, tuple[tuple[int, ...], NodeLayout]] = {}

    @property
    def size(self) -> int:
        """How many distinct slices, sights, layouts of nodes and types it remembers."""
        return len(self._slices) + len(self._by_sight) + len(self._node_layouts) + len(self._reads_of_type)

    def sight(self, inventory: Inventory) -> Hashable:
        """
        What the claims can see of a node: its type, and the values that they read of its devices.

        Nodes of one lineage with equal sights get the same layout.
        """
        slices = inventory.slices
        columns = [slices[place].devices.columns[position] for place, position in self.reads(inventory)]
        return inventory.type.number, tuple(columns)

    def reads(self, inventory: Inventory) -> tuple[tuple[int, int], ...]:
        """The (slice, column) positions that the claims read on nodes of the inventory's type."""
        number = inventory.type.number
        reads = self._reads_of_type.get(number)
        if reads is None:
            reads = self._reads_of_type[number] = tuple(
                (place, position)
                for place, slice_ in enumerate(inventory.slices)
                for position in self._read_columns(slice_.devices.heading)
            )
        return reads

    def _read_columns(self, heading: Heading) -> Iterator[int]:
        """The positions of the columns that the claims read."""
        for position, name in enumerate(heading.values):
            if self._may_read(name):
                yield position

    def _may_read(self, name: str) -> bool:
        compiled = self._compiled
        return compiled.reads_everything or name in self._reads or name.partition("/")[0] in compiled.domains

    def project(self, inventory: Inventory, budget: Budget) -> NodeLayout | None:
        """
        The layout of a node; equal nodes get the same object.

        ``None``: the budget does not suffice for its slices. Raises ``TurnOver``.
        """
        sight = self.sight(inventory)
        known = self._by_sight.get(sight)
        if known is not None:
            return known[1] if all(self._pay(number, budget) for number in known[0]) else None
        signature = inventory.signature
        numbers = []
        traits = inventory.type.traits
        for slice_, of_slice, slice_signature in zip(inventory.slices, traits, signature.slices, strict=True):
            unsupported, targets = slice_signature.unsupported, slice_signature.targets
            number = self._slice_number(slice_, of_slice, unsupported, targets, budget)
            if number is None:
                return None
            numbers.append(number)
        key = (signature, tuple(numbers))
        node_layout = self._node_layouts.get(key)
        if node_layout is None:
            layout, positions = self._build(inventory, numbers)
            number = self._layouts.setdefault(layout, len(self._layouts))
            node_layout = self._node_layouts[key] = NodeLayout(number, layout, positions)
            budget.work(_LAYOUT_UNITS * (1 + len(positions)))
        self._by_sight[sight] = tuple(numbers), node_layout
        return node_layout

    def _pay(self, number: int, budget: Budget) -> bool:
        """Whether the budget suffices for the devices of a slice, which it is charged for once."""
        return budget.pay((self, number), self._slice_units[number])

    def _slice_number(
        self,
        slice_: ResourceSlice,
        traits: Traits,
        unsupported: tuple[str | None, ...],
        targets: tuple[bool, ...],
        budget: Budget,
    ) -> int | None:
        devices = slice_.devices
        heading = devices.heading.values
        read = tuple([(heading[i], devices.columns[i]) for i in self._read_columns(devices.heading)])
        key = (slice_.driver, traits, read, unsupported, targets)
        number = self._slices.get(key)
        if number is None:
            selected = self._select(slice_, traits, read, unsupported, targets, budget)
            if selected is None:
                return None
            kept, units = selected
            number = self._slices[key] = len(self._seen)
            self._seen.append(kept)
            self._slice_units.append(units)
            self.units += units
        return number if self._pay(number, budget) else None

    def _select(
        self,
        slice_: ResourceSlice,
        traits: Traits,
        read: Sequence[tuple[str, Values]],
        unsupported: tuple[str | None, ...],
        targets: tuple[bool, ...],
        budget: Budget,
    ) -> tuple[tuple[_Seen, ...], int] | None:
        """
        Devices of a slice that some alternative does not reject, and what all of its devices took.

        ``None``: they take more than is left of the budget. Devices are charged once for each slice,
        whether they are remembered or not, so the units of a slice depend on nothing else.
        """
        kept = []
        units = 0
        charged = set()
        for position, device in enumerate(slice_.devices):
            broken = unsupported[position] if unsupported else None
            values = tuple(
                [(name, value) for name, column in read if (value := column.values[position]) is not None]
            )
            full_key = (slice_.driver, traits.values[position], values, broken)
            cached = self._devices.get(full_key)
            if cached is None and units < budget.units_left:
                cached = self._judge(slice_.driver, device, broken, budget)
                self._devices[full_key] = cached
                budget.work(cached.units)
            if cached is not None and full_key not in charged:
                charged.add(full_key)
                units += cached.units
            if cached is None or units > budget.units_left:
                self.units += max(units, budget.units_left + 1)
                budget.exhaust()
                return None
            results = cached.results
            if targets and not targets[position]:
                # Upstream asks for the node after CEL, so failures still count.
                results = tuple(
                    SelectorResult.REJECTED if result is SelectorResult.SELECTED else result
                    for result in results
                )
            if any(results):
                kept.append((position, results, cached))
        return tuple(kept), units

    def _judge(self, driver: str, device: Device, unsupported: str | None, budget: Budget) -> _Device:
        """What the claims see of a device; raises ``TurnOver`` where that cannot be found out at once."""
        work = Work(budget.at_once(PIECE_UNITS))
        cel_device = self._as_seen(driver, device)
        failure = ("", "")
        results = []
        for alternative in self._compiled.alternatives:
            result, why = selector_result(alternative, cel_device, unsupported, work)
            results.append(result)
            if why[0] and not failure[0]:
                failure = why
        values: tuple[Value, ...] = ()
        if any(results):
            values = values_of(device, driver, cel_device, self._compiled.compared, work)
        if not work.left and work.limit < PIECE_UNITS:
            raise TurnOver
        return _Device(tuple(results), values, failure, work.spent + _DEVICE_UNITS)

    def _as_seen(self, driver: str, device: Device) -> CelDevice:
        """The device as expressions see it, without what they cannot read: that must not cost anything."""
        seen = as_seen(driver, device, self._release)
        if not self._whole or self._compiled.reads_everything:
            return seen
        return seen._replace(
            attributes={name: value for name, value in device.attributes.items() if self._may_read(name)}
        )

    def _build(
        self, inventory: Inventory, numbers: Sequence[int]
    ) -> tuple[Layout, tuple[tuple[int, int], ...]]:
        """The layout of a node, and where on the node its candidates are."""
        signature = inventory.signature
        classes = ValueClasses(self._compiled.compared, self._release)
        located: list[tuple[Candidate, tuple[int, int]]] = []
        blocks: list[Block] = []
        for slice_number, (number, slice_signature) in enumerate(zip(numbers, signature.slices, strict=True)):
            driver, of_slice = inventory.slices[slice_number].driver, inventory.type.traits[slice_number]
            if self._by_block and self._seen[number]:
                blocks.append(
                    Block(
                        slice_signature.pool,
                        signature.pools[slice_signature.pool].late,
                        slice_signature.late,
                        slice_signature.counter_sets,
                        plain_devices(of_slice.values) if self._release.rechecks_wrong_device else 0,
                    )
                )
            for position, results, seen in self._seen[number]:
                candidate = Candidate(
                    slice_signature.pool,
                    self._traits(driver, of_slice.values[position]),
                    results,
                    classes.of(seen.values),
                    slice_signature.locations[position],
                    seen.failure,
                    max(len(blocks) - 1, 0),
                    slice_signature.skips_node,
                    next((value.message for value in seen.values if isinstance(value, Answer)), ""),
                )
                located.append((candidate, (slice_number, position)))
        if self._release.gathering.invalid_is_fatal:
            located = self._with_invalid_pools(located, blocks, signature.pools)
        layout = Layout(signature.pools, tuple(candidate for candidate, _ in located), tuple(blocks))
        return layout, tuple(position for _, position in located)

    def _traits(self, driver: str, traits: DeviceTraits) -> DeviceTraits:
        """The traits of a device with the names of capacities as the release compares them."""
        if not self._release.capacity.scoped_names:
            return traits
        capacity = scoped(driver, traits.capacity)
        return traits if capacity is traits.capacity else replace(traits, capacity=capacity)

    def _with_invalid_pools(
        self,
        found: list[tuple[Candidate, tuple[int, int]]],
        blocks: list[Block],
        pools: Sequence[PoolSignature],
    ) -> list[tuple[Candidate, tuple[int, int]]]:
        """Put in a candidate for each invalid pool: every request walks into it."""
        results = (SelectorResult.INVALID_POOL,) * len(self._compiled.alternatives)
        classes = (MISSING,) * len(self._compiled.compared)
        for number, pool in enumerate(pools):
            if pool.invalid:
                blocks.append(Block(number, pool.late, late_slice=False))
                stand_in = Candidate(
                    number,
                    NO_TRAITS,
                    results,
                    classes,
                    Location(DeviceKind.OTHER),
                    ("", pool.invalid),
                    len(blocks) - 1,
                )
                found.append((stand_in, NOWHERE))
        return sorted(found, key=lambda each: each[0].pool)
