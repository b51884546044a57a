"""What the input tells of a pending pod's nomination: the node, who named it, and how that node ranks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from extender.core.prediction.evaluate import Outcome
from extender.model.pending_pods import FIELD_MANAGER
from extender.service.explain import ExplainedNode, ExplainedNomination, shared_message

from ..text import counted

if TYPE_CHECKING:
    from extender.model.pending_pods import PendingPod

_BEHIND = {
    "preference": "other nodes rank before it by preference",
    "alignment": "other nodes rank before it by alignment",
    "free-pairs": "other nodes rank before it, where the pod breaks fewer free pairs",
}


def shown_nomination(
    pod: PendingPod | None, nodes: Mapping[str, ExplainedNode], *, ranked: bool
) -> ExplainedNomination | None:
    """
    The nomination that the input shows, ``None`` without one.

    ``nodes``: those that are explained; ``ranked``: they differ for the pod.
    """
    if pod is None or not pod.nominated_node:
        return None
    why = _standing(pod.nominated_node, nodes, ranked=ranked)
    return ExplainedNomination(pod.nominated_node, None, f"{_who(pod.nominated_by)}{why and '; '}{why}")


def _who(managers: tuple[str, ...]) -> str:
    if not managers:
        return "the input does not tell who named it; kubectl tells with --show-managed-fields"
    if managers == (FIELD_MANAGER,):
        return "named by dra-extender"
    return f"named by {', '.join(managers)}: for preemption, or because the pod is about to be bound there"


def _standing(name: str, nodes: Mapping[str, ExplainedNode], *, ranked: bool) -> str:
    """How the node ranks among those that are explained."""
    node = nodes.get(name)
    if node is None or not ranked:
        return ""
    if node.outcome != Outcome.ALLOCATED:
        return f"as things stand {shared_message(node)}" if node.message else ""
    if node.behind is not None:
        return f"as things stand {_BEHIND[node.behind]}"
    equals = sum(each.outcome == Outcome.ALLOCATED and each.behind is None for each in nodes.values()) - 1
    how = f"equally with {counted(equals, 'other')}" if equals else "alone"
    return f"as things stand it ranks first, {how}"
