"""
NodeResourcesFit, as a filter: whether a node has enough left.

Its scores are in ``resource_allocation``.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/noderesources/fit.go fitsRequest,
v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from extender.model.scheduling import SchedulingPod

from .node_info import Nodes, amounts_of
from .plugin import Column
from .pod_requests import pod_requests
from .reasons import FilterCode, FilterReason, filter_reason
from .resource import CPU, EPHEMERAL_STORAGE, MEMORY, Resource, resource
from .rules import SchedulingRules

NAME = "NodeResourcesFit"

_TOO_MANY_PODS = filter_reason(FilterCode.TOO_MANY_PODS)


def pod_request(pod: SchedulingPod, rules: SchedulingRules) -> Resource:
    """What a pod needs before it is bound: its status does not count yet (``computePodResourceRequest``)."""
    return resource(pod_requests(pod.resources, rules, status=False))


def filter_nodes(
    pod: SchedulingPod, nodes: Nodes, rules: SchedulingRules, dra_resources: AbstractSet[str] = frozenset()
) -> Column:
    """
    The first shortage of each node: pods, then CPU, memory, storage, and other resources by name.

    ``dra_resources``: extended resources that a device class backs. Where a node does not offer one
    through a device plugin, it is left to DynamicResources.
    """
    column: list[FilterReason | None] = [
        _TOO_MANY_PODS if len(info.pods) >= info.allocatable.pods else None for info in nodes.infos
    ]
    for name, amount in _wanted(pod_request(pod, rules)):
        refusal = filter_reason(FilterCode.INSUFFICIENT_RESOURCE, resource=name)
        delegated = rules.dra_extended_resource and name in dra_resources
        column = [
            earlier
            if earlier is not None
            else (
                refusal if amount > allocatable - requested and not (delegated and not allocatable) else None
            )
            for earlier, (allocatable, requested) in zip(
                column, map(amounts_of(name), nodes.infos), strict=True
            )
        ]
    return column


def _wanted(request: Resource) -> list[tuple[str, int]]:
    amounts = {
        CPU: request.milli_cpu,
        MEMORY: request.memory,
        EPHEMERAL_STORAGE: request.ephemeral_storage,
        **dict(sorted(request.scalars.items())),
    }
    return [(name, amount) for name, amount in amounts.items() if amount > 0]
