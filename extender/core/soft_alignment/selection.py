"""
Which devices of the cluster a claim's requests select, allocated or not.

The search stops at the first devices that fit; this looks at all of them, as what
else a claim could be given is what decides whether it may be written otherwise.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from extender.cel import CelDevice, unsupported_attribute
from extender.model import Device, DeviceID, ResourceSlice

from ..allocator.device_verdict import REJECTED, SELECTED, as_seen, device_verdict
from ..claims.compiled_claims import Alternative, CompiledClaims
from ..releases.release import Release


class SelectedDevice(NamedTuple):
    """``node``: the node that the slice is for, empty where it is for several."""

    driver: str
    pool: str
    node: str
    device: Device

    @property
    def id(self) -> DeviceID:
        return DeviceID(self.driver, self.pool, self.device.name)


@dataclass(frozen=True, slots=True)
class Failure:
    """A selector that fails on a device, or whose verdict we do not know. ``where`` it stands."""

    alternative: int
    where: str
    device: DeviceID
    detail: str


@dataclass(frozen=True, slots=True)
class Selection:
    """
    ``devices``: by alternative of the claims, in the order of the slices given; ``by_slice``: the
    same by the slice's name. ``failures``: the first of each alternative.
    """

    devices: tuple[tuple[SelectedDevice, ...], ...]
    by_slice: Mapping[str, tuple[tuple[SelectedDevice, ...], ...]]
    failures: tuple[Failure, ...]


def select(compiled: CompiledClaims, slices: Iterable[ResourceSlice], release: Release) -> Selection:
    """Ask every selector of the claims about every device of ``slices``."""
    judge = _Judge(compiled, release)
    alternatives = compiled.alternatives
    by_slice: dict[str, tuple[tuple[SelectedDevice, ...], ...]] = {}
    failures: dict[int, Failure] = {}
    for slice_ in slices:
        found: list[list[SelectedDevice]] = [[] for _ in alternatives]
        for device in slice_.devices:
            for number, verdict in enumerate(judge.verdicts(slice_.driver, device)):
                if verdict is True:
                    found[number].append(SelectedDevice(slice_.driver, slice_.pool, slice_.node_name, device))
                elif isinstance(verdict, tuple) and number not in failures:
                    where, detail = verdict
                    id_ = DeviceID(slice_.driver, slice_.pool, device.name)
                    failures[number] = Failure(number, where, id_, detail)
        if any(found):
            by_slice[slice_.name] = tuple(map(tuple, found))
    return Selection(
        tuple(
            tuple(each for selected in by_slice.values() for each in selected[number])
            for number in range(len(alternatives))
        ),
        by_slice,
        tuple(failures[number] for number in sorted(failures)),
    )


_Verdict = bool | tuple[str, str]
# Selected or not, or where a selector fails and why.


class _Judge:
    """Remembers verdicts by what the selectors can read: a fleet has few kinds of devices."""

    def __init__(self, compiled: CompiledClaims, release: Release) -> None:
        self._alternatives: Sequence[Alternative] = compiled.alternatives
        self._release = release
        self._reads = compiled.reads
        self._whole = compiled.reads_everything or bool(compiled.domains)
        self._known: dict[Hashable, tuple[_Verdict, ...]] = {}

    def verdicts(self, driver: str, device: Device) -> tuple[_Verdict, ...]:
        """By alternative."""
        broken = unsupported_attribute(device.attributes, self._release.cel)
        read: Hashable = (
            frozenset(device.attributes.items())
            if self._whole
            else tuple(map(device.attributes.get, self._reads))
        )
        key = (driver, device.traits, broken, read)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._judged(driver, device, broken)
        return known

    def _judged(self, driver: str, device: Device, broken: str | None) -> tuple[_Verdict, ...]:
        seen = as_seen(driver, device, self._release)
        return tuple(_verdict(alternative, seen, broken) for alternative in self._alternatives)


def _verdict(alternative: Alternative, device: CelDevice, broken: str | None) -> _Verdict:
    code, why = device_verdict(alternative, device, broken)
    return code == SELECTED if code in (SELECTED, REJECTED) else why
