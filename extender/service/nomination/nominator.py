"""
What is nominated, and what becomes of it: the state, which only the event loop changes.

Nothing here waits or writes: ``loop`` asks for the next decision and writes it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from extender.core.nomination.choice import choose_node
from extender.core.nomination.refusals import REFUSAL_TEXTS, Refusal, refusal_of
from extender.core.prediction.evaluate import Turn, TurnOver
from extender.kube.api.nominations import FIELD_MANAGER, Written
from extender.model import PoolID
from extender.model.kinds import NODE, RESOURCE_CLAIM, RESOURCE_SLICE
from extender.model.pending_pods import PENDING_POD

from ..explain import ExplainedNomination
from ..judging import TURN_UNITS
from ..policy import Policy, policy_of
from .outstanding import Nomination, Outstanding
from .results import NominationResult
from .waiting_pods import WaitingPods

if TYPE_CHECKING:
    from extender.core.cluster.changes import Changes
    from extender.core.cluster.snapshot import ClaimKey
    from extender.core.prediction.evaluate import Evaluation
    from extender.model import Claim, Pod
    from extender.model.pending_pods import PendingPod

    from ..live.prediction_check import PredictionCheck
    from ..live.store import LiveStore
    from .node_rules import NodeRules
    from .waiting_pods import WaitingPod

RENEW_PART = 0.8
"""A nomination is looked at again after this part of the time for which its devices are assumed."""

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


@dataclass(frozen=True, slots=True)
class Counted:
    """What is told of each nomination that ends, and once of each reason for which a pod is not nominated."""

    result: Callable[[NominationResult], None] = lambda _: None
    refusal: Callable[[Refusal], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is to be judged before a decision can be made in a turn; see ``judging``."""

    pod: Pod
    evaluation: Evaluation[bytes]
    nodes: Sequence[str]


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
        counted: Counted = Counted(),
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._checks, self._evaluate, self._rules = store, checks, evaluate, rules
        self._settings, self._clock, self._counted, self.wake = settings, clock, counted, wake
        self._pending: dict[tuple[str, str], PendingPod] = {}
        self._waiting = WaitingPods()
        self._outstanding = Outstanding()
        self._refusals: dict[str, Refusal] = {}
        # Claims that are not there yet, each with the pod that waits for it; several kinds are watched
        # side by side, so a pod may come before its claims.
        self._claimless: dict[ClaimKey, str] = {}
        # Pods whose patch is under way, each with the node where it landed meanwhile.
        self._writing: dict[str, str] = {}
        self._withdrawn: deque[PendingPod] = deque()
        # Nodes where a pod does not take its devices, so that the pods after it get others.
        self._disturbed: set[str] = set()
        # Questions that no node answers, as of this state.
        self._fruitless: set[Hashable] = set()
        self._fruitless_state = (-1, -1)
        self._retried = float("-inf")
        self._acting = False

    @property
    def outstanding(self) -> Outstanding:
        return self._outstanding

    @property
    def waiting(self) -> int:
        """How many pods wait for a nomination."""
        return len(self._waiting)

    def nomination_of(self, pod_uid: str) -> Nomination | None:
        """The nomination of a pod that the scheduler has not followed yet."""
        return self._outstanding.get(pod_uid)

    def explained(self, pod: Pod) -> ExplainedNomination | None:
        """What is said of a pod: where it is nominated and why there, or why it is not."""
        nomination, refusal = self._outstanding.get(pod.uid), self._refusals.get(pod.uid)
        if nomination is not None:
            seconds = self._clock() - nomination.decided
            others = nomination.equals - 1
            rank = f"equally with {others} others" if others else "alone"
            said = f"nominated {seconds:.0f} s ago: of the nodes that passed, this one ranked first, {rank}"
            return ExplainedNomination(nomination.node, None, said)
        return None if refusal is None else ExplainedNomination(None, refusal, REFUSAL_TEXTS[refusal])

    def refusal_of(self, pod_uid: str) -> Refusal | None:
        """Why a pending pod is not nominated, as far as that is known."""
        return self._refusals.get(pod_uid)

    def begin(self) -> None:
        """Act from now on: all pending pods may be nominated, and those that were are adopted."""
        self._acting = True
        for pod in self._pending.values():
            self._take(pod)
        self.wake()

    def resign(self) -> None:
        """Act no more, as another replica may: what is assumed of nominations is taken back."""
        if not self._acting:
            return
        self._acting = False
        for nomination in self._outstanding:
            self._remove(nomination.pod.uid)
            self._store.forget(nomination.pod.uid)
        self._waiting = WaitingPods()
        self._withdrawn.clear()

    def on_changes(self, changes: Changes) -> None:
        """Take changes that the store has taken: devices may have become free."""
        if self._claimless:
            for key in changes[RESOURCE_CLAIM]:
                waiting = self._waiting.get(self._claimless.pop(key, ""))
                if waiting is not None:
                    self._waiting.put_back(waiting, waiting.pod, self._clock(), backoff=False)
        for claim in changes.upserts(RESOURCE_CLAIM):
            if claim.allocation is not None and len(self._outstanding):
                self._note_allocated(claim)
        self._predict_again()
        if any(changes.by_kind.get(kind.name) for kind in (NODE, RESOURCE_CLAIM, RESOURCE_SLICE)):
            self.wake()

    def apply(self, changes: Changes) -> None:
        """Take what the API shows of pending pods and of nodes; the store has them already."""
        self._rules.on_readings(changes)
        for key in changes.gone(PENDING_POD, self._pending):
            before = self._pending.pop(key, None)
            if before is not None:
                self._left(before)
        complete = PENDING_POD.name in changes.complete
        # A list has no order of arrival.
        for pod in sorted(changes.upserts(PENDING_POD), key=lambda pod: pod.created if complete else ""):
            before = self._pending.get(pod.key)
            self._pending[pod.key] = pod
            if before is not None and before.uid != pod.uid:
                self._left(before)
                before = None
            self._shown(before, pod)
        self._predict_again()
        self.wake()

    def next_ready(self) -> WaitingPod | None:
        """The pod to decide about now."""
        return self._waiting.next_ready(self._clock())

    def next_withdrawn(self) -> PendingPod | None:
        """A pod of which a nomination of ours is to be removed."""
        return self._withdrawn.popleft() if self._withdrawn else None

    def decide(self, waiting: WaitingPod, *, prepared: bool = False) -> Nomination | Preparation | None:
        """
        Choose a node and assume that the pod gets its devices there; ``None`` where there is none now.

        The pod no longer waits, but for a while where that may change. Where the choice takes longer than
        a turn, the pod still waits for it to be ``prepared``.
        """
        pod = waiting.pod
        self._waiting.remove(pod.uid)
        adopted = self._is_ours(pod)
        nomination = self._chosen(waiting, pod, (pod.nominated_node,) if adopted else None)
        if isinstance(nomination, Preparation):
            if not prepared:
                self._waiting.put_back(waiting, pod, self._clock(), backoff=False)
                return nomination
            nomination = Refusal.TOO_COSTLY
        if isinstance(nomination, Refusal):
            self._refuse(pod, nomination)
            if adopted:
                self._withdrawn.append(pod)
            elif nomination is not Refusal.IGNORED:
                self._waiting.put_back(waiting, pod, self._clock(), backoff=True)
            return None
        self._refusals.pop(pod.uid, None)
        self._put(nomination)
        return None if adopted else nomination

    def writing(self, nomination: Nomination) -> None:
        """The patch is under way."""
        self._writing[nomination.pod.uid] = ""

    def written(self, nomination: Nomination, result: Written) -> None:
        """Take what became of the patch."""
        uid = nomination.pod.uid
        landed = self._writing.pop(uid, "")
        current = self._outstanding.get(uid)
        if landed:
            taken = result is Written.DONE and landed == nomination.node
            self._counted.result(NominationResult.TAKEN if taken else self._missed(nomination))
        elif current is None or current.node != nomination.node or current.decided != nomination.decided:
            return
        elif result is Written.DONE:
            self._put(replace(current, shown=True))
        elif result is not Written.UNANSWERED:
            self._remove(uid)
            self._disturbed.add(nomination.node)
            self._not_written(nomination, result)
            self._predict_again()

    def expire(self) -> None:
        """Confirm or take back nominations that the scheduler has not followed in time."""
        now = self._clock()
        for nomination in self._outstanding:
            if now - nomination.decided >= RENEW_PART * self._settings.seconds:
                self._renew(nomination)
        self._predict_again()
        if len(self._claimless) > MOST_CLAIMLESS + 2 * len(self._waiting):
            self._claimless = {key: uid for key, uid in self._claimless.items() if uid in self._waiting}
        self._retry_where_free()

    def _renew(self, nomination: Nomination) -> None:
        uid = nomination.pod.uid
        pod = self._pending.get(nomination.pod.key)
        self._store.forget(uid)
        if pod is None or pod.uid != uid or not self._is_ours(pod):
            self._end(nomination, NominationResult.WITHDRAWN)
            if pod is not None:
                self._take(pod)
            return
        self._remove(uid)
        again = self._chosen_again(nomination, pod, nomination.node)
        if again is Refusal.CLAIMS:
            # The scheduler is writing them.
            self._put(replace(nomination, decided=self._clock()))
        elif isinstance(again, Refusal):
            self._end(nomination, NominationResult.WITHDRAWN)
            self._withdrawn.append(pod)
        else:
            self._put(replace(again, shown=True))

    def _chosen_again(self, nomination: Nomination, pod: PendingPod, node: str) -> Nomination | Refusal:
        """Choose the ``node`` if it is still right, and assume the devices anew."""
        again = self._chosen(nomination, pod, (node,))
        return Refusal.TOO_COSTLY if isinstance(again, Preparation) else again

    def _chosen(
        self, waiting: WaitingPod | Nomination, pod: PendingPod, only: tuple[str, ...] | None
    ) -> Nomination | Refusal | Preparation:
        """Choose a node, one of ``only`` where that is given, and assume the devices."""
        shown = self._store.current.pods.get(pod.key)
        if shown is None or shown.uid != pod.uid or shown.node_name:
            return Refusal.CLAIMS
        policy = policy_of(shown, self._store.current.namespaces, self._settings.default_policy).policy
        if policy is Policy.IGNORE:
            return Refusal.IGNORED
        evaluation = self._evaluate(shown)
        question = (evaluation.question, policy, only, self._rules.question(pod.key))
        if self._is_fruitless(question):
            return Refusal.NO_NODE
        passing = self._rules.nodes(pod.key)
        if isinstance(passing, Refusal):
            return passing
        names, perhaps = passing.names, self._store.perhaps_taken_nodes
        if perhaps or only is not None:
            names = [name for name in names if name not in perhaps and (only is None or name in only)]
        if not evaluation.pending:
            self._claimless.update((key, pod.uid) for key in self._missing_claims(shown))
        try:
            choice = choose_node(
                evaluation,
                names,
                pod_uid=pod.uid,
                scores=passing.scores,
                on_their_way=self._outstanding.nodes,
                required=policy is Policy.REQUIRED,
                turn=Turn(TURN_UNITS),
            )
        except TurnOver:
            return Preparation(shown, evaluation, names)
        if isinstance(choice, Refusal):
            if choice is Refusal.NO_NODE:
                self._fruitless.add(question)
            return choice
        self._checks.on_answer(shown, evaluation)
        self._store.assume(pod.uid, choice.claims, (choice.node,))
        return Nomination(
            pod,
            choice.node,
            waiting.since,
            self._clock(),
            waiting.place,
            choice.equals,
            choice.devices,
            shown=only is not None,
        )

    def _note_allocated(self, claim: Claim) -> None:
        """A claim got devices: where these are not the predicted ones, other pods get others, too."""
        pods = (*(consumer.uid for consumer in claim.reserved_for), claim.owner_uid)
        nomination = next((found for uid in pods if (found := self._outstanding.get(uid))), None)
        results = claim.allocation.results if claim.allocation is not None else ()
        if nomination is not None and not nomination.devices.issuperset(result.id for result in results):
            self._disturbed.add(nomination.node)

    def _missing_claims(self, pod: Pod) -> list[ClaimKey]:
        keys = [(pod.namespace, entry.claim) for entry in pod.claims if entry.claim]
        return [key for key in keys if key not in self._store.current.claims]

    def _is_fruitless(self, question: Hashable) -> bool:
        """Whether no node had the devices on this very snapshot; pods of one template ask alike."""
        if self._state != self._fruitless_state:
            self._fruitless.clear()
            self._fruitless_state = self._state
        return question in self._fruitless

    @property
    def _state(self) -> tuple[int, int]:
        """Equal while no answer can change."""
        return self._store.current.number, self._rules.version

    def _retry_where_free(self) -> None:
        """Let pods that found no node try again, once a second, where the cluster has changed."""
        now = self._clock()
        if now - self._retried >= RETRY_SECONDS and self._state != self._fruitless_state:
            self._retried = now
            self._waiting.retry_all()

    def _not_written(self, nomination: Nomination, result: Written) -> None:
        """The API server did not take the patch: the pod changed, or we may not."""
        uid = nomination.pod.uid
        pod = self._pending.get(nomination.pod.key)
        self._await_landing(uid)
        if pod is None or pod.uid != uid:
            return
        if result is Written.REFUSED:
            self._counted.result(NominationResult.REFUSED)
        elif pod.nominated_node:
            self._counted.result(NominationResult.LATE)
            return
        self._waiting.add(pod, self._clock())
        waiting = self._waiting.get(uid)
        if waiting is not None:
            # The newest state is on its way, unless it is here already.
            stale = result is Written.REFUSED or pod.version == nomination.pod.version
            waiting = replace(waiting, place=nomination.place, since=nomination.since)
            self._waiting.put_back(waiting, pod, self._clock(), backoff=stale)

    def _await_landing(self, uid: str) -> None:
        """Assume no devices any more, but learn where the pod lands."""
        evaluation = self._checks.evaluation_of(uid)
        if evaluation is None:
            self._store.forget(uid)
        else:
            self._store.assume(uid, evaluation.pending)

    def _shown(self, before: PendingPod | None, pod: PendingPod) -> None:
        """The API shows a pending pod that is new or changed; ``before``: its last state."""
        nomination = self._outstanding.get(pod.uid)
        if nomination is None:
            if before is not None and before.nominated_node and not pod.nominated_node:
                self._store.forget(pod.uid)
            self._take(pod)
            return
        failed = pod.unschedulable and before is not None and not before.unschedulable
        if pod.deleting:
            self._end(nomination, NominationResult.WITHDRAWN)
            self._store.forget(pod.uid)
        elif self._is_ours(pod) and pod.nominated_node == nomination.node:
            if failed:
                self._end(nomination, NominationResult.PASSED_BY)
                self._store.forget(pod.uid)
                self._withdrawn.append(pod)
            elif not nomination.shown:
                self._put(replace(nomination, shown=True))
        elif pod.nominated_node:
            # The scheduler has chosen, or preemption has: the store assumes the devices there by itself.
            self._end(nomination, self._missed(nomination))
        elif nomination.shown:
            self._end(nomination, NominationResult.PASSED_BY)
            self._store.forget(pod.uid)
            self._take(pod)

    def _take(self, pod: PendingPod) -> None:
        """Let a pod wait that may be nominated or adopted; note why another one may not."""
        if not self._acting:
            return
        refusal = refusal_of(pod, self._settings.schedulers)
        if refusal is Refusal.NOMINATED and self._is_ours(pod):
            refusal = None
        if refusal is None and self._waiting.add(pod, self._clock()):
            return
        self._waiting.remove(pod.uid)
        if refusal is not None:
            self._refuse(pod, refusal)

    def _left(self, before: PendingPod) -> None:
        """The pod is bound or gone."""
        uid = before.uid
        self._refusals.pop(uid, None)
        self._waiting.remove(uid)
        nomination = self._outstanding.get(uid)
        if nomination is None:
            return
        pod = self._store.current.pods.get(before.key)
        node = pod.node_name if pod is not None and pod.uid == uid else ""
        if node and uid in self._writing:
            self._remove(uid)
            self._writing[uid] = node
            return
        if not node:
            self._end(nomination, NominationResult.WITHDRAWN)
        else:
            taken = nomination.shown and node == nomination.node
            self._end(nomination, NominationResult.TAKEN if taken else self._missed(nomination))

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

    def _predict_again(self) -> None:
        """
        Assume anew what pods get on the nodes where one does not take its devices, each in its turn.

        Where claims are being written already, nothing is changed.
        """
        for node in self._disturbed:
            nominations = self._outstanding.on_node(node)
            for nomination in nominations:
                self._remove(nomination.pod.uid)
                self._store.forget(nomination.pod.uid)
            for nomination in nominations:
                pod = self._pending.get(nomination.pod.key, nomination.pod)
                again = self._chosen_again(nomination, pod, node)
                if again is Refusal.CLAIMS:
                    self._put(nomination)
                elif isinstance(again, Refusal):
                    self._counted.result(NominationResult.WITHDRAWN)
                    if self._is_ours(pod):
                        self._withdrawn.append(pod)
                else:
                    decided, shown = nomination.decided, nomination.shown
                    self._put(replace(again, pod=nomination.pod, decided=decided, shown=shown))
        self._disturbed.clear()

    def _put(self, nomination: Nomination) -> None:
        self._outstanding.put(nomination)
        self._rules.send(nomination.pod.key, nomination.node)

    def _remove(self, pod_uid: str) -> None:
        nomination = self._outstanding.remove(pod_uid)
        if nomination is not None:
            self._rules.take_back(nomination.pod.key)

    def _end(self, nomination: Nomination, result: NominationResult) -> None:
        self._remove(nomination.pod.uid)
        self._counted.result(result)
        if result is not NominationResult.TAKEN:
            self._disturbed.add(nomination.node)

    def _refuse(self, pod: PendingPod, refusal: Refusal) -> None:
        if self._refusals.get(pod.uid) is not refusal:
            self._refusals[pod.uid] = refusal
            self._counted.refusal(refusal)

    def _is_ours(self, pod: PendingPod) -> bool:
        return bool(pod.nominated_node) and pod.nominated_by == (FIELD_MANAGER,)
