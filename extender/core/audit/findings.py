"""
What is found about one running pod: what it has, what it could have, and what could bring it that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ..alignment.pairs import Pair
from ..topology.locations import Distance
from .possible import Possible
from .running_pod import RunningPod

LEAST_LOSS = 0.005
"""A smaller difference does not show in two decimals, and is none."""


class KnownDistances(StrEnum):
    """How many of a pod's pairs are at a known distance: all, some, none."""

    KNOWN = "known"
    PARTLY_KNOWN = "partly-known"
    UNKNOWN = "unknown"


class Option(StrEnum):
    """
    What could bring a pod nearer devices, the least work first.

    ``elsewhere``: the scheduler takes nearer ones on another node, as things stand. ``here``:
    its own node has nearer ones that are free or its own, but a claim must ask for them.
    ``emptier-node``: only where less is taken.
    """

    ELSEWHERE = "elsewhere"
    HERE = "here"
    EMPTIER_NODE = "emptier-node"


@dataclass(frozen=True, slots=True)
class PodFinding:
    """
    One rated pod.

    ``best``: the most that the pod could have. ``lost``: how far it is below that, at least; ``avoidable``:
    how far below what it could have as things stand. All 0..1. ``judgement``: how many of its distances
    are known.
    """

    running: RunningPod
    possible: Possible
    best: float = field(init=False, repr=False, compare=False)
    lost: float = field(init=False, repr=False, compare=False)
    avoidable: float = field(init=False, repr=False, compare=False)
    judgement: KnownDistances = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once what is asked for each table."""
        possible, highest = self.possible, self.running.highest
        today = max(possible.here.alignment or 0.0, self._elsewhere)
        best = max(possible.empty.alignment or 0.0, today)
        object.__setattr__(self, "best", best)
        object.__setattr__(self, "lost", _loss(best - highest))
        object.__setattr__(self, "avoidable", _loss(today - highest))
        object.__setattr__(self, "judgement", _judgement(self.running.alignment.pairs))

    @property
    def achieved(self) -> float:
        """The mean worth of its pairs, unknown ones neutral, 0..1."""
        return self.running.alignment.predicted or 0.0

    @property
    def name(self) -> str:
        return f"{self.running.pod.namespace}/{self.running.pod.name}"

    @property
    def option(self) -> Option | None:
        """The best way to lose less, ``None`` where nothing is lost."""
        if not self.lost:
            return None
        elsewhere, here = self._elsewhere, self.possible.here.alignment or 0.0
        if not self.avoidable:
            return Option.EMPTIER_NODE
        return Option.ELSEWHERE if elsewhere >= here else Option.HERE

    @property
    def _elsewhere(self) -> float:
        return 0.0 if self.possible.elsewhere is None else self.possible.elsewhere.alignment


def _judgement(pairs: Sequence[Pair]) -> KnownDistances:
    unknown = sum([pair.distance is Distance.UNKNOWN for pair in pairs])
    if not unknown:
        return KnownDistances.KNOWN
    return KnownDistances.UNKNOWN if unknown == len(pairs) else KnownDistances.PARTLY_KNOWN


def _loss(difference: float) -> float:
    return difference if difference >= LEAST_LOSS else 0.0
