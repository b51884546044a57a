"""
Why a pod is not nominated: data until it becomes a metric or a text.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from extender.model.pending_pods import NodeDemand, PendingPod


class Refusal(StrEnum):
    """
    The reason, by the first rule that applies.

    ``other-scheduler``: none of the profiles that we nominate for owns the pod. ``gated``: it has scheduling
    gates. ``deleting``: it is being deleted. ``pod-group``: it belongs to a pod group. ``nominated``:
    somebody else has named a node, such as preemption. ``ignored``: its alignment policy is ``ignore``.
    Those of ``NodeDemand``: it asks something of its node that is not modelled. ``claims``: it has no
    claim to be allocated, because they are allocated, not there yet, or cannot be judged.
    ``no-node``: no node that passes has the devices now. ``uncertain``: only nodes are left where it is not
    certain which devices the pod gets. ``misaligned``: its policy is ``required``, and no node has devices
    that are near enough.
    """

    OTHER_SCHEDULER = "other-scheduler"
    GATED = "gated"
    DELETING = "deleting"
    POD_GROUP = "pod-group"
    NOMINATED = "nominated"
    IGNORED = "ignored"
    NODE_SELECTOR = NodeDemand.NODE_SELECTOR
    AFFINITY = NodeDemand.AFFINITY
    SPREAD = NodeDemand.SPREAD
    HOST_PORTS = NodeDemand.HOST_PORTS
    VOLUMES = NodeDemand.VOLUMES
    RESOURCES = NodeDemand.RESOURCES
    OVERHEAD = NodeDemand.OVERHEAD
    CLAIMS = "claims"
    NO_NODE = "no-node"
    UNCERTAIN = "uncertain"
    MISALIGNED = "misaligned"


def refusal_of(pod: PendingPod, schedulers: Collection[str]) -> Refusal | None:
    """Why a pod is not nominated wherever devices are free, ``None`` if it may be."""
    if pod.scheduler not in schedulers:
        return Refusal.OTHER_SCHEDULER
    if pod.gated:
        return Refusal.GATED
    if pod.deleting:
        return Refusal.DELETING
    if pod.grouped:
        return Refusal.POD_GROUP
    if pod.nominated_node:
        return Refusal.NOMINATED
    return Refusal(pod.demands[0]) if pod.demands else None
