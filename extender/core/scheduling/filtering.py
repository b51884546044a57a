"""
Which nodes the filters of the default profile accept for a pod.

Not among them is DynamicResources: which devices a node has for the pod is the business of the
prediction. Nor are pods that preemption nominated to a node: who knows of any puts them on their
nodes as well, and asks twice, as the scheduler does.

Source: k8s.io/kubernetes pkg/scheduler/schedule_one.go (algorithm.go in v1.38.0-beta.0)
findNodesThatFitPod and pkg/scheduler/framework/runtime/framework.go RunFilterPlugins, v1.34 to
v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from extender.model.scheduling import SchedulingPod

from . import (
    inter_pod_affinity,
    node_affinity,
    node_declared_features,
    node_name,
    node_ports,
    node_resources_fit,
    node_unschedulable,
    pod_topology_spread,
    spread_constraints,
    taint_toleration,
)
from .node_info import Nodes
from .not_modelled import filters_not_modelled
from .plugin import Column
from .reasons import FilterCode, FilterReason, NotModelled, filter_reason
from .rules import SchedulingRules

_TOO_LARGE = filter_reason(FilterCode.NODE_AMOUNT_TOO_LARGE)


@dataclass(frozen=True, slots=True)
class Feasibility:
    """
    Where a pod may go.

    ``refusals``: for each node of ``Nodes.infos`` the first reason, in the order of the plugins, or
    ``None`` where it is accepted. ``not_modelled``: why we cannot say; then no node is refused.
    """

    refusals: Sequence[FilterReason | None]
    not_modelled: tuple[NotModelled, ...] = ()

    @property
    def feasible(self) -> tuple[int, ...]:
        """The positions of the nodes that are accepted, ascending."""
        return tuple(position for position, refusal in enumerate(self.refusals) if refusal is None)


def feasible(
    pod: SchedulingPod,
    nodes: Nodes,
    rules: SchedulingRules,
    dra_resources: AbstractSet[str] = frozenset(),
    amounts_unknown: AbstractSet[int] = frozenset(),
) -> Feasibility:
    """
    Apply all filters. ``dra_resources``: extended resources that a device class backs.

    ``amounts_unknown``: nodes of which it is not known how much they have; that refuses no pod.
    A node whose numbers are beyond upstream's arithmetic is refused as not modelled.
    """
    missing = filters_not_modelled(pod, nodes, rules)
    if missing:
        return Feasibility([None] * len(nodes.infos), missing)
    merged: list[FilterReason | None] = [_TOO_LARGE if info.too_large else None for info in nodes.infos]
    for name, column in filter_columns(pod, nodes, rules, dra_resources):
        waived = amounts_unknown if name == node_resources_fit.NAME else ()
        merged = [
            refusal if refusal is not None or number in waived else own
            for number, (refusal, own) in enumerate(zip(merged, column, strict=True))
        ]
    return Feasibility(merged)


def filter_columns(
    pod: SchedulingPod, nodes: Nodes, rules: SchedulingRules, dra_resources: AbstractSet[str] = frozenset()
) -> list[tuple[str, Column]]:
    """The answer of each plugin that has to do with the pod, in the order in which they run."""
    columns = [
        (node_unschedulable.NAME, node_unschedulable.filter_nodes(pod, nodes)),
        (node_name.NAME, node_name.filter_nodes(pod, nodes)),
        (taint_toleration.NAME, taint_toleration.filter_nodes(pod, nodes)),
        (node_affinity.NAME, node_affinity.filter_nodes(pod, nodes)),
        (node_ports.NAME, node_ports.filter_nodes(pod, nodes)),
        (node_resources_fit.NAME, node_resources_fit.filter_nodes(pod, nodes, rules, dra_resources)),
        (spread_constraints.NAME, pod_topology_spread.filter_nodes(pod, nodes, rules)),
        (inter_pod_affinity.NAME, inter_pod_affinity.filter_nodes(pod, nodes, rules)),
        (node_declared_features.NAME, node_declared_features.filter_nodes(pod, nodes, rules)),
    ]
    return [(name, column) for name, column in columns if column is not None]
