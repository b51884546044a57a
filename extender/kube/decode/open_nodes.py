"""
Nodes that take any pod.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/nodeunschedulable node_unschedulable.go and
tainttoleration taint_toleration.go Filter, v1.36: what keeps away a pod that tolerates nothing.
"""

from __future__ import annotations

import msgspec

from extender.model.open_nodes import OpenNode

from .errors import UNREADABLE, refuse
from .fields import QuantityJSON, Wire, quantity
from .interner import Interner

_KEEPS_AWAY = frozenset({"NoSchedule", "NoExecute"})


class _Metadata(Wire):
    name: str | None = None


class _Taint(Wire):
    effect: str | None = None


class _Spec(Wire):
    unschedulable: bool | None = None
    taints: list[_Taint] | None = None


class _Allocatable(Wire):
    pods: QuantityJSON | None = None


class _Status(Wire):
    allocatable: _Allocatable | None = None


class _Node(Wire):
    metadata: _Metadata | None = None
    spec: _Spec | None = None
    status: _Status | None = None


_NODE = msgspec.json.Decoder(_Node)


def open_node(data: bytes | msgspec.Raw, interner: Interner) -> tuple[str, OpenNode | None]:
    """Decode a Node to its name and, if it takes any pod, what fits on it. Raises ``DecodeError``."""
    try:
        wire = _NODE.decode(data)
        name = interner.texts[(wire.metadata and wire.metadata.name) or ""]
        spec = wire.spec or _Spec()
        if spec.unschedulable or any(taint.effect in _KEEPS_AWAY for taint in spec.taints or ()):
            return name, None
        allocatable = (wire.status and wire.status.allocatable) or _Allocatable()
        pods = quantity(allocatable.pods, "status.allocatable.pods", interner)
    except UNREADABLE as error:
        raise refuse("Node", data, error, _NODE) from None
    return name, OpenNode(name, pods.nanos // 10**9)
