"""
What a claim was given: ``status.allocation``.

Source: k8s.io/api resource/v1 types.go, v0.37.
"""

from __future__ import annotations

from extender.model import Allocation, AllocationConfig, DeviceResult

from .fields import JSON, filled, node_selector, opaque, quantities, tolerations


def allocation_json(allocation: Allocation, *, conditions: bool = False) -> JSON:
    """
    Return the AllocationResult.

    ``conditions``: with the binding conditions of the devices. Whoever reads a claim that has them,
    and no status of its devices, takes it for one that waits.
    """
    devices = {
        "results": [_result(result, conditions=conditions) for result in allocation.results],
        "config": list(map(_config, allocation.config)),
    }
    return filled({"devices": filled(devices), "nodeSelector": node_selector(allocation.node_selector)})


def _result(result: DeviceResult, *, conditions: bool) -> JSON:
    optional: JSON = {
        "adminAccess": result.admin_access,
        "tolerations": tolerations(result.tolerations),
        "shareID": result.share_id,
        "consumedCapacity": quantities(result.consumed_capacity),
        "skipNodeOperations": list(result.skip_node_operations),
    }
    if conditions:
        optional["bindingConditions"] = list(result.binding_conditions)
        optional["bindingFailureConditions"] = list(result.binding_failure_conditions)
    driver, pool, device = result.id
    named = {"request": result.request, "driver": driver, "pool": pool, "device": device}
    return named | filled(optional)


def _config(config: AllocationConfig) -> JSON:
    return {"source": config.source, "requests": list(config.requests), "opaque": opaque(config.config)}
