"""
Slices that a rewrite cannot tell apart: a fleet has many machines, and few kinds of slices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import attrgetter
from typing import NamedTuple

from extender.model import ResourceSlice
from extender.model.device_columns import Heading

from ..claims.compiled_claims import CompiledClaims
from ..topology.vocabulary import Vocabulary

_name = attrgetter("name")
_driver = attrgetter("driver")
_heading = attrgetter("devices.heading")
_columns = attrgetter("devices.columns")
_traits = attrgetter("devices.traits")
_unusual = attrgetter("unusual")


class _OfHeading(NamedTuple):
    """
    The slices of one driver with one heading, by their ``positions`` among all.

    ``columns``: what tells slices apart by each of their columns, in the order of the heading. ``others``:
    the same by their traits, and by each column with an unusual value, which a release may refuse to read.
    """

    driver: str
    heading: Heading
    positions: Sequence[int]
    columns: Sequence[Sequence[int]]
    others: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class SliceColumns:
    """Slices read once for any number of claims. ``names`` is parallel to ``slices``."""

    slices: tuple[ResourceSlice, ...]
    names: tuple[str, ...]
    headings: tuple[_OfHeading, ...]


@dataclass(frozen=True, slots=True)
class LikeSlices:
    """
    ``firsts``: the first slice of each kind, in the order of the slices given. ``first_of``: by the name of
    a slice, that of the first one of its kind.
    """

    firsts: tuple[ResourceSlice, ...]
    first_of: Mapping[str, str]


def slice_columns(slices: Iterable[ResourceSlice]) -> SliceColumns:
    """
    Read slices, column by column: no function is called for each of them.

    Headings, traits and columns are told apart by identity, which a decoder makes the same for equal ones;
    where it has not, like slices come apart, and each part is asked what all would be.
    """
    given = tuple(slices)
    by_heading: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for position, key in enumerate(zip(map(_driver, given), map(id, map(_heading, given)), strict=True)):
        by_heading[key].append(position)
    return SliceColumns(
        given,
        tuple(map(_name, given)),
        tuple(
            _of_heading(driver, positions, [given[position] for position in positions])
            for (driver, _), positions in by_heading.items()
        ),
    )


def _of_heading(driver: str, positions: Sequence[int], slices: Sequence[ResourceSlice]) -> _OfHeading:
    columns = list(zip(*map(_columns, slices), strict=True))
    others = [list(map(id, map(_traits, slices)))]
    others += [
        [id(values) if values.unusual else 0 for values in column]
        for column in columns
        if any(map(_unusual, column))
    ]
    numbers = [list(map(id, column)) for column in columns]
    return _OfHeading(driver, slices[0].devices.heading, positions, numbers, others)


def like_slices(given: SliceColumns, compiled: CompiledClaims, vocabulary: Vocabulary) -> LikeSlices:
    """
    Group slices of one driver whose devices have the same traits, and the same values of each attribute
    that the selectors of the claims read, that devices of another driver have too, or that may be the root.

    The two requests of a rewrite are for devices of different drivers, so they have no other attribute in
    common.
    """
    headings = {(each.driver, each.heading) for each in given.headings}
    compared = _compared(headings, compiled, vocabulary)
    first_of = list(range(len(given.slices)))
    for each in given.headings:
        read = compress(each.columns, compared[each.driver, each.heading])
        firsts: dict[tuple[int, ...], int] = {}
        for position, key in zip(each.positions, zip(*each.others, *read, strict=True), strict=True):
            first_of[position] = firsts.setdefault(key, position)
    names = given.names
    return LikeSlices(
        tuple([given.slices[position] for position, first in enumerate(first_of) if position == first]),
        {name: names[first] for name, first in zip(names, first_of, strict=True)},
    )


def _compared(
    headings: Collection[tuple[str, Heading]], compiled: CompiledClaims, vocabulary: Vocabulary
) -> Mapping[tuple[str, Heading], tuple[bool, ...]]:
    """Which of the columns of a driver's slices with a heading are compared."""
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
