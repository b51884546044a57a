"""
TaintToleration: taints of nodes that a pod does not tolerate.

Taints are compared with ``Equal`` and ``Exists`` only: the operators ``Gt`` and ``Lt`` are behind the
gate TaintTolerationComparisonOperators, which is off by default in every release.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go and
k8s.io/component-helpers scheduling/corev1/helpers.go FindMatchingUntoleratedTaint, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Sequence

from extender.model import Taint, Toleration
from extender.model.scheduling import SchedulingPod

from ..cluster.taints import tolerates
from .node_info import Nodes
from .plugin import Column, PluginScores, default_normalised
from .reasons import FilterCode, FilterReason, filter_reason

NAME = "TaintToleration"

_NO_SCHEDULE = ("NoSchedule", "NoExecute")
_PREFER_NO_SCHEDULE = "PreferNoSchedule"


def filter_nodes(pod: SchedulingPod, nodes: Nodes) -> Column:
    """Nodes with equal taints are judged once; the first taint that is not tolerated is the reason."""
    verdicts: dict[tuple[Taint, ...], FilterReason | None] = {(): None}
    column = []
    for info in nodes.infos:
        taints = info.node.taints
        if taints not in verdicts:
            verdicts[taints] = _refusal(taints, pod.tolerations)
        column.append(verdicts[taints])
    return column


def tolerated(taints: Sequence[Taint], tolerations: Sequence[Toleration]) -> bool:
    """Whether a pod may be scheduled onto a node with these taints."""
    return _refusal(taints, tolerations) is None


def score_nodes(pod: SchedulingPod, nodes: Nodes, feasible: Sequence[int]) -> PluginScores:
    """The fewer taints of effect ``PreferNoSchedule`` are not tolerated, the better."""
    relevant = [each for each in pod.tolerations if each.effect in ("", _PREFER_NO_SCHEDULE)]
    counts: dict[tuple[Taint, ...], int] = {(): 0}
    raw = []
    for position in feasible:
        taints = nodes.infos[position].node.taints
        if taints not in counts:
            counts[taints] = sum(
                taint.effect == _PREFER_NO_SCHEDULE and not any(tolerates(each, taint) for each in relevant)
                for taint in taints
            )
        raw.append(counts[taints])
    return default_normalised(raw, reverse=True)


def _refusal(taints: Sequence[Taint], tolerations: Sequence[Toleration]) -> FilterReason | None:
    for taint in taints:
        if taint.effect in _NO_SCHEDULE and not any(tolerates(each, taint) for each in tolerations):
            value = f"={taint.value}" if taint.value else ""
            return filter_reason(FilterCode.TAINT, taint=f"{taint.key}{value}:{taint.effect}")
    return None
