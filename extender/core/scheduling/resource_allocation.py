"""
NodeResourcesFit and NodeResourcesBalancedAllocation, as scores.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/noderesources/resource_allocation.go,
fit.go and balanced_allocation.go, v1.34 to v1.37.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from extender.model.scheduling import SchedulingPod

from .node_info import NON_ZERO_REQUESTS, NodeInfo, Nodes
from .plugin import MAX_NODE_SCORE, PluginScores, as_they_are
from .pod_requests import pod_requests
from .resource import CPU, MEMORY, counted, is_scalar
from .rules import SchedulingRules
from .scoring_strategy import DEFAULT_STRATEGY, ScoringStrategy, strategy_score

FIT = "NodeResourcesFit"
BALANCED_ALLOCATION = "NodeResourcesBalancedAllocation"

BALANCED_RESOURCES = (CPU, MEMORY)
"""Source: k8s.io/kubernetes pkg/scheduler/apis/config/v1/defaults.go, v1.34 to v1.37."""

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
    whole requests is not looked at here, nor its status.
    """
    nanos = pod_requests(pod.resources, rules, status=False, pod_level=False, defaults=NON_ZERO_REQUESTS)
    names = tuple(name for name, _ in strategy.resources)
    wanted = [counted(name, nanos.get(name, 0)) for name in names]
    known: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    raw = []
    for position in feasible:
        key = _amounts(nodes.infos[position], names, wanted, nonzero=True)
        if key not in known:
            allocatable, allocated = key
            known[key] = strategy_score(strategy, _with_pod(allocatable, allocated, wanted), allocatable)
        raw.append(known[key])
    return as_they_are(raw)


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
    known: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    raw = []
    for position in feasible:
        key = _amounts(nodes.infos[position], BALANCED_RESOURCES, wanted, nonzero=False)
        if key not in known:
            allocatable, allocated = key
            score = _balance(_with_pod(allocatable, allocated, wanted), allocatable)
            if rules.balance_change:
                score = _HALF + (_HALF + score - _balance(allocated, allocatable)) // 2
            known[key] = score
        raw.append(known[key])
    return as_they_are(raw)


def _amounts(
    info: NodeInfo, names: Sequence[str], wanted: Sequence[int], *, nonzero: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Allocatable and allocated amounts; 0 and 0 for what does not count on this node."""
    allocatable, allocated = [], []
    for name, amount in zip(names, wanted, strict=True):
        has = info.allocatable.of(name) or 0
        if not has or (amount == 0 and is_scalar(name)):
            allocatable.append(0)
            allocated.append(0)
            continue
        allocatable.append(has)
        if nonzero and name == CPU:
            allocated.append(info.nonzero_cpu)
        elif nonzero and name == MEMORY:
            allocated.append(info.nonzero_memory)
        else:
            allocated.append(info.requested.of(name) or 0)
    return tuple(allocatable), tuple(allocated)


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
