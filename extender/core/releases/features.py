"""
The features of the allocator and its plugin that feature gates turn on and off.
"""

from __future__ import annotations

from dataclasses import dataclass


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
    workload_claims: bool = False

    @property
    def binding(self) -> bool:
        """Whether devices with binding conditions can be allocated."""
        return self.binding_conditions and self.device_status
