"""
Nominations of ours that the scheduler has not followed yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extender.core.nomination.queue_order import Place
    from extender.model import DeviceID
    from extender.model.pending_pods import PendingPod


@dataclass(frozen=True, slots=True)
class Nomination:
    """
    ``pod``: as it was when ``node`` was chosen. ``since``: when we first heard of the pod, ``decided``: when
    the node was chosen or confirmed. ``place``: in the queue. ``shown``: the API shows the nomination as
    ours. ``equals``: how many nodes were as good. ``devices``: what the pod gets there. ``asked``: the
    scheduler has looked at the pod since, so it has its devices, or is about to go elsewhere.
    """

    pod: PendingPod
    node: str
    since: float
    decided: float
    place: Place
    equals: int = 1
    devices: frozenset[DeviceID] = frozenset()
    shown: bool = False
    asked: bool = False


class Outstanding:
    """By the pod's UID; at most one for each pod."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Nomination] = {}
        self._on_node: dict[str, dict[str, Nomination]] = {}
        self.nodes: Counter[str] = Counter()
        """How many pods are on their way to each node."""

    def __len__(self) -> int:
        return len(self._by_uid)

    def __iter__(self) -> Iterator[Nomination]:
        return iter(tuple(self._by_uid.values()))

    def get(self, pod_uid: str) -> Nomination | None:
        return self._by_uid.get(pod_uid)

    def on_node(self, node: str) -> list[Nomination]:
        """The nominations for a node, in the order of the queue."""
        return sorted(self._on_node.get(node, {}).values(), key=lambda each: each.place)

    def not_asked(self, node: str) -> list[Nomination]:
        """Those for a node that the scheduler has not looked at, in the order of the queue."""
        return [each for each in self.on_node(node) if not each.asked]

    def put(self, nomination: Nomination) -> None:
        """Add a nomination, or replace that of the same pod."""
        uid, node = nomination.pod.uid, nomination.node
        self.remove(uid)
        self._by_uid[uid] = nomination
        self._on_node.setdefault(node, {})[uid] = nomination
        self.nodes[node] += 1

    def remove(self, pod_uid: str) -> Nomination | None:
        nomination = self._by_uid.pop(pod_uid, None)
        if nomination is not None:
            del self._on_node[nomination.node][pod_uid]
            self.nodes[nomination.node] -= 1
            if not self.nodes[nomination.node]:
                del self.nodes[nomination.node], self._on_node[nomination.node]
        return nomination
