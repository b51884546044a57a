"""
Which rules of the allocator a case exercises.

Each rule names the module of ``extender/core`` that holds it. A rule is *hit* by a case when the
case has what the rule is about and, where that can be seen, the rule decided something. The
table in ``docs/coverage.md`` is made from these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from extender.core.prediction import Certainty, Outcome
from tests.allocator_case import Answer

JSON = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """``since`` and ``until``: first and last minor that has it."""

    name: str
    module: str
    hit: Callable[[JSON, Answer], bool]
    since: str = "1.34"
    until: str = "1.37"

    def exists_in(self, minor: str) -> bool:
        return self.since <= minor <= self.until


def _specs(case: JSON) -> Iterator[JSON]:
    for slice_ in case.get("slices") or ():
        yield slice_["spec"]


def _devices(case: JSON) -> Iterator[JSON]:
    for spec in _specs(case):
        yield from spec.get("devices") or ()


def _pools(case: JSON) -> dict[tuple[str, str], list[JSON]]:
    pools: dict[tuple[str, str], list[JSON]] = {}
    for spec in _specs(case):
        pools.setdefault((spec["driver"], spec["pool"]["name"]), []).append(spec)
    return pools


def _requests(case: JSON) -> Iterator[JSON]:
    for claim in case.get("claims") or ():
        yield from claim["spec"].get("devices", {}).get("requests") or ()


def _exacts(case: JSON) -> Iterator[JSON]:
    for request in _requests(case):
        yield from request.get("firstAvailable") or [request.get("exactly") or request]


def _constraints(case: JSON) -> Iterator[JSON]:
    for claim in case.get("claims") or ():
        yield from claim["spec"].get("devices", {}).get("constraints") or ()


def _configs(case: JSON) -> Iterator[JSON]:
    for claim in case.get("claims") or ():
        yield from claim["spec"].get("devices", {}).get("config") or ()


def _results(answer: Answer) -> Iterator[Any]:
    for allocation in answer.allocations:
        yield from allocation.results


def _picked(case: JSON, answer: Answer) -> Iterator[JSON]:
    """The devices that were allocated, as they are in the slices."""
    ids = {(result.id.driver, result.id.pool, result.id.device) for result in _results(answer)}
    for spec in _specs(case):
        for device in spec.get("devices") or ():
            if (spec["driver"], spec["pool"]["name"], device["name"]) in ids:
                yield device


def _generations(case: JSON) -> Iterator[set[int]]:
    for specs in _pools(case).values():
        yield {spec["pool"].get("generation", 0) for spec in specs}


def _all_mode(case: JSON) -> bool:
    return any(each.get("allocationMode") == "All" for each in _exacts(case))


def _allocated(answer: Answer) -> bool:
    return answer.outcome is Outcome.ALLOCATED


def _fails_with(answer: Answer, code: str) -> bool:
    return answer.outcome is Outcome.ERROR and f"'{code}'" in answer.detail


def _mixed_types(case: JSON) -> bool:
    kinds: dict[str, set[str]] = {}
    for device in _devices(case):
        for name, value in (device.get("attributes") or {}).items():
            kinds.setdefault(name, set()).update(value)
    return any(len(each) > 1 for each in kinds.values()) and any(_constraints(case))


def _policies(case: JSON) -> Iterator[JSON]:
    for device in _devices(case):
        for capacity in (device.get("capacity") or {}).values():
            if isinstance(capacity, dict) and capacity.get("requestPolicy"):
                yield capacity["requestPolicy"]


def _capacity_requests(case: JSON) -> Iterator[tuple[str, str]]:
    for each in _exacts(case):
        yield from ((each.get("capacity") or {}).get("requests") or {}).items()


def _on(case: JSON, feature: str) -> bool:
    return feature in case["features"]


def _consumes(case: JSON) -> bool:
    return any(device.get("consumesCounters") for device in _devices(case))


def _binding(case: JSON) -> bool:
    return any(device.get("bindingConditions") for device in _devices(case))


def _binding_on(case: JSON) -> bool:
    return _on(case, "DeviceBindingAndStatus") or (_on(case, "DeviceBinding") and _on(case, "DeviceStatus"))


RULES: tuple[Rule, ...] = (
    Rule("several pools", "pools", lambda c, a: len(_pools(c)) > 1),
    Rule("several slices in a pool", "pools", lambda c, a: any(len(each) > 1 for each in _pools(c).values())),
    Rule(
        "one pool name, two drivers",
        "pools",
        lambda c, a: len({pool for _, pool in _pools(c)}) < len(_pools(c)),
    ),
    Rule("only the newest generation counts", "pools", lambda c, a: any(len(e) > 1 for e in _generations(c))),
    Rule(
        "a pool that lacks slices",
        "pools",
        lambda c, a: any(
            len(specs) < max(spec["pool"].get("resourceSliceCount", 1) for spec in specs)
            for specs in _pools(c).values()
        ),
    ),
    Rule(
        "all devices of an incomplete pool abort",
        "allocator",
        lambda c, a: _fails_with(a, "all-incomplete-pool"),
    ),
    Rule("an invalid pool is skipped", "pools", lambda c, a: a.node_fails, since="1.35"),
    Rule("an invalid pool aborts", "layout", lambda c, a: _fails_with(a, "invalid-pool-fatal"), until="1.34"),
    Rule("slices of one node", "node_selection", lambda c, a: any(s.get("nodeName") for s in _specs(c))),
    Rule(
        "slices of another node",
        "node_selection",
        lambda c, a: any(
            s.get("nodeName") not in (None, (c.get("node") or {}).get("metadata", {}).get("name"))
            for s in _specs(c)
        ),
    ),
    Rule("slices for all nodes", "node_selection", lambda c, a: any(s.get("allNodes") for s in _specs(c))),
    Rule(
        "slices with a node selector",
        "node_selection",
        lambda c, a: any(s.get("nodeSelector") for s in _specs(c)),
    ),
    Rule(
        "devices with their own nodes",
        "pools",
        lambda c, a: any(s.get("perDeviceNodeSelection") for s in _specs(c)),
    ),
    Rule("order decides", "order", lambda c, a: a.certainty is Certainty.ORDER_DEPENDENT, until="1.35"),
    Rule("several claims", "allocator", lambda c, a: _allocated(a) and len(c.get("claims") or ()) > 1),
    Rule("several requests", "allocator", lambda c, a: _allocated(a) and len(list(_requests(c))) > 1),
    Rule(
        "several devices for a request",
        "allocator",
        lambda c, a: _allocated(a) and any(each.get("count", 1) > 1 for each in _exacts(c)),
    ),
    Rule("more than 32 devices abort", "allocator", lambda c, a: _fails_with(a, "too-many-devices")),
    Rule(
        "the first alternative is taken",
        "allocator",
        lambda c, a: any(result.request.endswith("/s0") for result in _results(a)),
    ),
    Rule(
        "a later alternative is taken",
        "allocator",
        lambda c, a: any(
            "/" in result.request and not result.request.endswith("/s0") for result in _results(a)
        ),
    ),
    Rule("all devices are taken", "allocator", lambda c, a: _allocated(a) and _all_mode(c)),
    Rule(
        "all devices cannot be had",
        "allocator",
        lambda c, a: a.outcome is Outcome.UNSCHEDULABLE and _all_mode(c),
    ),
    Rule("admin access", "picking", lambda c, a: any(result.admin_access for result in _results(a))),
    Rule("devices in use", "layout_usage", lambda c, a: bool(c.get("allocatedDevices"))),
    Rule(
        "selectors of the class",
        "layout",
        lambda c, a: any(each["spec"].get("selectors") for each in c.get("classes") or ()),
    ),
    Rule(
        "selectors of the request", "layout", lambda c, a: any(each.get("selectors") for each in _exacts(c))
    ),
    Rule("a selector that fails aborts", "allocator", lambda c, a: _fails_with(a, "cel-error")),
    Rule("a feature that is off is refused", "shape", lambda c, a: _fails_with(a, "feature-disabled")),
    Rule(
        "matchAttribute",
        "constraints",
        lambda c, a: _allocated(a) and any("matchAttribute" in each for each in _constraints(c)),
    ),
    Rule(
        "matchAttribute that cannot hold",
        "constraints",
        lambda c, a: (
            a.outcome is Outcome.UNSCHEDULABLE and any("matchAttribute" in each for each in _constraints(c))
        ),
    ),
    Rule(
        "distinctAttribute",
        "constraints",
        lambda c, a: any("distinctAttribute" in each for each in _constraints(c)),
    ),
    Rule(
        "constraint on some requests",
        "shape",
        lambda c, a: any(each.get("requests") for each in _constraints(c)),
    ),
    Rule(
        "constraint on an alternative",
        "shape",
        lambda c, a: any("/" in name for each in _constraints(c) for name in each.get("requests") or ()),
    ),
    Rule("values of different types", "compared_values", lambda c, a: _mixed_types(c)),
    Rule("all devices break a constraint: abort", "picking", lambda c, a: _fails_with(a, "all-constraint")),
    Rule(
        "taints", "taints", lambda c, a: _on(c, "DeviceTaints") and any(d.get("taints") for d in _devices(c))
    ),
    Rule(
        "tolerated taints",
        "taints",
        lambda c, a: (
            _on(c, "DeviceTaints")
            and any(
                taint["effect"] != "None" for device in _picked(c, a) for taint in device.get("taints") or ()
            )
        ),
    ),
    Rule(
        "taints while the feature is off",
        "taints",
        lambda c, a: not _on(c, "DeviceTaints") and any(device.get("taints") for device in _picked(c, a)),
    ),
    Rule("shared counters", "counters", lambda c, a: any(d.get("consumesCounters") for d in _picked(c, a))),
    Rule(
        "counters of allocated devices",
        "layout_usage",
        lambda c, a: _on(c, "PartitionableDevices") and _consumes(c) and bool(c.get("allocatedDevices")),
    ),
    Rule(
        "counters while the feature is off",
        "picking",
        lambda c, a: not _on(c, "PartitionableDevices") and _consumes(c),
    ),
    Rule("devices with binding conditions", "pools", lambda c, a: _binding_on(c) and _binding(c)),
    Rule(
        "binding conditions while the feature is off",
        "allocator",
        lambda c, a: not _binding_on(c) and _binding(c),
    ),
    Rule("devices are shared", "picking", lambda c, a: any(r.share_id for r in _results(a)), since="1.35"),
    Rule(
        "capacity that shares have taken",
        "capacity",
        lambda c, a: bool(c.get("allocatedCapacity")),
        since="1.35",
    ),
    Rule(
        "capacity of dedicated devices",
        "capacity",
        lambda c, a: (
            _on(c, "ConsumableCapacity")
            and any(not result.share_id for result in _results(a))
            and any(_capacity_requests(c))
        ),
        since="1.35",
    ),
    Rule(
        "default of a request policy",
        "capacity",
        lambda c, a: any("default" in policy for policy in _policies(c)) and _allocated(a),
        since="1.35",
    ),
    Rule(
        "range and step of a request policy",
        "capacity",
        lambda c, a: (
            any("step" in policy.get("validRange", {}) for policy in _policies(c))
            and any(_capacity_requests(c))
        ),
        since="1.35",
    ),
    Rule(
        "valid values of a request policy",
        "capacity",
        lambda c, a: any("validValues" in policy for policy in _policies(c)) and any(_capacity_requests(c)),
        since="1.35",
    ),
    Rule(
        "capacity that the device lacks",
        "capacity",
        lambda c, a: any(name == "none" for name, _ in _capacity_requests(c)),
        since="1.35",
    ),
    Rule(
        "capacity that cannot be reckoned with aborts",
        "capacity",
        lambda c, a: _fails_with(a, "capacity"),
        since="1.37",
    ),
    Rule(
        "configuration of the class",
        "allocation",
        lambda c, a: any(
            each.source == "FromClass" for allocation in a.allocations for each in allocation.config
        ),
    ),
    Rule(
        "configuration of the claim",
        "allocation",
        lambda c, a: any(
            each.source == "FromClaim" for allocation in a.allocations for each in allocation.config
        ),
    ),
    Rule(
        "allocation pinned to the node",
        "allocation",
        lambda c, a: any(
            allocation.node_selector is not None and allocation.node_selector.terms[0].fields
            for allocation in a.allocations
        ),
    ),
    Rule(
        "allocation for several nodes",
        "allocation",
        lambda c, a: any(
            allocation.node_selector is None or allocation.node_selector.terms[0].expressions
            for allocation in a.allocations
        ),
    ),
    Rule(
        "list attributes",
        "compared_values",
        lambda c, a: any(
            key in value
            for d in _devices(c)
            for value in (d.get("attributes") or {}).values()
            for key in ("ints", "strings")
        ),
    ),
    Rule(
        "list attributes as sets",
        "constraints",
        lambda c, a: _on(c, "ListTypeAttributes") and any(_constraints(c)),
        since="1.37",
    ),
    Rule(
        "compatibility groups",
        "compatibility_groups",
        lambda c, a: (
            _on(c, "CompatibilityGroups")
            and any(
                each.get("compatibilityGroups")
                for d in _devices(c)
                for each in d.get("consumesCounters") or ()
            )
        ),
        since="1.37",
    ),
    Rule(
        "compatibility groups while the feature is off",
        "pools",
        lambda c, a: (
            not _on(c, "CompatibilityGroups")
            and any(
                each.get("compatibilityGroups")
                for d in _devices(c)
                for each in d.get("consumesCounters") or ()
            )
        ),
        since="1.37",
    ),
    Rule(
        "skipped node operations",
        "inventory",
        lambda c, a: any(s.get("skipNodeOperations") for s in _specs(c)),
        since="1.37",
    ),
    Rule(
        "derived attributes",
        "layout",
        lambda c, a: (
            _on(c, "DerivedAttributes") and any(each.get("derivedAttributes") for each in _exacts(c))
        ),
        since="1.37",
    ),
    Rule(
        "fractional ranges",
        "capacity",
        lambda c, a: (
            _on(c, "FractionalCapacityRange") and any("validRange" in policy for policy in _policies(c))
        ),
        since="1.37",
    ),
)


def rules_of(minor: str) -> tuple[Rule, ...]:
    """The rules that a minor has."""
    return tuple(rule for rule in RULES if rule.exists_in(minor))


def rules_hit(case: JSON, answer: Answer, minor: str) -> list[str]:
    """Names of the rules that the case exercises."""
    return [rule.name for rule in rules_of(minor) if rule.hit(case, answer)]
