"""
Nominates pending pods: takes what the API shows of them, and makes the decisions.

Nothing here waits or writes: ``loop`` asks for the next decision and writes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from extender.core.nomination.refusals import Refusal, code_of, render_not_nominated
from extender.model.kinds import NODE, RESOURCE_CLAIM, RESOURCE_SLICE
from extender.model.pending_pods import PENDING_POD

from ..explain import ExplainedNomination
from ..policy import Policy
from .asked_pods import AskedPods
from .choosing import NodeChoice, Preparation
from .following import Following
from .outstanding import Nomination
from .renewal import Renewal
from .results import Counted
from .state import NominationState, is_ours

if TYPE_CHECKING:
    from extender.core.cluster.changes import Changes
    from extender.core.prediction.evaluate import Evaluation
    from extender.kube.api.nominations import Written
    from extender.model import Pod
    from extender.model.pending_pods import PendingPod

    from ..live.prediction_check import PredictionCheck
    from ..live.store import LiveStore
    from .node_rules import NodeRules
    from .notices import Notices
    from .outstanding import Outstanding
    from .waiting_pods import WaitingPod

RETRY_SECONDS = 1.0
"""How often all pods that found no node are tried again on a cluster that changes."""

MOST_CLAIMLESS = 1_000
"""Claims that pods wait for, beyond two for each pod, before those of pods that are gone are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NominationSettings:
    """``schedulers``: the profiles whose pods are nominated. ``seconds``: how long devices are assumed."""

    schedulers: frozenset[str]
    seconds: float
    default_policy: Policy = Policy.PREFERRED


class Nominator:
    """
    Decides about pending pods, and follows those that it has nominated.

    ``evaluate`` resolves a pod against the current snapshot. ``clock`` is in seconds and does not go back.
    ``wake`` is called when there may be something to do.
    """

    def __init__(
        self,
        store: LiveStore,
        checks: PredictionCheck,
        evaluate: Callable[[Pod], Evaluation[bytes]],
        rules: NodeRules,
        settings: NominationSettings,
        clock: Callable[[], float],
        counted: Counted,
        *,
        notices: Notices,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._rules = store, rules
        self._clock, self.wake = clock, wake
        self._state = NominationState(rules, settings.schedulers, clock, counted, notices)
        self._pending, self._waiting = self._state.pending, self._state.waiting
        self._outstanding, self._claimless = self._state.outstanding, self._state.claimless
        self._choice = NodeChoice(store, checks, evaluate, rules, self._state, clock, settings.default_policy)
        self._following = Following(store, checks, self._state, clock)
        self._renewal = Renewal(store, self._choice, self._state, clock, settings.seconds)
        self.asked: Final = AskedPods(store, self._state, self._renewal)
        """Is told of the pods that the scheduler asks about."""
        self._retried = float("-inf")

    @property
    def outstanding(self) -> Outstanding:
        return self._outstanding

    @property
    def waiting(self) -> int:
        """How many pods wait for a nomination."""
        return len(self._waiting)

    def explained(self, pod: Pod) -> ExplainedNomination | None:
        """What is said of a pod: where it is nominated and why there, or why it is not."""
        nomination, refusal = self._outstanding.get(pod.uid), self._state.refusals.get(pod.uid)
        if nomination is not None:
            seconds = self._clock() - nomination.decided
            others = nomination.equals - 1
            rank = f"equally with {others} others" if others else "alone"
            said = f"nominated {seconds:.0f} s ago: of the nodes that passed, this one ranked first, {rank}"
            return ExplainedNomination(nomination.node, None, said)
        if refusal is None:
            return None
        return ExplainedNomination(None, code_of(refusal), render_not_nominated(refusal))

    def begin(self) -> None:
        """Act from now on: all pending pods may be nominated, and those that were are adopted."""
        self._state.acting = True
        for pod in self._pending.values():
            self._state.take(pod)
        self.wake()

    def resign(self) -> None:
        """Act no more, as another replica may: what is assumed of nominations is taken back."""
        if not self._state.acting:
            return
        self._state.acting = False
        for nomination in self._outstanding:
            self._state.remove(nomination.pod.uid)
            self._store.forget(nomination.pod.uid)
        self._waiting.clear()
        self._state.withdrawn.clear()

    def on_changes(self, changes: Changes) -> None:
        """Take changes that the store has taken: devices may have become free."""
        if self._claimless:
            for key in changes[RESOURCE_CLAIM]:
                waiting = self._waiting.get(self._claimless.pop(key, ""))
                if waiting is not None:
                    self._waiting.put_back(waiting, waiting.pod, self._clock(), backoff=False)
        for claim in changes.upserts(RESOURCE_CLAIM):
            if claim.allocation is not None and len(self._outstanding):
                self._following.allocated(claim)
        self._renewal.predict_again()
        if any(changes.by_kind.get(kind.name) for kind in (NODE, RESOURCE_CLAIM, RESOURCE_SLICE)):
            self.wake()

    def apply(self, changes: Changes) -> None:
        """Take what the API shows of pending pods and of nodes; the store has them already."""
        self._rules.on_readings(changes)
        for key in changes.gone(PENDING_POD, self._pending):
            before = self._pending.pop(key, None)
            if before is not None:
                self._following.left(before)
        complete = PENDING_POD.name in changes.complete
        # A list has no order of arrival.
        for pod in sorted(changes.upserts(PENDING_POD), key=lambda pod: pod.created if complete else ""):
            before = self._pending.get(pod.key)
            self._pending[pod.key] = pod
            if before is not None and before.uid != pod.uid:
                self._following.left(before)
                before = None
            self._following.shown(before, pod)
        self._renewal.predict_again()
        self.wake()

    def next_ready(self) -> WaitingPod | None:
        """The pod to decide about now."""
        return self._waiting.next_ready(self._clock())

    def next_withdrawn(self) -> PendingPod | None:
        """A pod of which a nomination of ours is to be removed."""
        return self._state.withdrawn.popleft() if self._state.withdrawn else None

    def decide(self, waiting: WaitingPod, *, prepared: bool = False) -> Nomination | Preparation | None:
        """
        Choose a node and assume that the pod gets its devices there; ``None`` where there is none now.

        The pod no longer waits, but for a while where that may change. Where the choice takes longer than
        a turn, the pod still waits for it to be ``prepared``.
        """
        # What has stepped aside for a pod that came to nothing is promised all the same.
        self._renewal.predict_again()
        pod = waiting.pod
        self._waiting.remove(pod.uid)
        adopted = is_ours(pod)
        nomination = self._choice.choose(waiting, pod, (pod.nominated_node,) if adopted else None)
        if isinstance(nomination, Preparation):
            if not prepared:
                self._waiting.put_back(waiting, pod, self._clock(), backoff=False)
                return nomination
            nomination = Refusal.TOO_COSTLY
        if not isinstance(nomination, Nomination):
            self._state.refuse(pod, nomination)
            if adopted and nomination is not Refusal.UNDER_WAY:
                self._state.withdrawn.append(pod)
            elif nomination is not Refusal.IGNORED:
                self._waiting.put_back(waiting, pod, self._clock(), backoff=True)
            return None
        self._state.refusals.pop(pod.uid, None)
        self._state.put(nomination)
        if any(each.place > nomination.place for each in self._outstanding.on_node(nomination.node)):
            # The scheduler takes this pod before those that were nominated earlier.
            self._state.disturbed.add(nomination.node)
            self._renewal.predict_again()
        return None if adopted else self._outstanding.get(pod.uid)

    def writing(self, nomination: Nomination) -> None:
        """The patch is under way."""
        self._state.writing[nomination.pod.uid] = ""

    def written(self, nomination: Nomination, result: Written) -> None:
        """Take what became of the patch."""
        self._following.written(nomination, result)
        self._renewal.predict_again()

    def expire(self) -> None:
        """Confirm or take back nominations that the scheduler has not followed in time."""
        self._renewal.renew_old()
        self._renewal.predict_again()
        if len(self._claimless) > MOST_CLAIMLESS + 2 * len(self._waiting):
            for key in [key for key, uid in self._claimless.items() if uid not in self._waiting]:
                del self._claimless[key]
        self._retry_where_free()

    def _retry_where_free(self) -> None:
        """Let pods that found no node try again, once a second, where the cluster has changed."""
        now = self._clock()
        if now - self._retried >= RETRY_SECONDS and self._choice.may_differ:
            self._retried = now
            self._waiting.retry_all()
