"""
Bounds on what Kubernetes charges for an evaluation.

Kubernetes stops an evaluation at a cost limit. We do not count as it does, but never
less: an evaluation that stays below the limit here does so there.

Source: github.com/google/cel-go interpreter/runtimecost.go, v0.26, and
k8s.io/apiserver pkg/cel/library/cost.go, v0.36.
"""

from __future__ import annotations

from .syntax import INDEXES, Call, Constant, Ident, ListLiteral, MapLiteral, Node, Select

COST_LIMIT = 1_000_000
"""``CELSelectorExpressionMaxCost``."""

_CALL = 27  # covers comparing strings of up to 250 characters
_LIST = 11
_MAP = 31


def weight(node: Node) -> int:
    """Return the bound for a node and all below it, apart from iterations and long values."""
    if isinstance(node, Constant):
        return 1 + len(node.value) // 5 if isinstance(node.value, str | bytes) else 1
    if isinstance(node, Ident):
        return 1
    if isinstance(node, Select):
        return 2 + weight(node.operand)
    if isinstance(node, Call):
        target = weight(node.target) if node.target is not None else 0
        own = 2 if node.function in INDEXES else _CALL
        return own + target + sum(map(weight, node.arguments))
    if isinstance(node, ListLiteral):
        return _LIST + sum(map(weight, node.elements))
    if isinstance(node, MapLiteral):
        return _MAP + sum(weight(key) + weight(value) for key, value, _ in node.entries)
    return 1 + sum(map(weight, (node.range, node.init, node.condition, node.step, node.result)))
