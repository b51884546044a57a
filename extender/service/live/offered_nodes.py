"""
Which nodes our last filter answer passed for each pod: a pod may be bound to one of these only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

OFFER_SECONDS = 600.0
"""How old the filter answer may be that names the node of a binding."""

MAX_PODS = 4_000
MAX_BYTES = 32 * 1024 * 1024
"""Pods whose nodes are remembered, and bytes of these nodes' names; the oldest are forgotten first."""

MAX_UNSHOWN_PODS = 256
MAX_UNSHOWN_BYTES = 4 * 1024 * 1024
"""The same for pods that the API did not show, apart: made-up ones never displace those that it shows."""


class Offer(StrEnum):
    """
    What our last filter answer says of a node for a pod.

    ``named``: it passed the node. ``other``: it passed other nodes only. ``none``: there is no answer, or
    it is forgotten. ``late``: it is older than ``OFFER_SECONDS``.
    """

    NAMED = "named"
    OTHER = "other"
    NONE = "none"
    LATE = "late"


@dataclass(slots=True)
class _Names:
    """``text``: the names with a line break before and after each. ``pods``: how many share it."""

    source: Sequence[str]
    text: bytes
    pods: int = 0


class OfferedNodes:
    """
    The nodes that the last filter answer passed, by the pod's UID.

    ``clock`` is in seconds. ``dropped`` is called for each pod that is forgotten to make room.
    """

    def __init__(self, clock: Callable[[], float], dropped: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._shown = _Table(MAX_PODS, MAX_BYTES, dropped)
        self._unshown = _Table(MAX_UNSHOWN_PODS, MAX_UNSHOWN_BYTES, dropped)

    @property
    def held_bytes(self) -> int:
        """The bytes of the names that are held."""
        return self._shown.held_bytes + self._unshown.held_bytes

    def remember(self, pod_uid: str, names: Sequence[str], *, shown: bool) -> None:
        """Take the answer for a pod; ``shown``: the API shows the pod with this UID, unbound."""
        self.forget(pod_uid)
        (self._shown if shown else self._unshown).add(pod_uid, names, self._clock())

    def forget(self, pod_uid: str) -> None:
        """Drop the answer for a pod that is bound or gone."""
        self._shown.remove(pod_uid)
        self._unshown.remove(pod_uid)

    def offer(self, pod_uid: str, node: str) -> Offer:
        """Whether the pod may be bound to ``node``."""
        found = self._shown.get(pod_uid) or self._unshown.get(pod_uid)
        if found is None:
            return Offer.NONE
        names, when = found
        if self._clock() - when > OFFER_SECONDS:
            return Offer.LATE
        return Offer.NAMED if holds_name(names.text, node) else Offer.OTHER


class _Table:
    """Answers by pod, the oldest first; answers with the same names share them."""

    def __init__(self, max_pods: int, max_bytes: int, dropped: Callable[[], None]) -> None:
        self._max_pods, self._max_bytes, self._dropped = max_pods, max_bytes, dropped
        self._by_pod: OrderedDict[str, tuple[_Names, float]] = OrderedDict()
        self._last = _Names((), b"")
        self.held_bytes = 0

    def get(self, pod_uid: str) -> tuple[_Names, float] | None:
        return self._by_pod.get(pod_uid)

    def add(self, pod_uid: str, names: Sequence[str], now: float) -> None:
        if self._last.source is not names:
            self._last = _Names(names, names_text(names))
        held = self._last
        if not held.pods:
            self.held_bytes += len(held.text)
        held.pods += 1
        self._by_pod[pod_uid] = held, now
        while self._by_pod and (len(self._by_pod) > self._max_pods or self.held_bytes > self._max_bytes):
            self.remove(next(iter(self._by_pod)))
            self._dropped()

    def remove(self, pod_uid: str) -> None:
        held, _ = self._by_pod.pop(pod_uid, (None, 0.0))
        if held is None:
            return
        held.pods -= 1
        if not held.pods:
            self.held_bytes -= len(held.text)


def names_text(names: Sequence[str]) -> bytes:
    """The names of nodes as one text, of known size, that holds nothing of the request."""
    return "\n".join(("", *names, "")).encode("utf-8", "replace")


def holds_name(text: bytes, node: str) -> bool:
    """Whether the node is one of those of ``names_text``."""
    return "\n" not in node and names_text([node]) in text
