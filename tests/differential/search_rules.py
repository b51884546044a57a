"""Rules of which devices there are, which pass, and in what order they are tried."""

from __future__ import annotations

from extender.core.reasons import Certainty, Outcome
from tests.differential.allocation_facts import (
    all_mode,
    allocated,
    exacts,
    fails_with,
    generations,
    pools,
    requests,
    results,
    specs,
)
from tests.differential.allocation_rule import Rule

SEARCH_RULES: tuple[Rule, ...] = (
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
        until="1.37",
    ),
    Rule(
        "all devices of a pool that is not ready: the node fails",
        "allocator/search",
        "Search._count",
        lambda c, a: a.node_fails and "'all-pool-not-ready'" in a.detail,
        since="1.38",
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
        "cluster/node_type",
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
)
