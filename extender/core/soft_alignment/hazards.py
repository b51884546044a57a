"""
Devices and pools that do harm when the search comes to them, so that a claim must stay as it is.

A rewritten claim allows every set of devices that the claim allows, so it fits where the claim
fits. But it makes the search come to devices that it does not reach for the claim as written,
and some devices do harm by being tried:

* The attempt is aborted: a selector fails on the device, its capacity cannot be computed, or its
  pool is invalid (1.34 aborts on walking into one).
* Traces are left: counters that the release does not give back (before 1.36.3).
* The device is a worse choice although it is aligned: it has binding conditions, so upstream
  tries it last, or it takes CPU or memory of the node, so that the pod may no longer fit.
"""

from __future__ import annotations

from extender.model import DeviceTraits, ExactRequest

from ..allocator.capacity import CapacityFault, CapacityUnclear, arithmetic_of, demand
from ..claims.compiled_claims import Alternative, CompiledClaims
from ..cluster.scoped_names import scoped
from ..cluster.snapshot import Snapshot
from ..releases.release import Release
from .refusals import Refusal, RefusalCode, refusal
from .selection import SelectedDevice, Selection


def hazard_of(compiled: CompiledClaims, selection: Selection, snapshot: Snapshot) -> Refusal | None:
    """
    The first hazard among the devices that the claim's requests select, or ``None``.

    Order: selectors that fail, then the devices of each request, then the pools of all nodes.
    """
    for failure in selection.failures:
        return refusal(
            RefusalCode.SELECTOR_FAILS,
            request=compiled.alternatives[failure.alternative].result_name,
            where=failure.where,
            device=failure.device,
            detail=failure.detail,
        )
    for alternative in compiled.alternatives:
        seen: set[DeviceTraits] = set()
        for device in selection.devices[alternative.index]:
            traits = device.traits
            if traits in seen:
                continue
            seen.add(traits)
            hazard = _device_hazard(alternative, device, snapshot.release)
            if hazard is not None:
                return hazard
    return _pool_hazard(snapshot)


def _device_hazard(alternative: Alternative, device: SelectedDevice, release: Release) -> Refusal | None:
    traits, name = device.traits, alternative.result_name
    if traits.consumes_counters and release.counters.leak:
        return refusal(RefusalCode.COUNTERS, request=name, device=device.id, release=release.version)
    if traits.binding_conditions and release.features.binding:
        return refusal(RefusalCode.BINDING_CONDITIONS, request=name, device=device.id)
    if traits.node_allocatable and release.features.node_allocatable_resources:
        return refusal(RefusalCode.NODE_RESOURCES, request=name, device=device.id)
    fault = _capacity_fault(alternative.request, device.id.driver, traits, release)
    if fault:
        return refusal(RefusalCode.CAPACITY, request=name, device=device.id, detail=fault)
    return None


def _capacity_fault(request: ExactRequest, driver: str, traits: DeviceTraits, release: Release) -> str:
    if not release.features.consumable_capacity:
        return ""
    capacity = scoped(driver, traits.capacity) if release.capacity.scoped_names else traits.capacity
    try:
        demand(driver, capacity, request.capacity, arithmetic_of(release))
    except (CapacityFault, CapacityUnclear) as fault:
        return str(fault)
    return ""


def _pool_hazard(snapshot: Snapshot) -> Refusal | None:
    if not snapshot.release.gathering.invalid_is_fatal:
        return None
    for state in snapshot.nodes.values():
        for pool in state.inventory.pools:
            if pool.invalid:
                return refusal(
                    RefusalCode.INVALID_POOL,
                    pool=pool.id,
                    release=snapshot.release.version,
                    detail=pool.invalid,
                )
    return None
