"""
What the plugins have in common: the shapes of their answers, and how raw scores become comparable.

A filter answers with a column: for each node, in the order of ``Nodes.infos``, why it is refused, or
``None``; or with ``None`` for the whole, where it has nothing to do with the pod (``Skip`` upstream).
A score plugin answers for the feasible nodes, in their order, or with ``None`` likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .reasons import FilterReason

MAX_NODE_SCORE = 100
"""Source: k8s.io/kube-scheduler framework/interface.go, v0.36."""

Column = Sequence[FilterReason | None]


@dataclass(frozen=True, slots=True)
class PluginScores:
    """The scores of a plugin by feasible node: raw, and normalised to 0 to 100."""

    raw: Sequence[int]
    normalised: Sequence[int]


def as_they_are(raw: Sequence[int]) -> PluginScores:
    """The scores of a plugin that does not normalise."""
    return PluginScores(raw, raw)


def default_normalised(raw: Sequence[int], *, reverse: bool = False) -> PluginScores:
    """
    The best gets 100, the others their share of it; ``reverse``: the less, the better.

    Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/helper/normalize_score.go, v1.34 to
    v1.38.0-beta.0.
    """
    most = max(raw, default=0)
    if most <= 0:
        return PluginScores(raw, [MAX_NODE_SCORE] * len(raw) if reverse else raw)
    shares = [MAX_NODE_SCORE * score // most for score in raw]
    return PluginScores(raw, [MAX_NODE_SCORE - share for share in shares] if reverse else shares)


def quotient(dividend: int, divisor: int) -> int:
    """Go's integer division, which rounds towards zero."""
    whole = abs(dividend) // abs(divisor)
    return whole if (dividend < 0) == (divisor < 0) else -whole
