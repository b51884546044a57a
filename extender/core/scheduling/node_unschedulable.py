"""
NodeUnschedulable: nodes that are cordoned.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go,
v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from extender.model import Taint
from extender.model.scheduling import SchedulingPod

from ..cluster.taints import tolerates
from .node_info import Nodes
from .plugin import Column
from .reasons import FilterCode, filter_reason

NAME = "NodeUnschedulable"

_CORDONED = Taint("node.kubernetes.io/unschedulable", "NoSchedule")
_REFUSED = filter_reason(FilterCode.NODE_UNSCHEDULABLE)


def filter_nodes(pod: SchedulingPod, nodes: Nodes) -> Column | None:
    """A pod that tolerates the taint of a cordoned node may go there whether it has the taint or not."""
    if any(tolerates(toleration, _CORDONED) for toleration in pod.tolerations):
        return None
    return [_REFUSED if info.node.unschedulable else None for info in nodes.infos]
