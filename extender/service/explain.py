"""The explanation: predictions, alignment and reasons per node, as the documented JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from extender.core.prediction.evaluate import Certainty, Outcome
from extender.core.reasons import ReasonCode, reason, render

if TYPE_CHECKING:
    from extender.core.prediction.evaluate import Best, NodeVerdict, PredictedDevice
    from extender.model import Pod

API_VERSION = "dra-extender.io/v1alpha1"

JSON = Mapping[str, object]


def explanation(pod: Pod, kubernetes: str, nodes: JSON) -> JSON:
    """Wrap the entries of ``nodes`` into the document; ``kubernetes`` is the modelled release."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Explanation",
        "pod": f"{pod.namespace}/{pod.name}",
        "kubernetes": kubernetes,
        "nodes": nodes,
    }


def explained_nodes(
    names: Iterable[str],
    verdicts: Mapping[str, NodeVerdict],
    best: Callable[[str], Best],
    *,
    score: int | None,
) -> JSON:
    """
    Explain each name, in order.

    ``best`` answers the best achievable alignment on a node, and whether that is
    certain or only the best that was found. ``score`` replaces
    the score of every node where the pod's policy makes all nodes equal.
    """
    return {name: _node(verdicts[name], best(name), score) for name in names}


def unknown_nodes(names: Iterable[str], score: int) -> JSON:
    """Explain that nothing is known about any name yet: the cluster is not listed completely."""
    why = reason(ReasonCode.NODE_UNKNOWN)
    entry = {
        "outcome": Outcome.UNKNOWN,
        "certainty": Certainty.EXACT,
        "reason": why.code,
        "message": render(why),
        "devices": [],
        "score": score,
        "alignment": {"predicted": None, "best": None, "bestComplete": True, "pairs": []},
        "fragmentation": None,
    }
    return dict.fromkeys(names, entry)


def _node(verdict: NodeVerdict, best: Best, score: int | None) -> JSON:
    alignment = verdict.alignment
    return {
        "outcome": verdict.outcome,
        "certainty": verdict.certainty,
        "reason": None if verdict.reason is None else verdict.reason.code,
        "message": None if verdict.reason is None else render(verdict.reason),
        "devices": [_device(device) for device in verdict.devices],
        "score": verdict.score if score is None else score,
        "alignment": {
            "predicted": None if alignment is None else alignment.predicted,
            "best": best.rating,
            "bestComplete": best.complete,
            "pairs": _pairs(verdict),
        },
        "fragmentation": _fragmentation(verdict),
    }


def _device(device: PredictedDevice) -> JSON:
    id_ = device.result.id
    entry: dict[str, object] = {
        "claim": device.claim,
        "request": device.result.request,
        "driver": id_.driver,
        "pool": id_.pool,
        "device": id_.device,
    }
    if device.allocated:
        entry["allocated"] = True
    return entry


def _fragmentation(verdict: NodeVerdict) -> JSON | None:
    found = verdict.fragmentation
    if found is None:
        return None
    return {
        "intactGroups": {"before": found.before.intact, "after": found.after.intact},
        "firstFitGroups": {"before": found.before.first_fit, "after": found.after.first_fit},
        "ownGroups": found.own,
    }


def _pairs(verdict: NodeVerdict) -> list[JSON]:
    pairs = () if verdict.alignment is None else verdict.alignment.pairs
    return [
        {
            "a": str(verdict.devices[pair.a].result.id),
            "b": str(verdict.devices[pair.b].result.id),
            "kinds": pair.kinds,
            "distance": pair.distance,
            "worth": pair.worth,
        }
        for pair in pairs
    ]
