"""
Nodes judged for one pod: predicted within a budget, remembered, and rated.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import not_
from typing import NamedTuple

from extender.model import ClaimSpec

from ..alignment.pairs import Alignment
from ..allocator.budget import UNITS_PER_STEP, Budget, TurnOver
from ..allocator.solutions import Best
from ..claims.plan import Plan
from ..claims.preferences import passed_over
from ..cluster.inventory import Inventory
from ..cluster.layered import values_of
from ..cluster.snapshot import NodeState, Snapshot
from ..reasons import Certainty, Outcome, Reason, ReasonCode, reason
from .alike import LOOKS_PER_UNIT, alike
from .claims_memo import ClaimsMemo, ClaimsMemos, Ratings, beyond, compiled_memo
from .fragmentation import Fragmentation
from .node_view import NodeView, fragmentation_on, view_node
from .pod_alignment import align_devices, best_alignment
from .predict import Prediction, pairs_of, predict, without_devices

LOOK_UNITS = 4
"""What it takes to see that a node looks like another one, of nodes that are looked at one by one."""

BEST_STEPS = 20_000
"""Search steps for the best achievable alignment of one node."""


@dataclass(slots=True)
class EvaluationStats:
    """The searches that were run; all else was known. ``predictions`` counts what they came to."""

    searches: int = 0
    predictions: dict[tuple[Outcome, Certainty], int] = field(default_factory=dict)


class Judgement(NamedTuple):
    """
    What is predicted for one node.

    ``alignment``: of the predicted devices, where there are any. ``passed_over``: the alternatives
    that their claims prefer to those used. ``view``: how the node looks to
    the pod, where it needed a search at some time. ``state`` is ``None`` for a node that the
    snapshot does not know. To be used before the next one is made: to keep thousands would cost
    more than to judge them again.
    """

    prediction: Prediction
    alignment: Alignment | None
    view: NodeView | None
    state: NodeState | None
    passed_over: int = 0

    @property
    def has_unlisted(self) -> bool:
        """Whether the pod holds devices that no slice of the node lists, and so are who knows where."""
        return self.view is not None and any(slot.unlisted for slot in self.view.slots)

    @property
    def fragmentation(self) -> Fragmentation | None:
        """What the predicted devices leave of the node's free pairs; ``None`` where none are predicted."""
        if self.view is None or self.state is None:
            return None
        return fragmentation_on(self.state, self.view, self.prediction)


class NodeJudge:
    """
    Judges the nodes of one snapshot for one plan.

    ``memos`` and ``ratings`` are read and filled in; they may be shared by all judges of one
    lineage, release and mapping of classes that have the same ``search_steps``.
    """

    __slots__ = ("_specs_for", "memos", "plan", "ratings", "search_steps", "snapshot", "stats")

    def __init__(
        self,
        plan: Plan,
        snapshot: Snapshot,
        memos: ClaimsMemos,
        ratings: Ratings,
        search_steps: int,
        stats: EvaluationStats | None = None,
    ) -> None:
        self._specs_for: dict[tuple[str, ...], tuple[ClaimSpec, ...]] = {}
        self.plan = plan
        self.snapshot = snapshot
        self.memos = memos
        self.ratings = ratings
        self.search_steps = search_steps
        self.stats = EvaluationStats() if stats is None else stats

    def judge_all(self, names: Iterable[str], budget: Budget) -> Iterator[tuple[str, Judgement]]:
        """
        Judge in the order of node names, so that what the budget reaches never depends on the
        caller's order.
        """
        for name in sorted(names):
            yield name, self.judge(name, budget)

    def judge_alike(self, names: Sequence[str], budget: Budget) -> list[tuple[Judgement, Sequence[str]]]:
        """
        Judge like ``judge_all``, but once for all nodes that look the same, with the names of these.

        The state in a judgement is that of the first one by name, whose turn it is when all are judged
        in the order of names.
        """
        if self.plan.claims.extended or any(self.plan.holdings):
            return self._judge_one_by_one(names, budget)
        states = values_of(self.snapshot.nodes, names)
        judged: list[tuple[Judgement, Sequence[str]]] = []
        if not all(states):
            gone = list(compress(names, map(not_, states)))
            judged.append((self.judge(gone[0], budget), gone))
            names = list(compress(names, states))
        within: list[tuple[Judgement, Sequence[str]]] = []
        for first, group in self._groups(names, list(filter(None, states)), budget):
            within.append((self.judge(first, budget), group))
            if budget.units_left <= 0:
                within = self._cut(within, first, names, budget)
                break
        return [*judged, *within]

    def groups_alike(self, names: Sequence[str], budget: Budget) -> list[tuple[str, Sequence[str]]]:
        """
        The nodes that look the same to a pod that holds nothing and asks for no extended resources: the first
        by name, and all in the order of ``names``; groups by their first. The snapshot has all ``names``.
        """
        return self._groups(names, list(filter(None, values_of(self.snapshot.nodes, names))), budget)

    def _groups(
        self, names: Sequence[str], states: Sequence[NodeState], budget: Budget
    ) -> list[tuple[str, Sequence[str]]]:
        if budget.units_left <= 0:
            return [(min(names), names)] if names else []
        budget.work(len(names) // LOOKS_PER_UNIT)
        groups = alike(names, states, lambda inventory: self._reads(inventory, budget))
        return sorted((min(group), group) for group in groups)

    def _reads(self, inventory: Inventory, budget: Budget) -> Sequence[tuple[int, int]]:
        """What the claims read of nodes of a type; nothing where they are refused whatever the node."""
        memo = compiled_memo(self.plan.specs, self.snapshot, self.memos, budget)
        return memo.projector.reads(inventory) if isinstance(memo, ClaimsMemo) else ()

    def _cut(
        self,
        judged: list[tuple[Judgement, Sequence[str]]],
        last: str,
        names: Sequence[str],
        budget: Budget,
    ) -> list[tuple[Judgement, Sequence[str]]]:
        """What is judged where the units end at the node ``last``: those that come after it are beyond."""
        within = [(judgement, [name for name in group if name <= last]) for judgement, group in judged]
        late = [name for name in names if name > last]
        return [*within, *([(self.judge(min(late), budget), late)] if late else [])]

    def _judge_one_by_one(
        self, names: Sequence[str], budget: Budget
    ) -> list[tuple[Judgement, Sequence[str]]]:
        found: dict[int, tuple[Judgement, list[str]]] = {}
        for name, judgement in self.judge_each(sorted(names), budget):
            found.setdefault(id(judgement), (judgement, []))[1].append(name)
        return list(found.values())

    def judge_each(self, names: Iterable[str], budget: Budget) -> Iterator[tuple[str, Judgement]]:
        """Judge in the order of ``names``; nodes that look the same share the judgement of the first."""
        nodes = self.snapshot.nodes
        known: dict[Hashable, Judgement] = {}
        for name in names:
            state = nodes.get(name)
            look = None if state is None or budget.units_left <= 0 else self.look(state)
            judgement = None if look is None else known.get(look)
            if judgement is None:
                judgement = self.judge(name, budget)
                if look is None and state is not None and budget.units_left > 0:
                    look = self.look(state)
                if look is not None:
                    known[look] = judgement
            else:
                budget.work(LOOK_UNITS)
            yield name, judgement

    def look(self, state: NodeState) -> Hashable:
        """
        Equal for nodes that get equal judgements; ``None`` where that is not known, or not before one of
        them was judged.

        What the pod holds may be on some nodes and not on others.
        """
        if state.inventory.failure is not None or any(self.plan.holdings):
            return None
        resources = self.plan.resources_on(state.node, self.snapshot.classes)
        if isinstance(resources, Reason):
            return resources
        specs = self._specs_for.get(resources)
        memo = None if specs is None else self.memos.get(specs)
        if memo is None:
            return None
        return (
            resources,
            memo.projector.sight(state.inventory) if isinstance(memo, ClaimsMemo) else (),
            state.look.taken,
        )

    def judge(self, name: str, budget: Budget) -> Judgement:
        """Judge a node; past the budget it is unknown. Raises ``TurnOver``."""
        state = self.snapshot.nodes.get(name)
        if state is None:
            unknown = without_devices(Outcome.UNKNOWN, reason(ReasonCode.NODE_UNKNOWN))
            return Judgement(unknown, None, None, None)
        view = self.view(state, budget)
        if isinstance(view, Prediction):
            return Judgement(view, None, None, state)
        return self.judge_view(view, state, budget)

    def view(self, state: NodeState, budget: Budget) -> NodeView | Prediction:
        """How the node looks to the pod, or a prediction that needs no search. Raises ``TurnOver``."""
        if budget.units_left <= 0:
            # Also where all that the node needs is paid for: claims that cost this much get no more time.
            return beyond(budget)
        return view_node(self.plan, state, self.snapshot, self.memos, self._specs_for, budget)

    def judge_view(self, view: NodeView, state: NodeState, budget: Budget) -> Judgement:
        """
        Judge a node by how it looks; past the budget it is unknown.

        Where the pod cannot use the node because of what it holds elsewhere, upstream finds that
        out after the search, so only an attempt that aborts is not overruled.
        """
        search = (view.memo, view.key)
        if not budget.affords(search):
            why = reason(ReasonCode.REQUEST_BUDGET, steps=budget.steps)
            return Judgement(without_devices(Outcome.UNKNOWN, why), None, view, state)
        prediction = view.memo.predictions.get(view.key)
        if prediction is None:
            prediction = self._search(view, budget)
        budget.charge(search, prediction.steps, prediction.units)
        if view.bound_elsewhere is not None and prediction.outcome is not Outcome.ERROR:
            overruled = without_devices(Outcome.UNSCHEDULABLE, view.bound_elsewhere)
            return Judgement(overruled, None, view, state)
        alignment = self._alignment(view, prediction, budget)
        return Judgement(prediction, alignment, view, state, _passed_over(view, prediction))

    def best(self, name: str, budget: Budget) -> Best:
        """
        The best alignment that any allowed choice of devices on the node would have.

        Past the budget none is known. Raises ``TurnOver``.
        """
        state = self.snapshot.nodes.get(name)
        if state is None or self.plan.nothing_to_align:
            return Best(None, complete=True)
        view = self.view(state, budget)
        if isinstance(view, Prediction):
            return Best(None, complete=not budget.spent)
        key = (view.memo, view.key)
        search = ("best", key)
        if not budget.affords(search):
            return Best(None, complete=False)
        best = self.ratings.bests.get(key)
        if best is None:
            steps = budget.at_once(BEST_STEPS * UNITS_PER_STEP) // UNITS_PER_STEP
            best = best_alignment(
                view.problem,
                view.slots,
                steps,
                view.memo.askers,
                view.memo.preferring,
                self.ratings.worths,
            )
            if not best.complete and steps < BEST_STEPS:
                raise TurnOver
            self.ratings.remember_best(key, best)
            budget.work(best.steps * UNITS_PER_STEP + best.units)
        budget.charge(search, best.steps, best.units)
        return best

    def _search(self, view: NodeView, budget: Budget) -> Prediction:
        steps = budget.at_once(self.search_steps * UNITS_PER_STEP) // UNITS_PER_STEP
        prediction = predict(view.problem, steps)
        if prediction.steps > steps and steps < self.search_steps:
            # Nothing of it is remembered: with all steps it may come to something else.
            raise TurnOver
        view.memo.remember(view.key, prediction)
        stats, kind = self.stats, (prediction.outcome, prediction.certainty)
        stats.searches += 1
        stats.predictions[kind] = stats.predictions.get(kind, 0) + 1
        budget.work(prediction.steps * UNITS_PER_STEP + prediction.units)
        return prediction

    def _alignment(self, view: NodeView, prediction: Prediction, budget: Budget) -> Alignment | None:
        if prediction.solution is None:
            return None
        alignment = self.ratings.alignments.get(prediction)
        if alignment is None:
            budget.work(pairs_of(prediction.solution))
            alignment = align_devices(
                view.problem, prediction.solution, view.slots, self.ratings.worths, view.memo.askers
            )
            self.ratings.remember_alignment(prediction, alignment)
        return alignment


def _passed_over(view: NodeView, prediction: Prediction) -> int:
    solution, preferring = prediction.solution, view.memo.preferring
    return passed_over(solution.selected, preferring) if solution is not None and preferring else 0
