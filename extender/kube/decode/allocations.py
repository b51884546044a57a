"""
What a claim was given: ``status.allocation``.

Source: k8s.io/api resource/v1 types.go, v0.36.
"""

from __future__ import annotations

import msgspec

from extender.model import Allocation, AllocationConfig, DeviceID, DeviceResult

from .errors import UNREADABLE, refuse
from .fields import (
    ABSENT,
    NodeSelectorJSON,
    QuantityJSON,
    TolerationJSON,
    Wire,
    node_selector,
    opaque_config,
    quantity_map,
    tolerations,
)
from .interner import Interner


class ResultJSON(Wire):
    request: str | None = None
    driver: str | None = None
    pool: str | None = None
    device: str | None = None
    admin_access: bool | None = None
    tolerations: list[TolerationJSON] | None = None
    binding_conditions: list[str] | None = None
    binding_failure_conditions: list[str] | None = None
    share_id: str | None = msgspec.field(name="shareID", default=None)
    consumed_capacity: dict[str, QuantityJSON] | None = None
    skip_node_operations: list[str] | None = None


class AllocationConfigJSON(Wire):
    source: str | None = None
    requests: list[str] | None = None
    opaque: msgspec.Raw = ABSENT


class DeviceAllocationJSON(Wire):
    results: list[ResultJSON] | None = None
    config: list[AllocationConfigJSON] | None = None


class AllocationJSON(Wire):
    devices: DeviceAllocationJSON | None = None
    node_selector: NodeSelectorJSON | None = None


_ALLOCATION = msgspec.json.Decoder(AllocationJSON)


def allocation(data: bytes | msgspec.Raw, interner: Interner) -> Allocation:
    """Decode an AllocationResult that stands by itself. Raises ``DecodeError``."""
    try:
        return allocation_value(_ALLOCATION.decode(data), "", interner)
    except UNREADABLE as error:
        raise refuse("AllocationResult", data, error, _ALLOCATION) from None


def allocation_value(wire: AllocationJSON, field: str, interner: Interner) -> Allocation:
    """Return the allocation found at the path ``field`` (ends with a dot, or empty)."""
    devices = wire.devices or DeviceAllocationJSON()
    return Allocation(
        results=tuple(
            device_result(entry, f"{field}devices.results[{index}]", interner)
            for index, entry in enumerate(devices.results or ())
        ),
        config=tuple(
            AllocationConfig(entry.source or "", tuple(entry.requests or ()), opaque_config(entry.opaque))
            for entry in devices.config or ()
        ),
        node_selector=node_selector(wire.node_selector),
    )


def device_result(wire: ResultJSON, field: str, interner: Interner) -> DeviceResult:
    """Return the result found at the path ``field``."""
    texts = interner.texts
    return DeviceResult(
        request=texts[wire.request or ""],
        id=DeviceID(texts[wire.driver or ""], texts[wire.pool or ""], texts[wire.device or ""]),
        admin_access=bool(wire.admin_access),
        tolerations=tolerations(wire.tolerations),
        binding_conditions=tuple(wire.binding_conditions or ()),
        binding_failure_conditions=tuple(wire.binding_failure_conditions or ()),
        share_id=wire.share_id or "",
        consumed_capacity=quantity_map(wire.consumed_capacity, f"{field}.consumedCapacity", interner),
        skip_node_operations=tuple(wire.skip_node_operations or ()),
    )
