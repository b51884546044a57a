"""
The nodes of a cluster with the pods on them, as the scheduler's snapshot has them.

A node's information is a value of its own: when a node or a pod on it changes, only that node's is
built anew (about 4 µs per pod on it), and ``Nodes`` around them.

Source: k8s.io/kubernetes pkg/scheduler/framework/types.go NodeInfo, PodInfo.CalculateResource, and
pkg/scheduler/backend/cache/snapshot.go, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from extender.model.scheduling import HostPort, PodAffinity, PodResources, SchedulingNode, SchedulingPod

from .affinity_selectors import parsed_affinity
from .pod_requests import has_pod_level_requests, pod_requests
from .resource import ATTRIBUTES, CPU, MEMORY, NOTHING, Resource, milli, resource, too_large, whole
from .rules import SchedulingRules
from .work import affinity_work

NON_ZERO_REQUESTS: Mapping[str, int] = {CPU: 100 * 10**6, MEMORY: 200 * 1024 * 1024 * 10**9}
"""
What a container without a request counts for in scores, in units of 10^-9: 100m and 200Mi.

Source: pkg/scheduler/util/pod_resources.go, v1.36.
"""


@dataclass(frozen=True, slots=True)
class PlacedPod:
    """What counts of a pod on a node. ``nonzero_*``: with ``NON_ZERO_REQUESTS`` for what is not given."""

    namespace: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    deleting: bool = False
    affinity: PodAffinity | None = None
    requested: Resource = NOTHING
    nonzero_cpu: int = 0
    nonzero_memory: int = 0
    host_ports: tuple[HostPort, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """
    ``requested`` and ``nonzero_*`` are sums over ``pods``. ``host_ports``: the addresses by protocol and
    port. ``too_large``: numbers beyond upstream's.
    """

    node: SchedulingNode
    pods: tuple[PlacedPod, ...]
    allocatable: Resource
    requested: Resource
    nonzero_cpu: int
    nonzero_memory: int
    host_ports: Mapping[tuple[str, int], frozenset[str]]
    too_large: bool


@dataclass(frozen=True, slots=True)
class Nodes:
    """
    All nodes of a cluster. Positions in ``infos`` stand for nodes in all that follows.

    ``pods_by_namespace``: the node's position and the pod, for every pod. ``with_affinity``: positions
    of nodes with a pod that has pod affinity or anti-affinity. ``image_nodes``: on how many nodes an image
    is. ``affinity_conditions``: how much work the affinity of all pods is. ``namespaces``: labels of
    namespaces by name; ``None`` where they are not known.
    """

    infos: tuple[NodeInfo, ...]
    pods_by_namespace: Mapping[str, Sequence[tuple[int, PlacedPod]]]
    with_affinity: tuple[int, ...]
    image_nodes: Mapping[str, int]
    affinity_conditions: int = 0
    namespaces: Mapping[str, Mapping[str, str]] | None = None


class PodAmounts(NamedTuple):
    """How much a pod takes of a node, as in ``PlacedPod``."""

    requested: Resource
    nonzero_cpu: int
    nonzero_memory: int


def pod_amounts(resources: PodResources, rules: SchedulingRules) -> PodAmounts:
    """How much a pod on a node takes of it."""
    nanos = pod_requests(resources, rules, status=True)
    nonzero = _nonzero(resources, nanos, rules)
    return PodAmounts(resource(nanos), milli(nonzero.get(CPU, 0)), whole(nonzero.get(MEMORY, 0)))


def placed_pod(pod: SchedulingPod, rules: SchedulingRules, amounts: PodAmounts | None = None) -> PlacedPod:
    """What counts of a pod, for the node that it is on. ``amounts``: its own, where these are known."""
    if amounts is None:
        amounts = pod_amounts(pod.resources, rules)
    return PlacedPod(
        namespace=pod.namespace,
        name=pod.name,
        labels=pod.labels,
        deleting=pod.deleting,
        affinity=pod.affinity and parsed_affinity(pod.affinity),
        requested=amounts.requested,
        nonzero_cpu=amounts.nonzero_cpu,
        nonzero_memory=amounts.nonzero_memory,
        host_ports=pod.host_ports,
    )


def _nonzero(resources: PodResources, nanos: Mapping[str, int], rules: SchedulingRules) -> Mapping[str, int]:
    """``getNonMissingContainerRequests``: with pod-level requests only what is missing as a whole."""
    defaults = NON_ZERO_REQUESTS
    if has_pod_level_requests(resources):
        defaults = {name: amount for name, amount in defaults.items() if name not in nanos}
    return pod_requests(resources, rules, status=True, defaults=defaults) if defaults else nanos


def allocatable_of(node: SchedulingNode) -> Resource:
    """How much a node has."""
    return resource({name: quantity.nanos for name, quantity in node.allocatable})


def node_info(
    node: SchedulingNode, pods: Iterable[PlacedPod], allocatable: Resource | None = None
) -> NodeInfo:
    """
    A node with the pods that are bound to it, or assumed to be, and have not finished.

    ``allocatable``: how much it has, where that is known already.
    """
    placed = tuple(pods)
    if allocatable is None:
        allocatable = allocatable_of(node)
    requested = _sum([pod.requested for pod in placed])
    cpu, memory = sum([pod.nonzero_cpu for pod in placed]), sum([pod.nonzero_memory for pod in placed])
    return NodeInfo(
        node=node,
        pods=placed,
        allocatable=allocatable,
        requested=requested,
        nonzero_cpu=cpu,
        nonzero_memory=memory,
        host_ports=_addresses([port for pod in placed for port in pod.host_ports]),
        too_large=allocatable.too_large or requested.too_large or too_large(cpu, memory),
    )


def has_more_without(info: NodeInfo, pod: PlacedPod) -> bool:
    """
    Whether the node has no less of anything once one of its pods is gone, and no number out of range.

    So it is but for amounts below nothing, of the pod or of all others together.
    """
    amounts = (
        *zip(_amounts(pod.requested), _amounts(info.requested), strict=True),
        *((amount, info.requested.scalars.get(name, 0)) for name, amount in pod.requested.scalars.items()),
        (pod.nonzero_cpu, info.nonzero_cpu),
        (pod.nonzero_memory, info.nonzero_memory),
    )
    return all(0 <= of_pod <= of_all for of_pod, of_all in amounts)


def _amounts(requested: Resource) -> tuple[int, int, int]:
    return requested.milli_cpu, requested.memory, requested.ephemeral_storage


def _addresses(ports: Iterable[HostPort]) -> Mapping[tuple[str, int], frozenset[str]]:
    addresses: dict[tuple[str, int], set[str]] = {}
    for each in ports:
        addresses.setdefault((each.protocol, each.port), set()).add(each.ip)
    return {key: frozenset(ips) for key, ips in addresses.items()}


def _sum(resources: Iterable[Resource]) -> Resource:
    cpu = memory = storage = 0
    scalars: dict[str, int] = {}
    for each in resources:
        cpu += each.milli_cpu
        memory += each.memory
        storage += each.ephemeral_storage
        for name, amount in each.scalars.items():
            scalars[name] = scalars.get(name, 0) + amount
    return Resource(cpu, memory, storage, scalars=scalars)


def amounts_of(name: str, *, nonzero: bool = False) -> Callable[[NodeInfo], tuple[int, int]]:
    """
    Return what reads how much of a resource a node has, and how much of it is requested.

    ``nonzero``: with ``NON_ZERO_REQUESTS`` for CPU and memory.
    """
    if nonzero and name in _NONZERO_ATTRIBUTES:
        return attrgetter(*_NONZERO_ATTRIBUTES[name])
    if name in ATTRIBUTES:
        return attrgetter(f"allocatable.{ATTRIBUTES[name]}", f"requested.{ATTRIBUTES[name]}")
    return lambda info: (info.allocatable.scalars.get(name, 0), info.requested.scalars.get(name, 0))


_NONZERO_ATTRIBUTES = {
    CPU: ("allocatable.milli_cpu", "nonzero_cpu"),
    MEMORY: ("allocatable.memory", "nonzero_memory"),
}


def nodes_of(infos: Iterable[NodeInfo], namespaces: Mapping[str, Mapping[str, str]] | None = None) -> Nodes:
    """The nodes with what is looked up across all of them."""
    all_infos = tuple(infos)
    by_namespace: dict[str, list[tuple[int, PlacedPod]]] = {}
    with_affinity = []
    conditions = 0
    for position, info in enumerate(all_infos):
        for pod in info.pods:
            by_namespace.setdefault(pod.namespace, []).append((position, pod))
        affinities = [pod.affinity for pod in info.pods if pod.affinity is not None]
        if affinities:
            with_affinity.append(position)
            conditions += sum(affinity_work(each) for each in affinities)
    images = Counter(name for info in all_infos for name in {name for name, _ in info.node.images})
    return Nodes(all_infos, by_namespace, tuple(with_affinity), images, conditions, namespaces)
