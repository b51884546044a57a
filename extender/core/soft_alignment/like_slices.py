"""
Slices that a rewrite cannot tell apart: a fleet has many machines, and few kinds of slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import compress
from operator import attrgetter

from extender.model import ResourceSlice
from extender.model.device_columns import Heading

from ..claims.compiled_claims import CompiledClaims
from ..topology.vocabulary import Vocabulary

_unusual = attrgetter("unusual")


@dataclass(frozen=True, slots=True)
class LikeSlices:
    """
    ``firsts``: the first slice of each kind, in the order of the slices given. ``first_of``: by the name of
    a slice, that of the first one of its kind.
    """

    firsts: tuple[ResourceSlice, ...]
    first_of: Mapping[str, str]


def like_slices(
    slices: Iterable[ResourceSlice], compiled: CompiledClaims, vocabulary: Vocabulary
) -> LikeSlices:
    """
    Group slices of one driver whose devices have the same traits, and the same values of each attribute
    that the selectors of the claims read, that devices of another driver have too, or that may be the root.

    The two requests of a rewrite are for devices of different drivers, so they have no other attribute in
    common. Columns are told apart by identity, which a decoder makes the same for equal ones; where it has
    not, like slices come apart, and each part is asked what all would be.
    """
    given = list(slices)
    compared = _compared(given, compiled, vocabulary)
    known: dict[tuple[str, int, int, tuple[int, ...]], str] = {}
    firsts = []
    first_of = {}
    for slice_ in given:
        driver, devices = slice_.driver, slice_.devices
        columns = tuple(map(id, compress(devices.columns, compared[driver, devices.heading])))
        if any(map(_unusual, devices.columns)):
            # An unusual value may be one that the release refuses to read at all.
            columns += tuple([id(column) if column.unusual else 0 for column in devices.columns])
        first = known.setdefault((driver, id(devices.traits), id(devices.heading), columns), slice_.name)
        first_of[slice_.name] = first
        if first == slice_.name:
            firsts.append(slice_)
    return LikeSlices(tuple(firsts), first_of)


def _compared(
    slices: Iterable[ResourceSlice], compiled: CompiledClaims, vocabulary: Vocabulary
) -> Mapping[tuple[str, Heading], tuple[bool, ...]]:
    """Which of the columns of a driver's slices with a heading are compared."""
    headings = {(slice_.driver, slice_.devices.heading) for slice_ in slices}
    drivers: dict[str, set[str]] = {}
    for driver, heading in headings:
        for name in heading.values:
            drivers.setdefault(name, set()).add(driver)
    whole = compiled.reads_everything or bool(compiled.domains)
    return {
        (driver, heading): tuple(
            whole
            or name in compiled.reads
            or len(drivers[name]) > 1
            or name in vocabulary.attributes(driver).root
            for name in heading.values
        )
        for driver, heading in headings
    }
