"""
Whose a claim is: a pod's, or that of the pod's group.

Source: k8s.io/dynamic-resource-allocation resourceclaim/resourceclaim.go IsForPod and IsReservedForPod,
v0.34.13 to v0.38.0-beta.0. Pods name their PodGroup and do not know its UID, so names are compared.
kube-scheduler 1.36 fails on the claim of another pod where the pod has no group; here that claim is not the
pod's, as from 1.37 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extender.model import Claim, Consumer, Pod

_API_GROUP = "scheduling.k8s.io"


def is_for_pod(claim: Claim, pod: Pod, *, or_group: bool) -> bool:
    """
    Whether a claim was made for the pod or, with ``or_group``, for its PodGroup.

    Both are of one namespace. ``or_group`` is the feature DRAWorkloadResourceClaims.
    """
    return claim.owner_uid == pod.uid or (or_group and _names(claim.pod_group, pod))


def is_reserved_for_pod(claim: Claim, pod: Pod, *, or_group: bool) -> bool:
    """Whether a claim is reserved for the pod or, with ``or_group``, for its PodGroup."""
    return any(
        consumer.uid == pod.uid or (or_group and is_pod_group(consumer) and _names(consumer.name, pod))
        for consumer in claim.reserved_for
    )


def is_pod_group(consumer: Consumer) -> bool:
    """Whether a claim is reserved for a PodGroup, so that each pod of the group may use it."""
    return consumer.resource == "podgroups" and consumer.api_group == _API_GROUP


def group_of(claim: Claim) -> str:
    """The PodGroup that the claim was made for or is reserved for, by name; empty without one."""
    names = (consumer.name for consumer in claim.reserved_for if is_pod_group(consumer))
    return claim.pod_group or next(names, "")


def user_uid(claim: Claim) -> str:
    """The UID of the pod or PodGroup that a claim is for: that it is reserved for first, else its owner."""
    return claim.reserved_for[0].uid if claim.reserved_for else claim.owner_uid


def _names(group: str, pod: Pod) -> bool:
    return bool(group) and group == pod.pod_group
