"""
A site's own worths: what is left of the best throughput at each distance.

``pairs`` maps pairs of kinds to distances and their worths, ``others`` holds the distances
of all pairs that have no row. What is left out keeps its worth.
"""

from __future__ import annotations

from extender.core.alignment.worths import WITH_COLUMN, WorthRow, Worths
from extender.core.topology.driver_attributes import DeviceKind
from extender.core.topology.locations import Distance

from .site_file import SiteValue, read_site_file

_DISTANCES = tuple(distance.value for distance in WITH_COLUMN)
_KINDS = tuple(kind.value for kind in DeviceKind if kind is not DeviceKind.VIRTUAL)


def read_worths(path: str, base: Worths) -> Worths:
    """Return ``base`` with the worths of the file at ``path`` in place. Raises ``SiteFileError``."""
    top = read_site_file(path).mapping("sections", ("pairs", "others"))
    others = _row(top["others"], base.others, base.others) if "others" in top else base.others
    pairs = dict(base.pairs)
    if "pairs" in top:
        for name, value in top["pairs"].mapping("pairs").items():
            first, second = _kinds(name, value)
            start = base.pairs.get((first, second), others)
            pairs[first, second] = _row(value, start, base.row(first, second))
    return Worths(others, pairs)


def _kinds(name: str, value: SiteValue) -> tuple[DeviceKind, DeviceKind]:
    first, _, second = name.partition("-")
    for kind in (first, second):
        if kind not in _KINDS:
            value.refuse(f"not a pair of kinds; write two of {', '.join(_KINDS)}, such as gpu-nic")
    if _KINDS.index(first) > _KINDS.index(second):
        value.refuse(f"the kinds are the wrong way round; write {second}-{first}")
    return DeviceKind(first), DeviceKind(second)


def _row(value: SiteValue, start: WorthRow, built_in: WorthRow) -> WorthRow:
    """``start`` with what is given; the row is ``built_in``, origin included, where no worth differs."""
    given = value.mapping("distances", _DISTANCES)
    row = WorthRow(
        *(
            _worth(given[distance]) if distance in given else start.worth(Distance(distance))
            for distance in _DISTANCES
        )
    )
    return built_in if row.by_distance == built_in.by_distance else row


def _worth(value: SiteValue) -> float:
    worth = value.number("a number from 0 to 1")
    if not 0 <= worth <= 1:
        value.refuse(f"expected a number from 0 to 1, got {worth:g}; 1 is the best, 0 is worth nothing")
    return worth
