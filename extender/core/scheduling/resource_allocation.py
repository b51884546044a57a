"""
NodeResourcesFit and NodeResourcesBalancedAllocation, as scores.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/noderesources/resource_allocation.go,
fit.go and balanced_allocation.go, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from extender.model.scheduling import SchedulingPod

from .node_info import NON_ZERO_REQUESTS, Nodes, amounts_of
from .plugin import MAX_NODE_SCORE, PluginScores, as_they_are
from .pod_requests import pod_requests
from .resource import CPU, MEMORY, counted, is_scalar
from .rules import SchedulingRules
from .scoring_strategy import DEFAULT_STRATEGY, ScoringStrategy, strategy_score

FIT = "NodeResourcesFit"
BALANCED_ALLOCATION = "NodeResourcesBalancedAllocation"

BALANCED_RESOURCES = (CPU, MEMORY)
"""Source: k8s.io/kubernetes pkg/scheduler/apis/config/v1/defaults.go, v1.34 to v1.38.0-beta.0."""

_HALF = MAX_NODE_SCORE // 2


def score_fit(
    pod: SchedulingPod,
    nodes: Nodes,
    feasible: Sequence[int],
    rules: SchedulingRules,
    strategy: ScoringStrategy = DEFAULT_STRATEGY,
) -> PluginScores:
    """
    How much of each node is left, by the strategy.

    CPU and memory that a container does not request count as ``NON_ZERO_REQUESTS``. What the pod as a
    whole requests, and its status, is looked at with ``fit_scores_whole_pod`` alone.
    """
    whole = rules.fit_scores_whole_pod
    nanos = pod_requests(pod.resources, rules, status=whole, pod_level=whole, defaults=NON_ZERO_REQUESTS)
    names = [name for name, _ in strategy.resources]
    wanted = [counted(name, nanos.get(name, 0)) for name in names]

    def score(allocatable: Sequence[int], allocated: Sequence[int]) -> int:
        return strategy_score(strategy, _with_pod(allocatable, allocated, wanted), allocatable)

    return as_they_are(_score_each(names, wanted, nodes, feasible, score, nonzero=True))


def score_balance(
    pod: SchedulingPod, nodes: Nodes, feasible: Sequence[int], rules: SchedulingRules
) -> PluginScores | None:
    """
    How evenly the resources of each node are used, or what the pod changes in that.

    ``None`` for a pod that requests neither CPU nor memory.
    """
    nanos = pod_requests(pod.resources, rules, status=True)
    wanted = [counted(name, nanos.get(name, 0)) for name in BALANCED_RESOURCES]
    if not any(wanted):
        return None

    def score(allocatable: Sequence[int], allocated: Sequence[int]) -> int:
        after = _balance(_with_pod(allocatable, allocated, wanted), allocatable)
        if not rules.balance_change:
            return after
        return _HALF + (_HALF + after - _balance(allocated, allocatable)) // 2

    return as_they_are(_score_each(BALANCED_RESOURCES, wanted, nodes, feasible, score, nonzero=False))


def _score_each(
    names: Sequence[str],
    wanted: Sequence[int],
    nodes: Nodes,
    feasible: Sequence[int],
    score: Callable[[Sequence[int], Sequence[int]], int],
    *,
    nonzero: bool,
) -> list[int]:
    """
    Score each node by its allocatable and allocated amounts; equal amounts are scored once.

    What is no CPU, memory or storage counts only where the pod wants it.
    """
    counting = [amount != 0 or not is_scalar(name) for name, amount in zip(names, wanted, strict=True)]
    infos = [nodes.infos[position] for position in feasible]
    columns = [map(amounts_of(name, nonzero=nonzero), infos) for name in names]
    known: dict[tuple[tuple[int, int], ...], int] = {}
    raw = []
    for amounts in zip(*columns, strict=True):
        if amounts not in known:
            having = [
                pair if counts and pair[0] else (0, 0) for pair, counts in zip(amounts, counting, strict=True)
            ]
            known[amounts] = score([has for has, _ in having], [taken for _, taken in having])
        raw.append(known[amounts])
    return raw


def _with_pod(allocatable: Sequence[int], allocated: Sequence[int], wanted: Sequence[int]) -> list[int]:
    return [
        had + amount if has else 0 for has, had, amount in zip(allocatable, allocated, wanted, strict=True)
    ]


def _balance(requested: Sequence[int], allocatable: Sequence[int]) -> int:
    """100 less the standard deviation of the used fractions in percent, cut off."""
    fractions = [
        min(float(amount) / float(capacity), 1.0)
        for amount, capacity in zip(requested, allocatable, strict=True)
        if capacity
    ]
    deviation = 0.0
    if len(fractions) == 2:
        deviation = abs((fractions[0] - fractions[1]) / 2)
    elif len(fractions) > 2:
        total = 0.0
        for fraction in fractions:
            total += fraction
        mean, squares = total / len(fractions), 0.0
        for fraction in fractions:
            squares += (fraction - mean) * (fraction - mean)
        deviation = math.sqrt(squares / len(fractions))
    return int((1 - deviation) * MAX_NODE_SCORE)
