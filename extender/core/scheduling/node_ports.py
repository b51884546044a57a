"""
NodePorts: host ports that are taken.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/nodeports/node_ports.go and
k8s.io/kube-scheduler framework/types.go HostPortInfo.CheckConflict, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from extender.model.scheduling import HostPort, SchedulingPod

from .node_info import Nodes
from .plugin import Column
from .reasons import FilterCode, filter_reason

NAME = "NodePorts"

_REFUSED = filter_reason(FilterCode.HOST_PORT)
_ANY_ADDRESS = "0.0.0.0"  # noqa: S104  the address that stands for all


def filter_nodes(pod: SchedulingPod, nodes: Nodes) -> Column | None:
    """A port of one address and the same port of all addresses are in conflict."""
    wanted = pod.host_ports
    if not wanted:
        return None
    return [
        _REFUSED if info.host_ports and _conflict(wanted, info.host_ports) else None for info in nodes.infos
    ]


def _conflict(wanted: Iterable[HostPort], used: Mapping[tuple[str, int], frozenset[str]]) -> bool:
    for each in wanted:
        addresses = used.get((each.protocol, each.port))
        if addresses and (each.ip == _ANY_ADDRESS or not addresses.isdisjoint((_ANY_ADDRESS, each.ip))):
            return True
    return False
