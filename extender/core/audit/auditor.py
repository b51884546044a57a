"""
How near the devices of running pods are to each other, and how near they could be.

A verdict must hold wherever devices really are: a pair of unknown distance counts as
near where the pod's own devices are rated and as far where others are, so a loss is
what is lost at least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from extender.model import Pod

from ..alignment.worths import DEFAULT_WORTHS, Worths
from ..cluster.double_use import DoubleUse, HeldDevices, double_uses
from ..cluster.snapshot import Snapshot
from ..topology.locations import Distance
from .possible import AUDIT_STEPS, Possibilities, Possible
from .running_pods import RunningPod, Unrated, running_pods

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

    ``achieved``: mean worth of its pairs, unknown ones neutral. ``best``: the most that the
    pod could have. ``lost``: how far it is below that, at least; ``avoidable``: how far
    below what it could have as things stand. All 0..1.
    """

    running: RunningPod
    possible: Possible

    @property
    def achieved(self) -> float:
        return self.running.alignment.predicted or 0.0

    @property
    def name(self) -> str:
        return f"{self.running.pod.namespace}/{self.running.pod.name}"

    @property
    def judgement(self) -> KnownDistances:
        pairs = self.running.alignment.pairs
        unknown = sum(pair.distance is Distance.UNKNOWN for pair in pairs)
        if not unknown:
            return KnownDistances.KNOWN
        return KnownDistances.UNKNOWN if unknown == len(pairs) else KnownDistances.PARTLY_KNOWN

    @property
    def best(self) -> float:
        return max(self.possible.empty.alignment or 0.0, self._today)

    @property
    def lost(self) -> float:
        return _loss(self.best - self.running.highest)

    @property
    def avoidable(self) -> float:
        return _loss(self._today - self.running.highest)

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

    @property
    def _today(self) -> float:
        return max(self.possible.here.alignment or 0.0, self._elsewhere)


@dataclass(frozen=True, slots=True)
class Audit:
    """
    ``findings``: the rated pods by node, namespace and name; ``unrated``: how many pods are not, and why.

    Not ``complete``: the budget ran out, so pods may lose more than is said. ``double_uses``: the cards of
    all nodes that are given away twice, each with its node, by name.
    """

    snapshot: Snapshot
    worths: Worths
    findings: tuple[PodFinding, ...]
    unrated: Counter[Unrated]
    complete: bool
    double_uses: tuple[tuple[str, DoubleUse], ...] = ()

    @property
    def losing(self) -> list[PodFinding]:
        """The pods that lose something, the most first, then by name."""
        losing = [finding for finding in self.findings if finding.lost]
        return sorted(losing, key=lambda finding: (-finding.lost, finding.name))


class Auditor:
    """
    Rates the pods of one snapshot, one after the other, so that others can see how far it is.

    ``namespaces``: only pods in these, all where there are none. The rest of
    the cluster still counts as it stands.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        namespaces: Collection[str] = (),
        worths: Worths = DEFAULT_WORTHS,
        steps: int = AUDIT_STEPS,
    ) -> None:
        self._snapshot, self._worths = snapshot, worths
        self._possibilities = Possibilities(snapshot, worths, steps)
        self._pods = [
            pod
            for pod in running_pods(snapshot, worths)
            if not namespaces or _pod_of(pod).namespace in namespaces
        ]
        self._findings: list[PodFinding] = []
        self._unrated: Counter[Unrated] = Counter()

    def __len__(self) -> int:
        return len(self._pods)

    def rate(self) -> Iterator[str]:
        """Rate every pod, and yield its name once that is done. Use once."""
        for pod in self._pods:
            if isinstance(pod, RunningPod):
                possible = self._possibilities.of(pod)
                self._findings.append(PodFinding(pod, possible))
            else:
                self._unrated[pod[1]] += 1
            yield _pod_of(pod).name

    def result(self) -> Audit:
        """What has been rated so far."""
        complete = not self._possibilities.spent
        held = HeldDevices(self._snapshot.holders)
        uses = tuple(
            (name, use)
            for name, state in sorted(self._snapshot.nodes.items())
            for use in double_uses(state, held, self._snapshot.vocabulary)
        )
        return Audit(self._snapshot, self._worths, tuple(self._findings), self._unrated, complete, uses)


def _loss(difference: float) -> float:
    return difference if difference >= LEAST_LOSS else 0.0


def _pod_of(rated: RunningPod | tuple[Pod, Unrated]) -> Pod:
    return rated.pod if isinstance(rated, RunningPod) else rated[0]
