"""Inventories projected onto compiled claims: each distinct device and slice is judged once."""

from __future__ import annotations

from collections.abc import Sequence

from extender.cel import Answer
from extender.model import Attribute, Device, ResourceSlice
from extender.model.slices import NO_TRAITS

from ..claims.compiled_claims import CompiledClaims
from ..cluster.inventory import Inventory
from ..cluster.signature import NodeSignature, PoolSignature
from ..releases.release import CounterScope, Release
from ..topology.driver_attributes import DeviceKind
from ..topology.locations import Location
from .compared_values import MISSING, Value, ValueClasses, values_of
from .layout import NOWHERE, Block, Candidate, Layout, NodeLayout
from .selector_result import SelectorResult, as_seen, selector_result

# Of one device of a slice: its position, selector results, compared values, first failure.
_Seen = tuple[int, tuple[SelectorResult, ...], tuple[Value, ...], tuple[str, str]]


class Projector:
    """
    Projects inventories onto compiled claims.

    State is two memos of pure functions: distinct devices to selector results, and
    distinct slices to small numbers, so that a node costs one look-up per slice.
    """

    def __init__(self, compiled: CompiledClaims, release: Release) -> None:
        self._compiled = compiled
        self._release = release
        self._by_block = not release.order.fixed or release.counters.scope is CounterScope.SLICE
        published = (value.attribute for value in compiled.compared if value.derived is None)
        self._reads = tuple(dict.fromkeys((*compiled.reads, *published)))
        self._whole = compiled.reads_everything or bool(compiled.domains)
        self._results: dict[object, tuple[tuple[SelectorResult, ...], tuple[str, str]]] = {}
        self._slices: dict[object, int] = {}
        self._seen: list[tuple[_Seen, ...]] = []
        self._layouts: dict[Layout, int] = {}
        self._node_layouts: dict[tuple[NodeSignature, tuple[int, ...]], NodeLayout] = {}

    @property
    def size(self) -> int:
        """How many distinct slices and nodes it remembers."""
        return len(self._slices) + len(self._node_layouts)

    def project(self, inventory: Inventory) -> NodeLayout:
        """The layout of a node; equal nodes get the same object."""
        signature = inventory.signature
        numbers = tuple(
            [
                self._slice_number(slice_, slice_signature.unsupported, slice_signature.targets)
                for slice_, slice_signature in zip(inventory.slices, signature.slices, strict=True)
            ]
        )
        node_layout = self._node_layouts.get((signature, numbers))
        if node_layout is None:
            node_layout = self._node_layouts[(signature, numbers)] = self._build(inventory, numbers)
        return node_layout

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
        domains, reads = self._compiled.domains, self._reads
        return tuple(
            sorted(
                (name, value)
                for name, value in device.attributes.items()
                if self._compiled.reads_everything or name in reads or name.partition("/")[0] in domains
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
            cached = self._results.get(full_key)
            if cached is None:
                cached = self._results[full_key] = self._select_device(slice_.driver, device, broken)
            results, failure = cached
            if targets and not targets[position]:
                # Upstream asks for the node after CEL, so failures still count.
                results = tuple(
                    SelectorResult.REJECTED if result is SelectorResult.SELECTED else result
                    for result in results
                )
            if any(results):
                values = values_of(
                    device,
                    slice_.driver,
                    as_seen(slice_.driver, device, self._release),
                    self._compiled.compared,
                )
                kept.append((position, results, values, failure))
        return tuple(kept)

    def _select_device(
        self, driver: str, device: Device, unsupported: str | None
    ) -> tuple[tuple[SelectorResult, ...], tuple[str, str]]:
        cel_device = as_seen(driver, device, self._release)
        failure = ("", "")
        results = []
        for alternative in self._compiled.alternatives:
            result, why = selector_result(alternative, cel_device, unsupported)
            results.append(result)
            if why[0] and not failure[0]:
                failure = why
        return tuple(results), failure

    def _build(self, inventory: Inventory, numbers: Sequence[int]) -> NodeLayout:
        signature = inventory.signature
        classes = ValueClasses(self._compiled.compared, sets=self._release.features.list_type_attributes)
        located: list[tuple[Candidate, tuple[int, int]]] = []
        blocks: list[Block] = []
        for slice_number, (number, slice_signature) in enumerate(zip(numbers, signature.slices, strict=True)):
            devices = inventory.slices[slice_number].devices
            if self._by_block and self._seen[number]:
                blocks.append(
                    Block(
                        slice_signature.pool,
                        signature.pools[slice_signature.pool].late,
                        slice_signature.late,
                        slice_signature.counter_sets,
                    )
                )
            for position, results, values, failure in self._seen[number]:
                candidate = Candidate(
                    slice_signature.pool,
                    devices[position].traits,
                    results,
                    classes.of(values),
                    slice_signature.locations[position],
                    failure,
                    max(len(blocks) - 1, 0),
                    slice_signature.skips_node,
                    next((value.message for value in values if isinstance(value, Answer)), ""),
                )
                located.append((candidate, (slice_number, position)))
        if self._release.gathering.invalid_is_fatal:
            located = self._with_invalid_pools(located, blocks, signature.pools)
        layout = Layout(signature.pools, tuple(candidate for candidate, _ in located), tuple(blocks))
        positions = tuple(position for _, position in located)
        return NodeLayout(self._layouts.setdefault(layout, len(self._layouts)), layout, positions)

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
