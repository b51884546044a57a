"""
The claims of one pod: which must be allocated, which are, which rule out every node.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources
dynamicresources.go PreFilter, v1.34.4 to v1.37.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from extender.model import Claim, DeviceClass, Pod

from ..cluster.snapshot import ClaimKey
from ..reasons import Reason, ReasonCode, reason
from ..releases.release import Release
from .extended_resources import backed_resources
from .pod_groups import is_for_pod, is_reserved_for_pod

MAX_CONSUMERS = 256
"""Most entries of ``status.reservedFor``."""


@dataclass(frozen=True, slots=True)
class PodClaims:
    """
    ``claims`` in the order of ``pod.spec.resourceClaims``, each once. ``extended``:
    extended resources of which a class backs at least one, sorted.
    """

    claims: tuple[Claim, ...]
    extended: tuple[str, ...] = ()

    @property
    def pending(self) -> tuple[Claim, ...]:
        """The claims that this attempt has to allocate, in order."""
        return tuple(claim for claim in self.claims if claim.allocation is None)


def claims_of(
    pod: Pod,
    claims: Mapping[ClaimKey, Claim],
    classes: Mapping[str, DeviceClass],
    release: Release,
) -> PodClaims | Reason:
    """Resolve the pod's claims, or tell why no node can be judged or none can work."""
    resolved: dict[ClaimKey, Claim] = {}
    or_group = release.features.workload_claims
    for entry in pod.claims:
        if not entry.needed:
            continue
        claim = _lookup(pod, entry.name, entry.claim, claims)
        if claim is None:
            return reason(ReasonCode.CLAIM_MISSING, claim=entry.claim or f"for {entry.name}")
        if claim.unreadable:
            return reason(ReasonCode.CLAIM_UNREADABLE, claim=claim.name)
        if entry.template and pod.uid and not is_for_pod(claim, pod, or_group=or_group):
            return reason(ReasonCode.CLAIM_NOT_OWNED, claim=claim.name)
        if claim.deleting:
            return reason(ReasonCode.CLAIM_DELETING, claim=claim.name)
        if claim.allocation is None and claim.key in resolved:
            return reason(ReasonCode.CLAIM_LISTED_TWICE, claim=claim.name)
        if claim.allocation is not None and not _has_room(claim, pod, or_group=or_group):
            return reason(ReasonCode.CLAIM_IN_USE, claim=claim.name)
        resolved[claim.key] = claim
    extended: tuple[str, ...] = ()
    if release.features.extended_resource:
        extended = backed_resources(pod, classes)
    if extended and not release.extended_resource_modelled:
        return reason(ReasonCode.NOT_MODELLED, detail="extended resources through DRA in this release")
    if extended:
        for claim in claims.values():
            if claim.extended_resource and claim.namespace == pod.namespace and claim.owner_uid == pod.uid:
                return reason(ReasonCode.STALE_EXTENDED_CLAIM, claim=claim.name)
    return PodClaims(tuple(resolved.values()), extended)


def _lookup(pod: Pod, entry: str, name: str, claims: Mapping[ClaimKey, Claim]) -> Claim | None:
    """By name; a claim from a template that the pod's status does not name yet, by its owner."""
    if name:
        return claims.get((pod.namespace, name))
    if not pod.uid:
        return None
    return next(
        (
            claim
            for claim in claims.values()
            if claim.owner_uid == pod.uid
            and claim.pod_claim_name == entry
            and claim.namespace == pod.namespace
        ),
        None,
    )


def _has_room(claim: Claim, pod: Pod, *, or_group: bool) -> bool:
    return len(claim.reserved_for) < MAX_CONSUMERS or is_reserved_for_pod(claim, pod, or_group=or_group)
