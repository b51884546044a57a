"""
All nodes of a snapshot under one plan, those that look alike together.

Each distinct view is searched once, so a fleet of a few machine types costs a few
searches, whatever its size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..alignment.pairs import Alignment
from ..allocator.budget import Budget
from ..claims.plan import Plan
from ..cluster.snapshot import Snapshot
from ..prediction.judge import Judgement, NodeJudge
from ..prediction.node_view import NodeView
from ..prediction.predict import Prediction
from ..prediction.verdict import named_reason
from ..reasons import Outcome, Reason

Step = Callable[[str], None]
"""Is told the name of each node that was judged."""

_GroupKey = tuple[object, object, Reason | None]


@dataclass(frozen=True, slots=True, eq=False)
class NodeGroup:
    """
    Nodes, by name and sorted, that get one prediction.

    ``alignment``: of the predicted devices; ``view`` where there was one to search.
    """

    nodes: tuple[str, ...]
    prediction: Prediction
    alignment: Alignment | None
    view: NodeView | None


def survey(judge: NodeJudge, budget: Budget, step: Step) -> tuple[NodeGroup, ...]:
    """
    Judge every node, in the order of their names.

    Searches beyond the ``budget`` are not begun: their nodes are unknown.
    """
    groups: dict[_GroupKey, tuple[list[str], Judgement]] = {}
    # With the judgement, since an identity is good only as long as its object is there.
    known: dict[int, tuple[Judgement, list[str]]] = {}
    for name, judgement in judge.judge_each(judge.snapshot.nodes, budget):
        alike = known.get(id(judgement))
        if alike is None:
            names, _ = groups.setdefault(_group_key(judgement), ([], judgement))
            alike = known[id(judgement)] = (judgement, names)
        alike[1].append(name)
        step(name)
    return tuple(
        NodeGroup(tuple(names), judgement.prediction, judgement.alignment, judgement.view)
        for names, judgement in groups.values()
    )


def _group_key(judgement: Judgement) -> _GroupKey:
    view, prediction = judgement.view, judgement.prediction
    if view is None:
        return None, prediction.outcome, prediction.reason
    return view.memo, view.key, view.bound_elsewhere


def outcomes(surveyed: Sequence[NodeGroup]) -> Counter[Outcome]:
    """How many nodes come to each outcome."""
    counts: Counter[Outcome] = Counter()
    for group in surveyed:
        counts[group.prediction.outcome] += len(group.nodes)
    return counts


def reason_of(group: NodeGroup, plan: Plan, snapshot: Snapshot) -> Reason | None:
    """Why the first of the nodes gets what it gets, with the names of its devices."""
    inventory = snapshot.nodes[group.nodes[0]].inventory
    return named_reason(group.prediction.reason, plan, group.view, inventory)
