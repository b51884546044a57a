"""
The Kubernetes objects that decide an allocation, as immutable values.

Field names are Kubernetes' own in Python spelling. Parsing belongs to
``extender.kube.decode``; here every value is already checked. Everything is
hashable, so that equal specs can be recognised.
"""

from .claims import (
    MAX_RESULTS,
    Allocation,
    AllocationConfig,
    Binding,
    Claim,
    ClaimConfig,
    ClaimSpec,
    ClaimTemplate,
    Constraint,
    Consumer,
    DeviceClass,
    DeviceResult,
    ExactRequest,
    OpaqueConfig,
    Request,
    Toleration,
)
from .device_columns import NO_DEVICES, Devices
from .devices import (
    NO_TRAITS,
    Attribute,
    AttributeKind,
    Capacity,
    CounterConsumption,
    Device,
    DeviceID,
    DeviceTraits,
    RequestPolicy,
    Taint,
)
from .namespaces import Namespace
from .nodes import (
    Node,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
)
from .pods import (
    Container,
    ContainerClaim,
    Pod,
    PodClaim,
)
from .slices import CounterSet, PoolID, ResourceSlice
from .taint_rules import DeviceTaintRule

__all__ = [
    "Allocation",
    "AllocationConfig",
    "Attribute",
    "AttributeKind",
    "Binding",
    "Capacity",
    "Claim",
    "ClaimConfig",
    "ClaimSpec",
    "ClaimTemplate",
    "Constraint",
    "Consumer",
    "Container",
    "ContainerClaim",
    "CounterConsumption",
    "CounterSet",
    "Device",
    "DeviceClass",
    "DeviceID",
    "DeviceResult",
    "DeviceTaintRule",
    "DeviceTraits",
    "Devices",
    "ExactRequest",
    "MAX_RESULTS",
    "NO_DEVICES",
    "NO_TRAITS",
    "Namespace",
    "Node",
    "NodeRequirement",
    "NodeSelector",
    "NodeSelectorTerm",
    "OpaqueConfig",
    "Pod",
    "PodClaim",
    "PoolID",
    "Request",
    "RequestPolicy",
    "ResourceSlice",
    "Taint",
    "Toleration",
]
