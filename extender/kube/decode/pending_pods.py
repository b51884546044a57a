"""
Pods that wait for a node and claim devices.

Source: k8s.io/api core/v1 types.go, v0.36; k8s.io/apimachinery meta/v1 types.go ManagedFieldsEntry, v0.36.
"""

from __future__ import annotations

import msgspec

from extender.model.pending_pods import DEFAULT_SCHEDULER, PendingPod

from .errors import UNREADABLE, refuse
from .fields import ABSENT, NAMESPACE_DEFAULT, Wire
from .interner import Interner
from .queueing import is_gated, is_grouped

_NOMINATED = b'"f:nominatedNodeName"'


class _ManagedFields(Wire):
    manager: str | None = None
    fields_v1: msgspec.Raw = msgspec.field(name="fieldsV1", default=ABSENT)


class _Metadata(Wire):
    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    managed_fields: list[_ManagedFields] | None = None


class _Spec(Wire):
    node_name: str | None = None
    resource_claims: list[msgspec.Raw] | None = None
    priority: int | None = None
    scheduler_name: str | None = None
    scheduling_gates: list[msgspec.Raw] | None = None
    scheduling_group: msgspec.Raw = ABSENT
    workload_ref: msgspec.Raw = ABSENT


class _Condition(Wire):
    type: str | None = None
    status: str | None = None
    reason: str | None = None


class _Status(Wire):
    nominated_node_name: str | None = None
    conditions: list[_Condition] | None = None


class _Pod(Wire):
    metadata: _Metadata | None = None
    spec: _Spec | None = None
    status: _Status | None = None


_POD = msgspec.json.Decoder(_Pod)


def pending_pod(data: bytes | msgspec.Raw, interner: Interner) -> tuple[tuple[str, str], PendingPod | None]:
    """
    Decode a Pod to its key and what of it decides about a nomination.

    ``None`` for a pod that has a node or claims no devices. Raises ``DecodeError``.
    """
    try:
        wire = _POD.decode(data)
    except UNREADABLE as error:
        raise refuse("Pod", data, error, _POD) from None
    metadata, spec, status = wire.metadata or _Metadata(), wire.spec or _Spec(), wire.status or _Status()
    key = interner.texts[metadata.namespace or NAMESPACE_DEFAULT], metadata.name or ""
    if spec.node_name or not spec.resource_claims:
        return key, None
    nominated = status.nominated_node_name or ""
    return key, PendingPod(
        namespace=key[0],
        name=key[1],
        uid=metadata.uid or "",
        version=metadata.resource_version or "",
        priority=spec.priority or 0,
        created=metadata.creation_timestamp or "",
        scheduler=interner.texts[spec.scheduler_name or DEFAULT_SCHEDULER],
        nominated_node=interner.texts[nominated],
        nominated_by=_managers(metadata.managed_fields, interner) if nominated else (),
        unschedulable=any(map(_says_unschedulable, status.conditions or ())),
        deleting=metadata.deletion_timestamp is not None,
        gated=is_gated(spec.scheduling_gates),
        grouped=is_grouped(spec.scheduling_group, spec.workload_ref),
    )


def _managers(entries: list[_ManagedFields] | None, interner: Interner) -> tuple[str, ...]:
    found = {entry.manager or "" for entry in entries or () if _NOMINATED in bytes(entry.fields_v1)}
    return tuple(interner.texts[name] for name in sorted(found))


def _says_unschedulable(condition: _Condition) -> bool:
    return (condition.type, condition.status, condition.reason) == ("PodScheduled", "False", "Unschedulable")
