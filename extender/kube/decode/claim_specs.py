"""
What a claim asks for: requests, constraints, configuration.

v1beta1 writes a request flat; v1beta2 and v1 nest it in ``exactly``. Defaults are
those of ``SetDefaults_ExactDeviceRequest`` and ``SetDefaults_DeviceSubRequest``
(k8s.io/kubernetes pkg/apis/resource/v1/defaults.go, v1.36).
Source: k8s.io/api resource/v1 and v1beta1 types.go, v0.36.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from extender.model import ClaimConfig, ClaimSpec, Constraint, ExactRequest, Request

from .errors import UNREADABLE, located
from .fields import (
    ABSENT,
    Int64,
    QuantityJSON,
    SelectorJSON,
    TolerationJSON,
    Wire,
    opaque_config,
    quantity_map,
    selectors,
    sorted_json,
    tolerations,
)
from .interner import Interner

_EXACT_COUNT = "ExactCount"
_DIGEST_BYTES = 16


class CapacityRequestJSON(Wire):
    requests: dict[str, QuantityJSON] | None = None


class DerivedAttributeJSON(Wire):
    name: str | None = None
    expression: str | None = None


class ExactRequestJSON(Wire):
    name: str | None = None
    device_class_name: str | None = None
    selectors: list[SelectorJSON] | None = None
    allocation_mode: str | None = None
    count: Int64 | None = None
    admin_access: bool | None = None
    tolerations: list[TolerationJSON] | None = None
    capacity: CapacityRequestJSON | None = None
    derived_attributes: list[DerivedAttributeJSON] | None = None


class RequestJSON(ExactRequestJSON):
    """Flat as in v1beta1, or with ``exactly``, or with ``firstAvailable`` (all versions)."""

    exactly: ExactRequestJSON | None = None
    first_available: list[ExactRequestJSON] | None = None


class ConstraintJSON(Wire):
    requests: list[str] | None = None
    match_attribute: str | None = None
    distinct_attribute: str | None = None


class ClaimConfigJSON(Wire):
    requests: list[str] | None = None
    opaque: msgspec.Raw = ABSENT


class DeviceClaimJSON(Wire):
    requests: list[RequestJSON] | None = None
    constraints: list[ConstraintJSON] | None = None
    config: list[ClaimConfigJSON] | None = None


class ClaimSpecJSON(Wire):
    devices: DeviceClaimJSON | None = None


_SPEC = msgspec.json.Decoder(ClaimSpecJSON)


def claim_spec(data: bytes | msgspec.Raw, interner: Interner) -> ClaimSpec:
    """
    Return the spec that the JSON ``data`` says, the same object for the same JSON.

    White space and the order of keys do not count. Raises ``FieldError`` with a
    path below the spec.
    """
    try:
        digest = blake2b(sorted_json(data), digest_size=_DIGEST_BYTES).hexdigest()
        spec = interner.specs.get(digest)
        if spec is None:
            spec = interner.specs[digest] = _spec(_SPEC.decode(data), digest, interner)
    except UNREADABLE as error:
        raise located(data, error, _SPEC) from None
    return spec


def _spec(wire: ClaimSpecJSON, fingerprint: str, interner: Interner) -> ClaimSpec:
    devices = wire.devices or DeviceClaimJSON()
    return ClaimSpec(
        fingerprint,
        requests=tuple(
            _request(entry, f"devices.requests[{index}]", interner)
            for index, entry in enumerate(devices.requests or ())
        ),
        constraints=tuple(
            Constraint(tuple(entry.requests or ()), entry.match_attribute, entry.distinct_attribute)
            for entry in devices.constraints or ()
        ),
        config=tuple(
            ClaimConfig(tuple(entry.requests or ()), opaque_config(entry.opaque))
            for entry in devices.config or ()
        ),
    )


def _request(wire: RequestJSON, field: str, interner: Interner) -> Request:
    name = wire.name or ""
    if wire.exactly is not None:
        return Request(name, exactly=_exact(name, wire.exactly, f"{field}.exactly", interner))
    if wire.first_available:
        return Request(
            name,
            first_available=tuple(
                _exact(entry.name or "", entry, f"{field}.firstAvailable[{index}]", interner)
                for index, entry in enumerate(wire.first_available)
            ),
        )
    return Request(name, exactly=_exact(name, wire, field, interner))


def _exact(name: str, wire: ExactRequestJSON, field: str, interner: Interner) -> ExactRequest:
    mode = wire.allocation_mode or _EXACT_COUNT
    count = wire.count or 0
    capacity = None
    if wire.capacity is not None:
        capacity = quantity_map(wire.capacity.requests, f"{field}.capacity.requests", interner)
    return ExactRequest(
        name=name,
        device_class=interner.texts[wire.device_class_name or ""],
        selectors=selectors(wire.selectors),
        mode=mode,
        count=1 if mode == _EXACT_COUNT and count == 0 else count,
        admin_access=wire.admin_access,
        tolerations=tolerations(wire.tolerations),
        capacity=capacity,
        derived=tuple(
            (attribute.name or "", attribute.expression or "") for attribute in wire.derived_attributes or ()
        ),
    )
