"""
Why a pod is not nominated: data until it becomes a metric or a text.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from extender.model.pending_pods import PendingPod

from ..scheduling import NotModelled, NotModelledCode, render_not_modelled
from ..scheduling.reasons import NOT_MODELLED_TEMPLATES


class Refusal(StrEnum):
    """
    The reason, by the first rule that applies.

    ``other-scheduler``: none of the profiles that we nominate for owns the pod. ``gated``: it has scheduling
    gates. ``deleting``: it is being deleted. ``pod-group``: it belongs to a pod group. ``nominated``:
    somebody else has named a node, such as preemption. ``under-way``: the scheduler has asked about it, and
    may be about to place it. ``ignored``: its alignment policy is ``ignore``.
    ``volumes`` to ``release``: the scheduler asks something of a node that is not modelled, see
    ``core.scheduling.reasons.NotModelledCode``. ``claims``: it has no
    claim to be allocated, because they are allocated, not there yet, or cannot be judged.
    ``no-node``: no node that passes has the devices now. ``uncertain``: only nodes are left where it is not
    certain which devices the pod gets. ``too-costly``: it takes too long to find out which. ``misaligned``:
    its policy is ``required``, and no node has devices that are near enough.
    """

    OTHER_SCHEDULER = "other-scheduler"
    GATED = "gated"
    DELETING = "deleting"
    POD_GROUP = "pod-group"
    NOMINATED = "nominated"
    UNDER_WAY = "under-way"
    IGNORED = "ignored"
    VOLUMES = "volumes"
    INVALID_SELECTOR = "invalid-selector"
    AMOUNT_TOO_LARGE = "amount-too-large"
    NAMESPACE_LABELS = "namespace-labels"
    TOO_MUCH_WORK = "too-much-work"
    RELEASE = "release"
    CLAIMS = "claims"
    NO_NODE = "no-node"
    UNCERTAIN = "uncertain"
    TOO_COSTLY = "too-costly"
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
    return None


NotNominated = Refusal | NotModelled
"""Why a pod is not nominated, with what the model of the default scheduler says of a gap of its own."""


def code_of(why: NotNominated) -> Refusal:
    """The reason as a metric has it."""
    return _NOT_MODELLED[why.code] if isinstance(why, NotModelled) else why


def render_not_nominated(why: NotNominated) -> str:
    """The reason as one sentence for people."""
    return render_not_modelled(why) if isinstance(why, NotModelled) else _TEXTS[why]


_NOT_MODELLED = {
    NotModelledCode.SCHEDULING_GATES: Refusal.GATED,
    NotModelledCode.POD_GROUP: Refusal.POD_GROUP,
    NotModelledCode.VOLUMES: Refusal.VOLUMES,
    NotModelledCode.INVALID_SELECTOR: Refusal.INVALID_SELECTOR,
    NotModelledCode.AMOUNT_TOO_LARGE: Refusal.AMOUNT_TOO_LARGE,
    NotModelledCode.NAMESPACE_LABELS: Refusal.NAMESPACE_LABELS,
    NotModelledCode.TOO_MUCH_WORK: Refusal.TOO_MUCH_WORK,
    NotModelledCode.RELEASE: Refusal.RELEASE,
}
"""All codes but those of scores alone."""

_TEXTS: dict[Refusal, str] = {
    Refusal.OTHER_SCHEDULER: "another scheduler owns the pod; name it with --scheduler-name",
    Refusal.GATED: NOT_MODELLED_TEMPLATES[NotModelledCode.SCHEDULING_GATES],
    Refusal.DELETING: "the pod is being deleted",
    Refusal.POD_GROUP: NOT_MODELLED_TEMPLATES[NotModelledCode.POD_GROUP],
    Refusal.NOMINATED: "somebody else has nominated the pod, such as the scheduler itself",
    Refusal.UNDER_WAY: "the scheduler has asked about the pod, and may be about to place it",
    Refusal.IGNORED: "the alignment policy of the pod is ignore",
    Refusal.CLAIMS: "the pod has no claim to be allocated: they are allocated, not there, or not judged",
    Refusal.NO_NODE: "no node that passes the scheduler's other filters has the devices now",
    Refusal.UNCERTAIN: "it is not certain which devices the pod would get on the nodes that are left",
    Refusal.TOO_COSTLY: "it takes too long to find out where the pod's claims fit",
    Refusal.MISALIGNED: "the pod requires alignment, and no node has devices that are near enough",
}
"""Of the reasons that are no gap of the model, which has texts of its own for the others."""
