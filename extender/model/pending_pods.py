"""
Pods without a node that claim devices, as far as it decides whether and in which order they are nominated.

Apart from ``Pod``, which is kept for every pod of a cluster: only who nominates reads these.

Source: k8s.io/api core/v1 types.go, v0.36.
"""

from __future__ import annotations

from dataclasses import dataclass

from .kinds import TypedKind

DEFAULT_SCHEDULER = "default-scheduler"
"""``spec.schedulerName`` where a pod names none."""

FIELD_MANAGER = "dra-extender-nominate"
"""Who manages ``status.nominatedNodeName`` where we have set it, as ``metadata.managedFields`` tells."""


@dataclass(frozen=True, slots=True)
class PendingPod:
    """
    ``version`` is the resourceVersion, ``created`` the creation time as the API server writes it (RFC
    3339, whole seconds, so texts compare as times do).

    ``nominated_by``: the field managers of ``status.nominatedNodeName``, sorted. ``unschedulable``: the
    condition PodScheduled is False because no node fits. ``gated``: it has scheduling gates. ``grouped``:
    it belongs to a pod group.
    """

    namespace: str
    name: str
    uid: str
    version: str = ""
    priority: int = 0
    created: str = ""
    scheduler: str = DEFAULT_SCHEDULER
    nominated_node: str = ""
    nominated_by: tuple[str, ...] = ()
    unschedulable: bool = False
    deleting: bool = False
    gated: bool = False
    grouped: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.namespace, self.name


def _key(pod: PendingPod) -> tuple[str, str]:
    return pod.key


PENDING_POD: TypedKind[tuple[str, str], PendingPod] = TypedKind(
    "PendingPod", "", "pods", namespaced=True, key=_key
)
"""A second reading of Pods; pods with a node, and those without claims, count as gone."""
