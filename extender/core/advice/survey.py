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
    for name, state in judge.snapshot.nodes.items():
        view = judge.view(state, budget)
        if isinstance(view, Prediction):
            key: _GroupKey = (None, view.outcome, view.reason)
        else:
            key = (view.memo, view.key, view.bound_elsewhere)
        group = groups.get(key)
        if group is not None:
            group[0].append(name)
        elif isinstance(view, Prediction):
            groups[key] = ([name], Judgement(view, None, None, state))
        else:
            groups[key] = ([name], judge.judge_view(view, state, budget))
        step(name)
    return tuple(
        NodeGroup(tuple(names), judgement.prediction, judgement.alignment, judgement.view)
        for names, judgement in groups.values()
    )


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
