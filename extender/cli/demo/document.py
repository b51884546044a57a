"""The demo as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from extender.core.alignment.pairs import Alignment

from .decisions import Decision, PodPlacement
from .totals import Judgement, PairCounts, Totals, totals_of

JSON = dict[str, object]


def demo_document(decisions: Sequence[Decision], kubernetes: str) -> JSON:
    """Every decision and the totals; ``kubernetes`` is the modelled release."""
    return {
        "apiVersion": "dra-extender.io/v1alpha1",
        "kind": "Demo",
        "kubernetes": kubernetes,
        "pods": [_pod(decision) for decision in decisions],
        "totals": _totals(totals_of(decisions)),
    }


def _totals(totals: Totals) -> JSON:
    return {
        "pods": totals.pods,
        "placed": totals.placed,
        "aligned": totals.aligned,
        "moved": totals.moved,
        "better": totals.better,
        "told": totals.told,
        "noChoice": totals.no_choice,
        **_judgement(totals.published),
        "documented": None if totals.documented is None else _judgement(totals.documented),
        "predictions": totals.predictions,
        "predictionsRight": totals.predictions_right,
    }


def _judgement(judgement: Judgement) -> JSON:
    return {
        "stock": _counts(judgement.stock),
        "ours": _counts(judgement.ours),
        "stockGpuNic": _counts(judgement.stock_gpu_nic),
        "oursGpuNic": _counts(judgement.ours_gpu_nic),
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


def _pod(decision: Decision) -> JSON:
    return {
        "pod": decision.pod,
        "asked": dict(decision.requested),
        "offered": decision.offered,
        "stock": _placement(decision.stock),
        "ours": _placement(decision.ours),
        "equals": decision.equals,
        "predictionRight": decision.prediction_right,
        "condition": decision.condition or None,
        "reasons": [{"nodes": count, "message": text} for text, count in decision.reasons],
    }


def _placement(placement: PodPlacement | None) -> JSON | None:
    if placement is None:
        return None
    return {
        "node": placement.node,
        "score": placement.score,
        "predicted": placement.predicted,
        "pairs": [
            {"kinds": pair.kinds, "distance": pair.distance, "source": pair.source}
            for pair in placement.pairs
        ],
        "published": _judged(placement.published),
        "documented": None if placement.documented is None else _judged(placement.documented),
        "devices": [device.id for device in placement.devices],
    }


def _judged(alignment: Alignment) -> JSON:
    return {
        "alignment": alignment.predicted,
        "pairs": [{"kinds": pair.kinds, "distance": pair.distance} for pair in alignment.pairs],
    }
