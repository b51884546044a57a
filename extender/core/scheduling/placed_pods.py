"""
The pods on nodes, those on their way there included, each on one node at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

from extender.model.scheduling import Amounts, PodResources, SchedulingNode, SchedulingPod

from .node_info import (
    NodeInfo,
    PlacedPod,
    PodAmounts,
    allocatable_of,
    node_info,
    placed_pod,
    pod_amounts,
)
from .resource import Resource
from .rules import SchedulingRules

PodKey = tuple[str, str]
"""Namespace and name."""

Placement = tuple[str, PlacedPod]
"""A node, and what counts of a pod there."""


MOST_REMEMBERED = 1_024
"""Distinct requests of pods, and distinct amounts of nodes, that are remembered before that starts again."""


class PlacedPods:
    """
    By namespace and name of the pod, and by name of the node.

    What equal requests and equal nodes come to is worked out once: a fleet has few of each.
    """

    def __init__(self, rules: SchedulingRules) -> None:
        self._rules = rules
        self._placed: dict[PodKey, Placement] = {}
        self._on_node: dict[str, dict[PodKey, PlacedPod]] = {}
        self._amounts: dict[PodResources, PodAmounts] = {}
        self._allocatable: dict[Amounts, Resource] = {}

    def copied(self) -> PlacedPods:
        """The same, to place pods in without placing them here."""
        other = PlacedPods(self._rules)
        other._placed = dict(self._placed)
        other._on_node = {name: dict(pods) for name, pods in self._on_node.items()}
        return other

    def __len__(self) -> int:
        return len(self._placed)

    def __iter__(self) -> Iterator[Placement]:
        return iter(self._placed.values())

    def node_of(self, key: PodKey) -> str:
        """The pod's node, empty where it has none."""
        return self._placed[key][0] if key in self._placed else ""

    def place(
        self, key: PodKey, pod: SchedulingPod | None, node: str
    ) -> tuple[Placement | None, Placement | None]:
        """
        Take the pod from where it is, and put it on the ``node``; a pod that has finished is nowhere.

        Returns where it was and where it is, ``None`` for nowhere; the two are equal where nothing that
        others meet has changed.
        """
        now = None
        if pod is not None and node and not pod.finished:
            now = node, placed_pod(pod, self._rules, self._amounts_of(pod.resources))
        return self._put(key, now)

    def move(self, key: PodKey, node: str) -> None:
        """Take a pod that is on a node to another one, where the same counts of it."""
        self._put(key, (node, self._placed[key][1]))

    def _put(self, key: PodKey, now: Placement | None) -> tuple[Placement | None, Placement | None]:
        before = self._placed.get(key)
        if before == now:
            return before, now
        if before is not None:
            del self._placed[key], self._on_node[before[0]][key]
            if not self._on_node[before[0]]:
                del self._on_node[before[0]]
        if now is not None:
            self._placed[key] = now
            self._on_node.setdefault(now[0], {})[key] = now[1]
        return before, now

    def placed(self, key: PodKey) -> PlacedPod | None:
        """What counts of the pod where it is, ``None`` for one that is nowhere."""
        return self._placed[key][1] if key in self._placed else None

    def info(self, node: SchedulingNode, without: PodKey | None = None) -> NodeInfo:
        """The node with the pods on it, but for the pod ``without``."""
        pods = self._on_node.get(node.name, {})
        placed = [pod for key, pod in pods.items() if key != without]
        return node_info(node, placed, self._allocatable_of(node))

    def _amounts_of(self, resources: PodResources) -> PodAmounts:
        amounts = self._amounts.get(resources)
        if amounts is None:
            if len(self._amounts) >= MOST_REMEMBERED:
                self._amounts.clear()
            amounts = self._amounts[resources] = pod_amounts(resources, self._rules)
        return amounts

    def _allocatable_of(self, node: SchedulingNode) -> Resource:
        allocatable = self._allocatable.get(node.allocatable)
        if allocatable is None:
            if len(self._allocatable) >= MOST_REMEMBERED:
                self._allocatable.clear()
            allocatable = self._allocatable[node.allocatable] = allocatable_of(node)
        return allocatable
