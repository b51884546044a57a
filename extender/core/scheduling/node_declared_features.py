"""
NodeDeclaredFeatures: what a node has to declare to run a pod.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/nodedeclaredfeatures and
k8s.io/component-helpers nodedeclaredfeatures, v1.36 to v1.38.0-beta.0; the gate is off by default in
v1.35.
"""

from __future__ import annotations

from extender.model.scheduling import SchedulingPod

from .node_info import Nodes
from .plugin import Column
from .reasons import FilterCode, filter_reason
from .rules import SchedulingRules

NAME = "NodeDeclaredFeatures"


def filter_nodes(pod: SchedulingPod, nodes: Nodes, rules: SchedulingRules) -> Column | None:
    """Every feature that the release knows and the pod needs has to be declared."""
    needed = [feature for feature in pod.node_features if feature in rules.node_features]
    if not needed:
        return None
    refusals = {feature: filter_reason(FilterCode.NODE_FEATURE, feature=feature) for feature in needed}
    return [
        next((refusals[each] for each in needed if each not in info.node.declared_features), None)
        for info in nodes.infos
    ]
