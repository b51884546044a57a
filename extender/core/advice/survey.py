"""
All nodes of a snapshot under one plan, those that look alike together.

Each distinct view is searched once, so a fleet of a few machine types costs a few
searches, whatever its size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from extender.model import ClaimSpec

from ..claims.plan import Plan
from ..cluster.snapshot import Snapshot
from ..prediction.memo import ClaimsMemo
from ..prediction.node_view import NodeView, view_node
from ..prediction.predict import Prediction, predict, without_devices
from ..prediction.settings import Settings
from ..prediction.verdict import verdict_of
from ..reasons import Outcome, Reason, ReasonCode, reason

ClaimsMemos = dict[tuple[ClaimSpec, ...], ClaimsMemo | Prediction]
"""Memos by what is asked for; surveys of one lineage and release may share them."""

Step = Callable[[str], None]
"""Is told the name of each node that was judged."""

_LookKey = tuple[int, object, Reason | None]


@dataclass(frozen=True, slots=True, eq=False)
class NodeGroup:
    """Nodes, by name and sorted, that get one prediction; ``view`` where there was one to search."""

    nodes: tuple[str, ...]
    prediction: Prediction
    view: NodeView | None


def survey(
    plan: Plan, snapshot: Snapshot, memos: ClaimsMemos, settings: Settings, step: Step
) -> tuple[NodeGroup, ...]:
    """
    Judge every node, in the order of their names; fills in ``memos``.

    Searches beyond ``settings.request_steps`` are not begun: their nodes are unknown.
    """
    groups: dict[_LookKey, tuple[list[str], Prediction, NodeView | None]] = {}
    spent = 0
    for name, state in snapshot.nodes.items():
        view = view_node(plan, state, snapshot, memos, settings)
        if isinstance(view, Prediction):
            key: _LookKey = (0, view.outcome, view.reason)
        else:
            key = (id(view.memo), view.key, view.elsewhere)
        known = groups.get(key)
        if known is not None:
            known[0].append(name)
        elif isinstance(view, Prediction):
            groups[key] = ([name], view, None)
        else:
            prediction = view.memo.predictions.get(view.key)
            if prediction is None and spent >= settings.request_steps:
                why = reason(ReasonCode.REQUEST_BUDGET, steps=settings.request_steps)
                prediction = without_devices(Outcome.UNKNOWN, why, settings)
            elif prediction is None:
                prediction = _searched(view, settings)
                spent += prediction.steps
            if view.elsewhere is not None and prediction.outcome is not Outcome.ERROR:
                prediction = without_devices(Outcome.UNSCHEDULABLE, view.elsewhere, settings)
            groups[key] = ([name], prediction, view)
        step(name)
    return tuple(NodeGroup(tuple(names), prediction, view) for names, prediction, view in groups.values())


def outcomes(surveyed: Sequence[NodeGroup]) -> Counter[Outcome]:
    """How many nodes come to each outcome."""
    counts: Counter[Outcome] = Counter()
    for group in surveyed:
        counts[group.prediction.outcome] += len(group.nodes)
    return counts


def named_reason(group: NodeGroup, plan: Plan, snapshot: Snapshot) -> Reason | None:
    """Why the first of the nodes gets what it gets, with the names of its devices."""
    view = group.view
    return verdict_of(
        plan,
        group.prediction,
        0,
        None,
        view.memo.compiled if view is not None else None,
        view.placed if view is not None else None,
        snapshot.nodes[group.nodes[0]].inventory,
        snapshot.release,
    ).reason


def _searched(view: NodeView, settings: Settings) -> Prediction:
    prediction = predict(view.problem, view.slots, settings)
    view.memo.remember(view.key, prediction)
    return prediction
