"""
How the default profile scores the nodes that its filters accept.

Source: k8s.io/kubernetes pkg/scheduler/framework/runtime/framework.go RunScorePlugins and
pkg/scheduler/schedule_one.go prioritizeNodes, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from extender.model.scheduling import LabelSelector, SchedulingPod

from . import (
    dynamic_resources,
    image_locality,
    inter_pod_affinity,
    node_affinity,
    pod_topology_spread,
    resource_allocation,
    spread_constraints,
    taint_toleration,
)
from .node_info import Nodes
from .not_modelled import scores_not_modelled
from .plugin import PluginScores
from .profile import DEFAULT_PROFILE, Profile
from .reasons import NotModelled
from .rules import SchedulingRules


@dataclass(frozen=True, slots=True)
class Scores:
    """
    The scores of the feasible nodes, in their order.

    ``totals``: the weighted sum of all plugins, to which the scheduler adds those of extenders; of
    several nodes with the most it takes one at random. ``not_modelled``: why they are incomplete.
    """

    totals: Sequence[int]
    not_modelled: tuple[NotModelled, ...] = ()


def scores(
    pod: SchedulingPod,
    nodes: Nodes,
    feasible: Sequence[int],
    rules: SchedulingRules,
    *,
    profile: Profile = DEFAULT_PROFILE,
    dra_resources: AbstractSet[str] = frozenset(),
) -> Scores:
    """
    Score the nodes at the positions ``feasible``; a score depends on all of them.

    Nobody says which services and controllers select the pod, nor which alternatives its claims get: pods
    without topology spread constraints are scored as if nothing selected them, and claims do not count.
    """
    totals = [0] * len(feasible)
    for name, answer in plugin_scores(pod, nodes, feasible, rules, profile=profile):
        weight = profile.weights[name]
        totals = [total + weight * own for total, own in zip(totals, answer.normalised, strict=True)]
    return Scores(totals, scores_not_modelled(pod, profile.strategy, dra_resources))


def plugin_scores(
    pod: SchedulingPod,
    nodes: Nodes,
    feasible: Sequence[int],
    rules: SchedulingRules,
    *,
    profile: Profile = DEFAULT_PROFILE,
    default_selector: LabelSelector | None = None,
    dra_raw: Sequence[int] | None = None,
) -> list[tuple[str, PluginScores]]:
    """
    The answer of each plugin that the profile weighs and that has to do with the pod.

    ``default_selector``: what the services and the controller of the pod select by, see
    ``spread_constraints``. ``dra_raw``: for a pod with claims ``dynamic_resources.allocation_score`` of
    each feasible node.
    """
    answers = [
        (taint_toleration.NAME, taint_toleration.score_nodes(pod, nodes, feasible)),
        (node_affinity.NAME, node_affinity.score_nodes(pod, nodes, feasible)),
        (
            resource_allocation.FIT,
            resource_allocation.score_fit(pod, nodes, feasible, rules, profile.strategy),
        ),
        (
            spread_constraints.NAME,
            pod_topology_spread.score_nodes(pod, nodes, feasible, rules, default_selector),
        ),
        (inter_pod_affinity.NAME, inter_pod_affinity.score_nodes(pod, nodes, feasible, rules)),
        (
            dynamic_resources.NAME,
            dynamic_resources.score_nodes(dra_raw) if rules.dra_score and dra_raw is not None else None,
        ),
        (
            resource_allocation.BALANCED_ALLOCATION,
            resource_allocation.score_balance(pod, nodes, feasible, rules),
        ),
        (image_locality.NAME, image_locality.score_nodes(pod, nodes, feasible, rules)),
    ]
    return [(name, answer) for name, answer in answers if answer is not None and profile.weights.get(name)]
