"""
DeviceClasses, ResourceClaims and their allocations.

Source: k8s.io/api resource/v1 types.go, v0.37.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .devices import DeviceID
from .nodes import NodeSelector
from .quantity import Quantity
from .slices import PoolID

MAX_RESULTS = 32
"""Most devices one claim may get: ``AllocationResultsMaxSize``."""


@dataclass(frozen=True, slots=True)
class OpaqueConfig:
    """A driver's configuration as JSON text with sorted keys; we never look inside."""

    json: str


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """
    ``selectors`` are CEL texts; ``None`` stands for a selector type we do not know.

    ``created`` is the RFC 3339 creationTimestamp (sorts as text), used to break
    ties between classes that claim the same extended resource.
    """

    name: str
    selectors: tuple[str | None, ...] = ()
    config: tuple[OpaqueConfig, ...] = ()
    extended_resource_name: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class Toleration:
    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class ExactRequest:
    """
    What to allocate for a request or subrequest.

    ``admin_access`` is ``None`` where the field is absent: with the feature off
    upstream refuses presence. ``capacity`` holds the requested amounts sorted by
    name, ``None`` where the claim has no ``capacity`` at all. ``derived`` (1.37):
    CEL expressions by the attribute whose value they replace for this request.
    """

    name: str
    device_class: str
    selectors: tuple[str | None, ...] = ()
    mode: str = "ExactCount"
    count: int = 1
    admin_access: bool | None = None
    tolerations: tuple[Toleration, ...] = ()
    capacity: tuple[tuple[str, Quantity], ...] | None = None
    derived: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """
    A request: exactly one ``ExactRequest`` or an ordered list of alternatives.

    A request that is neither (a future kind) has ``exactly`` with an empty
    ``device_class``, which upstream refuses the same way.
    """

    name: str
    exactly: ExactRequest | None = None
    first_available: tuple[ExactRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class Constraint:
    """One of the two attribute names is set; neither stands for an unknown kind."""

    requests: tuple[str, ...] = ()
    match_attribute: str | None = None
    distinct_attribute: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimConfig:
    """``requests`` empty: applies to all of the claim's requests."""

    requests: tuple[str, ...]
    config: OpaqueConfig


@dataclass(frozen=True, slots=True, weakref_slot=True)
class ClaimSpec:
    """
    The immutable half of a ResourceClaim.

    Equal specs are recognised by ``fingerprint`` alone (a digest of the JSON
    with sorted keys), because they are compared on every request.
    """

    fingerprint: str
    requests: tuple[Request, ...] = field(default=(), compare=False)
    constraints: tuple[Constraint, ...] = field(default=(), compare=False)
    config: tuple[ClaimConfig, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class DeviceResult:
    """
    One entry of ``status.allocation.devices.results``.

    ``request`` is ``name`` or ``parent/sub``. ``consumed_capacity`` is sorted by
    name; ``share_id`` is random upstream, so ours only says that there is one.
    """

    request: str
    id: DeviceID
    admin_access: bool = False
    tolerations: tuple[Toleration, ...] = ()
    binding_conditions: tuple[str, ...] = ()
    binding_failure_conditions: tuple[str, ...] = ()
    share_id: str = ""
    consumed_capacity: tuple[tuple[str, Quantity], ...] = ()
    skip_node_operations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AllocationConfig:
    """``source`` is ``FromClass`` or ``FromClaim``."""

    source: str
    requests: tuple[str, ...]
    config: OpaqueConfig


@dataclass(frozen=True, slots=True)
class Allocation:
    """``status.allocation``: results in allocation order; no selector: usable anywhere."""

    results: tuple[DeviceResult, ...] = ()
    config: tuple[AllocationConfig, ...] = ()
    node_selector: NodeSelector | None = None


@dataclass(frozen=True, slots=True)
class Consumer:
    """An entry of ``status.reservedFor``; ``api_group`` is empty for pods."""

    resource: str
    name: str
    uid: str
    api_group: str = ""


class Binding(StrEnum):
    """How far the binding conditions of a claim's devices are; ``ready`` without any."""

    READY = "ready"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Claim:
    """
    A ResourceClaim.

    ``pod_claim_name`` is the annotation that the claim controller puts on a claim
    made from a template, ``owner_uid`` the UID of the controlling owner, ``pod_group``
    its name where that is a PodGroup.

    ``unreadable``: this is what could be read of a claim that cannot be read as a whole, so that its
    devices count as taken; of its spec nothing. ``unclear_pools``: those of which it may hold more or less.
    """

    namespace: str
    name: str
    uid: str
    spec: ClaimSpec
    allocation: Allocation | None = None
    reserved_for: tuple[Consumer, ...] = ()
    deleting: bool = False
    owner_uid: str = ""
    pod_group: str = ""
    pod_claim_name: str = ""
    extended_resource: bool = False
    binding: Binding = Binding.READY
    unreadable: bool = False
    unclear_pools: tuple[PoolID, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return (self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class ClaimTemplate:
    """A ResourceClaimTemplate; ``spec`` is that of the claims made from it."""

    namespace: str
    name: str
    spec: ClaimSpec
