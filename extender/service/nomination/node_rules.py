"""
What else the scheduler asks of a node than devices: which nodes a pod may be nominated for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Protocol

from extender.model.kinds import POD
from extender.model.open_nodes import OPEN_NODE

if TYPE_CHECKING:
    from extender.core.cluster.changes import Changes
    from extender.core.nomination.refusals import Refusal
    from extender.model.open_nodes import OpenNode
    from extender.model.pending_pods import PendingPod


class NodeRules(Protocol):
    """Which nodes pass, and which of them the scheduler would rather take."""

    def on_changes(self, changes: Changes) -> None:
        """Take changes that the store has taken."""
        ...

    def on_readings(self, changes: Changes) -> None:
        """Take other readings of the same objects."""
        ...

    def question(self, pod: PendingPod) -> Hashable:
        """Equal for pods that pass on the same nodes."""
        ...

    def nodes(self, pod: PendingPod, on_their_way: Counter[str]) -> Sequence[str] | Refusal:
        """The nodes that pass, with the pods that are on their way to each, or why that is not known."""
        ...

    def preference(self, pod: PendingPod, name: str) -> int:
        """Lower for a node that the scheduler would rather take."""
        ...


class OpenNodes:
    """
    For pods that ask nothing of a node but devices: schedulable nodes without taints that have room.

    ``refusal_of`` lets no other pod come here. Nothing is preferred.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, OpenNode] = {}
        # Sorted, of nodes with room for a pod at all.
        self._names: tuple[str, ...] = ()
        self._node_of: dict[tuple[str, str], str] = {}
        self._pods: Counter[str] = Counter()

    def on_changes(self, changes: Changes) -> None:
        """Count the pods on each node."""
        for key in changes.gone(POD, self._node_of):
            self._pods[self._node_of.pop(key, "")] -= 1
        for pod in changes.upserts(POD):
            before = self._node_of.get(POD.key(pod), "")
            if pod.node_name != before:
                self._pods[before] -= 1
                self._pods[pod.node_name] += 1
                self._node_of[POD.key(pod)] = pod.node_name

    def on_readings(self, changes: Changes) -> None:
        """Take nodes that are open from now on, or no more."""
        gone, new = changes.gone(OPEN_NODE, self._nodes), changes.upserts(OPEN_NODE)
        for name in gone:
            self._nodes.pop(name, None)
        self._nodes.update((node.name, node) for node in new)
        if gone or new:
            self._names = tuple(sorted(name for name, node in self._nodes.items() if node.pods > 0))

    def question(self, pod: PendingPod) -> Hashable:
        """All alike."""
        del pod
        return ()

    def nodes(self, pod: PendingPod, on_their_way: Counter[str]) -> Sequence[str] | Refusal:
        """The open nodes with room for one more pod."""
        del pod
        full = {
            name
            for name in self._pods.keys() | on_their_way.keys()
            if name in self._nodes and self._pods[name] + on_their_way[name] >= self._nodes[name].pods
        }
        return [name for name in self._names if name not in full] if full else self._names

    def preference(self, pod: PendingPod, name: str) -> int:
        """All alike."""
        del pod, name
        return 0
