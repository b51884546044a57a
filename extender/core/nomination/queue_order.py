"""
The order in which kube-scheduler takes pods from its queue.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/queuesort priority_sort.go Less, v1.34 to
v1.38.0-beta.0.
"""

from __future__ import annotations

from extender.model.pending_pods import PendingPod

Place = tuple[int, int]
"""A pod's place in the queue; the lower comes first."""


def place_in_queue(pod: PendingPod, arrived: int) -> Place:
    """
    Higher priority first, then who has waited longer.

    Upstream compares when a pod entered the queue, which is when its event came to the scheduler.
    ``arrived`` numbers the events as they came to us: watches have one order. (Creation times have whole
    seconds, and are not what upstream compares.)
    """
    return -pod.priority, arrived
