"""
PodTopologySpread: how evenly pods are spread over topology domains.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/podtopologyspread/filtering.go and
scoring.go, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from extender.model.scheduling import LabelSelector, SchedulingPod, SpreadConstraint

from .labels import selector_matches
from .node_info import Nodes
from .plugin import MAX_NODE_SCORE, Column, PluginScores
from .reasons import FilterCode, FilterReason, filter_reason
from .rules import SchedulingRules
from .spread_constraints import (
    DEFAULT_CONSTRAINTS,
    HOSTNAME,
    constraints_of,
    has_all_keys,
    inclusion,
    matching_pods,
)


def filter_nodes(pod: SchedulingPod, nodes: Nodes, rules: SchedulingRules) -> Column | None:
    """With the pod, no domain may have more than ``maxSkew`` matching pods above the emptiest."""
    constraints = constraints_of(pod, required=True)
    if not constraints:
        return None
    included = inclusion(pod, nodes)
    eligible = [
        position for position, info in enumerate(nodes.infos) if has_all_keys(info.node.labels, constraints)
    ]
    column: list[FilterReason | None] = [None] * len(nodes.infos)
    for constraint in constraints:
        counted = [each for each in eligible if included(constraint, each)]
        domains = _domains(constraint, counted, pod, nodes, rules)
        key = constraint.topology_key
        least = min(domains.values()) if len(domains) >= max(constraint.min_domains, 1) else 0
        itself = selector_matches(constraint.selector, pod.labels)
        missing = filter_reason(FilterCode.SPREAD_LABEL_MISSING, label=key)
        skewed = filter_reason(FilterCode.SPREAD_SKEW, label=key)
        for position, info in enumerate(nodes.infos):
            if column[position] is not None:
                continue
            value = info.node.labels.get(key)
            if value is None:
                column[position] = missing
            elif domains.get(value, 0) + itself - least > constraint.max_skew:
                column[position] = skewed
    return column


def _domains(
    constraint: SpreadConstraint,
    counted: Sequence[int],
    pod: SchedulingPod,
    nodes: Nodes,
    rules: SchedulingRules,
) -> dict[str, int]:
    """The matching pods of each domain that has a node that counts."""
    key = constraint.topology_key
    value_of = {position: nodes.infos[position].node.labels.get(key, "") for position in counted}
    domains = dict.fromkeys(value_of.values(), 0)
    for position in matching_pods(constraint.selector, pod.namespace, nodes, rules):
        if position in value_of:
            domains[value_of[position]] += 1
    return domains


def score_nodes(
    pod: SchedulingPod,
    nodes: Nodes,
    feasible: Sequence[int],
    rules: SchedulingRules,
    default_selector: LabelSelector | None,
) -> PluginScores | None:
    """
    The fewer matching pods in a node's domains, the better.

    ``default_selector``: what the services and controllers of a pod without constraints select, merged;
    ``None`` or without requirements: nothing.
    """
    of_pod = bool(pod.spread)
    if of_pod:
        constraints = constraints_of(pod, required=False)
    elif default_selector is not None and default_selector.requirements:
        constraints = tuple(replace(each, selector=default_selector) for each in DEFAULT_CONSTRAINTS)
    else:
        constraints = ()
    if not constraints:
        return None
    labels = [info.node.labels for info in nodes.infos]
    # Only the pod's own constraints pass over nodes that lack a label of one of them.
    counted = [each for each in feasible if not of_pod or has_all_keys(labels[each], constraints)]
    included = inclusion(pod, nodes)
    sums = dict.fromkeys(counted, 0.0)
    for constraint in constraints:
        key = constraint.topology_key
        if key == HOSTNAME:
            size = len(counted)
            on_node = Counter(matching_pods(constraint.selector, pod.namespace, nodes, rules))
            pods_near = {each: on_node[each] for each in counted if key in labels[each]}
        else:
            seen = [
                each
                for each in range(len(labels))
                if (not of_pod or has_all_keys(labels[each], constraints)) and included(constraint, each)
            ]
            domains = _domains(constraint, seen, pod, nodes, rules)
            size = len({labels[each].get(key, "") for each in counted})
            pods_near = {each: domains.get(labels[each][key], 0) for each in counted if key in labels[each]}
        weight = math.log(float(size + 2))
        for position, pods in pods_near.items():
            sums[position] += float(pods) * weight + float(constraint.max_skew - 1)
    return _normalised([math.floor(sums[each] + 0.5) if each in sums else None for each in feasible])


def _normalised(scores: Sequence[int | None]) -> PluginScores:
    """Nodes that are not counted get 0; of the others the one with the fewest pods gets most."""
    counted = [score for score in scores if score is not None]
    least, most = min(counted, default=0), max(counted, default=0)
    normalised = []
    for score in scores:
        if score is None:
            normalised.append(0)
        elif most == 0:
            normalised.append(MAX_NODE_SCORE)
        else:
            normalised.append(MAX_NODE_SCORE * (most + least - score) // most)
    return PluginScores([score or 0 for score in scores], normalised)
