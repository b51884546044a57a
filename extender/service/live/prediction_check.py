"""
What became of our predictions: each claim that gets allocated is compared with what was predicted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from extender.core.claims.extended_resources import EXTENDED_CLAIM_NAME, awaited_key
from extender.core.claims.pod_groups import group_of, user_uid
from extender.core.prediction.evaluate import Certainty, Memo, NodeVerdict, Outcome, TurnOver
from extender.kube.recording.allow_list import OUR_ANNOTATIONS

from .dropped import Dropped
from .evidence import Evidence, evidence_of
from .offered_nodes import names_text
from .remembered import Attempt, Remembered

if TYPE_CHECKING:
    from extender.core.alignment.pairs import Alignment
    from extender.core.cluster.snapshot import ClaimKey
    from extender.core.prediction.evaluate import Evaluation, Settings, Snapshot, Turn
    from extender.model import Claim, DeviceID, DeviceResult, Pod

MAX_MISMATCHES = 100

_NOT_AT_HAND = NodeVerdict(Outcome.UNKNOWN, Certainty.EXACT, None, (), None, 0, 0)

ATTEMPT_SECONDS = 600.0
"""
How long an attempt is remembered of which nothing is heard: as long as kube-scheduler waits for volumes
(``bindTimeoutSeconds``). Each keeps alive the cluster as it was.
"""

MAX_EVIDENCE = 10
"""Mismatches of which enough is kept to replay them."""


class Match(StrEnum):
    """
    ``match``: as predicted. Else why not, the first that applies:
    ``unseen``: the pod was not asked about, or long ago. ``unknown``: nothing was predicted.
    ``order-dependent``: another of the possible answers. ``in-flight``: another claim took devices of the
    node since. ``stale``: the node's slices changed since, or devices became free at about that time.
    ``wrong``: none of these, nor in the second after.
    """

    MATCH = "match"
    UNSEEN = "unseen"
    UNKNOWN = "unknown"
    ORDER_DEPENDENT = "order-dependent"
    IN_FLIGHT = "in-flight"
    STALE = "stale"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """
    An allocation that differs; devices as ``request driver/pool/device`` in allocation order.

    ``attempt``: its number in the recording, ``None`` where nothing is recorded.
    """

    result: Match
    time: float
    pod: str
    claim: str
    node: str
    predicted: tuple[str, ...]
    allocated: tuple[str, ...]
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class PlacementCheck:
    """
    A pod all of whose claims are allocated: what it got, what was predicted and what was possible there.

    ``predicted`` is ``None`` where no devices were predicted. ``best`` is the best alignment of the node,
    0..1, ``None`` where it is not known. ``double_uses``: how many of its cards are given away twice, none
    where looking takes too long.
    """

    achieved: Alignment
    predicted: Alignment | None
    best: float | None
    double_uses: int = 0


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A claim that got devices on ``node``, what had been predicted there, and where that is recorded."""

    claim: Claim
    node: str
    attempt: Attempt
    verdict: NodeVerdict
    recorded: int | None


class PredictionCheck:
    """
    Remembers the last attempt of each pod and judges it by the allocations that follow.

    ``counted`` is told of every comparison, ``placed`` of every pod whose claims are all allocated.
    ``recorded`` knows under which number the last attempt of a pod is recorded, by the pod's UID;
    ``delayed`` tells whether a device became free a short while ago. ``dropped`` is told of each pod that is
    forgotten to make room.
    """

    def __init__(
        self,
        evaluate: Callable[[Snapshot, Pod, Memo[bytes], Settings], Evaluation[bytes]],
        settings: Settings,
        clock: Callable[[], float],
        counted: Callable[[Match], None],
        placed: Callable[[PlacementCheck], None],
        recorded: Callable[[str], int | None] = lambda _: None,
        delayed: Callable[[DeviceID], bool] = lambda _: False,
        dropped: Callable[[Dropped], None] = lambda _: None,
    ) -> None:
        self.mismatches: deque[Mismatch] = deque(maxlen=MAX_MISMATCHES)
        self.evidence: deque[Evidence] = deque(maxlen=MAX_EVIDENCE)
        self._evaluate = evaluate
        self._settings = settings
        self._clock = clock
        self._counted = counted
        self._placed = placed
        self._recorded = recorded
        self._lately_freed = delayed
        self._attempts = Remembered(lambda: dropped(Dropped.PREDICTION))
        self._doubts: tuple[list[_Comparison], list[_Comparison]] = ([], [])
        self._gone: tuple[list[str], list[str]] = ([], [])
        # Not the memo of requests: plans of allocated claims are never asked for again.
        self.memo: Memo[bytes] = Memo(lambda names, _score: [b""] * len(names), capacity=1)

    def on_answer(self, pod: Pod, evaluation: Evaluation[bytes], names: Sequence[str] = ()) -> None:
        """
        Remember what the scheduler was told about a pod; of its annotations only ours.

        ``names``: the nodes that the answer was about, which count for pods in groups.
        """
        ours = {name: text for name, text in pod.annotations.items() if name.startswith(OUR_ANNOTATIONS)}
        pod = replace(pod, annotations=ours)
        waiting = {claim.key for claim in evaluation.pending}
        attempt = Attempt(pod, evaluation, waiting)
        if pod.group is not None:
            before = self._attempts.get(pod.uid)
            attempt = replace(attempt, offered=names_text(names)).after(before)
        self._attempts.put(pod.uid, attempt, self._clock())

    def forget(self, pod_uid: str) -> None:
        """Forget what was said about a pod that the API does not show."""
        self._attempts.remove(pod_uid)

    def on_gone(self, pod_uids: Iterable[str]) -> None:
        """
        The API shows these pods no more.

        Their claims may still be shown allocated, which it shows apart: they are forgotten by ``settle``.
        """
        self._gone[1].extend(pod_uids)

    def pod_of(self, pod_uid: str) -> Pod | None:
        """The pod of this UID that is remembered."""
        attempt = self._attempts.get(pod_uid)
        return attempt.pod if attempt is not None else None

    def evaluation_of(self, pod_uid: str, node: str = "") -> Evaluation[bytes] | None:
        """What the scheduler was last told about a pod, on that node if any, while it waits for devices."""
        attempt = self._attempts.get(pod_uid)
        return attempt.on(node).evaluation if attempt is not None else None

    def on_allocated(self, claim: Claim, snapshot: Snapshot, turn: Turn | None = None) -> None:
        """
        Compare a claim that was just allocated; ``snapshot`` has the allocation.

        The scheduler writes claims at the same time, so one that took devices before may be shown after:
        what nothing explains yet is counted by ``settle``.
        """
        attempts = self._attempts_for(claim)
        node = node_of(claim) or _bound_node(claim, snapshot)
        if not attempts or not node:
            self._counted(Match.UNSEEN)
            return
        for attempt in attempts:
            judged = attempt.on(node)
            verdict = _verdict(judged, node, turn)
            if attempt is attempts[0]:
                self._compare(
                    _Comparison(claim, node, judged, verdict, self._recorded(attempt.pod.uid)), snapshot
                )
            attempt.waiting.discard(awaited_key(claim))
            if not attempt.waiting:
                self._attempts.remove(attempt.pod.uid)
                with suppress(TurnOver):
                    self._judge_placement(judged, node, verdict, snapshot, turn)

    def _attempts_for(self, claim: Claim) -> Sequence[Attempt]:
        """
        The attempts that wait for a claim, that of the pod for which it was allocated first.

        A claim of a pod group is allocated for the first of its pods that were asked about.
        """
        group = group_of(claim)
        if group:
            members = self._attempts.of_group((claim.namespace, group))
            return [member for member in members if claim.key in member.waiting]
        attempt = self._attempts.get(user_uid(claim))
        return () if attempt is None else (attempt,)

    def _compare(self, comparison: _Comparison, snapshot: Snapshot) -> None:
        result = self._result(comparison, snapshot)
        if result is Match.WRONG:
            self._doubts[1].append(comparison)
        else:
            self._count(comparison, result)

    def settle(self, snapshot: Snapshot) -> None:
        """
        Count the claims that nothing explained before the last call, and forget the attempts of which
        nothing more is to be heard; call it about once a second.
        """
        due, fresh = self._doubts
        self._doubts = (fresh, [])
        for comparison in due:
            self._count(comparison, self._result(comparison, snapshot))
        gone, lately = self._gone
        self._gone = (lately, [])
        for pod_uid in gone:
            self._attempts.remove(pod_uid)
        self._attempts.drop_older(self._clock() - ATTEMPT_SECONDS)

    def _result(self, comparison: _Comparison, snapshot: Snapshot) -> Match:
        result = _result(comparison, snapshot)
        if result is Match.WRONG and self._frees_meanwhile(comparison):
            return Match.STALE
        return result

    def _frees_meanwhile(self, comparison: _Comparison) -> bool:
        """
        Whether the scheduler and we may have heard at different times that devices became free.

        It counted devices as taken that had become free for us, or the other way round.
        """
        predicted = {result.id for result in _predicted(comparison)}
        allocated = {result.id for result in _results(comparison.claim)}
        snapshot = comparison.attempt.evaluation.snapshot
        held = {device for _, device in _held(comparison.node, comparison.claim, snapshot)}
        return any(map(self._lately_freed, predicted - allocated)) or not held.isdisjoint(allocated)

    def _count(self, comparison: _Comparison, result: Match) -> None:
        self._counted(result)
        if result is Match.MATCH:
            return
        pod, claim = comparison.attempt.pod, comparison.claim
        self.mismatches.append(
            Mismatch(
                result,
                self._clock(),
                f"{pod.namespace}/{pod.name}",
                claim.name,
                comparison.node,
                tuple(map(_text, _predicted(comparison))),
                tuple(map(_text, _results(claim))),
                comparison.recorded,
            )
        )
        evidence = evidence_of(comparison.attempt.evaluation.snapshot, pod, comparison.node, claim)
        if evidence is not None:
            self.evidence.append(evidence)

    def _judge_placement(
        self, attempt: Attempt, node: str, verdict: NodeVerdict, snapshot: Snapshot, turn: Turn | None
    ) -> None:
        """Rate what a pod got, now that the last of its claims is allocated. Raises ``TurnOver``."""
        placed = self._evaluate(snapshot, attempt.pod, self.memo, self._settings)
        now = placed.verdicts([node], placed.budget(turn))[node]
        if now.alignment is None:
            return
        try:
            double_uses = len(placed.double_uses(node, now, turn))
        except TurnOver:
            double_uses = 0
        if now.alignment.predicted is None and not double_uses:
            return
        perfect = verdict.alignment is not None and verdict.alignment.predicted == 1.0
        best: float | None = 1.0
        if not perfect:
            try:
                best = attempt.evaluation.best(node, attempt.evaluation.budget(turn)).rating
            except TurnOver:
                best = None
        self._placed(PlacementCheck(now.alignment, verdict.alignment, best, double_uses))


def _verdict(attempt: Attempt, node: str, turn: Turn | None) -> NodeVerdict:
    """What was predicted for the node; unknown where it would have to be made anew and takes too long."""
    evaluation = attempt.evaluation
    try:
        return evaluation.verdicts([node], evaluation.budget(turn))[node]
    except TurnOver:
        return _NOT_AT_HAND


def node_of(claim: Claim) -> str:
    """The node that an allocation names, empty where its devices can be had from several."""
    selector = claim.allocation.node_selector if claim.allocation is not None else None
    for term in selector.terms if selector is not None else ():
        for field in term.fields:
            if (field.key, field.operator) == ("metadata.name", "In") and len(field.values) == 1:
                return field.values[0]
    return ""


def _bound_node(claim: Claim, snapshot: Snapshot) -> str:
    for consumer in claim.reserved_for:
        pod = snapshot.pods.get((claim.namespace, consumer.name))
        if pod is not None and pod.uid == consumer.uid:
            return pod.node_name
    return ""


def _result(comparison: _Comparison, snapshot: Snapshot) -> Match:
    claim, node, verdict = comparison.claim, comparison.node, comparison.verdict
    evaluation = comparison.attempt.evaluation
    predicted = list(map(_identity, _predicted(comparison)))
    allocated = [_identity(result) for result in _results(claim)]
    if verdict.outcome is Outcome.ALLOCATED and predicted == allocated:
        return Match.MATCH
    if verdict.outcome is Outcome.UNKNOWN:
        return Match.UNKNOWN
    if verdict.certainty is Certainty.ORDER_DEPENDENT:
        return Match.ORDER_DEPENDENT
    then, now = evaluation.snapshot.nodes.get(node), snapshot.nodes.get(node)
    if then is None or now is None or then.inventory is not now.inventory:
        return Match.STALE
    held_then, held_now = (_held(node, claim, state) for state in (evaluation.snapshot, snapshot))
    if held_now - held_then:
        return Match.IN_FLIGHT
    return Match.STALE if held_then - held_now else Match.WRONG


def _held(node: str, claim: Claim, snapshot: Snapshot) -> set[tuple[ClaimKey, DeviceID]]:
    """What claims of other pods hold in the node's pools."""
    return {
        (awaited_key(holder), result.id)
        for pool in snapshot.nodes[node].inventory.pools
        for holder in snapshot.holders.get(pool.id, ())
        if holder.key != claim.key and not (holder.reserved_for and holder.reserved_for == claim.reserved_for)
        for result in _results(holder)
    }


def _predicted(comparison: _Comparison) -> list[DeviceResult]:
    """What was predicted for the claim; one made up for extended resources had no name of its own."""
    name = EXTENDED_CLAIM_NAME if comparison.claim.extended_resource else comparison.claim.name
    return [device.result for device in comparison.verdict.devices if device.claim == name]


def _results(claim: Claim) -> tuple[DeviceResult, ...]:
    return claim.allocation.results if claim.allocation is not None else ()


def _identity(result: DeviceResult) -> tuple[str, object]:
    return result.request, result.id


def _text(result: DeviceResult) -> str:
    return f"{result.request} {result.id}"
