"""
The order in which kube-scheduler takes pods from its queue.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/queuesort priority_sort.go Less, v1.34 to v1.37.
"""

from __future__ import annotations

from extender.model.pending_pods import PendingPod

Place = tuple[int, str, int]
"""A pod's place in the queue; the lower comes first."""


def place_in_queue(pod: PendingPod, arrived: int) -> Place:
    """
    Higher priority first, then who waits longer.

    Upstream compares when a pod entered the queue, in nanoseconds by the scheduler's clock; ``created`` has
    whole seconds, so between pods of one second ``arrived``, the number of its first event, decides.
    """
    return -pod.priority, pod.created, arrived
