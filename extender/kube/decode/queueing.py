"""
What keeps a pod from being scheduled by itself: scheduling gates, and a pod group.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/schedulinggates and pkg/scheduler/schedule_one.go,
v1.36; ``workloadRef`` is how 1.35 names the group.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .fields import is_given


def is_gated(scheduling_gates: Sequence[msgspec.Raw] | None) -> bool:
    """Whether a pod has scheduling gates."""
    return bool(scheduling_gates)


def is_grouped(scheduling_group: msgspec.Raw, workload_ref: msgspec.Raw) -> bool:
    """Whether a pod is in a pod group; an empty object is one, too."""
    return is_given(scheduling_group) or is_given(workload_ref)
