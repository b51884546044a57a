"""
``status.allocation`` as JSON, from the value that was predicted.

Source: k8s.io/api resource/v1 types.go, v0.36.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from extender.core.model import (
    Allocation,
    AllocationConfig,
    DeviceResult,
    NodeRequirement,
    NodeSelector,
    Toleration,
)

JSON = dict[str, object]


def allocation_json(allocation: Allocation) -> JSON:
    """
    Return the AllocationResult without empty fields.

    Binding conditions are left out: with them, and without a status of the devices, whoever reads the
    claim takes it for one that waits, which an assumed claim does not.
    """
    devices = {
        "results": list(map(_result, allocation.results)),
        "config": list(map(_config, allocation.config)),
    }
    selector = allocation.node_selector
    return _filled({"devices": _filled(devices), "nodeSelector": selector and _node_selector(selector)})


def _result(result: DeviceResult) -> JSON:
    return {
        "request": result.request,
        "driver": result.id.driver,
        "pool": result.id.pool,
        "device": result.id.device,
        **_filled(
            {
                "adminAccess": result.admin_access,
                "tolerations": list(map(_toleration, result.tolerations)),
                "shareID": result.share_id,
                "consumedCapacity": {name: str(amount) for name, amount in result.consumed_capacity},
                "skipNodeOperations": list(result.skip_node_operations),
            }
        ),
    }


def _config(config: AllocationConfig) -> JSON:
    opaque = msgspec.Raw(config.config.json.encode())
    return {"source": config.source, "requests": list(config.requests), "opaque": opaque}


def _toleration(toleration: Toleration) -> JSON:
    return _filled(
        {
            "key": toleration.key,
            "operator": toleration.operator,
            "value": toleration.value,
            "effect": toleration.effect,
        }
    )


def _node_selector(selector: NodeSelector) -> JSON:
    terms = [
        _filled(
            {"matchExpressions": _requirements(term.expressions), "matchFields": _requirements(term.fields)}
        )
        for term in selector.terms
    ]
    return {"nodeSelectorTerms": terms}


def _requirements(requirements: Iterable[NodeRequirement]) -> list[JSON]:
    return [
        {"key": each.key, "operator": each.operator, "values": list(each.values)} for each in requirements
    ]


def _filled(fields: JSON) -> JSON:
    """The fields that are not empty."""
    return {name: value for name, value in fields.items() if value}
