"""
ResourceClaims and ResourceClaimTemplates.

Source: k8s.io/api resource/v1 types.go and the annotations of
k8s.io/kubernetes pkg/controller/resourceclaim, v1.36.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from extender.core.model import Claim, ClaimSpec, Consumer

from .allocations import AllocationJSON, allocation_value
from .claim_specs import claim_spec
from .errors import UNREADABLE, FieldError, refuse
from .fields import ABSENT, Metadata, Wire, object_name, object_namespace
from .interner import Interner

_POD_CLAIM_NAME = "resource.kubernetes.io/pod-claim-name"
_EXTENDED_RESOURCE_CLAIM = "resource.kubernetes.io/extended-resource-claim"


@dataclass(frozen=True, slots=True)
class ClaimTemplate:
    """A ResourceClaimTemplate; ``spec`` is that of the claims made from it."""

    namespace: str
    name: str
    spec: ClaimSpec


class ConsumerJSON(Wire):
    resource: str | None = None
    name: str | None = None
    uid: str | None = None


class ClaimStatus(Wire):
    allocation: AllocationJSON | None = None
    reserved_for: list[ConsumerJSON] | None = None


class ClaimJSON(Wire):
    metadata: Metadata | None = None
    spec: msgspec.Raw = ABSENT
    status: ClaimStatus | None = None


class TemplateSpec(Wire):
    spec: msgspec.Raw = ABSENT


class TemplateJSON(Wire):
    metadata: Metadata | None = None
    spec: TemplateSpec | None = None


_CLAIM = msgspec.json.Decoder(ClaimJSON)
_TEMPLATE = msgspec.json.Decoder(TemplateJSON)


def resource_claim(data: bytes | msgspec.Raw, interner: Interner) -> Claim:
    """Decode a ResourceClaim. Raises ``DecodeError``."""
    try:
        return _claim(_CLAIM.decode(data), interner)
    except UNREADABLE as error:
        raise refuse("ResourceClaim", data, error, _CLAIM) from None


def claim_template(data: bytes | msgspec.Raw, interner: Interner) -> ClaimTemplate:
    """Decode a ResourceClaimTemplate. Raises ``DecodeError``."""
    try:
        wire = _TEMPLATE.decode(data)
        return ClaimTemplate(
            namespace=object_namespace(wire.metadata),
            name=object_name(wire.metadata),
            spec=_spec(wire.spec.spec if wire.spec else ABSENT, "spec.spec", interner),
        )
    except UNREADABLE as error:
        raise refuse("ResourceClaimTemplate", data, error, _TEMPLATE) from None


def _claim(wire: ClaimJSON, interner: Interner) -> Claim:
    metadata, status = wire.metadata or Metadata(), wire.status or ClaimStatus()
    annotations, given = metadata.annotations or {}, status.allocation
    return Claim(
        namespace=interner.texts[object_namespace(metadata)],
        name=object_name(metadata),
        uid=metadata.uid or "",
        spec=_spec(wire.spec, "spec", interner),
        allocation=None if given is None else allocation_value(given, "status.allocation.", interner),
        reserved_for=tuple(
            Consumer(entry.resource or "", entry.name or "", entry.uid or "")
            for entry in status.reserved_for or ()
        ),
        deleting=metadata.deletion_timestamp is not None,
        owner_uid=next(
            (owner.uid or "" for owner in metadata.owner_references or () if owner.controller), ""
        ),
        pod_claim_name=annotations.get(_POD_CLAIM_NAME, ""),
        extended_resource=annotations.get(_EXTENDED_RESOURCE_CLAIM) == "true",
    )


def _spec(data: msgspec.Raw, field: str, interner: Interner) -> ClaimSpec:
    """Return the spec at ``field``; an absent one is empty, as in Go."""
    try:
        return claim_spec(data if data and bytes(data) != b"null" else b"{}", interner)
    except FieldError as error:
        raise error.under(field) from None
