"""
The devices that drivers publish in slices.

Source: k8s.io/api resource/v1 types.go, v0.37.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from .nodes import NodeSelector
from .quantity import Quantity


class AttributeKind(StrEnum):
    """The type of a device attribute; the list kinds are KEP-5491."""

    INT = "int"
    BOOL = "bool"
    STRING = "string"
    VERSION = "version"
    INTS = "ints"
    BOOLS = "bools"
    STRINGS = "strings"
    VERSIONS = "versions"
    UNKNOWN = "unknown"

    # Enum hashes in Python code; attributes are hashed a hundred thousand times a request.
    __hash__ = str.__hash__

    @property
    def is_list(self) -> bool:
        return self in _LISTS


_LISTS = frozenset({AttributeKind.INTS, AttributeKind.BOOLS, AttributeKind.STRINGS, AttributeKind.VERSIONS})

Scalar = bool | int | str


class Attribute(NamedTuple):
    """
    One typed device attribute.

    ``value`` is a scalar (a version is its text), a tuple of scalars for the
    list kinds, or ``None`` for a kind we do not know. The kind is part of the
    identity: Python takes ``True`` and ``1`` for equal, Kubernetes does not.
    """

    kind: AttributeKind
    value: Scalar | tuple[Scalar, ...] | None


class DeviceID(NamedTuple):
    """What identifies a device in a cluster; printed as ``driver/pool/device``."""

    driver: str
    pool: str
    device: str

    def __str__(self) -> str:
        return f"{self.driver}/{self.pool}/{self.device}"


@dataclass(frozen=True, slots=True)
class Taint:
    key: str
    effect: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class RequestPolicy:
    """How much of a capacity one request takes (KEP-5075). ``None``: not set."""

    default: Quantity | None = None
    valid_values: tuple[Quantity, ...] | None = None
    range_min: Quantity | None = None
    range_max: Quantity | None = None
    range_step: Quantity | None = None
    has_range: bool = False


@dataclass(frozen=True, slots=True)
class Capacity:
    value: Quantity
    policy: RequestPolicy | None = None


@dataclass(frozen=True, slots=True)
class CounterConsumption:
    """
    What a device takes from one counter set; ``counters`` sorted by name.

    ``compatibility_groups`` (1.37): with whom it can share the set, sorted.
    """

    counter_set: str
    counters: tuple[tuple[str, Quantity], ...]
    compatibility_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceTraits:
    """
    What decides about a device apart from its name and attributes.

    Devices of one model share one instance (``kube.decode`` interns them), so
    comparing traits is mostly comparing references. ``capacity`` is keyed as
    spelled in the slice and sorted by name. ``node_allocatable``: the device stands
    for resources of the node such as cpu (alpha in 1.36 and 1.37).
    """

    capacity: tuple[tuple[str, Capacity], ...] = ()
    consumes_counters: tuple[CounterConsumption, ...] = ()
    taints: tuple[Taint, ...] = ()
    allow_multiple_allocations: bool = False
    binds_to_node: bool = False
    binding_conditions: tuple[str, ...] = ()
    binding_failure_conditions: tuple[str, ...] = ()
    node_name: str = ""
    all_nodes: bool = False
    node_selector: NodeSelector | None = None
    node_allocatable: bool = False
    digest: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        """Hash once: traits are part of every key the memo looks up."""
        object.__setattr__(
            self,
            "digest",
            hash(
                (
                    self.capacity,
                    self.consumes_counters,
                    self.taints,
                    self.allow_multiple_allocations,
                    self.binding_conditions,
                    self.node_name,
                )
            ),
        )

    def __hash__(self) -> int:
        return self.digest


NO_TRAITS = DeviceTraits()


@dataclass(frozen=True, slots=True)
class Device:
    """
    A device of a slice.

    ``attributes`` is keyed by the fully qualified name (``domain/id``): a bare
    name in a slice means the driver's own domain and is qualified on decoding.
    """

    name: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict, hash=False)
    traits: DeviceTraits = NO_TRAITS
