"""
Second readings of Pods and Nodes: as the plugins of the default scheduler see them.
"""

from __future__ import annotations

from .kinds import TypedKind
from .scheduling import SchedulingNode, SchedulingPod


def _pod_key(pod: SchedulingPod) -> tuple[str, str]:
    return pod.namespace, pod.name


def _node_key(node: SchedulingNode) -> str:
    return node.name


SCHEDULING_POD: TypedKind[tuple[str, str], SchedulingPod] = TypedKind(
    "SchedulingPod", "", "pods", namespaced=True, key=_pod_key
)
SCHEDULING_NODE: TypedKind[str, SchedulingNode] = TypedKind(
    "SchedulingNode", "", "nodes", namespaced=False, key=_node_key
)
