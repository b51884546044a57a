"""The demo as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from .placements import PodPlacement, Story
from .totals import PairCounts, Totals, totals_of

JSON = dict[str, object]


def demo_document(stories: Sequence[Story], kubernetes: str) -> JSON:
    """Every story and the totals; ``kubernetes`` is the modelled release."""
    return {
        "apiVersion": "dra-extender.io/v1alpha1",
        "kind": "Demo",
        "kubernetes": kubernetes,
        "pods": [_pod(story) for story in stories],
        "totals": _totals(totals_of(stories)),
    }


def _totals(totals: Totals) -> JSON:
    return {
        "pods": totals.pods,
        "placed": totals.placed,
        "aligned": totals.aligned,
        "moved": totals.moved,
        "better": totals.better,
        "noChoice": totals.no_choice,
        "stock": _counts(totals.stock),
        "ours": _counts(totals.ours),
        "stockGpuNic": _counts(totals.stock_gpu_nic),
        "oursGpuNic": _counts(totals.ours_gpu_nic),
        "predictions": totals.predictions,
        "predictionsRight": totals.predictions_right,
    }


def _counts(counts: PairCounts) -> JSON:
    return {
        "pairs": counts.total,
        "oneRoot": counts.one_root,
        "oneNumaNode": counts.one_numa_node,
        "farther": counts.farther,
        "unknown": counts.unknown,
        "mean": counts.mean,
    }


def _pod(story: Story) -> JSON:
    return {
        "pod": story.pod,
        "asked": dict(story.asked),
        "offered": story.offered,
        "stock": _placement(story.stock),
        "ours": _placement(story.ours),
        "equals": story.equals,
        "predictionRight": story.prediction_right,
        "condition": story.condition or None,
        "reasons": [{"nodes": count, "message": text} for text, count in story.reasons],
    }


def _placement(placement: PodPlacement | None) -> JSON | None:
    if placement is None:
        return None
    return {
        "node": placement.node,
        "score": placement.score,
        "predicted": placement.predicted,
        "pairs": [{"kinds": kinds, "distance": distance} for kinds, distance in placement.distances],
        "devices": [device.id for device in placement.devices],
    }
