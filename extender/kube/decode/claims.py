"""
ResourceClaims and ResourceClaimTemplates.

Source: k8s.io/api resource/v1 types.go and the annotations of
k8s.io/kubernetes pkg/controller/resourceclaim, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from extender.model import Allocation, Binding, Claim, ClaimSpec, ClaimTemplate

from .allocations import AllocationJSON, allocation_value
from .claim_specs import claim_spec
from .claim_users import ConsumerJSON, claim_owner, consumers
from .errors import UNREADABLE, FieldError, refuse
from .fields import ABSENT, Metadata, Wire, object_name, object_namespace
from .interner import Interner
from .unreadable_claims import held_by

_POD_CLAIM_NAME = "resource.kubernetes.io/pod-claim-name"
_EXTENDED_RESOURCE_CLAIM = "resource.kubernetes.io/extended-resource-claim"


class ConditionJSON(Wire):
    type: str | None = None
    status: str | None = None


class DeviceStatusJSON(Wire):
    driver: str | None = None
    pool: str | None = None
    device: str | None = None
    share_id: str | None = msgspec.field(name="shareID", default=None)
    conditions: list[ConditionJSON] | None = None


class ClaimStatus(Wire):
    allocation: AllocationJSON | None = None
    reserved_for: list[ConsumerJSON] | None = None
    devices: list[DeviceStatusJSON] | None = None


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
    """Decode a ResourceClaim. Raises ``DecodeError``, with the devices that it holds all the same."""
    try:
        return _claim(_CLAIM.decode(data), interner)
    except UNREADABLE as error:
        raise refuse("ResourceClaim", data, error, _CLAIM, held_by(bytes(data), interner)) from None


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
    owner = claim_owner(metadata)
    allocation = None if given is None else allocation_value(given, "status.allocation.", interner)
    return Claim(
        namespace=interner.texts[object_namespace(metadata)],
        name=object_name(metadata),
        uid=metadata.uid or "",
        spec=_spec(wire.spec, "spec", interner),
        allocation=allocation,
        reserved_for=consumers(status.reserved_for),
        deleting=metadata.deletion_timestamp is not None,
        owner_uid=owner.uid,
        pod_group=owner.pod_group,
        pod_claim_name=annotations.get(_POD_CLAIM_NAME, ""),
        extended_resource=annotations.get(_EXTENDED_RESOURCE_CLAIM) == "true",
        binding=_binding(allocation, status.devices or ()),
    )


def _binding(allocation: Allocation | None, statuses: Iterable[DeviceStatusJSON]) -> Binding:
    """
    How far the binding conditions are.

    Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources
    dynamicresources.go isClaimReadyForBinding, v1.36.3.
    """
    conditions = {
        (status.driver, status.pool, status.device, status.share_id or ""): {
            condition.type: condition.status == "True" for condition in status.conditions or ()
        }
        for status in statuses
    }
    for result in allocation.results if allocation is not None else ():
        if not result.binding_conditions:
            continue
        reported = conditions.get((*result.id, result.share_id))
        if reported is None:
            return Binding.WAITING
        if any(reported.get(name) for name in result.binding_failure_conditions):
            return Binding.FAILED
        if not all(reported.get(name) for name in result.binding_conditions):
            return Binding.WAITING
    return Binding.READY


def _spec(data: msgspec.Raw, field: str, interner: Interner) -> ClaimSpec:
    """Return the spec at ``field``; an absent one is empty, as in Go."""
    try:
        return claim_spec(data if data and bytes(data) != b"null" else b"{}", interner)
    except FieldError as error:
        raise error.under(field) from None
