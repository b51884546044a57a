"""
How many feasible nodes the scheduler looks for before it scores them.

Source: k8s.io/kubernetes pkg/scheduler/schedule_one.go (algorithm.go in v1.38.0-beta.0)
numFeasibleNodesToFind and findNodesThatPassFilters, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from .plugin import quotient

LEAST_NODES = 100
LEAST_PERCENTAGE = 5


def feasible_nodes_to_find(nodes: int, percentage: int | None = None) -> int:
    """
    The number of feasible nodes after which the search ends, for a cluster of ``nodes``.

    ``percentage``: ``percentageOfNodesToScore``; 0 or ``None`` for the adaptive default. The search goes
    round the nodes from where the last one ended, in parallel, so it cannot be told which nodes come
    first; where all nodes are looked at, all feasible ones are scored.
    """
    if nodes < LEAST_NODES:
        return nodes
    percentage = percentage or max(50 - quotient(nodes, 125), LEAST_PERCENTAGE)
    return max(quotient(nodes * percentage, 100), LEAST_NODES)
