"""
Nodes, as the default scheduler sees them.

Source: k8s.io/api core/v1 types.go, v0.37.
"""

from __future__ import annotations

import msgspec

from extender.model import Taint
from extender.model.scheduling import SchedulingNode

from .errors import UNREADABLE, refuse
from .fields import Metadata, QuantityJSON, Wire, object_name, quantity_map
from .interner import Interner


class TaintJSON(Wire):
    key: str | None = None
    value: str | None = None
    effect: str | None = None


class NodeSpec(Wire):
    unschedulable: bool | None = None
    taints: list[TaintJSON] | None = None


class ImageJSON(Wire):
    names: list[str] | None = None
    size_bytes: int | None = None


class NodeStatus(Wire):
    allocatable: dict[str, QuantityJSON] | None = None
    images: list[ImageJSON] | None = None
    declared_features: list[str] | None = None


class NodeJSON(Wire):
    metadata: Metadata | None = None
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


_NODE = msgspec.json.Decoder(NodeJSON)


def scheduling_node(data: bytes | msgspec.Raw, interner: Interner) -> SchedulingNode:
    """Decode a Node. Raises ``DecodeError``."""
    try:
        return _node(_NODE.decode(data), interner)
    except UNREADABLE as error:
        raise refuse("Node", data, error, _NODE) from None


def _node(wire: NodeJSON, interner: Interner) -> SchedulingNode:
    spec, status = wire.spec or NodeSpec(), wire.status or NodeStatus()
    return SchedulingNode(
        name=interner.texts[object_name(wire.metadata)],
        labels=(wire.metadata and wire.metadata.labels) or {},
        unschedulable=bool(spec.unschedulable),
        taints=tuple(
            Taint(each.key or "", each.effect or "", each.value or "") for each in spec.taints or ()
        ),
        allocatable=quantity_map(status.allocatable, "status.allocatable", interner),
        images=tuple(
            (interner.texts[name], image.size_bytes or 0)
            for image in status.images or ()
            for name in image.names or ()
        ),
        declared_features=tuple(status.declared_features or ()),
    )
