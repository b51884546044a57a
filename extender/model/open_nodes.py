"""
Nodes that take any pod, as far as their spec goes.

Source: k8s.io/api core/v1 types.go, v0.36.
"""

from __future__ import annotations

from dataclasses import dataclass

from .kinds import TypedKind


@dataclass(frozen=True, slots=True)
class OpenNode:
    """A node that is schedulable and has no taint that keeps pods away. ``pods``: how many fit on it."""

    name: str
    pods: int


def _key(node: OpenNode) -> str:
    return node.name


OPEN_NODE: TypedKind[str, OpenNode] = TypedKind("OpenNode", "", "nodes", namespaced=False, key=_key)
"""A second reading of Nodes; all others count as gone."""
