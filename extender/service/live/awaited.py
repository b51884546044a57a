"""
Objects that the API server is about to show: who waits for one is told on the watch, without polling.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extender.model.kinds import POD, RESOURCE_CLAIM

if TYPE_CHECKING:
    from extender.core.cluster.changes import Changes
    from extender.model import Claim, Pod

MAX_EVENTS = 128
MAX_EVENTS_OF_A_NAMESPACE = 32
"""Events that wait for the object that they are about, in all and of one namespace."""

MAX_CLAIMS = 20
MAX_CLAIMS_OF_A_NAMESPACE = 12
"""
Claims that wait for the pod that they are made for. They are part of the requests that may be answered at a
time, of which they leave some to claims that need not wait.
"""

MAX_ASKED_ABOUT = 64
MAX_ASKED_ABOUT_OF_A_NAMESPACE = 32
"""Claims that requests about pods wait for, in all and of one namespace."""

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """
    ``told`` is called with each object of that ``kind`` and ``key``; true where it is the one. ``lost`` is
    called where none came in time.
    """

    kind: str
    key: Key
    expires: float
    told: Callable[[Pod | Claim], bool]
    lost: Callable[[], None]


class AwaitedObjects:
    """
    Who waits for which pods and claims: at most ``most``, and ``most_of_a_namespace``.

    ``clock`` is in seconds.
    """

    def __init__(
        self, most: int, most_of_a_namespace: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock, self._most, self._most_of_a_namespace = clock, most, most_of_a_namespace
        self._by_object: dict[tuple[str, Key], list[Waiting]] = {}
        self._namespaces: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._namespaces.total()

    def add(
        self,
        kind: str,
        key: Key,
        seconds: float,
        told: Callable[[Pod | Claim], bool],
        lost: Callable[[], None] = lambda: None,
    ) -> Waiting | None:
        """Wait for an object for so many seconds; ``None`` where too many wait already."""
        if self._is_full(key[0]):
            self.expire()
        if self._is_full(key[0]):
            return None
        waiting = Waiting(kind, key, self._clock() + seconds, told, lost)
        self._by_object.setdefault((kind, key), []).append(waiting)
        self._namespaces[key[0]] += 1
        return waiting

    def remove(self, waiting: Waiting) -> None:
        """Wait no longer; nothing happens where that is so already."""
        place = waiting.kind, waiting.key
        others = self._by_object.get(place, [])
        if waiting not in others:
            return
        others.remove(waiting)
        if not others:
            del self._by_object[place]
        self._namespaces[waiting.key[0]] -= 1
        if not self._namespaces[waiting.key[0]]:
            del self._namespaces[waiting.key[0]]

    def on_changes(self, changes: Changes) -> None:
        """Tell those who wait for one of the pods and claims that came or changed."""
        if not self._by_object:
            return
        for kind, shown in (
            (POD.name, changes.upserts(POD)),
            (RESOURCE_CLAIM.name, changes.upserts(RESOURCE_CLAIM)),
        ):
            for each in shown:
                for waiting in tuple(self._by_object.get((kind, (each.namespace, each.name)), ())):
                    if waiting.told(each):
                        self.remove(waiting)

    def _is_full(self, namespace: str) -> bool:
        return len(self) >= self._most or self._namespaces[namespace] >= self._most_of_a_namespace

    def expire(self) -> None:
        """Drop whoever has waited long enough."""
        now = self._clock()
        for waiting in [each for group in self._by_object.values() for each in group if each.expires <= now]:
            self.remove(waiting)
            waiting.lost()


def claims_that_wait(clock: Callable[[], float] = time.monotonic) -> AwaitedObjects:
    """The pods that claims are made for."""
    return AwaitedObjects(MAX_CLAIMS, MAX_CLAIMS_OF_A_NAMESPACE, clock)


def claims_asked_about(clock: Callable[[], float] = time.monotonic) -> AwaitedObjects:
    """The claims of pods that are asked about."""
    return AwaitedObjects(MAX_ASKED_ABOUT, MAX_ASKED_ABOUT_OF_A_NAMESPACE, clock)


def events_that_wait(clock: Callable[[], float] = time.monotonic) -> AwaitedObjects:
    """The objects that Events are about."""
    return AwaitedObjects(MAX_EVENTS, MAX_EVENTS_OF_A_NAMESPACE, clock)
