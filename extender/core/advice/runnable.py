"""
Where a pod may run beside its devices: by its node selector, affinity, taints, ports, CPU and memory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from extender.model.kinds import NODE
from extender.model.scheduling import SchedulingPod

from ..cluster.changes import Changes
from ..cluster.snapshot import Snapshot
from ..scheduling import AcceptingNodes, FilterReason, Unchecked


@dataclass(frozen=True, slots=True)
class Runnable:
    """
    Names of the nodes that accept a pod: ``now``, and ``empty``, if no other pod ran anywhere.

    ``nodes``: how many there are. ``refusals``: why nodes refuse it now, on how many, the most first.
    ``unchecked``: what is not known; a node may refuse the pod nevertheless.
    """

    nodes: int
    now: frozenset[str]
    empty: frozenset[str]
    refusals: tuple[tuple[FilterReason, int], ...]
    unchecked: tuple[Unchecked, ...]

    @property
    def nowhere(self) -> bool:
        """Whether no node accepts the pod, whatever else runs there."""
        return not self.empty


def runnable(pod: SchedulingPod | None, snapshot: Snapshot) -> Runnable:
    """Ask every node; ``pod`` is ``None`` where the input does not tell what it asks for."""
    now = AcceptingNodes(snapshot.objects, snapshot.release).accepted(pod)
    empty = AcceptingNodes(snapshot.objects, snapshot.release, occupied=False).accepted(pod)
    refusals = [now.refusal(name) for name in snapshot.nodes]
    counts = Counter(refusal for refusal in refusals if refusal is not None)
    return Runnable(
        nodes=len(refusals),
        now=frozenset(
            name for name, refusal in zip(snapshot.nodes, refusals, strict=True) if refusal is None
        ),
        empty=frozenset(name for name in snapshot.nodes if empty.refusal(name) is None),
        refusals=tuple(counts.most_common()),
        unchecked=now.unchecked,
    )


def among(names: frozenset[str], snapshot: Snapshot) -> Snapshot:
    """The cluster as if it had only these nodes; all slices stay published."""
    return snapshot.updated(Changes.of(NODE, (), [name for name in snapshot.nodes if name not in names]))
