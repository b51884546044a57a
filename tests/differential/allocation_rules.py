"""
Which rules of the allocator a case exercises.

Each rule names the module of ``extender/core`` and the function, method or class in it that
decides the rule. A case *hits* a rule if it has what the rule is about and, where that can be
seen, the rule decided something. The table in ``docs/coverage.md`` is made from these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from extender.core.reasons import Certainty, Outcome
from tests.allocator_case import Answer
from tests.differential.allocation_facts import (
    JSON,
    all_mode,
    allocated,
    binding,
    binding_on,
    capacity_requests,
    constraints,
    consumes,
    devices,
    exacts,
    fails_with,
    generations,
    grouped,
    mixed_types,
    on,
    picked,
    policies,
    pools,
    requests,
    results,
    specs,
)


@dataclass(frozen=True)
class Rule:
    """
    ``module``: path below ``extender/core``, without ``.py``. ``decided_by``: a function or class of
    that module, or ``Class.method``. ``since`` and ``until``: first and last minor that has the rule.
    """

    name: str
    module: str
    decided_by: str
    hit: Callable[[JSON, Answer], bool]
    since: str = "1.34"
    until: str = "1.37"

    def exists_in(self, minor: str) -> bool:
        return self.since <= minor <= self.until


RULES: tuple[Rule, ...] = (
    Rule("several pools", "cluster/pools", "gather_pools", lambda c, a: len(pools(c)) > 1),
    Rule(
        "several slices in a pool",
        "cluster/pools",
        "_pool_of",
        lambda c, a: any(len(each) > 1 for each in pools(c).values()),
    ),
    Rule(
        "one pool name, two drivers",
        "cluster/pools",
        "gather_pools",
        lambda c, a: len({pool for _, pool in pools(c)}) < len(pools(c)),
    ),
    Rule(
        "only the newest generation counts",
        "cluster/pools",
        "_pool_of",
        lambda c, a: any(len(e) > 1 for e in generations(c)),
    ),
    Rule(
        "a pool that lacks slices",
        "cluster/pools",
        "_pool_of",
        lambda c, a: any(
            len(specs) < max(spec["pool"].get("resourceSliceCount", 1) for spec in specs)
            for specs in pools(c).values()
        ),
    ),
    Rule(
        "all devices of an incomplete pool abort",
        "allocator/search",
        "Search._count",
        lambda c, a: fails_with(a, "all-incomplete-pool"),
    ),
    Rule("an invalid pool is skipped", "cluster/pools", "_build", lambda c, a: a.node_fails, since="1.35"),
    Rule(
        "an invalid pool aborts",
        "allocator/projection",
        "Projector._with_invalid_pools",
        lambda c, a: fails_with(a, "invalid-pool-fatal"),
        until="1.34",
    ),
    Rule(
        "slices of one node",
        "cluster/node_selection",
        "node_matches",
        lambda c, a: any(s.get("nodeName") for s in specs(c)),
    ),
    Rule(
        "slices of another node",
        "cluster/node_selection",
        "node_matches",
        lambda c, a: any(
            s.get("nodeName") not in (None, (c.get("node") or {}).get("metadata", {}).get("name"))
            for s in specs(c)
        ),
    ),
    Rule(
        "slices for all nodes",
        "cluster/node_selection",
        "node_matches",
        lambda c, a: any(s.get("allNodes") for s in specs(c)),
    ),
    Rule(
        "slices with a node selector",
        "cluster/node_selection",
        "selector_matches",
        lambda c, a: any(s.get("nodeSelector") for s in specs(c)),
    ),
    Rule(
        "devices with their own nodes",
        "cluster/inventory",
        "_targets",
        lambda c, a: any(s.get("perDeviceNodeSelection") for s in specs(c)),
    ),
    Rule(
        "order decides",
        "allocator/order",
        "check_order",
        lambda c, a: a.certainty is Certainty.ORDER_DEPENDENT,
        until="1.35",
    ),
    Rule(
        "several claims",
        "allocator/search",
        "Search._allocate_one",
        lambda c, a: allocated(a) and len(c.get("claims") or ()) > 1,
    ),
    Rule(
        "several requests",
        "allocator/search",
        "Search._allocate_one",
        lambda c, a: allocated(a) and len(list(requests(c))) > 1,
    ),
    Rule(
        "several devices for a request",
        "allocator/search",
        "Search._allocate_any",
        lambda c, a: allocated(a) and any(each.get("count", 1) > 1 for each in exacts(c)),
    ),
    Rule(
        "more than 32 devices abort",
        "allocator/search",
        "Search._validate",
        lambda c, a: fails_with(a, "too-many-devices"),
    ),
    Rule(
        "the first alternative is taken",
        "allocator/search",
        "Search._first_available",
        lambda c, a: any(result.request.endswith("/s0") for result in results(a)),
    ),
    Rule(
        "a later alternative is taken",
        "allocator/search",
        "Search._first_available",
        lambda c, a: any(
            "/" in result.request and not result.request.endswith("/s0") for result in results(a)
        ),
    ),
    Rule(
        "all devices are taken",
        "allocator/search",
        "Search._allocate_all",
        lambda c, a: allocated(a) and all_mode(c),
    ),
    Rule(
        "all devices cannot be had",
        "allocator/search",
        "Search._allocate_all",
        lambda c, a: a.outcome is Outcome.UNSCHEDULABLE and all_mode(c),
    ),
    Rule(
        "admin access",
        "allocator/picking",
        "Picks.is_free",
        lambda c, a: any(result.admin_access for result in results(a)),
    ),
    Rule(
        "devices in use", "allocator/layout_usage", "usage_of", lambda c, a: bool(c.get("allocatedDevices"))
    ),
    Rule(
        "selectors of the class",
        "allocator/selector_result",
        "selector_result",
        lambda c, a: any(each["spec"].get("selectors") for each in c.get("classes") or ()),
    ),
    Rule(
        "selectors of the request",
        "allocator/selector_result",
        "selector_result",
        lambda c, a: any(each.get("selectors") for each in exacts(c)),
    ),
    Rule(
        "a selector that fails aborts",
        "allocator/search",
        "Search._check_selectors",
        lambda c, a: fails_with(a, "cel-error"),
    ),
    Rule(
        "a feature that is off is refused",
        "claims/compiled_claims",
        "_check_features",
        lambda c, a: fails_with(a, "feature-disabled"),
    ),
    Rule(
        "matchAttribute",
        "allocator/constraints",
        "MatchAttribute",
        lambda c, a: allocated(a) and any("matchAttribute" in each for each in constraints(c)),
    ),
    Rule(
        "matchAttribute that cannot hold",
        "allocator/constraints",
        "MatchAttribute",
        lambda c, a: (
            a.outcome is Outcome.UNSCHEDULABLE and any("matchAttribute" in each for each in constraints(c))
        ),
    ),
    Rule(
        "distinctAttribute",
        "allocator/constraints",
        "constraint_of",
        lambda c, a: any("distinctAttribute" in each for each in constraints(c)),
    ),
    Rule(
        "constraint on some requests",
        "claims/compiled_claims",
        "_Compiler.alternative",
        lambda c, a: any(each.get("requests") for each in constraints(c)),
    ),
    Rule(
        "constraint on an alternative",
        "claims/compiled_claims",
        "_Compiler.alternative",
        lambda c, a: any("/" in name for each in constraints(c) for name in each.get("requests") or ()),
    ),
    Rule(
        "values of different types",
        "allocator/compared_values",
        "ValueClasses._class",
        lambda c, a: mixed_types(c),
    ),
    Rule(
        "all devices break a constraint: abort",
        "allocator/picking",
        "Picks._satisfies",
        lambda c, a: fails_with(a, "all-constraint"),
    ),
    Rule(
        "taints",
        "cluster/taints",
        "taints_block",
        lambda c, a: on(c, "DeviceTaints") and any(d.get("taints") for d in devices(c)),
    ),
    Rule(
        "tolerated taints",
        "cluster/taints",
        "tolerates",
        lambda c, a: (
            on(c, "DeviceTaints")
            and any(
                taint["effect"] != "None" for device in picked(c, a) for taint in device.get("taints") or ()
            )
        ),
    ),
    Rule(
        "taints while the feature is off",
        "allocator/picking",
        "Picks._satisfies",
        lambda c, a: not on(c, "DeviceTaints") and any(device.get("taints") for device in picked(c, a)),
    ),
    Rule(
        "shared counters",
        "allocator/counters",
        "AvailableCounters.take",
        lambda c, a: any(d.get("consumesCounters") for d in picked(c, a)),
    ),
    Rule(
        "counters of allocated devices",
        "allocator/layout_usage",
        "_consumed_counters",
        lambda c, a: on(c, "PartitionableDevices") and consumes(c) and bool(c.get("allocatedDevices")),
    ),
    Rule(
        "counters while the feature is off",
        "allocator/picking",
        "Picks.pick",
        lambda c, a: not on(c, "PartitionableDevices") and consumes(c),
    ),
    Rule(
        "devices with binding conditions",
        "cluster/pools",
        "in_search_order",
        lambda c, a: binding_on(c) and binding(c),
    ),
    Rule(
        "binding conditions while the feature is off",
        "allocator/search",
        "Search._not_rejected",
        lambda c, a: not binding_on(c) and binding(c),
    ),
    Rule(
        "devices are shared",
        "allocator/picking",
        "Picks.pick",
        lambda c, a: any(r.share_id for r in results(a)),
        since="1.35",
    ),
    Rule(
        "capacity that shares have taken",
        "allocator/capacity",
        "fits",
        lambda c, a: bool(c.get("allocatedCapacity")),
        since="1.35",
    ),
    Rule(
        "capacity of dedicated devices",
        "allocator/capacity",
        "demand",
        lambda c, a: (
            on(c, "ConsumableCapacity")
            and any(not result.share_id for result in results(a))
            and any(capacity_requests(c))
        ),
        since="1.35",
    ),
    Rule(
        "default of a request policy",
        "allocator/capacity",
        "consumed_amount",
        lambda c, a: any("default" in policy for policy in policies(c)) and allocated(a),
        since="1.35",
    ),
    Rule(
        "range and step of a request policy",
        "allocator/capacity",
        "_round_to_range",
        lambda c, a: (
            any("step" in policy.get("validRange", {}) for policy in policies(c))
            and any(capacity_requests(c))
        ),
        since="1.35",
    ),
    Rule(
        "valid values of a request policy",
        "allocator/capacity",
        "_violates",
        lambda c, a: any("validValues" in policy for policy in policies(c)) and any(capacity_requests(c)),
        since="1.35",
    ),
    Rule(
        "capacity that the device lacks",
        "allocator/capacity",
        "demand",
        lambda c, a: any(name == "none" for name, _ in capacity_requests(c)),
        since="1.35",
    ),
    Rule(
        "capacity that cannot be computed aborts",
        "allocator/capacity",
        "CapacityFault",
        lambda c, a: fails_with(a, "capacity"),
        since="1.37",
    ),
    Rule(
        "configuration of the class",
        "allocator/results",
        "_config",
        lambda c, a: any(
            each.source == "FromClass" for allocation in a.allocations for each in allocation.config
        ),
    ),
    Rule(
        "configuration of the claim",
        "allocator/results",
        "_config",
        lambda c, a: any(
            each.source == "FromClaim" for allocation in a.allocations for each in allocation.config
        ),
    ),
    Rule(
        "allocation pinned to the node",
        "allocator/results",
        "_node_selector",
        lambda c, a: any(
            allocation.node_selector is not None and allocation.node_selector.terms[0].fields
            for allocation in a.allocations
        ),
    ),
    Rule(
        "allocation for several nodes",
        "allocator/results",
        "_node_selector",
        lambda c, a: any(
            allocation.node_selector is None or allocation.node_selector.terms[0].expressions
            for allocation in a.allocations
        ),
    ),
    Rule(
        "list attributes",
        "allocator/compared_values",
        "ValueClasses._class",
        lambda c, a: any(
            key in value
            for d in devices(c)
            for value in (d.get("attributes") or {}).values()
            for key in ("ints", "strings")
        ),
    ),
    Rule(
        "list attributes as sets",
        "allocator/constraints",
        "MatchAnyValue",
        lambda c, a: on(c, "ListTypeAttributes") and any(constraints(c)),
        since="1.37",
    ),
    Rule(
        "compatibility groups",
        "allocator/compatibility_groups",
        "AvailableGroups.join",
        lambda c, a: on(c, "CompatibilityGroups") and grouped(c),
        since="1.37",
    ),
    Rule(
        "compatibility groups while the feature is off",
        "cluster/pools",
        "_hidden",
        lambda c, a: not on(c, "CompatibilityGroups") and grouped(c),
        since="1.37",
    ),
    Rule(
        "skipped node operations",
        "cluster/inventory",
        "_skips_node",
        lambda c, a: any(s.get("skipNodeOperations") for s in specs(c)),
        since="1.37",
    ),
    Rule(
        "derived attributes",
        "allocator/compared_values",
        "values_of",
        lambda c, a: on(c, "DerivedAttributes") and any(each.get("derivedAttributes") for each in exacts(c)),
        since="1.37",
    ),
    Rule(
        "fractional ranges",
        "allocator/capacity",
        "_round_in_milli",
        lambda c, a: (
            on(c, "FractionalCapacityRange") and any("validRange" in policy for policy in policies(c))
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
