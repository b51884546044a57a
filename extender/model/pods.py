"""
Pods, as far as claims and extended resources go.

Source: k8s.io/api core/v1 types.go, v0.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .quantity import Quantity


@dataclass(frozen=True, slots=True)
class PodClaim:
    """
    An entry of ``pod.spec.resourceClaims``, resolved as far as the pod itself says.

    ``claim`` is the ResourceClaim's name; empty if it comes from a template and
    ``status.resourceClaimStatuses`` does not name it yet. ``needed`` is false
    where that status says that no claim is needed.
    """

    name: str
    claim: str = ""
    template: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class ContainerClaim:
    """
    An entry of ``resources.claims``: ``name`` is that of the ``PodClaim``; without ``request`` the
    container uses all requests of the claim.
    """

    name: str
    request: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """
    ``requests`` are the resource requests by name (limits count where no request
    is given). ``restartable`` marks a sidecar among the init containers. ``claims`` is what the
    container uses of the pod's claims.
    """

    name: str
    requests: tuple[tuple[str, Quantity], ...] = ()
    restartable: bool = False
    claims: tuple[ContainerClaim, ...] = ()


@dataclass(frozen=True, slots=True)
class Pod:
    """
    ``pod_group``: the PodGroup that ``spec.schedulingGroup`` names (from 1.36), else empty. ``scheduler``:
    ``spec.schedulerName``.

    ``unschedulable``, of pods in groups only: kube-scheduler refused it, because it or its group did not fit.
    """

    namespace: str
    name: str
    uid: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    claims: tuple[PodClaim, ...] = ()
    init_containers: tuple[Container, ...] = ()
    containers: tuple[Container, ...] = ()
    node_name: str = ""
    nominated_node_name: str = ""
    pod_group: str = ""
    scheduler: str = ""
    unschedulable: bool = False

    @property
    def group(self) -> tuple[str, str] | None:
        """Namespace and name of its PodGroup, ``None`` without one."""
        return (self.namespace, self.pod_group) if self.pod_group else None
