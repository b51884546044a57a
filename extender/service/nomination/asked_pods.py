"""
Pods that the scheduler asks about: what it has in hand comes before all that is only nominated.

Source: k8s.io/kubernetes pkg/scheduler/schedule_one.go evaluateNominatedNode, and
pkg/scheduler/framework/runtime/framework.go RunFilterPluginsWithNominatedPods, v1.35 to v1.37: a pod is asked
about for its nominated node alone, and nominated pods reserve CPU, memory and ports there, but no devices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from extender.core.nomination.choice import devices_of

if TYPE_CHECKING:
    from extender.core.nomination.queue_order import Place
    from extender.model import Claim

    from ..live.store import LiveStore
    from .outstanding import Nomination
    from .renewal import Renewal
    from .state import NominationState

MOST_ASIDE = 16
"""
Nominations of one node that step aside for a pod; where there are more, none does, and the prediction may
be of devices behind them. Each is predicted again, which takes about a millisecond.
"""


class AskedPods:
    """
    Lets nominations step aside for the pod that the scheduler asks about, and predicts them again behind it.

    With ``filterVerb`` the scheduler asks about nominated pods, too: those that it has not asked about come
    later. Without, those come later that are behind the pod in the queue.
    """

    def __init__(self, store: LiveStore, state: NominationState, renewal: Renewal) -> None:
        self._store, self._state, self._renewal = store, state, renewal
        self._filters = False

    def on_request(self, pod_uid: str, names: Sequence[str]) -> None:
        """The scheduler asks about a pod for the nodes ``names``: on a single one it comes next."""
        nomination = self._state.outstanding.get(pod_uid)
        if nomination is not None:
            self._state.put(replace(nomination, asked=True))
        if len(names) == 1:
            self._filters |= nomination is not None and nomination.node == names[0]
            self.step_aside(pod_uid, names[0])

    def step_aside(self, pod_uid: str, node: str) -> bool:
        """Take back what is assumed of the pods on the node that come later; whether that was anything."""
        later = [each for each in self._state.outstanding.not_asked(node) if each.pod.uid != pod_uid]
        if not self._filters:
            later = self._behind(self._state.place_of(pod_uid), later)
        if len(later) > MOST_ASIDE or not self._store.forget(*(each.pod.uid for each in later)):
            return False
        self._state.disturbed.add(node)
        return True

    def on_followed(self, pod_uid: str, node: str, claims: Sequence[Claim]) -> None:
        """The pod is assumed to get these ``claims`` on the node: the others there come behind it."""
        nomination = self._state.outstanding.get(pod_uid)
        if nomination is not None and nomination.node == node:
            self._state.put(replace(nomination, devices=devices_of(claims)))
        self._renewal.predict_again()

    def _behind(self, place: Place | None, nominations: list[Nomination]) -> list[Nomination]:
        """Those behind a place in the queue, none where it is not known; the scheduler has the others."""
        if place is None:
            return []
        for each in nominations:
            if each.place < place:
                self._state.put(replace(each, asked=True))
        return [each for each in nominations if each.place > place]
