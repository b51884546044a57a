"""
DeviceClasses and ResourceClaims.

Source: k8s.io/api resource/v1 types.go, v0.37.
"""

from __future__ import annotations

from extender.model import (
    Binding,
    Claim,
    ClaimSpec,
    Constraint,
    DeviceClass,
    DeviceResult,
    ExactRequest,
    Request,
)

from .allocations import allocation_json
from .fields import JSON, RESOURCE, SCHEDULING, cel_selectors, filled, opaque, quantities, tolerations

# Only that there is a time counts.
_DELETED = "1970-01-01T00:00:00Z"


def class_json(device_class: DeviceClass) -> JSON:
    """Return the DeviceClass."""
    spec = {
        "selectors": cel_selectors(device_class.selectors),
        "config": [{"opaque": opaque(config)} for config in device_class.config],
        "extendedResourceName": device_class.extended_resource_name,
    }
    metadata = filled({"name": device_class.name, "creationTimestamp": device_class.created})
    return {"apiVersion": RESOURCE, "kind": "DeviceClass", "metadata": metadata, "spec": filled(spec)}


def claim_json(claim: Claim) -> JSON:
    """Return the ResourceClaim without ``kind`` and ``apiVersion``."""
    annotations = {
        "resource.kubernetes.io/pod-claim-name": claim.pod_claim_name,
        "resource.kubernetes.io/extended-resource-claim": "true" if claim.extended_resource else "",
    }
    metadata: JSON = {
        "name": claim.name,
        "namespace": claim.namespace,
        "uid": claim.uid,
        "annotations": filled(dict(annotations)),
        "deletionTimestamp": _DELETED if claim.deleting else "",
        "ownerReferences": _owners(claim),
    }
    return {"metadata": filled(metadata), "spec": spec_json(claim.spec), "status": _status(claim)}


def _owners(claim: Claim) -> list[JSON]:
    if not claim.owner_uid:
        return []
    group = {"apiVersion": SCHEDULING, "kind": "PodGroup", "name": claim.pod_group}
    return [{**(group if claim.pod_group else {}), "uid": claim.owner_uid, "controller": True}]


def spec_json(spec: ClaimSpec) -> JSON:
    """Return the spec of a ResourceClaim."""
    devices = {
        "requests": list(map(_request, spec.requests)),
        "constraints": list(map(_constraint, spec.constraints)),
        "config": [
            {"requests": list(config.requests), "opaque": opaque(config.config)} for config in spec.config
        ],
    }
    return {"devices": filled(devices)}


def _status(claim: Claim) -> JSON:
    if claim.allocation is None:
        return {}
    consumers = [
        {
            **filled({"apiGroup": consumer.api_group}),
            "resource": consumer.resource,
            "name": consumer.name,
            "uid": consumer.uid,
        }
        for consumer in claim.reserved_for
    ]
    failed = claim.binding is Binding.FAILED
    return filled(
        {
            "allocation": allocation_json(claim.allocation, conditions=claim.binding is not Binding.READY),
            "reservedFor": consumers,
            "devices": list(map(_failure, claim.allocation.results)) if failed else [],
        }
    )


def _failure(result: DeviceResult) -> JSON:
    conditions = [{"type": condition, "status": "True"} for condition in result.binding_failure_conditions]
    driver, pool, device = result.id
    return filled(
        {
            "driver": driver,
            "pool": pool,
            "device": device,
            "shareID": result.share_id,
            "conditions": conditions,
        }
    )


def _request(request: Request) -> JSON:
    if request.exactly is not None:
        return {"name": request.name, "exactly": _exact(request.exactly)}
    alternatives = [
        {"name": alternative.name, **_exact(alternative)} for alternative in request.first_available
    ]
    return {"name": request.name, "firstAvailable": alternatives}


def _exact(request: ExactRequest) -> JSON:
    encoded = filled(
        {
            "deviceClassName": request.device_class,
            "selectors": cel_selectors(request.selectors),
            "allocationMode": request.mode,
            "count": request.count,
            "tolerations": tolerations(request.tolerations),
            "derivedAttributes": [{"name": name, "expression": text} for name, text in request.derived],
        }
    )
    # Of these two even the empty value says something.
    if request.admin_access is not None:
        encoded["adminAccess"] = request.admin_access
    if request.capacity is not None:
        encoded["capacity"] = {"requests": quantities(request.capacity)}
    return encoded


def _constraint(constraint: Constraint) -> JSON:
    fields: JSON = {
        "requests": list(constraint.requests),
        "matchAttribute": constraint.match_attribute,
        "distinctAttribute": constraint.distinct_attribute,
    }
    return {name: value for name, value in fields.items() if value is not None}
