"""
Facts about a case and its answer, in the words that rules are told in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from extender.core.reasons import Outcome
from tests.allocator_case import Answer

JSON = Mapping[str, Any]


def specs(case: JSON) -> Iterator[JSON]:
    for slice_ in case.get("slices") or ():
        yield slice_["spec"]


def devices(case: JSON) -> Iterator[JSON]:
    for spec in specs(case):
        yield from spec.get("devices") or ()


def pools(case: JSON) -> dict[tuple[str, str], list[JSON]]:
    pools: dict[tuple[str, str], list[JSON]] = {}
    for spec in specs(case):
        pools.setdefault((spec["driver"], spec["pool"]["name"]), []).append(spec)
    return pools


def requests(case: JSON) -> Iterator[JSON]:
    for claim in case.get("claims") or ():
        yield from claim["spec"].get("devices", {}).get("requests") or ()


def exacts(case: JSON) -> Iterator[JSON]:
    for request in requests(case):
        yield from request.get("firstAvailable") or [request.get("exactly") or request]


def constraints(case: JSON) -> Iterator[JSON]:
    for claim in case.get("claims") or ():
        yield from claim["spec"].get("devices", {}).get("constraints") or ()


def configs(case: JSON) -> Iterator[JSON]:
    for claim in case.get("claims") or ():
        yield from claim["spec"].get("devices", {}).get("config") or ()


def results(answer: Answer) -> Iterator[Any]:
    for allocation in answer.allocations:
        yield from allocation.results


def picked(case: JSON, answer: Answer) -> Iterator[JSON]:
    """The devices that were allocated, as they are in the slices."""
    ids = {(result.id.driver, result.id.pool, result.id.device) for result in results(answer)}
    for spec in specs(case):
        for device in spec.get("devices") or ():
            if (spec["driver"], spec["pool"]["name"], device["name"]) in ids:
                yield device


def generations(case: JSON) -> Iterator[set[int]]:
    for specs in pools(case).values():
        yield {spec["pool"].get("generation", 0) for spec in specs}


def all_mode(case: JSON) -> bool:
    return any(each.get("allocationMode") == "All" for each in exacts(case))


def allocated(answer: Answer) -> bool:
    return answer.outcome is Outcome.ALLOCATED


def fails_with(answer: Answer, code: str) -> bool:
    return answer.outcome is Outcome.ERROR and f"'{code}'" in answer.detail


def mixed_types(case: JSON) -> bool:
    kinds: dict[str, set[str]] = {}
    for device in devices(case):
        for name, value in (device.get("attributes") or {}).items():
            kinds.setdefault(name, set()).update(value)
    return any(len(each) > 1 for each in kinds.values()) and any(constraints(case))


def policies(case: JSON) -> Iterator[JSON]:
    for device in devices(case):
        for capacity in (device.get("capacity") or {}).values():
            if isinstance(capacity, dict) and capacity.get("requestPolicy"):
                yield capacity["requestPolicy"]


def capacity_requests(case: JSON) -> Iterator[tuple[str, str]]:
    for each in exacts(case):
        yield from ((each.get("capacity") or {}).get("requests") or {}).items()


def capacity_names(case: JSON) -> Iterator[str]:
    """Names of capacities as slices, requests and allocated shares spell them."""
    for device in devices(case):
        yield from device.get("capacity") or {}
    yield from (name for name, _ in capacity_requests(case))
    for amounts in (case.get("allocatedCapacity") or {}).values():
        yield from amounts


def builds_compared(case: JSON) -> bool:
    """Whether a constraint compares an attribute of which a device publishes a version with a build."""
    compared = {each.get("matchAttribute") or each.get("distinctAttribute") for each in constraints(case)}
    return any(
        "+" in value.get("version", "") and any(str(name).endswith(f"/{key}") for name in compared)
        for device in devices(case)
        for key, value in (device.get("attributes") or {}).items()
    )


def dedicated_with_share(case: JSON) -> bool:
    """Whether somebody has a share of a device that allows no several allocations."""
    shared = {"/".join(each.split("/")[:3]) for each in case.get("allocatedSharedDeviceIDs") or ()}
    shared |= set(case.get("allocatedCapacity") or ())
    return any(
        f"{spec['driver']}/{spec['pool']['name']}/{device['name']}" in shared
        and not device.get("allowMultipleAllocations")
        for spec in specs(case)
        for device in spec.get("devices") or ()
    )


def on(case: JSON, feature: str) -> bool:
    return feature in case["features"]


def consumes(case: JSON) -> bool:
    return any(device.get("consumesCounters") for device in devices(case))


def grouped(case: JSON) -> bool:
    """Whether a device consumes counters under compatibility groups."""
    return any(
        each.get("compatibilityGroups") for d in devices(case) for each in d.get("consumesCounters") or ()
    )


def binding(case: JSON) -> bool:
    return any(device.get("bindingConditions") for device in devices(case))


def binding_on(case: JSON) -> bool:
    return on(case, "DeviceBindingAndStatus") or (on(case, "DeviceBinding") and on(case, "DeviceStatus"))
