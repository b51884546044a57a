"""
NodeName: a pod that names its node.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/nodename/node_name.go, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from extender.model.scheduling import SchedulingPod

from .node_info import Nodes
from .plugin import Column
from .reasons import FilterCode, filter_reason

NAME = "NodeName"


def filter_nodes(pod: SchedulingPod, nodes: Nodes) -> Column | None:
    """Refuses all nodes but the one in ``spec.nodeName``."""
    if not pod.node_name:
        return None
    refused = filter_reason(FilterCode.NODE_NAME, node=pod.node_name)
    return [None if info.node.name == pod.node_name else refused for info in nodes.infos]
