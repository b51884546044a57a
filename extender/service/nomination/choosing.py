"""
Which node a pod is nominated for: one that passes, where the devices are free and near.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extender.core.nomination.choice import choose_node, devices_of
from extender.core.nomination.refusals import NotNominated, Refusal
from extender.core.prediction.evaluate import Turn, TurnOver

from ..judging import TURN_UNITS
from ..policy import Policy, policy_of
from .node_rules import PassingNodes
from .outstanding import Nomination

if TYPE_CHECKING:
    from extender.core.cluster.snapshot import ClaimKey
    from extender.core.prediction.evaluate import Evaluation
    from extender.model import Pod
    from extender.model.pending_pods import PendingPod

    from ..live.prediction_check import PredictionCheck
    from ..live.store import LiveStore
    from .node_rules import NodeRules
    from .state import NominationState
    from .waiting_pods import WaitingPod


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is to be judged before a decision can be made in a turn; see ``judging``."""

    pod: Pod
    evaluation: Evaluation[bytes]
    nodes: Sequence[str]


class NodeChoice:
    """
    Chooses nodes, and assumes that the pods get their devices there.

    ``evaluate`` resolves a pod against the current snapshot. Of ``state``, only the claims that pods wait
    for are changed.
    """

    def __init__(
        self,
        store: LiveStore,
        checks: PredictionCheck,
        evaluate: Callable[[Pod], Evaluation[bytes]],
        rules: NodeRules,
        state: NominationState,
        clock: Callable[[], float],
        default_policy: Policy,
    ) -> None:
        self._store, self._checks, self._evaluate, self._rules = store, checks, evaluate, rules
        self._state, self._clock, self._default_policy = state, clock, default_policy
        # Questions that no node answers, as of this version.
        self._fruitless: set[Hashable] = set()
        self._fruitless_version = (-1, -1)

    @property
    def may_differ(self) -> bool:
        """Whether the cluster has changed since a question was last asked."""
        return self._version != self._fruitless_version

    def choose(
        self, waiting: WaitingPod | Nomination, pod: PendingPod, only: tuple[str, ...] | None
    ) -> Nomination | NotNominated | Preparation:
        """Choose a node, one of ``only`` where that is given, and assume the devices."""
        shown = self._store.current.pods.get(pod.key)
        if shown is None or shown.uid != pod.uid or shown.node_name:
            return Refusal.CLAIMS
        if self._store.is_under_way(pod.uid):
            return Refusal.UNDER_WAY
        policy = policy_of(shown, self._store.current.namespaces, self._default_policy).policy
        if policy is Policy.IGNORE:
            return Refusal.IGNORED
        evaluation = self._evaluate(shown)
        question = (evaluation.question, policy, only, self._rules.question(pod.key))
        if self._is_fruitless(question):
            return Refusal.NO_NODE
        passing = self._rules.nodes(pod.key, only)
        if not isinstance(passing, PassingNodes):
            return passing
        names, perhaps = passing.names, self._store.perhaps_taken_nodes
        if perhaps:
            names = [name for name in names if name not in perhaps]
        if not evaluation.pending:
            self._state.claimless.update((key, pod.uid) for key in self._missing_claims(shown))
        try:
            choice = choose_node(
                evaluation,
                names,
                pod_uid=pod.uid,
                scores=passing.scores,
                on_their_way=self._state.outstanding.nodes,
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
        self._store.assume(pod.uid, choice.claims, (choice.node,), nominated=True)
        return Nomination(
            pod,
            choice.node,
            waiting.since,
            self._clock(),
            waiting.place,
            choice.equals,
            devices_of(choice.claims),
            shown=only is not None,
        )

    def choose_again(self, nomination: Nomination, pod: PendingPod, node: str) -> Nomination | NotNominated:
        """Choose the ``node`` if it is still right, and assume the devices anew."""
        again = self.choose(nomination, pod, (node,))
        return Refusal.TOO_COSTLY if isinstance(again, Preparation) else again

    def _missing_claims(self, pod: Pod) -> list[ClaimKey]:
        keys = [(pod.namespace, entry.claim) for entry in pod.claims if entry.claim]
        return [key for key in keys if key not in self._store.current.claims]

    def _is_fruitless(self, question: Hashable) -> bool:
        """Whether no node had the devices on this very snapshot; pods of one template ask alike."""
        if self._version != self._fruitless_version:
            self._fruitless.clear()
            self._fruitless_version = self._version
        return question in self._fruitless

    @property
    def _version(self) -> tuple[int, int]:
        """Equal while no answer can change."""
        return self._store.current.number, self._rules.version
