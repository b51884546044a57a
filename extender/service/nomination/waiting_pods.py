"""
The pods that wait for a nomination, in the order in which the scheduler takes them.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extender.core.nomination.queue_order import Place, place_in_queue

if TYPE_CHECKING:
    from extender.model.pending_pods import PendingPod

MAX_PODS = 20_000
"""Pods that wait at a time; further ones go the usual way."""

FIRST_BACKOFF_SECONDS, MOST_BACKOFF_SECONDS = 0.05, 10.0
"""How long a pod waits that found no node; twice as long each time."""


@dataclass(frozen=True, slots=True)
class WaitingPod:
    """
    ``since``: when we first heard of it. ``place``: in the queue. ``fruitless``: how often it found no node.
    ``ready_at``: when it may be tried.
    """

    pod: PendingPod
    since: float
    place: Place
    fruitless: int = 0
    ready_at: float = 0.0


class WaitingPods:
    """By UID. Times are seconds of any clock that does not go back."""

    def __init__(self) -> None:
        self._by_uid: dict[str, WaitingPod] = {}
        self._arrivals = itertools.count()
        # Entries that are outdated are skipped when they come up.
        self._ready: list[tuple[Place, str]] = []
        self._later: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._by_uid)

    def __contains__(self, pod_uid: str) -> bool:
        return pod_uid in self._by_uid

    def get(self, pod_uid: str) -> WaitingPod | None:
        return self._by_uid.get(pod_uid)

    def add(self, pod: PendingPod, now: float) -> bool:
        """Take a pod that is new, or the newest state of one; false where it is one too many."""
        before = self._by_uid.get(pod.uid)
        if before is None and len(self._by_uid) >= MAX_PODS:
            return False
        arrived = before.place[1] if before is not None else next(self._arrivals)
        since = before.since if before is not None else now
        self._put(WaitingPod(pod, since, place_in_queue(pod, arrived)))
        return True

    def put_back(self, waiting: WaitingPod, pod: PendingPod, now: float, *, backoff: bool) -> None:
        """Let a pod wait again in its old place: for a while, or until the next call of ``next_ready``."""
        if not backoff:
            self._put(WaitingPod(pod, waiting.since, waiting.place, waiting.fruitless))
            return
        seconds = min(FIRST_BACKOFF_SECONDS * 2**waiting.fruitless, MOST_BACKOFF_SECONDS)
        fruitless = min(waiting.fruitless + 1, 10)
        self._put(WaitingPod(pod, waiting.since, waiting.place, fruitless, now + seconds))

    def remove(self, pod_uid: str) -> WaitingPod | None:
        """The pod is nominated, bound or gone."""
        return self._by_uid.pop(pod_uid, None)

    def clear(self) -> None:
        """No pod waits any more."""
        self._by_uid.clear()
        self._ready.clear()
        self._later.clear()

    def next_ready(self, now: float) -> WaitingPod | None:
        """The pod that comes first of those that may be tried now; it stays until it is removed."""
        while self._later and self._later[0][0] <= now:
            _, uid = heapq.heappop(self._later)
            waiting = self._by_uid.get(uid)
            if waiting is not None and waiting.ready_at <= now:
                heapq.heappush(self._ready, (waiting.place, uid))
        while self._ready:
            place, uid = self._ready[0]
            waiting = self._by_uid.get(uid)
            if waiting is not None and waiting.place == place and waiting.ready_at <= now:
                return waiting
            heapq.heappop(self._ready)
        return None

    def retry_all(self) -> None:
        """Devices may have become free: every pod may be tried at once."""
        for waiting in [each for each in self._by_uid.values() if each.ready_at > 0.0]:
            self._put(WaitingPod(waiting.pod, waiting.since, waiting.place, waiting.fruitless))
        self._later.clear()

    def _put(self, waiting: WaitingPod) -> None:
        self._by_uid[waiting.pod.uid] = waiting
        if waiting.ready_at > 0.0:
            heapq.heappush(self._later, (waiting.ready_at, waiting.pod.uid))
        else:
            heapq.heappush(self._ready, (waiting.place, waiting.pod.uid))
