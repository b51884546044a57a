"""
Nominations whose devices are to be assumed anew: those that grow old, and those beside a disturbance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from extender.core.nomination.refusals import Refusal

from .outstanding import Nomination
from .results import NominationResult
from .state import is_ours

if TYPE_CHECKING:
    from ..live.store import LiveStore
    from .choosing import NodeChoice
    from .state import NominationState

RENEW_PART = 0.8
"""A nomination is looked at again after this part of the time for which its devices are assumed."""


class Renewal:
    """
    Confirms nominations where their node is still right, and else takes them back.

    ``seconds``: how long devices are assumed.
    """

    def __init__(
        self,
        store: LiveStore,
        choice: NodeChoice,
        state: NominationState,
        clock: Callable[[], float],
        seconds: float,
    ) -> None:
        self._store, self._choice, self._state = store, choice, state
        self._clock, self._seconds = clock, seconds

    def renew_old(self) -> None:
        """Confirm or take back nominations that the scheduler has not followed in time."""
        now = self._clock()
        for nomination in self._state.outstanding:
            old = now - nomination.decided >= RENEW_PART * self._seconds
            if old and not self._store.is_under_way(nomination.pod.uid):
                self._renew(nomination)

    def predict_again(self) -> None:
        """
        Assume anew what pods get on the nodes where one does not take its devices, each in its turn.

        Pods that the scheduler has asked about have their turn behind them. Where claims are being written
        already, nothing is changed.
        """
        for node in self._state.disturbed:
            nominations = self._state.outstanding.not_asked(node)
            self._store.forget(*(nomination.pod.uid for nomination in nominations))
            for nomination in nominations:
                self._state.remove(nomination.pod.uid)
            for nomination in nominations:
                pod = self._state.pending.get(nomination.pod.key, nomination.pod)
                again = self._choice.choose_again(nomination, pod, node)
                if again is Refusal.CLAIMS:
                    self._state.put(nomination)
                elif not isinstance(again, Nomination):
                    self._state.counted.result(NominationResult.WITHDRAWN)
                    if is_ours(pod):
                        self._state.withdrawn.append(pod)
                else:
                    decided, shown = nomination.decided, nomination.shown
                    self._state.put(replace(again, pod=nomination.pod, decided=decided, shown=shown))
        self._state.disturbed.clear()

    def _renew(self, nomination: Nomination) -> None:
        uid = nomination.pod.uid
        pod = self._state.pending.get(nomination.pod.key)
        self._store.forget(uid)
        if pod is None or pod.uid != uid or not is_ours(pod):
            self._state.end(nomination, NominationResult.WITHDRAWN)
            if pod is not None:
                self._state.take(pod)
            return
        self._state.remove(uid)
        again = self._choice.choose_again(nomination, pod, nomination.node)
        if again is Refusal.CLAIMS:
            # The scheduler is writing them.
            self._state.put(replace(nomination, decided=self._clock()))
        elif not isinstance(again, Nomination):
            self._state.end(nomination, NominationResult.WITHDRAWN)
            self._state.withdrawn.append(pod)
        else:
            self._state.put(replace(again, shown=True))
            if not nomination.asked:
                self._state.notices.not_followed(nomination, self._clock() - nomination.since)
