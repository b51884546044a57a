"""
What is counted and logged about an answer, once it is decided.

Nothing here changes an answer. Lines about single pods are of level debug.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import structlog

from ..verb import Verb

if TYPE_CHECKING:
    from extender.core.prediction.evaluate import EvaluationStats
    from extender.model import Pod

    from ..metrics.metrics import Metrics
    from ..wire import ExtenderArgs
    from .dependencies import Lifecycle

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.requests")
# Asked before each line of level debug: to put one together that nobody reads takes longer than all counters.
_level = logging.getLogger("extender.requests")


def observe_args(metrics: Metrics, lifecycle: Lifecycle, verb: Verb, args: ExtenderArgs) -> None:
    """Count the nodes of a request; warn once where they are sent as whole objects."""
    metrics.nodes(verb, len(args.names), as_objects=args.nodes is not None)
    if args.nodes is not None and not lifecycle.warned_of_node_objects:
        lifecycle.warned_of_node_objects = True
        log.warning(
            "requests carry whole Nodes, which makes them large and the scheduler's own scores wrong: "
            "set nodeCacheCapable: true on this extender in KubeSchedulerConfiguration",
            verb=verb,
        )


def observe_required(metrics: Metrics, pod: Pod, stats: EvaluationStats, nodes: int, rejected: int) -> None:
    """Count what filter searched among ``nodes`` nodes and how many it rejects, by policy required."""
    metrics.evaluation(stats, nodes)
    metrics.rejected(rejected)
    if _level.isEnabledFor(logging.DEBUG):
        log.debug("filter", namespace=pod.namespace, pod=pod.name, nodes=nodes, rejected=rejected)


def observe_scores(metrics: Metrics, pod: Pod, stats: EvaluationStats, nodes: int) -> None:
    """Count what prioritize searched among ``nodes`` nodes."""
    metrics.evaluation(stats, nodes)
    if _level.isEnabledFor(logging.DEBUG):
        log.debug("prioritize", namespace=pod.namespace, pod=pod.name, nodes=nodes, searches=stats.searches)


def observe_error(metrics: Metrics, verb: Verb | None, error: Exception) -> None:
    """Count and log an error of ours."""
    metrics.internal_error(verb or "other")
    log.error("internal error", verb=verb, exc_info=error)
