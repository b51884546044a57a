"""
What only a live cluster has: pods land, and we learn where and with which devices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extender.core.prediction.evaluate import Turn, TurnOver

from ..judging import TURN_UNITS
from ..wire import host_priority
from .evidence import recording_of
from .likely_nodes import LikelyNodes, likely_nodes
from .prediction_check import node_of
from .unconfirmed_pods import PodState

if TYPE_CHECKING:
    from typing import Protocol

    from extender.core.prediction.evaluate import Evaluation, Memo, NodeVerdict, Settings, Snapshot
    from extender.kube.watch.events import ReflectorState
    from extender.model import Claim, DeviceID, Pod

    from .event_handler import EventHandler
    from .offered_nodes import OfferedNodes
    from .prediction_check import Mismatch, PredictionCheck
    from .store import LiveStore

    class Nominated(Protocol):
        """The pods that we have nominated."""

        def on_request(self, pod_uid: str, names: Sequence[str]) -> None:
            """The scheduler asks about a pod that the API shows, for the nodes ``names``."""
            ...

        def step_aside(self, pod_uid: str, node: str) -> bool:
            """Take back what is assumed there of pods that come after this one; whether that was anything."""
            ...

        def on_followed(self, pod_uid: str, node: str, claims: Sequence[Claim]) -> None:
            """The pod is assumed to get these ``claims`` on the node: others there come behind it."""
            ...


Evaluate = Callable[["Snapshot", "Pod", "Memo[bytes]", "Settings"], "Evaluation[bytes]"]
"""What ``extender.core.prediction.evaluate.evaluate`` is, with entries as encoded bytes."""


@dataclass(frozen=True, slots=True)
class LiveFollower:
    """
    Follows each attempt from our answer to the allocation.

    ``reflectors``: how each kind is kept up with, in times of ``clock``. ``decisive``: our score
    outweighs all others, so that one best node is where the pod lands. ``gates``: the scheduler's feature
    gates that differ from the release's defaults. ``handler``: what the reflectors report to.
    ``offered`` remembers filter answers where we bind pods, ``None`` where we do not; ``nominated`` are the
    pods that we nominate, ``None`` where we do not.
    """

    live = True

    store: LiveStore
    handler: EventHandler
    checks: PredictionCheck
    evaluate: Evaluate
    memo: Memo[bytes]
    settings: Settings
    reflectors: tuple[ReflectorState, ...]
    clock: Callable[[], float]
    stale_seconds: float
    decisive: bool = False
    gates: Mapping[str, bool] = field(default_factory=dict)
    offered: OfferedNodes | None = None
    nominated: Nominated | None = None

    @property
    def age(self) -> float:
        """Seconds since the API server was last heard of, for the kind that waits longest."""
        now = self.now()
        return max((now - state.last_contact for state in self.reflectors if state.served), default=0.0)

    @property
    def stale(self) -> bool:
        """Whether what we know is too old for an opinion."""
        return self.age > self.stale_seconds

    def now(self) -> float:
        """Seconds of ``clock``."""
        return self.clock()

    @property
    def in_flight(self) -> int:
        """How many claims are assumed to be allocated."""
        return self.store.in_flight

    @property
    def held_twice(self) -> tuple[DeviceID, ...]:
        """The devices that several claims hold exclusively; looks at every claim."""
        return self.store.held_twice

    @property
    def negative_amounts(self) -> tuple[str, ...]:
        """Claims that the API shows with a negative amount of a capacity."""
        return self.store.negative_amounts

    @property
    def mismatches(self) -> Sequence[Mismatch]:
        """The newest allocations that differ from their predictions, the newest last."""
        return self.checks.mismatches

    def evidence(self) -> bytes:
        """Return a recording with the attempts of the newest mismatches, empty without any."""
        return recording_of(self.checks.evidence, self.gates)

    def verdict_of(self, namespace: str, name: str, node: str) -> NodeVerdict | None:
        """The pod on the node as things stand, ``None`` if the pod is not known or that takes too long."""
        pod = self.store.current.pods.get((namespace, name))
        if pod is None:
            return None
        evaluation = self.evaluate(self.store.current, pod, self.checks.memo, self.settings)
        try:
            return evaluation.verdicts([node], evaluation.budget(Turn(TURN_UNITS)))[node]
        except TurnOver:
            return None

    @property
    def confirmed(self) -> Snapshot:
        """The snapshot without what is assumed that the scheduler need not have assumed."""
        return self.store.confirmed

    def on_request(self, pod: Pod, names: Sequence[str]) -> None:
        """
        Take back what was assumed of the pod: it is tried again, so that did not come about.

        The scheduler reserves no devices for nominated pods: those that it has not asked about come after
        this one, where a single node is asked about.
        """
        self.handler.on_request(pod)
        # One without claims takes no devices, as a rule; of others ``_follow`` knows.
        if self.nominated is not None and pod.claims and self.handler.state_of(pod) is PodState.CONFIRMED:
            self.nominated.on_request(pod.uid, names)

    def on_filtered(self, pod: Pod, names: Sequence[str]) -> None:
        """
        Remember the nodes, and follow the attempt if one is left.

        kube-scheduler does not ask for scores then, so this is where the pod lands.
        """
        state = self.handler.state_of(pod)
        if state is PodState.STRANGER:
            return
        self.handler.on_answer()
        if self.offered is not None:
            self.offered.remember(pod.uid, names, shown=state is PodState.CONFIRMED)
        if len(names) == 1:
            self.on_unscored(pod, names)

    def on_unscored(self, pod: Pod, names: Sequence[str]) -> None:
        """Follow the attempt of a pod that we do not score: it takes devices all the same."""
        if len(names) == 1:
            self._move_sharer(pod, names[0])
        evaluation = self.evaluate(self.store.current, pod, self.memo, self.settings)
        likely = LikelyNodes((names[0],)) if len(names) == 1 else LikelyNodes()
        self._follow(pod, evaluation, likely, names)

    def _move_sharer(self, pod: Pod, node: str) -> None:
        """
        Learn from the only node that is left for a pod where another one of its group landed.

        They share a claim whose devices are of that node, and the scheduler holds it for the first of them.
        """
        if pod.group is None or self.handler.state_of(pod) is not PodState.CONFIRMED:
            return
        shared = {(pod.namespace, entry.claim) for entry in pod.claims}
        sharer = self.store.sharer(pod.group, shared, node)
        evaluation = self.checks.evaluation_of(sharer, node) if sharer is not None else None
        if sharer is None or evaluation is None:
            return
        with suppress(TurnOver):
            claims = evaluation.allocated_on(node, evaluation.budget(Turn(TURN_UNITS)))
            if any(claim.key in shared and node_of(claim) == node for claim in claims):
                self.store.assume(sharer, claims, (node,), group=pod.group)

    def on_scored(
        self, pod: Pod, evaluation: Evaluation[bytes], names: Sequence[str], entries: list[bytes]
    ) -> list[bytes]:
        """
        Follow the attempt; the nodes where the pod is likely to land score more than they deserve.

        That is ``score_max`` more if we decide, else little.
        """
        try:
            return self._scored(pod, evaluation, names, entries)
        finally:
            evaluation.let_go()

    def _scored(
        self, pod: Pod, evaluation: Evaluation[bytes], names: Sequence[str], entries: list[bytes]
    ) -> list[bytes]:
        likely = likely_nodes(
            pod,
            evaluation,
            names,
            score_max=self.settings.score_max,
            decisive=self.decisive,
            taken_nodes=self.store.taken_nodes,
        )
        # Known as long as nothing is assumed anew.
        score = evaluation.score(likely.nodes[0]) if likely.points else None
        self._follow(pod, evaluation, likely, names)
        if score is None:
            return entries
        nodes = frozenset(likely.nodes)
        return [
            host_priority(name, score + likely.points) if name in nodes else entry
            for name, entry in zip(names, entries, strict=True)
        ]

    def _follow(
        self, pod: Pod, evaluation: Evaluation[bytes], likely: LikelyNodes, names: Sequence[str]
    ) -> None:
        state = self.handler.state_of(pod)
        if state is PodState.STRANGER:
            return
        self.handler.on_answer()
        if not pod.claims and not evaluation.pending:
            return
        confirmed = state is PodState.CONFIRMED
        nominated = self.nominated if confirmed and likely.node is not None else None
        if nominated is not None and nominated.step_aside(pod.uid, likely.nodes[0]):
            evaluation = self.evaluate(self.store.current, pod, self.memo, self.settings)
        self.checks.on_answer(pod, evaluation, names)
        claims = evaluation.pending
        if likely.node is not None:
            # Past the turn the pod counts as one of which only the claims are known until it lands.
            with suppress(TurnOver):
                claims = evaluation.allocated_on(likely.node, evaluation.budget(Turn(TURN_UNITS)))
        # A pod that anybody can make up takes no part in what is assumed of a group.
        group = pod.group if confirmed else None
        self.store.assume(pod.uid, claims, likely.nodes, confirmed=confirmed, group=group)
        if nominated is not None:
            nominated.on_followed(pod.uid, likely.nodes[0], claims)
