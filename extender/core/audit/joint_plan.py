"""
What brings running pods nearer devices *together*: pods that are recreated one after the other.

Each move is predicted on the state that the one before left, so the scheduler can carry the whole plan out:
a pod gives its devices back, comes anew, and gets the devices that are promised on the node that is named.
Its claims are as written, or ask for near devices (``ways``). No move takes a device
that another pod holds, so none makes another pod worse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import NamedTuple

from extender.model import Claim, ClaimSpec, DeviceResult

from ..alignment.bounds import lowest
from ..alignment.worths import Worths
from ..allocator.budget import Budget
from ..allocator.results import allocations
from ..claims.compiled_claims import InvalidClaims
from ..cluster.snapshot import NodeState, Snapshot
from ..prediction.claims_memo import ClaimsMemo, ClaimsMemos, Ratings, memo_of
from ..prediction.judge import LOOK_UNITS, Judgement, NodeJudge
from ..prediction.node_view import VIEW_UNITS
from ..prediction.predict import Prediction
from ..reasons import Certainty
from ..scheduling import Accepted, AcceptingNodes
from .anew import alternatives_missed, plan_anew
from .changing_nodes import ChangingNodes
from .findings import LEAST_LOSS, PodFinding
from .node_kinds import NodeKinds
from .possible import STEPS_PER_NODE
from .ranked_nodes import Promise, RankedNodes
from .running_pods import RunningPod
from .sharing import is_shared
from .ways import Way, Ways

PLAN_STEPS = 200_000
"""Search steps for the whole plan."""

PLAN_UNITS = 50_000_000
"""Units of work for the whole plan, looking at nodes included: tens of seconds."""

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Move:
    """
    One pod that is recreated.

    ``node``: where it has to land. ``claims``: its claims then, with the allocations that are promised;
    those named in ``rewritten`` ask for near devices, by a constraint on ``attribute`` or, where that is
    empty, by preferring them. ``alignment``: of the promised devices, at
    least, 0..1.
    """

    finding: PodFinding
    node: str
    claims: tuple[Claim, ...]
    rewritten: tuple[str, ...]
    attribute: str
    alignment: float

    @property
    def devices(self) -> tuple[tuple[str, DeviceResult], ...]:
        """The promised devices, each with the name of its claim."""
        return tuple(
            (claim.name, result)
            for claim in self.claims
            if claim.allocation is not None
            for result in claim.allocation.results
        )


@dataclass(frozen=True, slots=True)
class JointPlan:
    """``moves`` in the order in which they have to be made. Not ``complete``: the budget ran out."""

    moves: tuple[Move, ...] = ()
    complete: bool = True


NO_PLAN = JointPlan()


def joint_plan(
    snapshot: Snapshot,
    findings: Sequence[PodFinding],
    worths: Worths,
    memos: ClaimsMemos,
    accepting: AcceptingNodes,
    step: Callable[[str], None],
) -> JointPlan:
    """
    Plan for the pods whose loss is avoidable, those that lose most first; greedy, so a lower bound.

    Left out are pods that share claims, since others would have to move with them, and pods with claims
    that the scheduler makes for extended resources. ``memos``: of judges with the limit ``STEPS_PER_NODE``.
    ``accepting``: which nodes accept the pods as things stand. ``step`` is called with the name of each pod
    that was looked at.
    """
    waiting = [finding for finding in findings if finding.avoidable and _movable(finding.running)]
    if not waiting:
        return NO_PLAN
    planner = _Planner(snapshot, worths, memos, accepting.copied())
    waiting.sort(key=lambda finding: (-finding.avoidable, finding.name))
    moves: list[Move] = []
    while True:
        left = []
        for finding in waiting:
            move = planner.move(finding)
            if move is None:
                left.append(finding)
            else:
                moves.append(move)
            step(finding.name)
        # What the moves left behind may serve others.
        if len(left) in (0, len(waiting)) or planner.spent:
            return JointPlan(tuple(moves), complete=not planner.spent)
        waiting = left


def _movable(running: RunningPod) -> bool:
    shared = running.kept or running.companions or any(map(is_shared, running.claims))
    return not shared and not any(claim.extended_resource for claim in running.claims)


class _Candidate(NamedTuple):
    """``promise``: what the scheduler takes there, as on any node that looks like it."""

    alignment: float
    way: Way
    node: str
    promise: Promise


class _Planner:
    """Finds moves, and makes them on the nodes that it keeps."""

    def __init__(
        self, snapshot: Snapshot, worths: Worths, memos: ClaimsMemos, accepting: AcceptingNodes
    ) -> None:
        self._snapshot = snapshot
        self._nodes = ChangingNodes(snapshot)
        self._memos, self._ratings = memos, Ratings(worths)
        self._worths = worths
        self._accepting = accepting
        self._budget = Budget(PLAN_STEPS, PLAN_UNITS)
        self._ranked: dict[tuple[tuple[ClaimSpec, ...], int], RankedNodes] = {}
        self._judges: dict[tuple[ClaimSpec, ...], NodeJudge] = {}
        self._kinds = NodeKinds(self._nodes)
        self._ways = Ways(snapshot)
        self._arrivals: Counter[str] = Counter()
        self._left: set[str] = set()

    @property
    def spent(self) -> bool:
        return self._budget.spent

    def move(self, finding: PodFinding) -> Move | None:
        """Bring the pod nearer devices, the nearest there are now; ``None`` where none are nearer."""
        if self.spent:
            return None
        running = finding.running
        best = self._best(finding)
        if best is None or self.spent:
            return None
        claims = self._allocated(running, best)
        if not claims:
            return None
        self._nodes.allocate(running.claims, claims)
        self._accepting.move((running.pod.namespace, running.pod.name), best.node)
        self._arrivals[best.node] += 1
        self._left.add(running.pod.node_name)
        return Move(finding, best.node, claims, best.way.rewritten, best.way.attribute, best.alignment)

    def _best(self, finding: PodFinding) -> _Candidate | None:
        """As written where that is as near as the audit found possible, else the nearest way."""
        running, best, own = finding.running, None, finding.running.pod.node_name
        least = running.highest + LEAST_LOSS
        enough = running.highest + finding.avoidable - _ROUNDING
        accepted = self._accepting.accepted(self._accepting.pod((running.pod.namespace, running.pod.name)))
        without: Callable[[], NodeState] | None = None
        if accepted.refusal(own) is None and (
            own in self._left or (finding.possible.here.alignment or 0.0) >= least
        ):
            without = cache(partial(self._nodes.state_without, own, running.claims))
        for way in self._ways.of(running):
            for candidate in self._candidates(running, way, accepted, without):
                if best is None or candidate.alignment > best.alignment:
                    best = candidate
                if best.alignment >= enough:
                    return best
        return best

    def _candidates(
        self, running: RunningPod, way: Way, accepted: Accepted, without: Callable[[], NodeState] | None
    ) -> Iterator[_Candidate]:
        """
        The best other node that accepts the pod, and its own, where they are better than now.

        ``without``: its own node without the pod; ``None`` where that is not to be asked.
        """
        specs = tuple(claim.spec for claim in way.claims)
        memo = memo_of(specs, self._snapshot, self._memos, self._budget)
        if isinstance(memo, Prediction):
            return
        missed = alternatives_missed(running, way.claims, memo.preferring)
        least, own = running.highest + LEAST_LOSS, running.pod.node_name
        judge = self._judges.get(specs)
        if judge is None:
            judge = self._judges[specs] = self._judge(running, way)
        ranked = self._ranked.setdefault((specs, missed), RankedNodes())
        self._follow(ranked, judge, memo, missed)
        for alignment, name in ranked.best_first():
            self._budget.spend(0, 1)
            if alignment < least:
                break
            if name != own and accepted.refusal(name) is None:
                yield _Candidate(alignment, way, name, ranked.promises[ranked.kinds[name]])
                break
        if without is not None:
            state = without()
            kind = self._kinds.number(state)
            here = self._alignment(ranked, judge, state, kind, missed)
            if here is not None and here >= least:
                yield _Candidate(here, way, own, ranked.promises[kind])

    def _follow(self, ranked: RankedNodes, judge: NodeJudge, memo: ClaimsMemo, missed: int) -> None:
        """Rank anew the nodes that changed since this was last done, all where it never was."""
        changes = self._nodes.changes
        names: Collection[str] = self._snapshot.nodes
        if ranked.changes is not None:
            names = sorted(set(changes[ranked.changes :]))
        ranked.changes = len(changes)
        kinds, alignments = self._kinds.follow(memo.projector), ranked.alignments
        self._budget.spend(0, LOOK_UNITS * len(names))
        for name in names:
            kind = ranked.kinds[name] = kinds[name]
            if kind in alignments:
                alignment = alignments[kind]
            else:
                alignment = self._alignment(ranked, judge, self._nodes.state(name), kind, missed)
            ranked.put(name, alignment, self._arrivals[name])

    def _alignment(
        self, ranked: RankedNodes, judge: NodeJudge, state: NodeState, kind: int, missed: int
    ) -> float | None:
        """``_certain`` of a node, worked out once for all of its ``kind``."""
        if kind in ranked.alignments:
            return ranked.alignments[kind]
        self._budget.spend(0, VIEW_UNITS)
        judgement = self._judged(judge, state)
        alignment = self._certain(judgement, missed)
        if not self.spent:
            ranked.alignments[kind] = alignment
        if alignment is not None and judgement.view is not None and judgement.prediction.solution is not None:
            ranked.promises[kind] = Promise(judgement.view, judgement.prediction.solution)
        return alignment

    def _judge(self, running: RunningPod, way: Way) -> NodeJudge:
        plan = plan_anew(running, way.claims)
        return NodeJudge(plan, self._snapshot, self._memos, self._ratings, STEPS_PER_NODE)

    def _judged(self, judge: NodeJudge, state: NodeState) -> Judgement:
        """What is predicted for a node in a state that the judge's snapshot need not know."""
        view = judge.view(state, self._budget)
        if isinstance(view, Prediction):
            return Judgement(view, None, None, state)
        return judge.judge_view(view, state, self._budget)

    def _certain(self, judgement: Judgement, missed: int) -> float | None:
        """The alignment at least of the devices that the scheduler takes, if it is certain to take them."""
        if judgement.prediction.certainty is not Certainty.EXACT or judgement.passed_over > missed:
            return None
        alignment = judgement.alignment
        return lowest(alignment, self._worths) if alignment is not None and alignment.pairs else None

    def _allocated(self, running: RunningPod, chosen: _Candidate) -> tuple[Claim, ...]:
        """The claims with what the scheduler writes into them; none where it cannot."""
        if chosen.node == running.pod.node_name:
            state = self._nodes.state_without(chosen.node, running.claims)
        else:
            state = self._nodes.state(chosen.node)
        view, solution = chosen.promise
        try:
            made = allocations(
                chosen.node,
                view.memo.compiled,
                solution,
                view.node_layout,
                state.inventory,
                self._snapshot.release,
            )
        except InvalidClaims:
            return ()
        return tuple(
            replace(claim, allocation=allocation)
            for claim, allocation in zip(chosen.way.claims, made, strict=True)
        )
