"""
What becomes of nominations, as the API shows it: they are taken, passed by, late, withdrawn or refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from extender.kube.api.nominations import Written
from extender.model import PoolID

from ..live.prediction_check import node_of
from .results import NominationResult
from .state import is_ours

if TYPE_CHECKING:
    from extender.model import Claim
    from extender.model.pending_pods import PendingPod

    from ..live.prediction_check import PredictionCheck
    from ..live.store import LiveStore
    from .outstanding import Nomination
    from .state import NominationState


class Following:
    """
    Follows pending pods from their nomination to the end of it.

    The nodes where a pod does not take its devices are noted as disturbed; what others get there is then
    to be predicted again.
    """

    def __init__(
        self,
        store: LiveStore,
        checks: PredictionCheck,
        state: NominationState,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._checks, self._state, self._clock = store, checks, state, clock

    def shown(self, before: PendingPod | None, pod: PendingPod) -> None:
        """The API shows a pending pod that is new or changed; ``before``: its last state."""
        nomination = self._state.outstanding.get(pod.uid)
        if nomination is None:
            if before is not None and before.nominated_node and not pod.nominated_node:
                self._store.forget(pod.uid)
            self._state.take(pod)
            return
        failed = pod.unschedulable and before is not None and not before.unschedulable
        if pod.deleting:
            self._state.end(nomination, NominationResult.WITHDRAWN)
            self._store.forget(pod.uid)
        elif is_ours(pod) and pod.nominated_node == nomination.node:
            if failed:
                self._state.end(nomination, NominationResult.PASSED_BY)
                self._store.forget(pod.uid)
                self._state.withdrawn.append(pod)
            elif not nomination.shown:
                self._state.put(replace(nomination, shown=True))
        elif pod.nominated_node:
            # The scheduler has chosen, or preemption has: the store assumes the devices there by itself.
            self._state.end(nomination, self._missed(nomination))
        elif nomination.shown:
            self._state.end(nomination, NominationResult.PASSED_BY)
            self._store.forget(pod.uid)
            self._state.take(pod)

    def left(self, before: PendingPod) -> None:
        """The pod is bound or gone."""
        uid = before.uid
        self._state.refusals.pop(uid, None)
        self._state.waiting.remove(uid)
        nomination = self._state.outstanding.get(uid)
        if nomination is not None:
            self._followed(nomination, before)
        self._state.notices.left(uid)

    def _followed(self, nomination: Nomination, before: PendingPod) -> None:
        """The pod is bound, there or elsewhere, or gone."""
        uid = before.uid
        pod = self._store.current.pods.get(before.key)
        node = pod.node_name if pod is not None and pod.uid == uid else ""
        if node and uid in self._state.writing:
            self._state.remove(uid)
            self._state.writing[uid] = node
            return
        if not node:
            self._state.end(nomination, NominationResult.WITHDRAWN)
        else:
            taken = nomination.shown and node == nomination.node
            self._state.end(nomination, NominationResult.TAKEN if taken else self._missed(nomination))

    def allocated(self, claim: Claim) -> None:
        """A claim got devices: where these are not the predicted ones, other pods get others, too."""
        pods = (*(consumer.uid for consumer in claim.reserved_for), claim.owner_uid)
        nomination = next((found for uid in pods if (found := self._state.outstanding.get(uid))), None)
        results = claim.allocation.results if claim.allocation is not None else ()
        devices = {result.id for result in results}
        if nomination is not None and not nomination.devices.issuperset(devices):
            self._state.disturbed.add(nomination.node)
        node = node_of(claim)
        others = self._state.outstanding.on_node(node)
        if any(each is not nomination and not each.devices.isdisjoint(devices) for each in others):
            self._state.disturbed.add(node)

    def written(self, nomination: Nomination, result: Written) -> None:
        """Take what became of the patch."""
        uid = nomination.pod.uid
        landed = self._state.writing.pop(uid, "")
        current = self._state.outstanding.get(uid)
        if landed:
            taken = result is Written.DONE and landed == nomination.node
            self._state.counted.result(NominationResult.TAKEN if taken else self._missed(nomination))
        elif current is None or current.node != nomination.node or current.decided != nomination.decided:
            return
        elif result is Written.DONE:
            self._state.put(replace(current, shown=True))
        elif result is not Written.UNANSWERED:
            self._state.remove(uid)
            self._state.disturbed.add(nomination.node)
            self._not_written(nomination, result)

    def _not_written(self, nomination: Nomination, result: Written) -> None:
        """The API server did not take the patch: the pod changed, or we may not."""
        uid = nomination.pod.uid
        pod = self._state.pending.get(nomination.pod.key)
        self._await_landing(uid)
        if pod is None or pod.uid != uid:
            return
        if result is Written.REFUSED:
            self._state.counted.result(NominationResult.REFUSED)
        elif pod.nominated_node:
            self._state.counted.result(NominationResult.LATE)
            return
        self._state.waiting.add(pod, self._clock())
        waiting = self._state.waiting.get(uid)
        if waiting is not None:
            # The newest state is on its way, unless it is here already.
            stale = result is Written.REFUSED or pod.version == nomination.pod.version
            waiting = replace(waiting, place=nomination.place, since=nomination.since)
            self._state.waiting.put_back(waiting, pod, self._clock(), backoff=stale)

    def _await_landing(self, uid: str) -> None:
        """Assume no devices any more, but learn where the pod lands."""
        evaluation = self._checks.evaluation_of(uid)
        if evaluation is None:
            self._store.forget(uid)
        else:
            self._store.assume(uid, evaluation.pending)

    def _missed(self, nomination: Nomination) -> NominationResult:
        """Why the scheduler took another node: ours may have lost the devices, else it came too late."""
        holders = self._store.current.holders
        uid = nomination.pod.uid
        lost = any(
            result.id in nomination.devices
            for pool in {PoolID(device.driver, device.pool) for device in nomination.devices}
            for claim in holders.get(pool, ())
            if uid != claim.owner_uid and all(consumer.uid != uid for consumer in claim.reserved_for)
            for result in (claim.allocation.results if claim.allocation is not None else ())
        )
        return NominationResult.PASSED_BY if nomination.shown and lost else NominationResult.LATE
