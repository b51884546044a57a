"""The demo as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from .demo_totals import totals_of
from .placements import Placement, Story

JSON = dict[str, object]


def demo_document(stories: Sequence[Story], kubernetes: str) -> JSON:
    """Every story and the totals; ``kubernetes`` is the modelled release."""
    return {
        "apiVersion": "dra-extender.io/v1alpha1",
        "kind": "Demo",
        "kubernetes": kubernetes,
        "pods": [_pod(story) for story in stories],
        "totals": asdict(totals_of(stories)),
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


def _placement(placement: Placement | None) -> JSON | None:
    if placement is None:
        return None
    return {
        "node": placement.node,
        "score": placement.score,
        "predicted": placement.predicted,
        "pairs": [{"kinds": kinds, "distance": distance} for kinds, distance in placement.distances],
        "devices": [device.id for device in placement.devices],
    }
