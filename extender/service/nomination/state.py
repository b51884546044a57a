"""
What is known of pending pods and of their nominations: the state, which only the event loop changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from extender.core.nomination.refusals import NotNominated, Refusal, code_of, refusal_of
from extender.model.pending_pods import FIELD_MANAGER

from .outstanding import Nomination, Outstanding
from .results import Counted, NominationResult
from .waiting_pods import WaitingPods

if TYPE_CHECKING:
    from extender.core.cluster.snapshot import ClaimKey
    from extender.core.nomination.queue_order import Place
    from extender.model.pending_pods import PendingPod

    from .node_rules import NodeRules
    from .notices import Notices


def is_ours(pod: PendingPod) -> bool:
    """Whether the API shows a nomination of ours."""
    return bool(pod.nominated_node) and pod.nominated_by == (FIELD_MANAGER,)


class NominationState:
    """
    The pods that are pending, those of them that wait, and those that are nominated; by UID, where
    nothing else is said.

    ``rules`` hear of each nomination, ``counted`` and ``notices`` of each that ends and of each refusal.
    ``schedulers``: the profiles whose pods are nominated.
    """

    def __init__(
        self,
        rules: NodeRules,
        schedulers: frozenset[str],
        clock: Callable[[], float],
        counted: Counted,
        notices: Notices,
    ) -> None:
        self._rules, self._schedulers, self._clock = rules, schedulers, clock
        self.counted: Final = counted
        self.notices: Final = notices
        self.acting = False
        """Whether pods are nominated; another replica may do it."""
        self.pending: Final[dict[tuple[str, str], PendingPod]] = {}
        """The pending pods as the API shows them, by namespace and name."""
        self.waiting: Final = WaitingPods()
        self.outstanding: Final = Outstanding()
        self.refusals: Final[dict[str, NotNominated]] = {}
        """Why pending pods are not nominated, as far as that is known."""
        self.claimless: Final[dict[ClaimKey, str]] = {}
        """
        Claims that are not there yet, each with the pod that waits for it; several kinds are watched
        side by side, so a pod may come before its claims.
        """
        self.writing: Final[dict[str, str]] = {}
        """Pods whose patch is under way, each with the node where it landed meanwhile."""
        self.withdrawn: Final[deque[PendingPod]] = deque()
        """Pods of which a nomination of ours is to be removed."""
        self.disturbed: Final[set[str]] = set()
        """Nodes where a pod does not take its devices, so that the pods after it get others."""

    def take(self, pod: PendingPod) -> None:
        """Let a pod wait that may be nominated or adopted; note why another one may not."""
        if not self.acting:
            return
        refusal = refusal_of(pod, self._schedulers)
        if refusal is Refusal.NOMINATED and is_ours(pod):
            refusal = None
        if refusal is None and self.waiting.add(pod, self._clock()):
            return
        self.waiting.remove(pod.uid)
        if refusal is not None:
            self.refuse(pod, refusal)

    def place_of(self, pod_uid: str) -> Place | None:
        """The place in the queue of a pod that waits or is nominated, ``None`` for others."""
        found = self.outstanding.get(pod_uid) or self.waiting.get(pod_uid)
        return found.place if found is not None else None

    def put(self, nomination: Nomination) -> None:
        """The pod is on its way to the node."""
        self.outstanding.put(nomination)
        self._rules.send(nomination.pod.key, nomination.node)

    def remove(self, pod_uid: str) -> None:
        """The pod is not on its way any more; nothing is counted, and no node is disturbed."""
        nomination = self.outstanding.remove(pod_uid)
        if nomination is not None:
            self._rules.take_back(nomination.pod.key)

    def end(self, nomination: Nomination, result: NominationResult) -> None:
        """Count what became of the nomination; its node is disturbed unless the pod went there."""
        self.remove(nomination.pod.uid)
        self.counted.result(result)
        if result is NominationResult.PASSED_BY:
            self.notices.passed_by(nomination)
        if result is not NominationResult.TAKEN:
            self.disturbed.add(nomination.node)

    def refuse(self, pod: PendingPod, refusal: NotNominated) -> None:
        """Note why the pod is not nominated; each reason of a pod counts once."""
        before = self.refusals.get(pod.uid)
        self.refusals[pod.uid] = refusal
        if before is None or code_of(before) is not code_of(refusal):
            self.counted.refusal(code_of(refusal))
            self.notices.refused(pod, refusal)
