"""
Compare our answer about a pod with that of the real plugins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from extender.core.scheduling.reasons import FilterCode, FilterReason

PLUGIN_TEXTS = {
    FilterCode.NODE_UNSCHEDULABLE: "node(s) were unschedulable",
    FilterCode.NODE_NAME: "node(s) didn't match the requested node name",
    FilterCode.TAINT: "node(s) had untolerated taint(s)",
    FilterCode.NODE_AFFINITY: "node(s) didn't match Pod's node affinity/selector",
    FilterCode.HOST_PORT: "node(s) didn't have free ports for the requested pod ports",
    FilterCode.TOO_MANY_PODS: "Too many pods",
    FilterCode.INSUFFICIENT_RESOURCE: "Insufficient {resource}",
    FilterCode.SPREAD_LABEL_MISSING: (
        "node(s) didn't match pod topology spread constraints (missing required label)"
    ),
    FilterCode.SPREAD_SKEW: "node(s) didn't match pod topology spread constraints",
    FilterCode.POD_AFFINITY: "node(s) didn't match pod affinity rules",
    FilterCode.POD_ANTI_AFFINITY: "node(s) didn't match pod anti-affinity rules",
    FilterCode.EXISTING_ANTI_AFFINITY: "node(s) didn't satisfy existing pods anti-affinity rules",
    FilterCode.NODE_FEATURE: "node(s) didn't match Pod's required features",
}
"""What the plugins say, by what we say."""

VOLUME_BINDING = "VolumeBinding"
"""From 1.37 on it scores 0 for every node where the pod has no volumes; pods with some are not modelled."""


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs, each as one line."""
    if "filters" not in theirs:
        yield f"no answer: {dict(theirs)}"
        return
    refusing = theirs["preFilter"]
    if "notModelled" in ours:
        # A selector that only scores look at does no harm where no node is feasible.
        scored = theirs.get("scores", {"failed": True})
        if not refusing and "failed" not in scored:
            yield f"not modelled, but the plugins cope: {ours['notModelled']}"
        return
    for node, found in theirs["filters"].items():
        yield from _filter_differences(node, ours["filters"][node], {**found, **refusing})
    names = theirs.get("nodeNames")
    if names is not None and not set(theirs.get("totals", ())) <= set(names):
        yield f"feasible beyond the names of PreFilter: {names}"
    if ours["totals"].keys() != theirs.get("totals", {}).keys():
        yield f"feasible: {sorted(ours['totals'])} or {sorted(theirs.get('totals', ()))}"
        return
    for plugin in sorted(ours["scores"].keys() | theirs.get("scores", {}).keys()):
        own, other = ours["scores"].get(plugin), theirs["scores"].get(plugin)
        if plugin == VOLUME_BINDING and own is None and not any(other["normalised"].values()):
            continue
        if own != other:
            yield f"scores of {plugin}: {own} or {other}"
    if ours["totals"] != theirs.get("totals", {}):
        yield f"totals: {ours['totals']} or {theirs.get('totals')}"


def _filter_differences(
    node: str, ours: Mapping[str, FilterReason], theirs: Mapping[str, Any]
) -> Iterator[str]:
    for plugin in sorted(ours.keys() | theirs.keys()):
        own, other = ours.get(plugin), theirs.get(plugin)
        if own is None or other is None:
            yield f"{plugin} on {node}: {own} or {other}"
            continue
        text = PLUGIN_TEXTS[own.code].format_map(own.values)
        conflict = "pod affinity terms conflict"
        if text not in other["reasons"] and conflict not in other["reasons"]:
            yield f"reason of {plugin} on {node}: {text!r} or {other['reasons']}"
