"""
Pods that requests name and the API does not show yet.

The scheduler and we learn of a pod at the same time, so the first request about it may come first. Such a
pod is followed for a moment only: a made-up one must not hold devices, memory or a place in a recording.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from .dropped import Dropped

if TYPE_CHECKING:
    from extender.model import Pod

UNCONFIRMED_SECONDS = 2.0
"""How long a pod is followed that the API does not show."""

MAX_PODS = 256
MAX_POD_BYTES = 64 * 1024
"""Unconfirmed pods at a time, and characters of the names in each; what is beyond is not followed."""


class PodState(StrEnum):
    """
    What the API says of the pod of a request.

    ``confirmed``: it shows the pod with this UID, the same claims and the same requests, unbound.
    ``unconfirmed``: it does not, or not yet. ``stranger``: the pod is not one that the scheduler can ask
    about, or there are too many unconfirmed ones; nothing is remembered of it.
    """

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    STRANGER = "stranger"


def pod_state(pod: Pod, shown: Pod | None) -> PodState:
    """Compare the pod of a request with the one of its name that the API shows."""
    if not pod.uid or pod.node_name:
        return PodState.STRANGER
    if shown is None or shown.uid != pod.uid:
        return PodState.UNCONFIRMED
    if shown.node_name:
        return PodState.STRANGER
    return PodState.CONFIRMED if confirms(shown, pod) else PodState.UNCONFIRMED


def confirms(shown: Pod, pod: Pod) -> bool:
    """Whether what the API shows is the pod of a request, with all that a prediction is made from."""
    return _predicted_from(shown) == _predicted_from(pod)


def _predicted_from(pod: Pod) -> tuple[object, ...]:
    named = pod.namespace, pod.name, pod.uid, pod.pod_group
    return *named, pod.claims, pod.init_containers, pod.containers


class UnconfirmedPods:
    """The unconfirmed pods by UID, the oldest first. ``clock`` is in seconds; ``dropped`` counts."""

    def __init__(
        self, clock: Callable[[], float], dropped: Callable[[Dropped], None] = lambda _: None
    ) -> None:
        self._clock, self._dropped = clock, dropped
        self._pods: OrderedDict[str, tuple[Pod, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pods)

    def __contains__(self, pod_uid: str) -> bool:
        return pod_uid in self._pods

    def add(self, pod: Pod) -> bool:
        """Take a pod that a request names; false, and counted, where it is too large or one too many."""
        self.remove(pod.uid)
        if len(self._pods) >= MAX_PODS or _characters(pod) > MAX_POD_BYTES:
            self._dropped(Dropped.UNCONFIRMED_LIMIT)
            return False
        self._pods[pod.uid] = pod, self._clock() + UNCONFIRMED_SECONDS
        return True

    def remove(self, pod_uid: str) -> None:
        """The pod is confirmed, or no longer followed."""
        self._pods.pop(pod_uid, None)

    def confirmed_by(self, shown: Pod) -> bool:
        """Whether an unconfirmed pod is now shown; it is then confirmed."""
        entry = self._pods.get(shown.uid)
        if entry is None or not confirms(shown, entry[0]):
            return False
        self.remove(shown.uid)
        return True

    def drop_expired(self) -> Sequence[str]:
        """Drop the pods that were not shown in time; returns their UIDs."""
        now, late = self._clock(), []
        while self._pods:
            uid, (_, expires) = next(iter(self._pods.items()))
            if expires > now:
                break
            self.remove(uid)
            self._dropped(Dropped.UNCONFIRMED)
            late.append(uid)
        return late


def _characters(pod: Pod) -> int:
    claims = sum(len(claim.name) + len(claim.claim) + len(claim.template) for claim in pod.claims)
    containers = (*pod.init_containers, *pod.containers)
    requests = sum(len(name) for container in containers for name, _ in container.requests)
    return (
        len(pod.name)
        + len(pod.uid)
        + len(pod.pod_group)
        + claims
        + requests
        + sum(len(each.name) for each in containers)
    )
