"""
ResourceSlices and DeviceTaintRules.

Source: k8s.io/api resource/v1 types.go, v0.37.
"""

from __future__ import annotations

from collections.abc import Iterable

from extender.model import (
    Attribute,
    AttributeKind,
    Capacity,
    CounterConsumption,
    Device,
    DeviceTaintRule,
    DeviceTraits,
    RequestPolicy,
    ResourceSlice,
)
from extender.model.quantity import Quantity

from .fields import JSON, RESOURCE, filled, node_selector, taint


def slice_json(resource_slice: ResourceSlice) -> JSON:
    """Return the ResourceSlice, with the attributes of its devices under their qualified names."""
    pool = {
        "name": resource_slice.pool,
        "generation": resource_slice.generation,
        "resourceSliceCount": resource_slice.resource_slice_count,
    }
    spec = filled(
        {
            "driver": resource_slice.driver,
            "nodeName": resource_slice.node_name,
            "allNodes": resource_slice.all_nodes,
            "nodeSelector": node_selector(resource_slice.node_selector),
            "sharedCounters": [
                {"name": counter_set.name, "counters": _counters(counter_set.counters)}
                for counter_set in resource_slice.shared_counters
            ],
            "devices": list(map(_device, resource_slice.devices)),
            "skipNodeOperations": list(resource_slice.skip_node_operations),
        }
    )
    spec["pool"] = pool
    if resource_slice.per_device_node_selection is not None:
        spec["perDeviceNodeSelection"] = resource_slice.per_device_node_selection
    return {
        "apiVersion": RESOURCE,
        "kind": "ResourceSlice",
        "metadata": {"name": resource_slice.name},
        "spec": spec,
    }


def taint_rule_json(rule: DeviceTaintRule) -> JSON:
    """Return the DeviceTaintRule; one that selects by class or CEL does so by some class."""
    spec: JSON = {"taint": taint(rule.taint)}
    if rule.selects:
        selector: JSON = {"driver": rule.driver, "pool": rule.pool, "device": rule.device}
        spec["deviceSelector"] = filled(
            selector | {"deviceClassName": "unknown" if rule.by_class_or_cel else ""}
        )
    return {
        "apiVersion": RESOURCE,
        "kind": "DeviceTaintRule",
        "metadata": {"name": rule.name},
        "spec": spec,
    }


def _device(device: Device) -> JSON:
    attributes = {name: _attribute(attribute) for name, attribute in device.attributes.items()}
    return {"name": device.name, **filled({"attributes": attributes}), **_traits(device.traits)}


def _attribute(attribute: Attribute) -> JSON:
    if attribute.kind is AttributeKind.UNKNOWN:
        return {}
    value = list(attribute.value) if isinstance(attribute.value, tuple) else attribute.value
    return {str(attribute.kind): value}


def _traits(traits: DeviceTraits) -> JSON:
    return filled(
        {
            "capacity": {name: _capacity(capacity) for name, capacity in traits.capacity},
            "consumesCounters": list(map(_consumption, traits.consumes_counters)),
            "taints": list(map(taint, traits.taints)),
            "allowMultipleAllocations": traits.allow_multiple_allocations,
            "bindsToNode": traits.binds_to_node,
            "bindingConditions": list(traits.binding_conditions),
            "bindingFailureConditions": list(traits.binding_failure_conditions),
            "nodeName": traits.node_name,
            "allNodes": traits.all_nodes,
            "nodeSelector": node_selector(traits.node_selector),
            # Which resources the device stands for does not matter.
            "nodeAllocatableResources": {"unknown": {}} if traits.node_allocatable else {},
        }
    )


def _consumption(consumption: CounterConsumption) -> JSON:
    return filled(
        {
            "counterSet": consumption.counter_set,
            "counters": _counters(consumption.counters),
            "compatibilityGroups": list(consumption.compatibility_groups),
        }
    )


def _counters(counters: Iterable[tuple[str, Quantity]]) -> JSON:
    return {name: {"value": str(amount)} for name, amount in counters}


def _capacity(capacity: Capacity) -> JSON:
    encoded: JSON = {"value": str(capacity.value)}
    if capacity.policy is not None:
        encoded["requestPolicy"] = _policy(capacity.policy)
    return encoded


def _policy(policy: RequestPolicy) -> JSON:
    encoded: JSON = {}
    if policy.default is not None:
        encoded["default"] = str(policy.default)
    if policy.valid_values is not None:
        encoded["validValues"] = list(map(str, policy.valid_values))
    if policy.has_range:
        limits = {"min": policy.range_min, "max": policy.range_max, "step": policy.range_step}
        encoded["validRange"] = {name: str(value) for name, value in limits.items() if value is not None}
    return encoded
