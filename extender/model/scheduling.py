"""
Pods and nodes as the plugins of kube-scheduler's default profile see them.

Apart from ``Pod`` and ``Node``, which say what decides an allocation and are kept for every pod
and node of a cluster: who does not ask what the default scheduler would accept does not pay for
these.

Source: k8s.io/api core/v1 types.go, v0.37.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .claims import Toleration
from .devices import Taint
from .nodes import NodeSelector, NodeSelectorTerm
from .quantity import Quantity

Amounts = tuple[tuple[str, Quantity], ...]
"""Quantities by resource name, sorted by name."""


class SelectorOperator(StrEnum):
    """Operators of a label selector; any other makes the selector invalid."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class LabelRequirement:
    """One requirement on labels. ``operator`` as written; ``values`` in input order."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All requirements have to hold, ``matchLabels`` among them; without any, all labels match."""

    requirements: tuple[LabelRequirement, ...] = ()


@dataclass(frozen=True, slots=True)
class AffinityTerm:
    """
    A PodAffinityTerm. A selector of ``None`` matches nothing.

    ``weight`` is 0 for a required term.
    """

    topology_key: str
    selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    namespace_selector: LabelSelector | None = None
    weight: int = 0


@dataclass(frozen=True, slots=True)
class PodAffinity:
    """Terms of ``affinity.podAffinity`` and ``podAntiAffinity``, in order."""

    required: tuple[AffinityTerm, ...] = ()
    preferred: tuple[AffinityTerm, ...] = ()
    required_anti: tuple[AffinityTerm, ...] = ()
    preferred_anti: tuple[AffinityTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class PreferredNodes:
    """An entry of ``nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution``."""

    weight: int
    term: NodeSelectorTerm


@dataclass(frozen=True, slots=True)
class SpreadConstraint:
    """
    An entry of ``topologySpreadConstraints``.

    ``required``: ``DoNotSchedule``. ``honor_affinity``, ``honor_taints``: the node inclusion policies.
    """

    topology_key: str
    max_skew: int
    required: bool
    selector: LabelSelector | None = None
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False
    match_label_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostPort:
    port: int
    protocol: str = "TCP"
    ip: str = "0.0.0.0"  # noqa: S104  what an absent address means


@dataclass(frozen=True, slots=True)
class ContainerResources:
    """
    What a container asks for, what the kubelet allocated to it, and what it has now.

    ``allocated`` and ``actual`` are ``None`` where the status does not say. ``reported``: the status
    has ``resources``, be it without requests.
    """

    requests: Amounts = ()
    restartable: bool = False
    allocated: Amounts | None = None
    actual: Amounts | None = None
    reported: bool = False


@dataclass(frozen=True, slots=True)
class PodResources:
    """
    What decides how much of a node a pod takes.

    ``pod_requests`` are those of ``spec.resources``; ``pod_allocated`` and ``pod_actual`` are from the
    status, ``None`` where it does not say. ``resize_infeasible``: a resize that was refused.
    """

    containers: tuple[ContainerResources, ...] = ()
    init_containers: tuple[ContainerResources, ...] = ()
    overhead: Amounts = ()
    pod_requests: Amounts = ()
    pod_allocated: Amounts | None = None
    pod_actual: Amounts | None = None
    pod_reported: bool = False
    resize_infeasible: bool = False


@dataclass(frozen=True, slots=True)
class Owner:
    """The controller in ``metadata.ownerReferences``."""

    api_version: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class SchedulingPod:
    """
    A pod, pending or running.

    ``images`` are those of init containers and containers, in order; ``image_volumes`` those of its
    image volumes. ``volumes`` names the sources of its volumes that a plugin looks at, sorted.
    ``node_features``: what a node has to declare to run it. ``finished``: its phase is ``Succeeded``
    or ``Failed``. ``pod_group``: the name of its pod group. ``claims``: it has ``spec.resourceClaims``.
    """

    namespace: str
    name: str
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    node_name: str = ""
    nominated_node_name: str = ""
    gated: bool = False
    grouped: bool = False
    pod_group: str = ""
    deleting: bool = False
    finished: bool = False
    claims: bool = False
    owner: Owner | None = None
    tolerations: tuple[Toleration, ...] = ()
    node_selector: tuple[tuple[str, str], ...] | None = None
    required_nodes: NodeSelector | None = None
    preferred_nodes: tuple[PreferredNodes, ...] = ()
    affinity: PodAffinity | None = None
    spread: tuple[SpreadConstraint, ...] = ()
    resources: PodResources = PodResources()
    host_ports: tuple[HostPort, ...] = ()
    images: tuple[str, ...] = ()
    image_volumes: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    node_features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SchedulingNode:
    """``images``: the size in bytes by name, in the order of the status."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()
    allocatable: Amounts = ()
    images: tuple[tuple[str, int], ...] = ()
    declared_features: tuple[str, ...] = ()
