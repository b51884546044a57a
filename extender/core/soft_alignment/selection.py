"""
Which devices of the cluster a claim's requests select, allocated or not.

The search stops at the first devices that fit. This looks at all devices, because a rewritten
claim makes the search come to devices that it does not reach for the claim as written.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from extender.cel import CelDevice, Work, unsupported_attribute
from extender.model import Attribute, Device, DeviceID, DeviceTraits, ResourceSlice

from ..allocator.selector_result import SelectorResult, as_seen, selector_result
from ..claims.compiled_claims import Alternative, CompiledClaims
from ..releases.release import Release


class SelectedDevice(NamedTuple):
    """A device at a position of a slice."""

    slice_: ResourceSlice
    position: int

    @property
    def driver(self) -> str:
        return self.slice_.driver

    @property
    def id(self) -> DeviceID:
        slice_ = self.slice_
        return DeviceID(slice_.driver, slice_.pool, slice_.devices.names.values[self.position])

    @property
    def traits(self) -> DeviceTraits:
        return self.slice_.devices.traits.values[self.position]

    def value(self, attribute: str) -> Attribute | None:
        """The value of an attribute (a full name), ``None`` without it."""
        column = self.slice_.devices.column(attribute)
        return None if column is None else column.values[self.position]


@dataclass(frozen=True, slots=True)
class SelectorFailure:
    """
    A selector that fails on a device, or that we cannot evaluate.

    ``alternative``: the index of the alternative with the selector. ``where``: the class or the
    request that holds the selector.
    """

    alternative: int
    where: str
    device: DeviceID
    detail: str


@dataclass(frozen=True, slots=True)
class Selection:
    """
    What the alternatives of claims select.

    ``devices``: by the index of the alternative, in the order of the slices given. ``by_slice``:
    the same for one slice, by its name; slices of which nothing is selected have no entry.
    ``failures``: the first one of each alternative that has any, in the order of alternatives.
    """

    devices: tuple[tuple[SelectedDevice, ...], ...]
    by_slice: Mapping[str, tuple[tuple[SelectedDevice, ...], ...]]
    failures: tuple[SelectorFailure, ...]


def select(
    compiled: CompiledClaims, slices: Iterable[ResourceSlice], release: Release, work: Work
) -> Selection:
    """
    Ask every selector of the claims about every device of ``slices``.

    Raises ``OverBudget`` if that takes more than ``work``.
    """
    selectors = _Selectors(compiled, release, work)
    alternatives = compiled.alternatives
    by_slice: dict[str, tuple[tuple[SelectedDevice, ...], ...]] = {}
    failures: dict[int, SelectorFailure] = {}
    for slice_ in slices:
        selected: list[list[SelectedDevice]] = [[] for _ in alternatives]
        for position, results in enumerate(selectors.results(slice_)):
            for number, result in enumerate(results):
                if result is True:
                    selected[number].append(SelectedDevice(slice_, position))
                elif isinstance(result, tuple) and number not in failures:
                    where, detail = result
                    id_ = SelectedDevice(slice_, position).id
                    failures[number] = SelectorFailure(number, where, id_, detail)
        if any(selected):
            by_slice[slice_.name] = tuple(map(tuple, selected))
    return Selection(
        tuple(
            tuple(device for of_slice in by_slice.values() for device in of_slice[number])
            for number in range(len(alternatives))
        ),
        by_slice,
        tuple(failures[number] for number in sorted(failures)),
    )


# Selected or not; or the selector that fails, and the error.
_Result = bool | tuple[str, str]


class _Selectors:
    """Remembers results by what the selectors can read: a fleet has few kinds of devices."""

    def __init__(self, compiled: CompiledClaims, release: Release, work: Work) -> None:
        self._alternatives: Sequence[Alternative] = compiled.alternatives
        self._release = release
        self._work = work
        self._reads = compiled.reads
        self._whole = compiled.reads_everything or bool(compiled.domains)
        self._of_slices: dict[Hashable, tuple[tuple[_Result, ...], ...]] = {}
        self._cached: dict[Hashable, tuple[_Result, ...]] = {}

    def results(self, slice_: ResourceSlice) -> tuple[tuple[_Result, ...], ...]:
        """By the position of the device, then by the index of the alternative."""
        devices = slice_.devices
        read = tuple(
            [
                (name, column)
                for name, column in zip(devices.heading.values, devices.columns, strict=True)
                if self._whole or column.unusual or name in self._reads
            ]
        )
        key = (slice_.driver, devices.traits, read)
        results = self._of_slices.get(key)
        if results is None:
            results = tuple(self._results_of(slice_.driver, device) for device in devices)
            self._of_slices[key] = results
        return results

    def _results_of(self, driver: str, device: Device) -> tuple[_Result, ...]:
        broken = unsupported_attribute(device.attributes, self._release.cel)
        read: Hashable = (
            frozenset(device.attributes.items())
            if self._whole
            else tuple(map(device.attributes.get, self._reads))
        )
        key = (driver, device.traits, broken, read)
        results = self._cached.get(key)
        if results is None:
            results = self._cached[key] = self._evaluated(driver, device, broken)
        return results

    def _evaluated(self, driver: str, device: Device, broken: str | None) -> tuple[_Result, ...]:
        seen = as_seen(driver, device, self._release)
        results = tuple(_result(alternative, seen, broken, self._work) for alternative in self._alternatives)
        self._work.charge(1)
        return results


def _result(alternative: Alternative, device: CelDevice, broken: str | None, work: Work) -> _Result:
    result, why = selector_result(alternative, device, broken, work)
    if result in (SelectorResult.SELECTED, SelectorResult.REJECTED):
        return result is SelectorResult.SELECTED
    return why
