"""
The façade of the core: a snapshot, a pod and node names in, verdicts out.

Nodes that look the same to the pod share one search. What a request may search
is budgeted in steps, so the same question on the same snapshot always gets the
same answer, whatever was asked before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from extender.model import Claim, Pod

from ..alignment.pairs import Alignment
from ..allocator.results import allocations
from ..allocator.solutions import Best
from ..claims.extended_resources import made_up_claim
from ..claims.plan import Plan, Uniform, plan_of
from ..cluster.inventory import EMPTY
from ..cluster.snapshot import NodeState, Snapshot
from ..reasons import Certainty, Outcome, ReasonCode, reason
from .fragmentation import Fragmentation
from .memo import Memo, PredictionKey, Table
from .node_view import NodeView, fragmentation_on, view_node
from .predict import Prediction, best_alignment, predict, without_devices
from .rank import NodeRank, Rank, rank_node
from .settings import Settings
from .shortfall import Shortfall, farthest_pair, shortfall_of
from .verdict import NodeVerdict, PredictedDevice, verdict_of

T = TypeVar("T")
C = TypeVar("C", int, Rank)

BEST_STEPS = 20_000
"""Search steps for the best achievable alignment of one node."""

_FEW_STALE = 64
# Judging a node costs about what 50 look-ups cost; more stale nodes than this may not
# even be asked for.


@dataclass(slots=True)
class EvaluationStats:
    """
    The searches run for this evaluation; all else was known.

    ``predictions`` counts them, ``alignments`` holds what those with devices found.
    """

    searches: int = 0
    alignments: list[Alignment] = field(default_factory=list)
    predictions: Counter[tuple[Outcome, Certainty]] = field(default_factory=Counter)


def evaluate(snapshot: Snapshot, pod: Pod, memo: Memo[T], settings: Settings) -> Evaluation[T]:
    """Resolve the pod against the snapshot; nodes are judged when they are asked for."""
    return Evaluation(snapshot, plan_of(pod, snapshot), memo, settings)


class Evaluation(Generic[T]):
    """The answers for one pod on one ``snapshot``."""

    def __init__(self, snapshot: Snapshot, plan: Plan | Uniform, memo: Memo[T], settings: Settings) -> None:
        self.stats = EvaluationStats()
        self.snapshot = snapshot
        self._plan = plan
        self._memo = memo
        self._settings = settings
        self._table: Table[T] | None = None
        self._aligns = isinstance(plan, Plan) and not plan.nothing_to_align
        if isinstance(plan, Plan) and (self._aligns or not plan.takes_nothing):
            self._table = memo.table((plan.key, settings), snapshot)

    def entries(self, names: Sequence[str]) -> list[T]:
        """
        One entry per name, in order. Names are unique; a name that the snapshot
        does not know scores like unknown.

        Known answers cost one dict look-up per name.
        """
        if self._table is None:
            return self._equal_entries(names)
        self._refresh(self._table)
        if self._table.steps <= self._settings.request_steps:
            try:
                return list(map(self._table.entries.__getitem__, names))
            except KeyError:
                pass
        return self._judge_entries(self._table, names)

    def verdicts(self, names: Sequence[str]) -> dict[str, NodeVerdict]:
        """The detailed answer for each name."""
        if isinstance(self._plan, Uniform):
            return dict.fromkeys(names, self._uniform(self._plan))
        plan = self._plan
        found = {
            name: self._verdict(plan, name, prediction, view)
            for name, prediction, view in self._judged(names)
        }
        return {name: found[name] for name in names}

    def shortfalls(self, names: Sequence[str]) -> dict[str, Shortfall]:
        """
        The nodes where it is certain that devices are too far apart, in the order of ``names``.

        Known answers cost one dict look-up per name.
        """
        if self._table is None or not self._aligns:
            return {}
        known = self._judged_shortfalls(self._table, names)
        return {name: found for name in names if (found := known[name]) is not None}

    def top(self, names: Sequence[str]) -> list[str]:
        """
        The names with the highest score, sorted; none where all nodes are equal.

        Costs one dict look-up per name after ``entries`` of the same names, which are not empty.
        None either where the budget was too small to know all.
        """
        return _highest(self._table.scores if self._table is not None else {}, names)

    def first(self, names: Sequence[str]) -> list[str]:
        """Like ``top`` by the exact rank: of nodes with equal scores, those that break least."""
        return _highest(self._table.ranks if self._table is not None else {}, names)

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

    def allocated_on(self, name: str) -> tuple[Claim, ...]:
        """
        The claims that the pod gets allocated on a node, as they will be; none where they do not fit.
        """
        state = self.snapshot.nodes.get(name)
        if state is None or isinstance(self._plan, Uniform):
            return ()
        ((_, prediction, view),) = self._judged([name])
        if prediction.solution is None or view is None:
            return ()
        found = allocations(
            name,
            view.memo.compiled,
            prediction.solution,
            view.placed,
            state.inventory,
            self.snapshot.release,
        )
        return tuple(
            replace(claim, allocation=allocation)
            for claim, allocation in zip(self.pending, found, strict=False)
        )

    def best(self, name: str) -> Best:
        """The best alignment that any allowed choice of devices on the node would have."""
        state = self.snapshot.nodes.get(name)
        if state is None or isinstance(self._plan, Uniform) or self._plan.nothing_to_align:
            return Best(None, complete=True)
        view = self._view(self._plan, state)
        if isinstance(view, Prediction):
            return Best(None, complete=True)
        known = view.memo.best.get(view.key)
        if known is None:
            known = view.memo.best[view.key] = best_alignment(
                view.problem, view.slots, BEST_STEPS, self._settings.worths
            )
        return known

    def _equal_entries(self, names: Sequence[str]) -> list[T]:
        """Entries where all nodes are equal: one outcome for all, or nothing to align."""
        plan, neutral = self._plan, self._settings.neutral
        uniform = isinstance(plan, Uniform) and plan.outcome is not Outcome.UNKNOWN
        known = self._memo.equal(0 if uniform else neutral, self.snapshot)
        try:
            return list(map(known.__getitem__, names))
        except KeyError:
            render = self._memo.render
            return [known[name] if name in known else render(name, neutral) for name in names]

    def _refresh(self, table: Table[T]) -> None:
        """
        Judge the few nodes that changed since the last request for these claims.

        Many are left to the request that names them.
        """
        stale = [name for name in table.stale if name in self.snapshot.nodes]
        table.stale.clear()
        if 0 < len(stale) <= _FEW_STALE and table.steps <= self._settings.request_steps:
            self._judge_entries(table, stale)

    def _judge_entries(self, table: Table[T], names: Sequence[str]) -> list[T]:
        known = table.entries
        missing = [name for name in names if name not in known]
        within = table.steps <= self._settings.request_steps
        ranked = self._ranked(missing if within else names)
        if within and table.steps > self._settings.request_steps:
            # The budget counts all nodes of the request, also those known before.
            ranked = self._ranked(names)
            within = False
        render = self._memo.render
        fresh = {name: render(name, ranked.score) for name, ranked in ranked.items()}
        if within:
            listed = [name for name in missing if name in self.snapshot.nodes]
            known.update((name, fresh[name]) for name in listed)
            table.scores.update((name, ranked[name].score) for name in listed)
            table.ranks.update((name, ranked[name].rank) for name in listed)
        return [fresh[name] if name in fresh else known[name] for name in names]

    def _judged_shortfalls(self, table: Table[T], names: Sequence[str]) -> Mapping[str, Shortfall | None]:
        """The shortfalls of at least these names; the budget is charged as for entries."""
        assert isinstance(self._plan, Plan)
        known = table.shortfalls
        within = table.steps <= self._settings.request_steps
        missing = [name for name in names if name not in known]
        if within and not missing:
            return known
        fresh = self._fresh_shortfalls(self._plan, missing if within else names)
        if within and table.steps > self._settings.request_steps:
            fresh = self._fresh_shortfalls(self._plan, names)
            within = False
        if not within:
            return fresh
        known.update((name, fresh[name]) for name in missing if name in self.snapshot.nodes)
        return known | fresh

    def _ranked(self, names: Sequence[str]) -> dict[str, NodeRank]:
        return {
            name: self._rank(prediction, self._fragmentation(name, prediction, view))
            for name, prediction, view in self._judged(names)
        }

    def _fresh_shortfalls(self, plan: Plan, names: Sequence[str]) -> dict[str, Shortfall | None]:
        return {
            name: shortfall_of(self._verdict(plan, name, prediction, view))
            if farthest_pair(prediction) is not None
            else None
            for name, prediction, view in self._judged(names)
        }

    def _judged(self, names: Sequence[str]) -> Iterator[tuple[str, Prediction, NodeView | None]]:
        """
        Predict in the order of node names, so that the budget never depends on theirs.

        Every distinct view is charged what its search takes, known or not. Yields how a node looks
        that needed a search at some time, for use before the next one: to keep thousands
        would cost more than to judge them.
        """
        assert isinstance(self._plan, Plan)
        spent = 0
        charged: set[tuple[int, PredictionKey]] = set()
        for name in sorted(names):
            state = self.snapshot.nodes.get(name)
            if state is None:
                yield name, self._without(ReasonCode.NODE_UNKNOWN), None
                continue
            view = self._view(self._plan, state)
            if isinstance(view, Prediction):
                yield name, view, None
                continue
            charge = (id(view.memo), view.key)
            if charge not in charged and spent >= self._settings.request_steps:
                steps = self._settings.request_steps
                yield name, self._without(ReasonCode.REQUEST_BUDGET, steps=steps), view
                continue
            prediction = view.memo.predictions.get(view.key)
            if prediction is None:
                prediction = self._search(view)
            if charge not in charged:
                charged.add(charge)
                spent += prediction.steps
            if view.elsewhere is not None and prediction.outcome is not Outcome.ERROR:
                prediction = without_devices(Outcome.UNSCHEDULABLE, view.elsewhere, self._settings)
            yield name, prediction, view

    def _search(self, view: NodeView) -> Prediction:
        prediction = predict(view.problem, view.slots, self._settings)
        view.memo.remember(view.key, prediction)
        self.stats.searches += 1
        self.stats.predictions[prediction.outcome, prediction.certainty] += 1
        if prediction.alignment is not None:
            self.stats.alignments.append(prediction.alignment)
        return prediction

    def _view(self, plan: Plan, state: NodeState) -> NodeView | Prediction:
        table = self._table or self._memo.table((plan.key, self._settings), self.snapshot)
        return view_node(plan, state, self.snapshot, table.memos, self._settings)

    def _verdict(self, plan: Plan, name: str, prediction: Prediction, view: NodeView | None) -> NodeVerdict:
        state = self.snapshot.nodes.get(name)
        fragmentation = self._fragmentation(name, prediction, view)
        equal = self._table is None
        return verdict_of(
            plan,
            prediction,
            self._settings.neutral if equal else self._rank(prediction, fragmentation).score,
            fragmentation,
            view.memo.compiled if view is not None else None,
            view.placed if view is not None else None,
            state.inventory if state is not None else EMPTY,
            self.snapshot.release,
        )

    def _fragmentation(
        self, name: str, prediction: Prediction, view: NodeView | None
    ) -> Fragmentation | None:
        state = self.snapshot.nodes.get(name)
        return None if state is None or view is None else fragmentation_on(state, view, prediction)

    def _rank(self, prediction: Prediction, fragmentation: Fragmentation | None) -> NodeRank:
        return rank_node(prediction, fragmentation, self._settings, aligns=self._aligns)

    def _uniform(self, plan: Uniform) -> NodeVerdict:
        points = self._settings.neutral if plan.outcome is Outcome.UNKNOWN else 0
        return NodeVerdict(plan.outcome, Certainty.EXACT, plan.reason, (), None, points, 0)

    def _without(self, code: ReasonCode, **params: object) -> Prediction:
        return without_devices(Outcome.UNKNOWN, reason(code, **params), self._settings)


def _highest(values: Mapping[str, C], names: Sequence[str]) -> list[str]:
    """The names with the highest of ``values``, sorted; none where one has none."""
    try:
        best = max(map(values.__getitem__, names))
    except KeyError:
        return []
    return sorted(name for name in names if values[name] == best)


__all__ = [
    "Best",
    "Certainty",
    "Evaluation",
    "EvaluationStats",
    "Memo",
    "NodeVerdict",
    "Outcome",
    "PredictedDevice",
    "Settings",
    "Shortfall",
    "Snapshot",
    "evaluate",
]
