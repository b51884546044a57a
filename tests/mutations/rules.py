"""
Rules of the allocator, each with a way to break it.

``old`` stands once in the module; ``new`` takes its place.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    rule: str
    module: str
    old: str
    new: str


MUTATIONS = (
    Mutation(
        "the newest generation counts",
        "cluster/pools",
        "generation = max(slice_.generation for slice_ in seen)",
        "generation = min(slice_.generation for slice_ in seen)",
    ),
    Mutation(
        "a newer generation elsewhere hides a pool",
        "cluster/pools",
        "if any(slice_.generation > generation for slice_ in everywhere):",
        "if False:",
    ),
    Mutation(
        "incomplete pools have no devices",
        "cluster/pools",
        "if len(same_generation) != expected:",
        "if False:",
    ),
    Mutation(
        "device names are unique in a pool",
        "cluster/pools",
        'return f"duplicate device name {name}"',
        'return ""',
    ),
    Mutation(
        "pools with binding conditions come last",
        "cluster/pools",
        "return _LATE_LAST if release.order.late_pools else _BY_ID",
        "return _BY_ID",
    ),
    Mutation(
        "slices go by name", "cluster/pools", "slice_.name),\n    )\n    leaders", "0),\n    )\n    leaders"
    ),
    Mutation(
        "a pool's slices are searched where they target the node",
        "cluster/pools",
        "return node_matches(node, slice_.node_name, slice_.all_nodes, slice_.node_selector)",
        "return True",
    ),
    Mutation(
        "devices of a request are combined, not permuted",
        "allocator/search",
        "following = position + 1 if self._release.order.combinations else 0",
        "following = 0",
    ),
    Mutation(
        "a claim has at most 32 devices",
        "allocator/search",
        "if len(self._picks.results[claim]) + count - device > MAX_RESULTS:",
        "if False:",
    ),
    Mutation(
        "too many results make the nearest firstAvailable go on",
        "allocator/search",
        "all_exceeded = all_exceeded and step is Step.EXCEEDED",
        "all_exceeded = False",
    ),
    Mutation(
        "requests for all devices abort on an incomplete pool",
        "allocator/search",
        "enumerate(self._pools) if pool.incomplete or pool.invalid",
        "enumerate(self._pools) if pool.invalid",
    ),
    Mutation(
        "requests for all devices want at least one",
        "allocator/search",
        "if alternative.all_devices and count == 0:",
        "if False:",
    ),
    Mutation(
        "a selector that fails aborts the attempt",
        "allocator/search",
        "if result is SelectorResult.FAILED:",
        "if False:",
    ),
    Mutation(
        "admin access shares with all but its own claim",
        "allocator/picking",
        "if alternative.admin:\n            return not",
        "if False:\n            return not",
    ),
    Mutation(
        "a device in use is not given again",
        "allocator/picking",
        "return not (self._in_use >> number & 1 or self._allocating[number])",
        "return not self._allocating[number]",
    ),
    Mutation(
        "undoing a pick frees the device",
        "allocator/picking",
        "self._allocating[number] &= ~(1 << claim)",
        "pass",
    ),
    Mutation(
        "undoing a pick gives back its counters",
        "allocator/picking",
        "if counted and not (shareable and self._release.counters.leak):",
        "if False:",
    ),
    Mutation(
        "a taint blocks unless tolerated",
        "allocator/picking",
        "if self._features.device_taints and taints_block(",
        "if False and taints_block(",
    ),
    Mutation(
        "all devices that break a constraint abort",
        "allocator/picking",
        "            if must:\n",
        "            if False:\n",
    ),
    Mutation(
        "matched values are equal",
        "allocator/constraints",
        "elif value == INCOMPARABLE or value != self._value:",
        "elif value == INCOMPARABLE:",
    ),
    Mutation(
        "a device without the attribute is no match",
        "allocator/constraints",
        "        if value == MISSING:\n            return False\n        if self._count == 0:",
        "        if self._count == 0:",
    ),
    Mutation(
        "distinct values differ between devices",
        "allocator/constraints",
        "if any(_collide(value, earlier) for earlier in self._values):",
        "if False:",
    ),
    Mutation(
        "every counter of the book must stay covered",
        "allocator/counters",
        "if all(taken.get(counter, 0) <= left for counter, left in available.items()):",
        "if True:",
    ),
    Mutation(
        "allocated devices draw on counters",
        "allocator/counters",
        "available[counter_set, name] -= nanos",
        "pass",
    ),
    Mutation(
        "pools of one name and two drivers",
        "allocator/counters",
        "return self._pools[candidate.pool].counter_owner",
        "return candidate.pool",
    ),
    Mutation(
        "capacity beside what shares have taken",
        "allocator/capacity",
        "consumed.get(name, 0) + amount + allocating.get(name, 0) <= total",
        "amount + allocating.get(name, 0) <= total",
    ),
    Mutation(
        "capacity rounds up to the step",
        "allocator/capacity",
        "    steps += rest != 0\n    low = minimum.value",
        "    low = minimum.value",
    ),
    Mutation(
        "a request policy is kept to",
        "allocator/capacity",
        "if any(_violates(amount, entry.policy, arithmetic) for _, amount, entry in amounts):",
        "if False:",
    ),
    Mutation(
        "an unknown capacity rules a device out",
        "allocator/capacity",
        "if not wanted.keys() <= published:",
        "if False:",
    ),
    Mutation(
        "unknown taint effects do not block",
        "cluster/taints",
        "(any_effect or taint.effect in _BLOCKING)",
        "True",
    ),
    Mutation(
        "groups must have a member in common",
        "allocator/compatibility_groups",
        "return not set(common).isdisjoint(groups)",
        "return True",
    ),
    Mutation(
        "slices can swap places only within their group",
        "allocator/order",
        "return a.late == b.late",
        "return True",
    ),
    Mutation(
        "rivals come from other slices",
        "allocator/order",
        "            if not rivals:\n                continue",
        "            continue",
    ),
    Mutation(
        "constraints on an alternative",
        "claims/compiled_claims",
        "if not each.requests or parent in each.requests or name in each.requests",
        "if not each.requests or parent in each.requests",
    ),
    Mutation(
        "the claim is pinned to a local device's node",
        "allocator/results",
        "if source.node_name or (traits.binds_to_node and release.results.binds_to_node):",
        "if source.node_name:",
    ),
    Mutation(
        "claim configuration once from 1.37 on",
        "allocator/results",
        "                if once:\n                    break\n",
        "",
    ),
    Mutation(
        "all devices of a pool that is not ready: the node fails from 1.38 on",
        "allocator/search",
        "self._pools[index], self._release.gathering.all_mode_aborts",
        "self._pools[index], True",
    ),
    Mutation(
        "a value that cannot be compared aborts from 1.38 on",
        "allocator/compared_values",
        "UNUSABLE_VALUE if release.comparison.unusable_aborts else INCOMPARABLE",
        "INCOMPARABLE",
    ),
    Mutation(
        "versions compare without their build from 1.38 on",
        "allocator/compared_values",
        "self._by_precedence = release.comparison.by_precedence",
        "self._by_precedence = False",
    ),
    Mutation(
        "a share blocks the whole device from 1.38 on",
        "allocator/picking",
        "blocked = self._release.capacity.shares_block and not (shareable or alternative.admin)",
        "blocked = False",
    ),
    Mutation(
        "admin access does not mind a share of the device",
        "allocator/picking",
        "and not (shareable or alternative.admin)",
        "and not shareable",
    ),
    Mutation(
        "the qualified spelling of a capacity wins",
        "cluster/scoped_names",
        "named |= {name.removeprefix(domain): value for name, value in entries if name.startswith(domain)}",
        "named = {name.removeprefix(domain): value for name, value in entries if name.startswith(domain)} "
        "| named",
    ),
    Mutation(
        "results keep the slice's spelling of a capacity",
        "cluster/scoped_names",
        "return qualified if any(qualified == each for each, _ in published) else name",
        "return name",
    ),
    Mutation(
        "a negative request aborts before it is rounded, from 1.38 on",
        "allocator/capacity",
        "if requested is not None and requested.nanos < 0 and not arithmetic.rounds_negative:",
        "if False:",
    ),
    Mutation(
        "one capacity under two names aborts from 1.38 on",
        "allocator/capacity",
        'raise CapacityFault("one capacity is requested under two names")',
        "return None",
    ),
    Mutation(
        "what shares took is summed under one name from 1.38 on",
        "cluster/usage",
        "scoped(pool.driver, recorded) if scopes else recorded",
        "recorded",
    ),
)
