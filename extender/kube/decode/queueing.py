"""
What keeps a pod from being scheduled by itself: scheduling gates, and a pod group.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/schedulinggates and pkg/scheduler/schedule_one.go,
v1.36; ``workloadRef`` is how 1.35 names the group.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .fields import Wire, is_given


class PodGroupJSON(Wire):
    """``spec.schedulingGroup`` (from 1.36) or ``spec.workloadRef`` (1.35)."""

    pod_group_name: str | None = None
    name: str | None = None
    pod_group: str | None = None
    pod_group_replica_key: str | None = None


_POD_GROUP = msgspec.json.Decoder(PodGroupJSON)


def is_gated(scheduling_gates: Sequence[msgspec.Raw] | None) -> bool:
    """Whether a pod has scheduling gates."""
    return bool(scheduling_gates)


def is_grouped(scheduling_group: msgspec.Raw, workload_ref: msgspec.Raw) -> bool:
    """Whether a pod is in a pod group; an empty object is one, too."""
    return is_given(scheduling_group) or is_given(workload_ref)


def scheduling_group_name(scheduling_group: msgspec.Raw) -> str:
    """
    The PodGroup that ``spec.schedulingGroup`` names, empty without one.

    Raises what ``msgspec`` raises for an object that is none.
    """
    if not is_given(scheduling_group):
        return ""
    return _POD_GROUP.decode(scheduling_group).pod_group_name or ""


def pod_group_name(scheduling_group: msgspec.Raw, workload_ref: msgspec.Raw) -> str:
    """
    A name for the pod group of a pod, equal for the pods of one group; empty without a group.

    Raises what ``msgspec`` raises for an object that is none.
    """
    for value in (scheduling_group, workload_ref):
        if is_given(value):
            group = _POD_GROUP.decode(value)
            parts = (group.pod_group_name, group.name, group.pod_group, group.pod_group_replica_key)
            return "-".join(part for part in parts if part)
    return ""
