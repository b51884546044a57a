"""
What only a live cluster has: pods land, and we learn where and with which devices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .landing import landing_node
from .wire import host_priority

if TYPE_CHECKING:
    from extender.core.evaluate import Evaluation, Memo, NodeVerdict, Settings
    from extender.core.model import Pod
    from extender.kube.events import ReflectorState

    from .dependencies import Evaluate
    from .live_store import LiveStore
    from .outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class Live:
    """
    Follows each attempt from our answer to the allocation.

    ``reflectors``: how each kind is kept up with, in times of ``clock``. ``decisive``: our score
    outweighs all others, so that one best node is where the pod lands. ``gates``: the scheduler's feature
    gates that differ from the release's defaults.
    """

    store: LiveStore
    outcomes: Outcomes
    evaluate: Evaluate
    memo: Memo[bytes]
    settings: Settings
    reflectors: tuple[ReflectorState, ...]
    clock: Callable[[], float]
    stale_seconds: float
    decisive: bool = False
    gates: Mapping[str, bool] = field(default_factory=dict)

    @property
    def age(self) -> float:
        """Seconds since the API server was last heard of, for the kind that waits longest."""
        now = self.clock()
        return max((now - each.last_contact for each in self.reflectors if each.served), default=0.0)

    @property
    def stale(self) -> bool:
        """Whether what we know is too old for an opinion."""
        return self.age > self.stale_seconds

    def verdict_of(self, namespace: str, name: str, node: str) -> NodeVerdict | None:
        """The pod on the node as things stand, ``None`` if the pod is not known."""
        pod = self.store.current.pods.get((namespace, name))
        if pod is None:
            return None
        evaluation = self.evaluate(self.store.current, pod, self.outcomes.memo, self.settings)
        return evaluation.verdicts([node])[node]

    def asked(self, pod: Pod) -> None:
        """Take back what was assumed of the pod: it is tried again, so that did not come about."""
        if pod.claims:
            self.store.forget(pod.uid)

    def filtered(self, pod: Pod, names: Sequence[str]) -> None:
        """
        Follow the attempt if one node is left.

        kube-scheduler does not ask for scores then, so this is where the pod lands.
        """
        if pod.claims and len(names) == 1:
            self._follow(pod, self.evaluate(self.store.current, pod, self.memo, self.settings), names[0])

    def prioritized(
        self, pod: Pod, evaluation: Evaluation[bytes], names: Sequence[str], entries: list[bytes]
    ) -> list[bytes]:
        """Follow the attempt; if we decide, the node that we choose gets a full ``score_max`` more."""
        if not pod.claims:
            return entries
        chosen = landing_node(pod, evaluation, names, decisive=self.decisive)
        self._follow(pod, evaluation, chosen)
        if chosen is None or len(names) == 1:
            return entries
        position = names.index(chosen)
        score = evaluation.verdicts([chosen])[chosen].score + self.settings.score_max
        return [*entries[:position], host_priority(chosen, score), *entries[position + 1 :]]

    def _follow(self, pod: Pod, evaluation: Evaluation[bytes], landing: str | None) -> None:
        self.outcomes.answered(pod, evaluation)
        if landing is not None:
            self.store.assume(pod.uid, evaluation.allocated_on(landing))
