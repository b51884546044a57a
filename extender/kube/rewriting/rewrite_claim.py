"""
A rewrite for soft alignment, done to the JSON of a ResourceClaim or ResourceClaimTemplate.

Every field is kept, known to us or not: an alternative says all that its request said. Names of
requests stay, so what refers to them goes on to: ``config[].requests`` and a container's
``resources.claims[].request`` mean a request with all its alternatives.

Source: k8s.io/api resource/v1, v1beta2 and v1beta1 types.go (DeviceSubRequest), v0.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from extender.core.soft_alignment.soften import Rewrite, SubRequest

JSON = Mapping[str, object]
"""A JSON object."""

CLAIM, TEMPLATE = "ResourceClaim", "ResourceClaimTemplate"

# Of a request; an alternative has a name of its own, and adminAccess is refused there.
_NO_ALTERNATIVES_FIELD = frozenset({"name", "adminAccess", "firstAvailable"})


def rewrite_claim(document: JSON, rewrite: Rewrite) -> dict[str, object]:
    """
    The object as ``rewrite`` makes it; ``document`` is left as it is.

    ``document`` is what the rewrite was made for: its requests have the names in ``rewrite.order``.
    """
    spec = _object(document, "spec")
    if document.get("kind") == TEMPLATE:
        inner = _object(spec, "spec")
        return {**document, "spec": {**spec, "spec": _rewritten(inner, rewrite)}}
    return {**document, "spec": _rewritten(spec, rewrite)}


def rewrite_patch(document: JSON, rewrite: Rewrite) -> list[dict[str, object]]:
    """The same as operations of a JSON Patch (RFC 6902)."""
    spec, path = _object(document, "spec"), "/spec"
    if document.get("kind") == TEMPLATE:
        spec, path = _object(spec, "spec"), "/spec/spec"
    devices = _object(_rewritten(spec, rewrite), "devices")
    return [
        # "add" replaces what is there, an empty list for example.
        {"op": "add", "path": f"{path}/devices/{field}", "value": devices[field]}
        for field in ("requests", "constraints")
    ]


def annotation_patch(document: JSON, name: str, value: str) -> list[dict[str, object]]:
    """Operations that set an annotation of the object."""
    annotations = _object(_object(document, "metadata"), "annotations")
    if not annotations:
        return [{"op": "add", "path": "/metadata/annotations", "value": {name: value}}]
    escaped = name.replace("~", "~0").replace("/", "~1")
    return [{"op": "add", "path": f"/metadata/annotations/{escaped}", "value": value}]


def _rewritten(spec: JSON, rewrite: Rewrite) -> dict[str, object]:
    devices = _object(spec, "devices")
    given = cast("Sequence[JSON]", devices.get("requests") or ())
    requests = {str(request.get("name")): request for request in given}
    sub_requests = dict(rewrite.sub_requests)
    constraints = [
        {"requests": list(constraint.requests), "matchAttribute": constraint.match_attribute}
        for constraint in rewrite.constraints
    ]
    return {
        **spec,
        "devices": {
            **devices,
            "requests": [
                _with_sub_requests(requests[name], sub_requests.get(name, ())) for name in rewrite.order
            ],
            "constraints": constraints,
        },
    }


def _with_sub_requests(request: JSON, sub_requests: Sequence[SubRequest]) -> JSON:
    if not sub_requests:
        return request
    # v1beta1 has the fields of "exactly" in the request itself.
    exactly = _object(request, "exactly") or request
    kept = {key: value for key, value in exactly.items() if key not in _NO_ALTERNATIVES_FIELD}
    return {
        "name": request.get("name"),
        "firstAvailable": [
            {"name": sub_request.name, **kept, **_selectors(exactly, sub_request)}
            for sub_request in sub_requests
        ],
    }


def _selectors(exactly: JSON, sub_request: SubRequest) -> JSON:
    if not sub_request.selector:
        return {}
    own = cast("Sequence[JSON]", exactly.get("selectors") or ())
    return {"selectors": [*own, {"cel": {"expression": sub_request.selector}}]}


def _object(parent: JSON, field: str) -> JSON:
    value = parent.get(field)
    return cast("JSON", value) if isinstance(value, Mapping) else {}
