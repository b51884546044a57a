"""
What containers and pods request, and what their status says they have.

Source: k8s.io/api core/v1 types.go, v0.37; ``SetDefaults_Pod`` of k8s.io/kubernetes
pkg/apis/core/v1/defaults.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extender.model.quantity import Quantity
from extender.model.scheduling import Amounts, ContainerResources, PodResources

from .fields import QuantityJSON, Wire, quantity_map
from .interner import Interner

_MILLI = 10**6


class ResourcesJSON(Wire):
    requests: dict[str, QuantityJSON] | None = None
    limits: dict[str, QuantityJSON] | None = None


class ResourceContainerJSON(Wire):
    name: str | None = None
    resources: ResourcesJSON | None = None
    restart_policy: str | None = None


class ResourceSpec(Wire):
    init_containers: list[ResourceContainerJSON] | None = None
    containers: list[ResourceContainerJSON] | None = None
    resources: ResourcesJSON | None = None
    overhead: dict[str, QuantityJSON] | None = None


class ContainerStatusJSON(Wire):
    name: str | None = None
    allocated_resources: dict[str, QuantityJSON] | None = None
    resources: ResourcesJSON | None = None


class ConditionJSON(Wire):
    type: str | None = None
    reason: str | None = None


class ResourceStatus(Wire):
    container_statuses: list[ContainerStatusJSON] | None = None
    init_container_statuses: list[ContainerStatusJSON] | None = None
    allocated_resources: dict[str, QuantityJSON] | None = None
    resources: ResourcesJSON | None = None
    conditions: list[ConditionJSON] | None = None


def pod_resources(spec: ResourceSpec, status: ResourceStatus, interner: Interner) -> PodResources:
    """Raises ``FieldError`` for what is no quantity."""
    # As upstream, of two statuses of one name that of an init container counts.
    statuses = {
        each.name or "": each
        for each in (*(status.container_statuses or ()), *(status.init_container_statuses or ()))
    }
    now, pod = status.resources, spec.resources or ResourcesJSON()
    resize = next((each for each in status.conditions or () if each.type == "PodResizePending"), None)
    return PodResources(
        containers=_containers(spec.containers, "spec.containers", statuses, interner),
        init_containers=_containers(spec.init_containers, "spec.initContainers", statuses, interner),
        overhead=amounts(spec.overhead, "spec.overhead", interner),
        pod_requests=amounts(pod.requests, "spec.resources.requests", interner),
        pod_allocated=_stated(status.allocated_resources, "status.allocatedResources", interner),
        pod_actual=_stated(now.requests if now else None, "status.resources.requests", interner),
        pod_reported=now is not None,
        resize_infeasible=resize is not None and resize.reason == "Infeasible",
    )


def amounts(values: dict[str, QuantityJSON] | None, field: str, interner: Interner) -> Amounts:
    """
    Return a map of quantities as pairs sorted by name, each rounded up to thousandths.

    Source: ``SetDefaults_ResourceList``, k8s.io/kubernetes pkg/apis/core/v1/defaults.go, v1.36.
    """
    given = quantity_map(values, field, interner)
    if all(quantity.nanos % _MILLI == 0 for _, quantity in given):
        return given
    return tuple((name, Quantity(-(-quantity.nanos // _MILLI) * _MILLI)) for name, quantity in given)


def requests_of(resources: ResourcesJSON | None, field: str, interner: Interner) -> Amounts:
    """Return the requests sorted by resource, a limit where there is no request."""
    if resources is None:
        return ()
    requests = amounts(resources.requests, f"{field}.requests", interner)
    if not resources.limits:
        return requests
    limits = amounts(resources.limits, f"{field}.limits", interner)
    merged: dict[str, Quantity] = dict(limits) | dict(requests)
    return tuple(sorted(merged.items()))


def _containers(
    entries: Sequence[ResourceContainerJSON] | None,
    field: str,
    statuses: Mapping[str, ContainerStatusJSON],
    interner: Interner,
) -> tuple[ContainerResources, ...]:
    containers = []
    for index, entry in enumerate(entries or ()):
        place = f"{field}[{index}]"
        status = statuses.get(entry.name or "")
        now = status.resources if status else None
        containers.append(
            ContainerResources(
                requests=requests_of(entry.resources, f"{place}.resources", interner),
                restartable=entry.restart_policy == "Always",
                allocated=_stated(
                    status.allocated_resources if status else None, f"{place} (allocated)", interner
                ),
                actual=_stated(now.requests if now else None, f"{place} (status)", interner),
                reported=now is not None,
            )
        )
    return tuple(containers)


def _stated(values: dict[str, QuantityJSON] | None, field: str, interner: Interner) -> Amounts | None:
    return None if values is None else amounts(values, field, interner)
