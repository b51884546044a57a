"""
ResourceSlices of every version.

v1beta1 nests a device's body in ``basic``; v1beta2 and v1 do not.
Source: k8s.io/api resource/v1, v1beta2 and v1beta1 types.go, v0.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from extender.model import NO_DEVICES, CounterSet, Devices, DeviceTraits, ResourceSlice

from .attributes import attribute_columns
from .device_traits import CounterJSON, DeviceBody, counters, decoded, device_traits
from .errors import UNREADABLE, FieldError, refuse
from .fields import ABSENT, Int64, Metadata, NodeSelectorJSON, Wire, node_selector, object_name
from .interner import Interner, QualifiedNames


class DeviceJSON(DeviceBody):
    name: str | None = None
    basic: DeviceBody | None = None


class CounterSetJSON(Wire):
    name: str | None = None
    counters: dict[str, CounterJSON] | None = None


class PoolJSON(Wire):
    name: str | None = None
    generation: Int64 | None = None
    resource_slice_count: Int64 | None = None


class SliceSpec(Wire):
    driver: str | None = None
    pool: PoolJSON | None = None
    node_name: str | None = None
    all_nodes: bool | None = None
    node_selector: NodeSelectorJSON | None = None
    per_device_node_selection: bool | None = None
    shared_counters: list[CounterSetJSON] | None = None
    devices: msgspec.Raw = ABSENT
    skip_node_operations: list[str] | None = None


class SliceJSON(Wire):
    metadata: Metadata | None = None
    spec: SliceSpec | None = None


_SLICE = msgspec.json.Decoder(SliceJSON)
_DEVICES = msgspec.json.Decoder(list[DeviceJSON] | None)


def resource_slice(data: bytes | msgspec.Raw, interner: Interner) -> ResourceSlice:
    """
    Decode a ResourceSlice. Raises ``DecodeError``.

    Fragments of documentation may lack driver and pool (empty then) and
    ``resourceSliceCount`` (1).
    """
    try:
        return _slice(_SLICE.decode(data), interner)
    except UNREADABLE as error:
        raise refuse("ResourceSlice", data, error, _SLICE) from None


def _slice(wire: SliceJSON, interner: Interner) -> ResourceSlice:
    spec, texts = wire.spec or SliceSpec(), interner.texts
    pool, driver = spec.pool or PoolJSON(), texts[spec.driver or ""]
    return ResourceSlice(
        name=object_name(wire.metadata),
        driver=driver,
        pool=texts[pool.name or ""],
        generation=pool.generation or 0,
        resource_slice_count=1 if pool.resource_slice_count is None else pool.resource_slice_count,
        node_name=texts[spec.node_name or ""],
        all_nodes=bool(spec.all_nodes),
        node_selector=node_selector(spec.node_selector),
        per_device_node_selection=spec.per_device_node_selection,
        shared_counters=tuple(
            CounterSet(
                texts[entry.name or ""],
                counters(entry.counters, f"spec.sharedCounters[{index}].counters", interner),
            )
            for index, entry in enumerate(spec.shared_counters or ())
        ),
        devices=_devices(spec.devices, driver, interner),
        skip_node_operations=tuple(spec.skip_node_operations or ()),
    )


def _devices(data: msgspec.Raw, driver: str, interner: Interner) -> Devices:
    """
    Return the devices of a slice of ``driver``; equal JSON is decoded once, as long as anybody has them.

    Drivers publish slices again and again that say the same, and machines without identities all alike.
    """
    key, known = blake2b(data, digest_size=16).digest(), interner.devices[driver]
    devices = known.get(key)
    if devices is None:
        wires = decoded(_DEVICES, data, "spec.devices")
        devices = _by_column(wires, interner.names[driver], interner) if wires else NO_DEVICES
        known[key] = devices
    return devices


def _by_column(wires: Sequence[DeviceJSON], names: QualifiedNames, interner: Interner) -> Devices:
    bodies = [wire.basic or wire for wire in wires]
    heading, columns = attribute_columns([body.attributes or {} for body in bodies], names, interner)
    return Devices(
        interner.device_names[tuple([wire.name or "" for wire in wires])],
        interner.device_traits[tuple([_traits(wire, index, interner) for index, wire in enumerate(wires)])],
        heading,
        columns,
    )


def _traits(wire: DeviceJSON, index: int, interner: Interner) -> DeviceTraits:
    try:
        return device_traits(wire.basic or wire, interner)
    except FieldError as error:
        basic = ".basic" if wire.basic else ""
        raise error.under(f"spec.devices[{index}]{basic}") from None
