"""
The features of the allocator and its plugin that feature gates turn on and off.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Features:
    """
    Which features are on; the defaults are those of Kubernetes 1.36.

    ``binding_conditions`` counts only together with ``device_status``: 1.34 takes
    them as two features, later releases as one.
    """

    admin_access: bool = True
    prioritized_list: bool = True
    partitionable_devices: bool = True
    device_taints: bool = True
    device_taint_rules: bool = False
    binding_conditions: bool = True
    device_status: bool = True
    consumable_capacity: bool = True
    extended_resource: bool = True
    fractional_capacity_range: bool = False
    list_type_attributes: bool = False
    derived_attributes: bool = False
    compatibility_groups: bool = False
    optional_node_operations: bool = False
    node_allocatable_resources: bool = False

    @property
    def binding(self) -> bool:
        """Whether devices with binding conditions can be allocated."""
        return self.binding_conditions and self.device_status


ALLOCATOR_FEATURES: dict[str, tuple[str, ...]] = {
    "AdminAccess": ("admin_access",),
    "PrioritizedList": ("prioritized_list",),
    "PartitionableDevices": ("partitionable_devices",),
    "DeviceTaints": ("device_taints",),
    "DeviceBinding": ("binding_conditions",),
    "DeviceStatus": ("device_status",),
    "DeviceBindingAndStatus": ("binding_conditions", "device_status"),
    "ConsumableCapacity": ("consumable_capacity",),
    "FractionalCapacityRange": ("fractional_capacity_range",),
    "ListTypeAttributes": ("list_type_attributes",),
    "DerivedAttributes": ("derived_attributes",),
    "CompatibilityGroups": ("compatibility_groups",),
    "OptionalNodeOperations": ("optional_node_operations",),
}
"""
Upstream's names of the features that its allocator knows.

Source: k8s.io/dynamic-resource-allocation structured/internal/types.go Features, v0.34 to v0.37.
"""


def features_named(names: frozenset[str]) -> Features:
    """
    Exactly the allocator features in ``names`` (upstream's own names), no others.

    Raises ``ValueError`` listing the known names when one is not known.
    """
    unknown = sorted(names - ALLOCATOR_FEATURES.keys())
    if unknown:
        raise ValueError(f"unknown features {', '.join(unknown)}; known: {', '.join(ALLOCATOR_FEATURES)}")
    on = {field for name in names for field in ALLOCATOR_FEATURES[name]}
    return Features(**{field.name: field.name in on for field in fields(Features)})
