"""Pods one by one onto a fleet, with nodes chosen in several ways and devices by the exact allocator."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Sequence
from copy import copy
from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Evaluation, Memo, Outcome, Settings, evaluate
from tests.waves.judgement import Documents, Pairs, gpu_nic
from tests.waves.machines import machine_of
from tests.waves.workload import Ask, pod_of


class Chooser(StrEnum):
    """
    Who chooses among the nodes that have devices for a pod.

    ``stock``: the node with the fewest pods, any of them; that is what spreading and least
    allocation come to where pods ask for nothing but devices. ``plain``: the highest predicted
    alignment, equal nodes by the pod's UID; stock where there is nothing to align. ``scores``: the
    highest score that is sent, stock among equals. ``decisive``: the node that ``--decisive`` decides for.
    ``group``: that of the nodes with the highest predicted alignment, but first of those where no other pod
    of the group would be aligned. ``sparing``: the lowest predicted alignment, equal nodes by the pod's UID.
    """

    STOCK = "stock"
    PLAIN = "plain"
    SCORES = "scores"
    DECISIVE = "decisive"
    GROUP = "group"
    SPARING = "sparing"


class Reached(NamedTuple):
    """
    How many pods were placed so far, and how many of them are aligned by the documents; their GPU-NIC pairs
    as documented and as published.
    """

    placed: int
    aligned: int
    documented: Pairs = Pairs()
    published: Pairs = Pairs()


class _Prospect(NamedTuple):
    """What a pod would get on a node."""

    predicted: float | None
    aligned: bool
    documented: Pairs
    published: Pairs


def schedule(
    fleet: Snapshot,
    asks: Sequence[Ask],
    chooser: Chooser,
    seed: int,
    wave: int,
    documents: Documents | None = None,
) -> list[Reached]:
    """
    Place the pods in order, each for good or not at all; what was reached after each ``wave``.

    ``fleet``: as the chooser sees it, with facts of machines or without.
    """
    run = Run(fleet, chooser, seed, documents or Documents(fleet))
    reached = []
    for number, ask in enumerate(asks, 1):
        run.place(f"pod-{seed}-{number}", ask)
        if number % wave == 0:
            reached.append(Reached(run.placed, run.aligned, run.documented, run.published))
    return reached


class Run:
    """A fleet that fills up."""

    def __init__(self, fleet: Snapshot, chooser: Chooser, seed: int, documents: Documents) -> None:
        self.placed = self.aligned = 0
        self.documented = self.published = Pairs()
        self._documents = documents
        self._snapshot = fleet
        self.chooser = chooser
        self._random = random.Random(seed)
        self._memo: Memo[int] = Memo(lambda names, score: [score] * len(names))
        self._machines = {name: machine_of(state) for name, state in documents.fleet.nodes.items()}
        self._pods: Counter[str] = Counter()
        self._prospects: dict[Ask, dict[str, _Prospect | None]] = {}

    def place(self, name: str, ask: Ask, others: Collection[Ask] = ()) -> bool | None:
        """
        Place a pod for good; whether it is aligned, ``None`` where it does not fit.

        ``others``: what the other pods of its group ask for.
        """
        pod, claims = pod_of(name, ask)
        before, self._snapshot = self._snapshot, self._snapshot.with_claims(claims)
        evaluation = evaluate(self._snapshot, pod, self._memo, Settings())
        fitting = self._fitting(ask, evaluation)
        if not fitting:
            self._snapshot = before
            return None
        chosen = self._choose(pod.uid, evaluation, fitting, [other for other in others if other != ask])
        self.placed += 1
        self.aligned += fitting[chosen].aligned
        self.documented = self.documented.plus(fitting[chosen].documented)
        self.published = self.published.plus(fitting[chosen].published)
        self._pods[chosen] += 1
        self._snapshot = self._snapshot.with_claims(evaluation.allocated_on(chosen))
        for prospects in self._prospects.values():
            prospects.pop(chosen, None)
        return fitting[chosen].aligned

    def copy(self, chooser: Chooser | None = None) -> Run:
        """One that goes on from here by itself; ``chooser``: who chooses from now on, by default the same."""
        other = copy(self)
        other.chooser = chooser or self.chooser
        other._random = copy(self._random)
        other._pods = self._pods.copy()
        other._prospects = {ask: dict(known) for ask, known in self._prospects.items()}
        return other

    def _fitting(self, ask: Ask, evaluation: Evaluation[int]) -> dict[str, _Prospect]:
        """What a pod of this kind would get on each node that has devices for it."""
        known = self._prospects.setdefault(ask, {})
        missing = [node for node in self._snapshot.nodes if node not in known]
        for node, verdict in evaluation.verdicts(missing).items():
            known[node] = None
            if verdict.outcome is Outcome.ALLOCATED and verdict.alignment is not None:
                devices = [device.result.id for device in verdict.devices]
                pairs = self._documents.pairs(node, devices)
                known[node] = _Prospect(
                    verdict.alignment.predicted,
                    self._machines[node].aligned(pairs) is True,
                    gpu_nic(pairs),
                    self._documents.published(node, devices),
                )
        return {node: prospect for node, prospect in known.items() if prospect is not None}

    def _choose(
        self,
        uid: str,
        evaluation: Evaluation[int],
        fitting: dict[str, _Prospect],
        others: Sequence[Ask],
    ) -> str:
        names = sorted(fitting)
        number = crc32(uid.encode())
        match self.chooser:
            case Chooser.STOCK:
                return self._stock(names)
            case Chooser.PLAIN | Chooser.SPARING:
                if fitting[names[0]].predicted is None:
                    return self._stock(names)
                choose = max if self.chooser is Chooser.PLAIN else min
                wanted = choose(fitting[name].predicted or 0.0 for name in names)
                top = [name for name in names if (fitting[name].predicted or 0.0) == wanted]
                return top[number % len(top)]
            case Chooser.SCORES:
                scores = dict(zip(names, evaluation.entries(names), strict=True))
                highest = max(scores.values())
                return self._stock([name for name in names if scores[name] == highest])
            case Chooser.DECISIVE:
                evaluation.entries(names)
                top = evaluation.first(names)
                return top[number % len(top)]
            case Chooser.GROUP:
                best = max(fitting[name].predicted or 0.0 for name in names)
                near = self._near(others)
                offered = [
                    name for name in names if (fitting[name].predicted or 0.0) == best and name not in near
                ]
                evaluation.entries(offered or names)
                top = evaluation.first(offered or names)
                return top[number % len(top)]

    def _near(self, asks: Sequence[Ask]) -> set[str]:
        """The nodes where a pod of one of these kinds would be aligned as predicted."""
        near: set[str] = set()
        for ask in asks:
            pod, claims = pod_of("other", ask)
            evaluation = evaluate(self._snapshot.with_claims(claims), pod, self._memo, Settings())
            fitting = self._fitting(ask, evaluation)
            near.update(name for name, prospect in fitting.items() if prospect.predicted == 1.0)
        return near

    def _stock(self, names: Sequence[str]) -> str:
        fewest = min(self._pods[name] for name in names)
        return self._random.choice([name for name in names if self._pods[name] == fewest])
