"""
Devices that become free while the scheduler is busy with a pod count as taken until its next attempt.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources dynamicresources.go PreFilter,
v1.36.2, which gathers the allocated devices once.
"""

# Theory
# ------
# kube-scheduler reads what is allocated when an attempt begins, and sends us a request when it has tried all
# nodes. Devices that become free in between are free for us and taken for this attempt: we would predict
# them, and they would not be allocated. So a claim that loses its devices is held back here, and the store
# goes on seeing it allocated, until a request comes about an attempt that began after the loss.
#
# When did an attempt begin? Nobody tells us. One scheduler tries one pod after the other, so
# * an attempt whose first request comes within BACK_TO_BACK_SECONDS of our last answer began with that
#   answer: the scheduler went on to the next pod in its queue;
# * any other began FILTERING_SECONDS before its first request: the scheduler was idle and had to filter
#   the nodes first;
# * a request about the same pod within BACKOFF_SECONDS of our last answer (prioritize after filter) belongs
#   to the same attempt. A pod that failed waits at least a second before it is tried again.
# For example: answer at 9.9 s; a claim loses its devices at 10.0 s; a request about job-2 comes at 10.3 s.
# Its attempt began at 9.9 s, so the devices are still taken for it. It is answered at 10.4 s. A request
# about job-3 comes at 10.8 s. Its attempt began at 10.4 s, so the devices are free for it.
#
# What holds
# * A claim is held back only if it was seen allocated and now is not: released, deleted, or both. Whatever
#   happens to it meanwhile is held back with it, and only the last state is passed on.
# * A claim that is allocated again, or another claim of the same name (another UID), passes at once: the
#   scheduler wrote it or sees it as new, and the old devices are not of interest any more.
# * The claim that the pod itself uses passes with the request: the scheduler tries the pod because it knows
#   that claim as it is now.
# * A complete list of claims ends all holding back: nothing may be older than a list.
# * Nothing is held back for longer than BACK_TO_BACK_SECONDS after the loss (`expire`, about once a
#   second): no attempt that is still under way can be older.
#
# What an editor must not break
# * Both errors are wrong predictions: a release that is held back too long hides a free device, one that
#   passes too early offers a device that this attempt cannot get. So the three times above decide, not
#   the order in which events happen to come in.
# * Order between claims is not kept, but the order of states of one claim is: each key is in `_held` at
#   most once, and passes through here before anything newer about it does.
# * Changes keep the JSON of their objects: what is held back for the store is held back for the recorder.
# * Several schedulers in one cluster interleave their attempts. Then a release may be held back or passed at
#   the wrong time; `lately` lets the comparison with the outcome call such a difference stale, not wrong.

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from extender.core.cluster.changes import Changes
from extender.model.kinds import RESOURCE_CLAIM

if TYPE_CHECKING:
    from extender.core.cluster.snapshot import ClaimKey
    from extender.model import Claim, DeviceID, Pod

BACK_TO_BACK_SECONDS = 2.0
"""An attempt that we are asked about so soon after the last answer began when that was given."""

FILTERING_SECONDS = 0.05
"""How long before we are asked any other attempt began: what 500 nodes take."""

BACKOFF_SECONDS = 0.9
"""A pod that is asked about again sooner is still in the same attempt: the scheduler waits at least 1 s."""

LATELY_SECONDS = 30.0
"""How long a device that became free may be why an allocation differs."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What has become of a claim that lost its devices, the UID it had, and when it lost them."""

    change: Changes
    uid: str
    time: float


class DelayedReleases:
    """
    Holds back what becomes of claims that lose their devices, until its time has come.

    Each method that returns changes returns those that the store may have now. ``clock`` is in seconds and
    does not go back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._allocated: dict[ClaimKey, Claim] = {}
        self._held: dict[ClaimKey, _Held] = {}
        self._lately: dict[DeviceID, float] = {}
        self._attempt = ""
        self._began = self._answered = float("-inf")

    def __len__(self) -> int:
        """Count the claims that are held back."""
        return len(self._held)

    def apply(self, changes: Changes) -> Changes:
        """
        Take changes; returns them without claims that lose their devices, or lost them and are held back.

        After a complete list of claims nothing is held back any more.
        """
        if RESOURCE_CLAIM.name in changes.complete:
            self._held.clear()
            claims = changes.upserts(RESOURCE_CLAIM)
            self._allocated = {claim.key: claim for claim in claims if claim.allocation is not None}
            return changes
        held = [key for key, claim in changes[RESOURCE_CLAIM].items() if self._holds(key, claim, changes)]
        return changes.without(RESOURCE_CLAIM, held)

    def on_request(self, pod: Pod) -> Changes:
        """A request about an attempt came in: what became free before the attempt began is free."""
        now = self._clock()
        if pod.uid != self._attempt or now - self._answered > BACKOFF_SECONDS:
            queued = now - self._answered <= BACK_TO_BACK_SECONDS
            self._attempt, self._began = pod.uid, self._answered if queued else now - FILTERING_SECONDS
        own = {(pod.namespace, entry.claim) for entry in pod.claims}
        return self._released(
            key for key, held in self._held.items() if held.time < self._began or key in own
        )

    def on_answer(self) -> None:
        """A request is answered: the next attempt may begin."""
        self._answered = self._clock()

    def expire(self) -> Changes:
        """Release what no attempt that is still under way can hold for taken; forget what is long free."""
        now = self._clock()
        old = now - LATELY_SECONDS
        self._lately = {device: time for device, time in self._lately.items() if time >= old}
        return self._released(
            key for key, held in self._held.items() if held.time < now - BACK_TO_BACK_SECONDS
        )

    def lately(self, device: DeviceID) -> bool:
        """Whether the device became free a short while ago."""
        return device in self._lately

    def _holds(self, key: ClaimKey, claim: Claim | None, changes: Changes) -> bool:
        """Whether the claim (``None``: it is gone) is held back from now on."""
        if claim is not None and claim.allocation is not None:
            self._allocated[key] = claim
            self._held.pop(key, None)
            return False
        held = self._held.get(key)
        if held is None:
            before = self._lose(key)
            if before is None:
                return False
            held = _Held(changes, before.uid, self._clock())
        if claim is not None and claim.uid != held.uid:
            # Another claim of that name: the one that lost its devices is gone.
            self._held.pop(key, None)
            return False
        self._held[key] = replace(held, change=changes.with_only(RESOURCE_CLAIM, (key,)))
        return True

    def _lose(self, key: ClaimKey) -> Claim | None:
        """Return the claim as it was if it was allocated; its devices are free now."""
        before = self._allocated.pop(key, None)
        if before is not None and before.allocation is not None:
            now = self._clock()
            self._lately.update((result.id, now) for result in before.allocation.results)
        return before

    def _released(self, keys: Iterable[ClaimKey]) -> Changes:
        return reduce(or_, [self._held.pop(key).change for key in [*keys]], Changes())
