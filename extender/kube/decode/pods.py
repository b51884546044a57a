"""
Pods, as far as claims and extended resources go.

Source: k8s.io/api core/v1 types.go and ``resourceclaim.Name`` of
k8s.io/dynamic-resource-allocation, v0.36.
"""

from __future__ import annotations

import msgspec

from extender.model import Container, ContainerClaim, Pod, PodClaim
from extender.model.quantity import Quantity

from .errors import UNREADABLE, refuse
from .fields import (
    ABSENT,
    Metadata,
    QuantityJSON,
    Wire,
    object_name,
    object_namespace,
    quantity_map,
)
from .interner import Interner
from .queueing import scheduling_group_name


class PodClaimJSON(Wire):
    name: str | None = None
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class ContainerClaimJSON(Wire):
    name: str | None = None
    request: str | None = None


class ResourcesJSON(Wire):
    requests: dict[str, QuantityJSON] | None = None
    limits: dict[str, QuantityJSON] | None = None
    claims: list[ContainerClaimJSON] | None = None


class ContainerJSON(Wire):
    name: str | None = None
    resources: ResourcesJSON | None = None
    restart_policy: str | None = None


class PodSpec(Wire):
    node_name: str | None = None
    resource_claims: list[PodClaimJSON] | None = None
    init_containers: list[ContainerJSON] | None = None
    containers: list[ContainerJSON] | None = None
    scheduling_group: msgspec.Raw = ABSENT
    scheduler_name: str | None = None


class ClaimStatusJSON(Wire):
    name: str | None = None
    resource_claim_name: str | None = None


class ConditionJSON(Wire):
    type: str | None = None
    status: str | None = None
    reason: str | None = None


class PodStatus(Wire):
    conditions: list[ConditionJSON] | None = None
    nominated_node_name: str | None = None
    resource_claim_statuses: list[ClaimStatusJSON] | None = None


class PodJSON(Wire):
    metadata: Metadata | None = None
    spec: PodSpec | None = None
    status: PodStatus | None = None


_POD = msgspec.json.Decoder(PodJSON)
_REFUSED = ("Unschedulable", "SchedulerError")


def pod(data: bytes | msgspec.Raw, interner: Interner) -> Pod:
    """Decode a Pod, of the API server or of an extender request. Raises ``DecodeError``."""
    try:
        return _pod(_POD.decode(data), interner)
    except UNREADABLE as error:
        raise refuse("Pod", data, error, _POD) from None


def _pod(wire: PodJSON, interner: Interner) -> Pod:
    metadata, spec = wire.metadata or Metadata(), wire.spec or PodSpec()
    group = interner.texts[scheduling_group_name(spec.scheduling_group)]
    return Pod(
        namespace=interner.texts[object_namespace(metadata)],
        name=object_name(metadata),
        uid=metadata.uid or "",
        annotations=metadata.annotations or {},
        claims=_claims(spec.resource_claims, wire.status) if spec.resource_claims else (),
        init_containers=_containers(spec.init_containers, "spec.initContainers", interner),
        containers=_containers(spec.containers, "spec.containers", interner),
        node_name=interner.texts[spec.node_name or ""],
        nominated_node_name=interner.texts[(wire.status and wire.status.nominated_node_name) or ""],
        pod_group=group,
        scheduler=interner.texts[spec.scheduler_name or ""],
        unschedulable=bool(group) and _is_unschedulable(wire.status),
    )


def _is_unschedulable(status: PodStatus | None) -> bool:
    conditions = (status and status.conditions) or ()
    return any(
        (each.type, each.status) == ("PodScheduled", "False") and each.reason in _REFUSED
        for each in conditions
    )


def _claims(entries: list[PodClaimJSON], status: PodStatus | None) -> tuple[PodClaim, ...]:
    """
    Return the pod's claims in order.

    The status names the claims made from templates; an entry without a name
    says that no claim is needed. Claims referred to by name have no status.
    """
    statuses: dict[str, str | None] = {}
    for given in (status and status.resource_claim_statuses) or ():
        statuses.setdefault(given.name or "", given.resource_claim_name)
    claims = []
    for entry in entries:
        name, template = entry.name or "", entry.resource_claim_template_name or ""
        if entry.resource_claim_name:
            claims.append(PodClaim(name, claim=entry.resource_claim_name))
        elif template and name in statuses:
            generated = statuses[name]
            claims.append(PodClaim(name, generated or "", template, needed=generated is not None))
        else:
            claims.append(PodClaim(name, template=template))
    return tuple(claims)


def _containers(entries: list[ContainerJSON] | None, field: str, interner: Interner) -> tuple[Container, ...]:
    return tuple(
        Container(
            name=entry.name or "",
            requests=_requests(entry.resources, f"{field}[{index}].resources", interner),
            restartable=entry.restart_policy == "Always",
            claims=tuple(
                ContainerClaim(each.name or "", each.request or "")
                for each in (entry.resources and entry.resources.claims) or ()
            ),
        )
        for index, entry in enumerate(entries or ())
    )


def _requests(
    resources: ResourcesJSON | None, field: str, interner: Interner
) -> tuple[tuple[str, Quantity], ...]:
    """
    Return the requests sorted by resource, a limit where there is no request.

    Source: ``SetDefaults_Pod``, k8s.io/kubernetes pkg/apis/core/v1/defaults.go, v1.36.
    """
    if resources is None:
        return ()
    requests = quantity_map(resources.requests, f"{field}.requests", interner)
    if not resources.limits:
        return requests
    limits = quantity_map(resources.limits, f"{field}.limits", interner)
    return tuple(sorted((dict(limits) | dict(requests)).items()))
