"""
Bounds on what an evaluation costs and how many steps it takes, apart from what depends on values.

Kubernetes stops an evaluation at a cost limit. Counting as it does takes time, so an evaluation first
runs with a bound: one that stays below the limit with the bound does so in truth. Steps are the nodes that
are evaluated; they are charged as work in advance, once per evaluation and once per iteration.

Source: github.com/google/cel-go interpreter/runtimecost.go, v0.26.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..syntax.tree import Call, Constant, Ident, ListLiteral, MapLiteral, MessageLiteral, Node, Select

COST_LIMIT = 1_000_000
"""``CELSelectorExpressionMaxCost``."""

LIST_COST = 10
MAP_COST = 30


class Bound(NamedTuple):
    """``cost`` in Kubernetes' units, ``steps`` in nodes."""

    cost: int
    steps: int


class Bounds:
    """The bounds of the nodes of one tree, each found once."""

    def __init__(self) -> None:
        self._found: dict[Node, Bound] = {}

    def of(self, node: Node) -> Bound:
        """Return the bounds for a node and all below it, apart from iterations and long values."""
        bound = self._found.get(node)
        if bound is None:
            bound = self._found[node] = self._bound(node)
        return bound

    def _bound(self, node: Node) -> Bound:
        if isinstance(node, Constant):
            # A constant bounds the cost of comparing with it.
            return Bound(1 + len(node.value) // 10 if isinstance(node.value, str | bytes) else 0, 0)
        if isinstance(node, Ident):
            return Bound(1, 1)
        if isinstance(node, Select):
            return self._sum(1, 1, (node.operand,))
        if isinstance(node, Call):
            operands = node.arguments if node.target is None else (node.target, *node.arguments)
            # Operands that are constants are called, too.
            return self._sum(1, 1 + len(operands) // 4, operands)
        if isinstance(node, ListLiteral):
            return self._aggregate(LIST_COST, node.elements)
        if isinstance(node, MapLiteral):
            return self._aggregate(MAP_COST, [part for entry in node.entries for part in entry[:2]])
        assert not isinstance(node, MessageLiteral)
        return self._sum(1, 2, (node.range, node.init, node.condition, node.step, node.result))

    def _aggregate(self, cost: int, parts: Iterable[Node]) -> Bound:
        inside = self._sum(cost, 0, parts)
        # One of constants alone is made when the expression is compiled.
        return Bound(inside.cost, inside.steps + 1) if inside.steps else inside

    def _sum(self, cost: int, steps: int, parts: Iterable[Node]) -> Bound:
        for part in parts:
            bound = self.of(part)
            cost += bound.cost
            steps += bound.steps
        return Bound(cost, steps)
