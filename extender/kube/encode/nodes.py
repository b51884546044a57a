"""
Nodes.

Source: k8s.io/api core/v1 types.go, v0.36.
"""

from __future__ import annotations

from extender.model import Node

from .fields import JSON, filled, quantities


def node_json(node: Node) -> JSON:
    """Return the Node."""
    status = {
        "allocatable": quantities(node.allocatable.items()),
        "declaredFeatures": list(node.declared_features),
    }
    metadata = filled({"name": node.name, "labels": dict(node.labels)})
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": filled(status)}
