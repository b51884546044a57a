"""
Who a ResourceClaim was made for, and for whom it is reserved.

Source: k8s.io/api resource/v1 types.go ResourceClaimConsumerReference and meta/v1 GetControllerOf, v0.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from extender.model import Consumer

from .fields import Metadata, Wire

_POD_GROUPS = "scheduling.k8s.io/"
"""The beginning of a PodGroup's apiVersion, in all versions."""


class ConsumerJSON(Wire):
    api_group: str | None = None
    resource: str | None = None
    name: str | None = None
    uid: str | None = None


class ClaimOwner(NamedTuple):
    """The controlling owner: its UID, and its name where it is a PodGroup."""

    uid: str = ""
    pod_group: str = ""


def consumers(entries: Iterable[ConsumerJSON] | None) -> tuple[Consumer, ...]:
    """Return the entries of ``status.reservedFor``."""
    return tuple(
        Consumer(entry.resource or "", entry.name or "", entry.uid or "", entry.api_group or "")
        for entry in entries or ()
    )


def claim_owner(metadata: Metadata) -> ClaimOwner:
    """Return the controlling owner, one without a UID where there is none."""
    for owner in metadata.owner_references or ():
        if owner.controller:
            is_group = owner.kind == "PodGroup" and (owner.api_version or "").startswith(_POD_GROUPS)
            return ClaimOwner(owner.uid or "", (owner.name or "") if is_group else "")
    return ClaimOwner()
