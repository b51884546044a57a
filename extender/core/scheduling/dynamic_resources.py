"""
DynamicResources, as a score: alternatives of a request that come first are better.

Its filter is the prediction of the allocator.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go
Score and computeScore, v1.35 to v1.37; v1.34 does not score.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from extender.model import Allocation, ClaimSpec

from .plugin import PluginScores, default_normalised

NAME = "DynamicResources"

MAX_ALTERNATIVES = 8
"""``FirstAvailableDeviceRequestMaxSize``, k8s.io/api resource/v1 types.go, v0.36."""


def allocation_score(allocations: Iterable[tuple[ClaimSpec, Allocation]]) -> int:
    """
    The raw score of a node: 8 for each request that got its first alternative, 7 for its second, ...

    ``allocations``: the pod's claims with what they have or would get on the node. From 1.36 on all
    claims count, in 1.35 those that the attempt allocates.
    """
    score = 0
    for spec, allocation in allocations:
        chosen = {device.request for device in allocation.results}
        for request in spec.requests:
            for index, alternative in enumerate(request.first_available):
                if f"{request.name}/{alternative.name}" in chosen:
                    score += MAX_ALTERNATIVES - index
    return score


def score_nodes(raw: Sequence[int]) -> PluginScores:
    """Raw scores by feasible node, normalised."""
    return default_normalised(raw)
