"""
How NodeResourcesFit rates what is left of a node: the scoring strategies.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/noderesources/least_allocated.go,
most_allocated.go, requested_to_capacity_ratio.go and plugins/helper/shape_score.go, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .plugin import MAX_NODE_SCORE, quotient

MAX_CUSTOM_SCORE = 10
"""The highest score of a shape (``MaxCustomPriorityScore``, pkg/scheduler/apis/config/types.go, v1.36)."""


class StrategyType(StrEnum):
    LEAST_ALLOCATED = "LeastAllocated"
    MOST_ALLOCATED = "MostAllocated"
    REQUESTED_TO_CAPACITY_RATIO = "RequestedToCapacityRatio"


@dataclass(frozen=True, slots=True)
class ScoringStrategy:
    """
    ``resources``: names and weights. ``shape``: utilization in percent, ascending, and the score from 0
    to 10 that it gets; for ``RequestedToCapacityRatio`` alone.
    """

    type: StrategyType = StrategyType.LEAST_ALLOCATED
    resources: tuple[tuple[str, int], ...] = (("cpu", 1), ("memory", 1))
    shape: tuple[tuple[int, int], ...] = ()


DEFAULT_STRATEGY = ScoringStrategy()
"""Source: k8s.io/kubernetes pkg/scheduler/apis/config/v1/defaults.go, v1.34 to v1.38.0-beta.0."""


def strategy_score(strategy: ScoringStrategy, requested: Sequence[int], allocatable: Sequence[int]) -> int:
    """
    The score of a node, 0 to 100: the weighted mean over the resources that it has.

    Amounts are in the order of ``strategy.resources``; ``requested`` includes the pod.
    """
    total = weights = 0
    ratio = strategy.type is StrategyType.REQUESTED_TO_CAPACITY_RATIO
    for (_, weight), amount, capacity in zip(strategy.resources, requested, allocatable, strict=True):
        if capacity == 0:
            continue
        score = _resource_score(strategy, amount, capacity)
        # A ratio of score 0 does not count at all.
        if not ratio or score > 0:
            total += score * weight
            weights += weight
    if weights == 0:
        return 0
    # The scheduler rounds the ratio to the nearest number, halves up, and cuts off the others.
    return math.floor(float(total) / float(weights) + 0.5) if ratio else quotient(total, weights)


def _resource_score(strategy: ScoringStrategy, requested: int, capacity: int) -> int:
    match strategy.type:
        case StrategyType.LEAST_ALLOCATED:
            return 0 if requested > capacity else (capacity - requested) * MAX_NODE_SCORE // capacity
        case StrategyType.MOST_ALLOCATED:
            return min(requested, capacity) * MAX_NODE_SCORE // capacity
        case StrategyType.REQUESTED_TO_CAPACITY_RATIO:
            utilization = 100 if requested > capacity else requested * 100 // capacity
            return _broken_linear(strategy.shape, utilization)


def _broken_linear(shape: Sequence[tuple[int, int]], utilization: int) -> int:
    scale = MAX_NODE_SCORE // MAX_CUSTOM_SCORE
    before: tuple[int, int] | None = None
    for at, score in shape:
        if utilization <= at:
            if before is None:
                return score * scale
            rise = (score - before[1]) * scale * (utilization - before[0])
            return before[1] * scale + quotient(rise, at - before[0])
        before = (at, score)
    return shape[-1][1] * scale
