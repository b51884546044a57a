"""An option and what it comes to on the nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..reasons import Outcome
from .constraint_options import ConstraintOption
from .nearness import Nearness, nearness_of
from .publications import Publication
from .survey import NodeGroup

NowAndEmpty = tuple[tuple[NodeGroup, ...], tuple[NodeGroup, ...]]
"""Surveys of the cluster as it stands, and with nothing allocated."""


@dataclass(frozen=True, slots=True)
class Judged:
    """
    An option and the nodes it comes to each outcome on, ``now`` and with nothing allocated.

    ``publications``: what the covered devices publish under its attribute, by driver. ``steps``: of the
    longest search. ``nearer`` and ``farther``: nodes, now and empty, whose predicted devices have a
    better or worse alignment than those of the claims as written. ``far``: nodes, now and empty, whose
    predicted devices are known to be far apart.
    """

    option: ConstraintOption
    now: Mapping[Outcome, int]
    empty: Mapping[Outcome, int]
    publications: tuple[Publication, ...]
    steps: int = 0
    nearer: int = 0
    farther: int = 0
    far: int = 0

    @property
    def fits_now(self) -> int:
        return self.now.get(Outcome.ALLOCATED, 0)

    @property
    def fits_empty(self) -> int:
        return self.empty.get(Outcome.ALLOCATED, 0)


def longest_search(surveyed: NowAndEmpty) -> int:
    """The most steps that any search took."""
    return max((group.prediction.steps for state in surveyed for group in state), default=0)


def compared(written: NowAndEmpty, other: NowAndEmpty) -> tuple[int, int]:
    """On how many nodes, now and empty, the devices of ``other`` are nearer, and on how many farther."""
    nearer = farther = 0
    for before, after in zip(written, other, strict=True):
        rated = dict(_rated(before))
        for name, alignment in _rated(after):
            nearer += name in rated and alignment > rated[name]
            farther += name in rated and alignment < rated[name]
    return nearer, farther


def known_far(surveyed: NowAndEmpty) -> int:
    """On how many nodes, now and empty, the devices are known to be on different NUMA nodes."""
    return sum(
        len(group.nodes)
        for state in surveyed
        for group in state
        if group.alignment is not None and nearness_of(group.alignment) is Nearness.FAR
    )


def _rated(surveyed: Sequence[NodeGroup]) -> Iterator[tuple[str, float]]:
    for group in surveyed:
        if group.alignment is not None and group.alignment.predicted is not None:
            for name in group.nodes:
                yield name, group.alignment.predicted
