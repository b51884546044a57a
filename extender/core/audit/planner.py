"""
Finds the move that brings one pod nearest devices as things stand, and makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

from extender.model import Claim, ClaimSpec

from ..alignment.bounds import lowest
from ..alignment.worths import Worths
from ..allocator.budget import Budget
from ..allocator.results import allocations
from ..claims.compiled_claims import InvalidClaims
from ..cluster.snapshot import NodeState, Snapshot
from ..prediction.claims_memo import ClaimsMemos, Ratings, memo_of
from ..prediction.judge import LOOK_UNITS, Judgement, NodeJudge
from ..prediction.node_view import VIEW_UNITS
from ..prediction.predict import Prediction
from ..reasons import Certainty
from ..scheduling import Accepted, AcceptingNodes
from .anew import alternatives_missed, plan_anew
from .findings import LEAST_LOSS, PodFinding
from .move import Move
from .node_kinds import NodeKinds
from .possible import STEPS_PER_NODE
from .ranked_nodes import Promise, RankedNodes
from .running_pod import RunningPod
from .ways import Way, Ways

PLAN_STEPS = 200_000
"""Search steps for the whole plan."""

PLAN_UNITS = 50_000_000
"""Units of work for the whole plan, looking at nodes included: tens of seconds."""

_ROUNDING = 1e-9


class _Candidate(NamedTuple):
    """``promise``: what the scheduler takes there, as on any node that looks like it."""

    alignment: float
    way: Way
    node: str
    promise: Promise


class Planner:
    """
    Finds moves, and makes them on the nodes of ``kinds`` and in ``accepting``.

    ``memos``: of judges with the limit ``STEPS_PER_NODE``. ``accepting``: which nodes accept the pods as
    things stand.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        kinds: NodeKinds,
        worths: Worths,
        memos: ClaimsMemos,
        accepting: AcceptingNodes,
    ) -> None:
        self._snapshot = snapshot
        self._kinds, self._nodes = kinds, kinds.nodes
        self._memos, self._ratings = memos, Ratings(worths)
        self._worths = worths
        self._accepting = accepting
        self._budget = Budget(PLAN_STEPS, PLAN_UNITS)
        self._ranked: dict[tuple[tuple[ClaimSpec, ...], int], RankedNodes] = {}
        self._judges: dict[tuple[ClaimSpec, ...], NodeJudge] = {}
        self._ways = Ways(snapshot)
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
        self._kinds.arrive(best.node)
        self._left.add(running.pod.node_name)
        rewritten = tuple(claims[position].name for position in best.way.rewritten)
        return Move(finding, best.node, claims, rewritten, best.way.attribute, best.alignment)

    def _best(self, finding: PodFinding) -> _Candidate | None:
        """As written where that is as near as the audit found possible, else the nearest way."""
        running, best, own = finding.running, None, finding.running.pod.node_name
        least = running.highest + LEAST_LOSS
        enough = running.highest + finding.avoidable - _ROUNDING
        accepted = self._accepting.accepted(self._accepting.pod((running.pod.namespace, running.pod.name)))
        without: Callable[[], NodeState] | None = None
        has_more = own in self._left or (finding.possible.here.alignment or 0.0) >= least
        if has_more and accepted.refusal(own) is None:
            without = cache(partial(self._nodes.state_without, own, running.claims))
        for way in self._ways.of(tuple([claim.spec for claim in running.claims])):
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
        memo = memo_of(way.specs, self._snapshot, self._memos, self._budget)
        if isinstance(memo, Prediction):
            return
        missed = alternatives_missed(running, running.claims, way.specs, memo.preferring)
        judge = self._judge(running, way)
        self._budget.spend(0, LOOK_UNITS * self._kinds.follow(memo.projector))
        ranked = self._rated(way, judge, missed)
        least, own = running.highest + LEAST_LOSS, running.pod.node_name
        for alignment, name, kind in ranked.best_first(least):
            self._budget.spend(0, 1)
            if name != own and accepted.refusal(name) is None:
                yield _Candidate(alignment, way, name, ranked.promises[kind])
                break
        if without is not None:
            state = without()
            kind = self._kinds.number(state)
            self._rate(ranked, judge, state, kind, missed)
            here = ranked.alignments.get(kind)
            if here is not None and here >= least:
                yield _Candidate(here, way, own, ranked.promises[kind])

    def _judge(self, running: RunningPod, way: Way) -> NodeJudge:
        judge = self._judges.get(way.specs)
        if judge is None:
            claims = [
                replace(claim, spec=spec) for claim, spec in zip(running.claims, way.specs, strict=True)
            ]
            plan = plan_anew(running, claims)
            judge = NodeJudge(plan, self._snapshot, self._memos, self._ratings, STEPS_PER_NODE)
            self._judges[way.specs] = judge
        return judge

    def _rated(self, way: Way, judge: NodeJudge, missed: int) -> RankedNodes:
        """The nodes as things stand for claims of one form."""
        ranked = self._ranked.get((way.specs, missed))
        if ranked is None:
            ranked = self._ranked[way.specs, missed] = RankedNodes(self._kinds)
        for kind in ranked.unrated():
            _, name = self._kinds.places(kind)[0]
            self._rate(ranked, judge, self._nodes.state(name), kind, missed)
        return ranked

    def _rate(self, ranked: RankedNodes, judge: NodeJudge, state: NodeState, kind: int, missed: int) -> None:
        """Say what the scheduler takes on nodes of a kind, where that is not said; ``state``: one of them."""
        if kind in ranked.alignments:
            return
        self._budget.spend(0, VIEW_UNITS)
        judgement = self._judged(judge, state)
        alignment = self._certain(judgement, missed)
        if self.spent:
            return
        view, solution = judgement.view, judgement.prediction.solution
        promise = Promise(view, solution) if view is not None and solution is not None else None
        ranked.rate(kind, alignment, promise)

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
        view, solution = chosen.promise
        try:
            made = allocations(
                chosen.node,
                view.memo.compiled,
                solution,
                view.node_layout,
                self._nodes.state(chosen.node).inventory,
                self._snapshot.release,
            )
        except InvalidClaims:
            return ()
        return tuple(
            replace(claim, spec=spec, allocation=allocation)
            for claim, spec, allocation in zip(running.claims, chosen.way.specs, made, strict=True)
        )
