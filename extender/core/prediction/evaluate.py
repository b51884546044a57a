"""
The façade of the core: a snapshot, a pod and node names in, verdicts out.

The way of one request, and the module of each step:

    pod, snapshot -> plan                 what is to be searched, apart from any node    claims.plan
    plan          -> ready answers        known ones cost one look-up per name           ready_answers
    node          -> view                 layout, usage, what the pod holds already      node_view
    view          -> prediction           one search for all nodes of equal views        judge, predict
    prediction    -> alignment            how near its devices are, by the worths        pod_alignment
    alignment     -> score and rank       after preference, less what the placement breaks       rank
    judgement     -> verdict              the names of claims, pools and devices         verdict

What holds:

- *Same question, same answer*, whatever was asked before. Nothing depends on time, on the order of
  names, or on what is remembered. Work is budgeted in steps, not in seconds. A request is
  charged for each distinct search that its nodes need, in the order of their names, whether it has
  to be run or its result is known (``budget``).
- *Nodes do not depend on each other*: a node's score is the same among any others, as long as
  the budget suffices. So answers may be kept by name (``memo``).
- *A prediction has no names*. Everything up to the alignment is shared by equal nodes; only
  fragmentation, which reads the whole node, and the verdict are made per node.
- *A score is made in one place*, ``rank``, from the alignment. It is never kept without it.

What an editor must not break:

- No call per node where all answers are known: ``entries`` is one ``map`` over a dict.
- Judgements of thousands of nodes are never held at once; they are ranked one by one.
- Each method of ``Evaluation`` can be called alone, and in any order.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from extender.model import Claim, Pod

from ..allocator.budget import Budget, Turn, TurnOver
from ..allocator.results import allocations
from ..allocator.solutions import Best
from ..claims.extended_resources import made_up_claim
from ..claims.plan import Plan, Uniform, plan_of
from ..cluster.double_use import DoubleUse, HeldDevices, double_uses
from ..cluster.snapshot import Snapshot
from ..reasons import Certainty, Outcome, ReasonCode
from .errand import Errand
from .ignored import Ignored, ignored
from .judge import EvaluationStats, Judgement, NodeJudge
from .look_up import look_up
from .memo import Memo, PlanMemo
from .no_fit.causes import NoFit
from .no_fit.diagnosis import Diagnoses
from .predict import Prediction
from .rank import NodeRank, Wishes
from .ready_answers import ReadyAnswers, rank_of
from .settings import Settings
from .shortfall import Shortfall
from .verdict import NodeVerdict, PredictedDevice, scored, verdict_of

T = TypeVar("T")

# What a closer look at the devices explains further.
_COUNTED = frozenset(
    {ReasonCode.NO_FIT, ReasonCode.INVALID_POOL, ReasonCode.SEARCH_BUDGET, ReasonCode.REQUEST_BUDGET}
)


def evaluate(snapshot: Snapshot, pod: Pod, memo: Memo[T], settings: Settings) -> Evaluation[T]:
    """Resolve the pod against the snapshot; nodes are judged when they are asked for."""
    return Evaluation(snapshot, plan_of(pod, snapshot), memo, settings)


class Evaluation(Generic[T]):
    """The answers for one pod on one ``snapshot``; ``stats`` count what had to be searched for them."""

    def __init__(self, snapshot: Snapshot, plan: Plan | Uniform, memo: Memo[T], settings: Settings) -> None:
        self.snapshot = snapshot
        self.stats = EvaluationStats()
        self._plan = plan
        self._memo = memo
        self._settings = settings
        self._answers: ReadyAnswers[T] | None = None
        self._judge: NodeJudge | None = None
        self._lender: PlanMemo[T] | None = None
        self._diagnoses: Diagnoses | None = None
        self._held: HeldDevices | None = None
        self._wishes = _wishes_of(plan)
        if isinstance(plan, Plan) and (self._wishes.has_any or not plan.takes_nothing):
            self._answers = self._ready_answers(plan)

    def entries(self, names: Sequence[str], turn: Turn | None = None) -> list[T]:
        """
        One entry per name, in order. Names are unique; a name that the snapshot
        does not know scores like unknown.

        Known answers cost one dict look-up per name. Raises ``TurnOver``.
        """
        return self._equal_entries(names) if self._answers is None else self._answers.entries(names, turn)

    def entries_errand(self, names: Sequence[str]) -> Errand[NodeRank, list[T]]:
        """What ``entries`` leaves to do when a turn is over."""
        assert self._answers is not None
        return self._answers.entries_errand(names)

    def shortfalls(self, names: Sequence[str], turn: Turn | None = None) -> dict[str, Shortfall]:
        """
        The nodes where it is certain that devices are too far apart, in the order of ``names``.

        Known answers cost one dict look-up per name. Raises ``TurnOver``.
        """
        return {} if self._answers is None else self._answers.shortfalls(names, turn)

    def shortfalls_errand(self, names: Sequence[str]) -> Errand[Shortfall | None, dict[str, Shortfall]]:
        """What ``shortfalls`` leaves to do when a turn is over."""
        assert self._answers is not None
        return self._answers.shortfalls_errand(names)

    def score(self, name: str) -> int | None:
        """The score of a node that ``top`` or ``first`` has named; ``None`` where it is not at hand."""
        return None if self._answers is None else self._answers.score(name)

    def let_go(self) -> None:
        """Forget what only ``top`` and ``first`` need after an errand: evaluations are kept for long."""
        if self._answers is not None:
            self._answers.let_go()

    def top(self, names: Sequence[str], turn: Turn | None = None) -> list[str]:
        """
        The names with the highest score, sorted; none where all nodes are equal, or where the
        budget is too small to know all. ``names`` are not empty.

        Known scores cost one dict look-up per name. Raises ``TurnOver``.
        """
        return [] if self._answers is None else self._answers.top(names, turn)

    def first(self, names: Sequence[str], turn: Turn | None = None) -> list[str]:
        """Like ``top`` by the exact rank: of nodes with equal scores, those that break least."""
        return [] if self._answers is None else self._answers.first(names, turn)

    def budget(self, turn: Turn | None = None) -> Budget:
        """A budget for one question, which may consist of several calls."""
        return self._settings.budget(turn)

    def verdicts(self, names: Sequence[str], budget: Budget | None = None) -> dict[str, NodeVerdict]:
        """
        The detailed answer for each name, in order; by default with a budget of its own.

        Of nodes on which devices fit, several may fail together where one alone would not: some
        releases cannot score nodes for some pods, and score only where they have a choice.
        """
        plan = self._plan
        if isinstance(plan, Uniform):
            points = self._settings.neutral if plan.outcome is Outcome.UNKNOWN else 0
            uniform = NodeVerdict(plan.outcome, Certainty.EXACT, plan.reason, (), None, points, 0)
            return dict.fromkeys(names, uniform)
        budget = budget or self.budget()
        judged = self._judge_of(plan, budget).judge_all(names, budget)
        verdicts = {name: self._verdict(plan, judgement) for name, judgement in judged}
        why = plan.fails_in_score(self.snapshot.release)
        if why is not None:
            verdicts = scored(verdicts, why)
        return {name: verdicts[name] for name in names}

    @property
    def question(self) -> Hashable:
        """Equal for pods that get equal answers on every node of one snapshot."""
        return self._plan if isinstance(self._plan, Uniform) else self._plan.key

    @property
    def pending(self) -> tuple[Claim, ...]:
        """
        The pod's claims that are to be allocated, the one made up for extended resources last; none
        where no node can be judged.
        """
        if isinstance(self._plan, Uniform):
            return ()
        made_up = (made_up_claim(self._plan.pod),) if self._plan.claims.extended else ()
        return (*self._plan.claims.pending, *made_up)

    def allocated_on(self, name: str, budget: Budget | None = None) -> tuple[Claim, ...]:
        """
        The claims that the pod gets allocated on a node, as they will be; none where they do not fit.
        """
        if isinstance(self._plan, Uniform):
            return ()
        budget = budget or self.budget()
        judgement = self._judge_of(self._plan, budget).judge(name, budget)
        solution, view, state = judgement.prediction.solution, judgement.view, judgement.state
        if solution is None or view is None or state is None:
            return ()
        allocated = allocations(
            name, view.memo.compiled, solution, view.node_layout, state.inventory, self.snapshot.release
        )
        return tuple(
            replace(claim, allocation=allocation)
            for claim, allocation in zip(self.pending, allocated, strict=False)
        )

    def best(self, name: str, budget: Budget | None = None) -> Best:
        """
        The best alignment that any allowed choice of devices on the node would have.

        By default with a budget of its own; past the budget none is known.
        """
        if isinstance(self._plan, Uniform):
            return Best(None, complete=True)
        budget = budget or self.budget()
        return self._judge_of(self._plan, budget).best(name, budget)

    def no_fit(self, name: str, verdict: NodeVerdict, budget: Budget | None = None) -> NoFit | None:
        """
        Why nothing fits on a node of ``verdict``; ``None`` where something else is in the way.

        Searches further, up to a limit of its own: never to be asked where a scheduler waits. Looks at
        the node within ``budget``, by default one of its own.
        """
        plan, code = self._plan, None if verdict.reason is None else verdict.reason.code
        if isinstance(plan, Uniform) or code not in _COUNTED:
            return None
        state = self.snapshot.nodes[name]
        budget = budget or self.budget()
        view = self._judge_of(plan, budget).view(state, budget)
        if isinstance(view, Prediction):
            return None
        if self._diagnoses is None:
            self._diagnoses = Diagnoses(plan, self.snapshot)
        return self._diagnoses.of(view, state, judged=verdict.outcome is Outcome.UNSCHEDULABLE)

    def double_uses(self, name: str, verdict: NodeVerdict, turn: Turn | None = None) -> tuple[DoubleUse, ...]:
        """
        The cards of a node of ``verdict`` of which the pod has a device, and another pod has one, too.

        Looks at each claim that holds devices of the node's pools, and at each device of the node: never
        to be asked where a scheduler waits. Raises ``TurnOver`` where that is more than ``turn`` has left.
        """
        mine = {device.result.id for device in verdict.devices if not device.result.admin_access}
        if not mine:
            return ()
        snapshot, state = self.snapshot, self.snapshot.nodes[name]
        if turn is not None:
            pools = state.inventory.pools
            turn.take(
                sum(len(snapshot.holders.get(pool.id, ())) for pool in pools)
                + sum(len(slice_.devices) for slice_ in state.inventory.slices)
            )
        if self._held is None:
            self._held = HeldDevices(snapshot.holders)
        wanted = {device.result.id for device in verdict.devices if not device.allocated} & mine
        uses = double_uses(state, self._held, snapshot.vocabulary, wanted)
        return tuple(use for use in uses if any(entry.id in mine for entry in use.entries))

    def ignored(self, verdicts: Mapping[str, NodeVerdict]) -> tuple[Ignored, ...]:
        """What the release takes no notice of where ``verdicts`` predict devices."""
        return () if isinstance(self._plan, Uniform) else ignored(self._plan, self.snapshot, verdicts)

    def _equal_entries(self, names: Sequence[str]) -> list[T]:
        """Entries where all nodes are equal: one outcome for all, or nothing to align."""
        plan, neutral = self._plan, self._settings.neutral
        uniform = isinstance(plan, Uniform) and plan.outcome is not Outcome.UNKNOWN
        entries = self._memo.equal(0 if uniform else neutral, self.snapshot)
        try:
            return look_up(entries, names)
        except KeyError:
            unknown = [name for name in names if name not in entries]
            others = dict(zip(unknown, self._memo.rendered.passing(neutral, unknown), strict=True))
            return [entries[name] if name in entries else others[name] for name in names]

    def _ready_answers(self, plan: Plan) -> ReadyAnswers[T]:
        memo = self._memo.plan((plan.key, self._settings.search_steps), self.snapshot)
        self._lender = memo
        table = memo.table(self._settings)
        self._judge = NodeJudge(
            plan, self.snapshot, memo.memos, table.ratings, self._settings.search_steps, self.stats
        )
        return ReadyAnswers(self._judge, memo, table, self._memo.rendered, self._settings, self._wishes)

    def _judge_of(self, plan: Plan, budget: Budget) -> NodeJudge:
        """
        The judge; made late where all nodes are equal, since entries then need none.

        Raises ``TurnOver`` while what it remembers is lent.
        """
        if self._judge is None:
            self._ready_answers(plan)
        assert self._judge is not None
        assert self._lender is not None
        if budget.turn is not None and self._lender.lent:
            raise TurnOver
        return self._judge

    def _verdict(self, plan: Plan, judgement: Judgement) -> NodeVerdict:
        points = self._settings.neutral
        if self._answers is not None:
            points = rank_of(judgement, self._settings, self._wishes).score
        return verdict_of(plan, judgement, points, self.snapshot.release)


def _wishes_of(plan: Plan | Uniform) -> Wishes:
    if isinstance(plan, Uniform):
        return Wishes(aligns=False)
    return Wishes(not plan.nothing_to_align, plan.most_passed_over)


__all__ = [
    "Best",
    "Certainty",
    "Evaluation",
    "Memo",
    "NodeVerdict",
    "Outcome",
    "PredictedDevice",
    "Errand",
    "EvaluationStats",
    "Settings",
    "Shortfall",
    "Snapshot",
    "Turn",
    "TurnOver",
    "evaluate",
]
