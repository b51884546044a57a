"""
A bound on what an evaluation costs, apart from what depends on values.

Kubernetes stops an evaluation at a cost limit. Counting as it does takes time, so an evaluation first
runs with a bound: one that stays below the limit with the bound does so in truth.

Source: github.com/google/cel-go interpreter/runtimecost.go, v0.26.
"""

from __future__ import annotations

from ..syntax.tree import Call, Constant, Ident, ListLiteral, MapLiteral, MessageLiteral, Node, Select

COST_LIMIT = 1_000_000
"""``CELSelectorExpressionMaxCost``."""

LIST_COST = 10
MAP_COST = 30


def cost_bound(node: Node) -> int:
    """Return the bound for a node and all below it, apart from iterations and long values."""
    if isinstance(node, Constant):
        # A constant bounds the cost of comparing with it.
        return 1 + len(node.value) // 10 if isinstance(node.value, str | bytes) else 0
    if isinstance(node, Ident):
        return 1
    if isinstance(node, Select):
        return 1 + cost_bound(node.operand)
    if isinstance(node, Call):
        target = cost_bound(node.target) if node.target is not None else 0
        return 1 + target + sum(map(cost_bound, node.arguments))
    if isinstance(node, ListLiteral):
        return LIST_COST + sum(map(cost_bound, node.elements))
    if isinstance(node, MapLiteral):
        return MAP_COST + sum(cost_bound(key) + cost_bound(value) for key, value, _ in node.entries)
    assert not isinstance(node, MessageLiteral)
    return 1 + sum(map(cost_bound, (node.range, node.init, node.condition, node.step, node.result)))
