"""
Nodes.

Source: k8s.io/api core/v1 types.go, v0.36.
"""

from __future__ import annotations

import msgspec

from extender.model import Node

from .errors import UNREADABLE, refuse
from .fields import Metadata, QuantityJSON, Wire, object_name, quantity_map
from .interner import Interner


class NodeStatus(Wire):
    allocatable: dict[str, QuantityJSON] | None = None
    declared_features: list[str] | None = None


class NodeJSON(Wire):
    metadata: Metadata | None = None
    status: NodeStatus | None = None


_NODE = msgspec.json.Decoder(NodeJSON)


def node(data: bytes | msgspec.Raw, interner: Interner) -> Node:
    """Decode a Node. Raises ``DecodeError``."""
    try:
        return _node(_NODE.decode(data), interner)
    except UNREADABLE as error:
        raise refuse("Node", data, error, _NODE) from None


def _node(wire: NodeJSON, interner: Interner) -> Node:
    status, texts = wire.status or NodeStatus(), interner.texts
    labels = (wire.metadata and wire.metadata.labels) or {}
    return Node(
        name=texts[object_name(wire.metadata)],
        # Most values are those of other nodes, or the node's name.
        labels={name: texts[value] for name, value in labels.items()},
        allocatable=dict(quantity_map(status.allocatable, "status.allocatable", interner)),
        declared_features=tuple(status.declared_features or ()),
    )
