"""
What devices of one model have in common: capacity, counters, taints, conditions, nodes.

Source: k8s.io/api resource/v1 types.go, v0.36.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from extender.model import Capacity, CounterConsumption, DeviceTraits, RequestPolicy, Taint
from extender.model.quantity import Quantity

from .attributes import AttributeJSON
from .errors import UNREADABLE, located
from .fields import ABSENT, NodeSelectorJSON, QuantityJSON, Wire, node_selector, quantity, sorted_map
from .interner import TRAITS_BYTES, Interner


class DeviceBody(Wire):
    """
    A device but for its name; in v1beta1 the value of ``basic``.

    What devices of a model share stays JSON, because its bytes tell quickly
    that the same traits were decoded before.
    """

    attributes: dict[str, AttributeJSON] | None = None
    capacity: msgspec.Raw = ABSENT
    consumes_counters: msgspec.Raw = ABSENT
    taints: msgspec.Raw = ABSENT
    binding_conditions: msgspec.Raw = ABSENT
    binding_failure_conditions: msgspec.Raw = ABSENT
    node_selector: msgspec.Raw = ABSENT
    node_allocatable_resource_mappings: msgspec.Raw = ABSENT
    node_allocatable_resources: msgspec.Raw = ABSENT
    allow_multiple_allocations: bool | None = None
    binds_to_node: bool | None = None
    node_name: str | None = None
    all_nodes: bool | None = None


class RangeJSON(Wire):
    min: QuantityJSON | None = None
    max: QuantityJSON | None = None
    step: QuantityJSON | None = None


class PolicyJSON(Wire):
    default: QuantityJSON | None = None
    valid_values: list[QuantityJSON] | None = None
    valid_range: RangeJSON | None = None


class CapacityJSON(Wire):
    value: QuantityJSON | None = None
    request_policy: PolicyJSON | None = None


class CounterJSON(Wire):
    value: QuantityJSON | None = None


class ConsumptionJSON(Wire):
    counter_set: str | None = None
    counters: dict[str, CounterJSON] | None = None
    compatibility_groups: list[str] | None = None


class TaintJSON(Wire):
    key: str | None = None
    value: str | None = None
    effect: str | None = None


T = TypeVar("T")

_CAPACITY = msgspec.json.Decoder(dict[str, CapacityJSON | QuantityJSON] | None)
_CONSUMPTION = msgspec.json.Decoder(list[ConsumptionJSON] | None)
_TAINTS = msgspec.json.Decoder(list[TaintJSON] | None)
_CONDITIONS = msgspec.json.Decoder(list[str] | None)
_NODE_SELECTOR = msgspec.json.Decoder(NodeSelectorJSON | None)


def device_traits(body: DeviceBody, interner: Interner) -> DeviceTraits:
    """Return the traits of a device. Raises ``FieldError`` with a path below the device."""
    key: tuple[object, ...] = (bytes(body.capacity), body.allow_multiple_allocations)
    if (
        body.consumes_counters
        or body.taints
        or body.binding_conditions
        or body.binding_failure_conditions
        or body.node_selector
        or body.binds_to_node
        or body.node_name
        or body.all_nodes
        or body.node_allocatable_resource_mappings
        or body.node_allocatable_resources
    ):
        key += (
            bytes(body.consumes_counters),
            bytes(body.taints),
            bytes(body.binding_conditions),
            bytes(body.binding_failure_conditions),
            bytes(body.node_selector),
            body.binds_to_node,
            body.node_name,
            body.all_nodes,
            _has_entries(body.node_allocatable_resource_mappings, body.node_allocatable_resources),
        )
    traits = interner.traits_by_json.get(key)
    if traits is None:
        size = TRAITS_BYTES + sum([len(part) for part in key if isinstance(part, (bytes, str))])
        traits = interner.traits_by_json.keep(key, interner.traits[_traits(body, interner)], size)
    return traits


def counters(
    entries: dict[str, CounterJSON] | None, field: str, interner: Interner
) -> tuple[tuple[str, Quantity], ...]:
    """Return the counters at ``field`` as pairs sorted by name."""
    return sorted_map(entries, lambda entry: quantity(entry.value, "value", interner), field, interner)


def _traits(body: DeviceBody, interner: Interner) -> DeviceTraits:
    consumption = decoded(_CONSUMPTION, body.consumes_counters, "consumesCounters")
    return DeviceTraits(
        capacity=sorted_map(
            decoded(_CAPACITY, body.capacity, "capacity"),
            lambda entry: _capacity(entry, interner),
            "capacity",
            interner,
        ),
        consumes_counters=tuple(
            CounterConsumption(
                entry.counter_set or "",
                counters(entry.counters, f"consumesCounters[{index}].counters", interner),
                tuple(sorted(set(entry.compatibility_groups or ()))),
            )
            for index, entry in enumerate(consumption or ())
        ),
        taints=tuple(
            Taint(entry.key or "", entry.effect or "", entry.value or "")
            for entry in decoded(_TAINTS, body.taints, "taints") or ()
        ),
        allow_multiple_allocations=bool(body.allow_multiple_allocations),
        binds_to_node=bool(body.binds_to_node),
        binding_conditions=tuple(decoded(_CONDITIONS, body.binding_conditions, "bindingConditions") or ()),
        binding_failure_conditions=tuple(
            decoded(_CONDITIONS, body.binding_failure_conditions, "bindingFailureConditions") or ()
        ),
        node_name=body.node_name or "",
        all_nodes=bool(body.all_nodes),
        node_selector=node_selector(decoded(_NODE_SELECTOR, body.node_selector, "nodeSelector")),
        node_allocatable=_has_entries(
            body.node_allocatable_resource_mappings, body.node_allocatable_resources
        ),
    )


def _has_entries(*maps: msgspec.Raw) -> bool:
    """Whether any of the JSON maps has an entry; what is inside does not matter."""
    return any(bytes(entries).strip() not in (b"", b"null", b"{}") for entries in maps)


def decoded(decoder: msgspec.json.Decoder[T | None], data: msgspec.Raw, field: str) -> T | None:
    """Decode a field that was kept as JSON."""
    if not data:
        return None
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        raise located(data, error, decoder).under(field) from None


def _capacity(entry: CapacityJSON | QuantityJSON, interner: Interner) -> Capacity:
    """Return a capacity; a bare quantity is v1alpha3's form."""
    if not isinstance(entry, CapacityJSON):
        return Capacity(quantity(entry, "", interner))
    value, policy = quantity(entry.value, "value", interner), entry.request_policy
    return Capacity(value, None if policy is None else _policy(policy, interner))


def _policy(policy: PolicyJSON, interner: Interner) -> RequestPolicy:
    allowed = policy.valid_range or RangeJSON()
    values = policy.valid_values

    def optional(value: QuantityJSON | None, name: str) -> Quantity | None:
        return None if value is None else quantity(value, f"requestPolicy.{name}", interner)

    return RequestPolicy(
        default=optional(policy.default, "default"),
        valid_values=None
        if values is None
        else tuple(
            quantity(value, f"requestPolicy.validValues[{index}]", interner)
            for index, value in enumerate(values)
        ),
        range_min=optional(allowed.min, "validRange.min"),
        range_max=optional(allowed.max, "validRange.max"),
        range_step=optional(allowed.step, "validRange.step"),
        has_range=policy.valid_range is not None,
    )
