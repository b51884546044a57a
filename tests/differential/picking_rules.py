"""Rules of what holds when devices are picked: features, constraints, taints, counters, capacity."""

from __future__ import annotations

from extender.core.reasons import Outcome
from tests.differential.allocation_facts import (
    allocated,
    binding,
    binding_on,
    builds_compared,
    capacity_names,
    capacity_requests,
    constraints,
    consumes,
    dedicated_with_share,
    devices,
    exacts,
    fails_with,
    grouped,
    mixed_types,
    on,
    picked,
    policies,
    results,
    specs,
)
from tests.differential.allocation_rule import Rule

PICKING_RULES: tuple[Rule, ...] = (
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
        "cluster/node_type",
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
    Rule(
        "a value that cannot be compared aborts",
        "allocator/picking",
        "Picks._no_value",
        lambda c, a: fails_with(a, "unusable-value"),
        since="1.38",
    ),
    Rule(
        "versions that differ in build metadata",
        "allocator/compared_values",
        "ValueClasses._versions",
        lambda c, a: builds_compared(c),
        since="1.38",
    ),
    Rule(
        "a share blocks the whole device",
        "allocator/picking",
        "Picks.pick",
        lambda c, a: dedicated_with_share(c) and a.outcome is Outcome.UNSCHEDULABLE,
        since="1.38",
    ),
    Rule(
        "names of capacities with their domain",
        "cluster/scoped_names",
        "scoped",
        lambda c, a: any("/" in name for name in capacity_names(c)),
        since="1.38",
    ),
    Rule(
        "spelling of capacities in results",
        "cluster/scoped_names",
        "spelling",
        lambda c, a: any("/" in name for result in results(a) for name, _ in result.consumed_capacity),
        since="1.38",
    ),
    Rule(
        "a negative request aborts",
        "allocator/capacity",
        "consumed_amount",
        lambda c, a: fails_with(a, "capacity") and any(q.startswith("-") for _, q in capacity_requests(c)),
        since="1.38",
    ),
)
