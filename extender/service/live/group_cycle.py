"""
Which pod group kube-scheduler places at the moment, and whether it could place it.

A scheduler places one group, or one pod, after the other. So a request about anything else says that it is
done with the group. Of a group that fits, it has asked about each pod that waits; a pod that it never came to
ask about had no node, and then the group has failed, unless it may run without some of its pods.
Source: k8s.io/kubernetes pkg/scheduler/schedule_one.go and schedule_one_podgroup.go, v1.36.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extender.model import Pod

    from .in_flight import GroupKey


class GroupCycle:
    """The pods of groups that wait for a node, and the group that was asked about last."""

    def __init__(self) -> None:
        # By name; of pods that are replaced by others of their name, the new ones wait.
        self._waiting: dict[GroupKey, set[str]] = {}
        # By UID: asked about before the API shows them.
        self._early: set[str] = set()
        self._group: GroupKey | None = None
        self._scheduler = ""
        # By name, the one that was asked about last at the end.
        self._asked: dict[str, None] = {}

    def expect(self, pod: Pod) -> None:
        """The API is about to show a pod that was asked about already: it does not wait for that."""
        if pod.group is not None:
            self._early.add(pod.uid)

    def show(self, pods: Iterable[Pod]) -> None:
        """The API shows these pods so."""
        for pod in pods:
            if pod.uid in self._early:
                self._early.discard(pod.uid)
            elif pod.group is not None:
                if pod.node_name:
                    self.remove(pod)
                else:
                    self._waiting.setdefault(pod.group, set()).add(pod.name)

    def remove(self, pod: Pod) -> None:
        """The pod waits no longer, or is gone."""
        waiting = self._waiting.get(pod.group) if pod.group is not None else None
        if pod.group is not None and waiting is not None:
            waiting.discard(pod.name)
            if not waiting:
                del self._waiting[pod.group]

    def on_request(self, pod: Pod) -> GroupKey | None:
        """
        Take a request about a pod that the API shows; returns the group that has failed, if one has.

        Another scheduler may place something else meanwhile: its requests say nothing.
        """
        if pod.group is not None and pod.group == self._group:
            if pod.name in self._asked and pod.name != next(reversed(self._asked)):
                self._asked.clear()
            self._asked[pod.name] = None
            return None
        if self._group is not None and pod.scheduler != self._scheduler:
            return None
        ended, asked = self._group, self._asked
        self._group, self._scheduler = pod.group, pod.scheduler
        self._asked = {pod.name: None}
        if ended is None or self._waiting.get(ended, set()) <= asked.keys():
            return None
        return ended
