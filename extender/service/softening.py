"""
Which claims ask for soft alignment, and what they are to become.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from extender.core.soft_alignment.refusals import Refusal, RefusalCode
from extender.core.soft_alignment.soften import Rewrite, soften
from extender.kube.rewriting.admission_policy import ASKS

if TYPE_CHECKING:
    from extender.core.cluster.slice_index import SliceIndex
    from extender.core.cluster.snapshot import Snapshot
    from extender.model import ClaimSpec, DeviceClass

RESULT_ANNOTATION = f"{ASKS}-result"
"""Says on a claim or template that asked what became of it: ``rewritten`` or a code, and why."""

FRESH_SECONDS = 10.0
"""
How long a decision holds although slices changed. It may, because what it allows fits whatever they
publish; drivers that write their slices all the time would otherwise make each claim as dear as the first.
"""

_CAPACITY = 256

MOST_WAITING = 16
"""
The most claims that wait for a decision. The API server waits three seconds, and on hundreds of nodes a
decision takes about an eighth of one.
"""


class SoftResult(StrEnum):
    """
    What became of a claim or template, where it is no ``RefusalCode``.

    ``busy``: too many were being decided, or waited for their pod. ``pod-unknown``: the pod that it was
    made for has not been seen, so that nobody knows whether it asks. ``unreadable``: the object is of a
    form that we do not know.
    """

    REWRITTEN = "rewritten"
    NOT_ASKED = "not-asked"
    POD_UNKNOWN = "pod-unknown"
    NOT_READY = "not-ready"
    STALE = "stale"
    UNREADABLE = "unreadable"
    BUSY = "busy"
    INTERNAL_ERROR = "internal-error"


RESULTS: tuple[str, ...] = (*SoftResult, *RefusalCode)


def asks(annotations: Mapping[str, str] | None, labels: Mapping[str, str] | None = None) -> bool | None:
    """Whether an object asks to be rewritten; ``None``: it does not say, so that its pod may."""
    word = (annotations or {}).get(ASKS) or (labels or {}).get(ASKS)
    return None if word is None else word == "true"


@dataclass(frozen=True, slots=True)
class _Decision:
    """``outcome`` for a spec on these ``slices`` and ``classes``, decided at ``time``."""

    outcome: Rewrite | Refusal
    slices: SliceIndex
    classes: Mapping[str, DeviceClass]
    time: float


class Softener:
    """
    Decides how claims are rewritten, and remembers it: claims from one template say the same.

    Deciding takes a second on thousands of nodes, so it happens in a thread, one at a time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._decisions: OrderedDict[ClaimSpec, _Decision] = OrderedDict()
        self._deciding = asyncio.Lock()
        self._waiting = 0

    async def decide(
        self, spec: ClaimSpec, snapshot: Snapshot, *, remember: bool = True
    ) -> Rewrite | Refusal | None:
        """
        Return what ``soften`` makes of the spec, on these slices or on those of a moment ago.

        ``None``: too many wait for their decision. ``remember``: keep the decision.
        """
        outcome = self._remembered(spec, snapshot)
        if outcome is not None:
            return outcome
        if self._waiting >= MOST_WAITING:
            return None
        self._waiting += 1
        try:
            async with self._deciding:
                return await self._decide(spec, snapshot, remember=remember)
        finally:
            self._waiting -= 1

    async def _decide(self, spec: ClaimSpec, snapshot: Snapshot, *, remember: bool) -> Rewrite | Refusal:
        outcome = self._remembered(spec, snapshot)
        if outcome is None:
            outcome = await asyncio.to_thread(soften, spec, snapshot)
            if remember:
                self._remember(spec, _Decision(outcome, snapshot.slices, snapshot.classes, self._clock()))
        return outcome

    def _remembered(self, spec: ClaimSpec, snapshot: Snapshot) -> Rewrite | Refusal | None:
        """The outcome of an earlier decision that still holds."""
        decision = self._decisions.get(spec)
        if decision is None or decision.classes is not snapshot.classes:
            return None
        if decision.slices is not snapshot.slices and self._clock() - decision.time >= FRESH_SECONDS:
            return None
        self._decisions.move_to_end(spec)
        return decision.outcome

    def _remember(self, spec: ClaimSpec, decision: _Decision) -> None:
        self._decisions[spec] = decision
        self._decisions.move_to_end(spec)
        while len(self._decisions) > _CAPACITY:
            self._decisions.popitem(last=False)
