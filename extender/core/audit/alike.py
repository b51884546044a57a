"""Findings that say the same of several pods, so that they are told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from .findings import PodFinding

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class AlikeFindings:
    """``findings``: by name; their pods hold the same kinds of devices at the same distances, and could
    have the same."""

    findings: tuple[PodFinding, ...]

    @property
    def first(self) -> PodFinding:
        return self.findings[0]


def alike(findings: Iterable[PodFinding]) -> tuple[AlikeFindings, ...]:
    """Group findings, each group where its first finding is."""
    groups: dict[Hashable, list[PodFinding]] = {}
    for finding in findings:
        groups.setdefault(_likeness(finding), []).append(finding)
    return tuple(AlikeFindings(tuple(group)) for group in groups.values())


def _likeness(finding: PodFinding) -> Hashable:
    """All that is said of a pod but names of pods, nodes and devices."""
    running, possible = finding.running, finding.possible
    pairs = Counter((pair.kinds, pair.distance, pair.worth) for pair in running.alignment.pairs)
    return (
        frozenset(pairs.items()),
        len(running.companions),
        round(running.highest, _DIGITS),
        round(finding.best, _DIGITS),
        round(finding.avoidable, _DIGITS),
        finding.option,
        possible.empty.complete and possible.here.complete,
        possible.refused_here,
        possible.unchecked,
    )
