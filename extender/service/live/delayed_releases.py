"""
Devices that become free while the scheduler is busy with a pod.

kube-scheduler looks at what is allocated when an attempt begins, and asks us when it has tried all nodes.
What becomes free in between is free for us and taken for this attempt: it would be predicted, and not be
allocated. So a claim that loses its devices is held back until an attempt comes that began after that.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources dynamicresources.go PreFilter,
v1.36.2, which gathers the allocated devices once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from extender.core.cluster.snapshot import ClaimKey
    from extender.kube.watch.events import Key, Sink
    from extender.model import Claim, DeviceID, Pod

BACK_TO_BACK_SECONDS = 2.0
"""An attempt that we are asked about so soon after the last answer began when that was given."""

FILTERING_SECONDS = 0.05
"""How long before we are asked any other attempt began: what 500 nodes take."""

BACKOFF_SECONDS = 0.9
"""A pod that is asked about again sooner is still in the same attempt: the scheduler waits at least 1 s."""

LATELY_SECONDS = 30.0
"""How long a device that became free may be why an allocation differs."""


@dataclass(slots=True)
class _Held:
    """What a claim has become, ``None`` if it is gone, and when it lost its devices."""

    claim: Claim | None
    uid: str
    time: float


class DelayedReleases:
    """
    Passes events on to ``sink``, but for claims that lose their devices: those when their time has come.

    ``clock`` is in seconds and does not go back.
    """

    def __init__(self, sink: Sink, clock: Callable[[], float]) -> None:
        self._sink, self._clock = sink, clock
        self._allocated: dict[ClaimKey, Claim] = {}
        self._held: dict[ClaimKey, _Held] = {}
        self._lately: dict[DeviceID, float] = {}
        self._attempt = ""
        self._began = self._answered = float("-inf")

    def __len__(self) -> int:
        """Count the claims that are held back."""
        return len(self._held)

    def replace(self, kind: str, objects: Sequence[object]) -> None:
        """Pass a complete list on: nothing of the kind is held back any more."""
        if kind == "ResourceClaim":
            claims = cast("Sequence[Claim]", objects)
            self._held.clear()
            self._allocated = {claim.key: claim for claim in claims if claim.allocation is not None}
        self._sink.replace(kind, objects)

    def apply(self, kind: str, upserts: Sequence[object], gone: Sequence[Key]) -> None:
        """Pass changes on, but for claims that lose their devices, or lost them and are held back."""
        if kind == "ResourceClaim":
            upserts = [each for each in cast("Sequence[Claim]", upserts) if not self._holds(each)]
            gone = [key for key in cast("Sequence[ClaimKey]", gone) if not self._holds_gone(key)]
        if upserts or gone:
            self._sink.apply(kind, upserts, gone)

    def asked(self, pod: Pod) -> None:
        """A request about an attempt came in: what became free before the attempt began is free."""
        now = self._clock()
        if pod.uid != self._attempt or now - self._answered > BACKOFF_SECONDS:
            queued = now - self._answered <= BACK_TO_BACK_SECONDS
            self._attempt, self._began = pod.uid, self._answered if queued else now - FILTERING_SECONDS
        own = {(pod.namespace, entry.claim) for entry in pod.claims}
        self._settle([key for key, held in self._held.items() if held.time < self._began or key in own])

    def answered(self) -> None:
        """A request is answered: the next attempt may begin."""
        self._answered = self._clock()

    def expire(self) -> None:
        """Pass on what no attempt that is still under way can hold for taken; forget what is long free."""
        now = self._clock()
        self._settle([key for key, held in self._held.items() if held.time < now - BACK_TO_BACK_SECONDS])
        old = now - LATELY_SECONDS
        self._lately = {device: time for device, time in self._lately.items() if time >= old}

    def lately(self, device: DeviceID) -> bool:
        """Whether the device became free a short while ago."""
        return device in self._lately

    def _holds(self, claim: Claim) -> bool:
        """Hold the claim back if it lost its devices."""
        if claim.allocation is not None:
            self._allocated[claim.key] = claim
            self._held.pop(claim.key, None)
            return False
        held = self._held.get(claim.key)
        if held is None:
            return self._lost(claim.key, claim)
        if held.uid != claim.uid:
            del self._held[claim.key]
            return False
        held.claim = claim
        return True

    def _holds_gone(self, key: ClaimKey) -> bool:
        held = self._held.get(key)
        if held is None:
            return self._lost(key, None)
        held.claim = None
        return True

    def _lost(self, key: ClaimKey, claim: Claim | None) -> bool:
        """Hold a claim back that was allocated; ``claim`` is what it has become."""
        before = self._allocated.pop(key, None)
        if before is None or before.allocation is None:
            return False
        now = self._clock()
        self._lately.update((result.id, now) for result in before.allocation.results)
        if claim is not None and claim.uid != before.uid:
            return False
        self._held[key] = _Held(claim, before.uid, now)
        return True

    def _settle(self, keys: Sequence[ClaimKey]) -> None:
        if not keys:
            return
        became = [(key, self._held.pop(key).claim) for key in keys]
        upserts = [claim for _, claim in became if claim is not None]
        self._sink.apply("ResourceClaim", upserts, [key for key, claim in became if claim is None])
