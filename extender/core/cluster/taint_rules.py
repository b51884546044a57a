"""
The taints that DeviceTaintRules put on devices, as the scheduler's slice tracker does.

They are no part of slices here, for a rule may concern each slice of a fleet, but of types of nodes.

Source: k8s.io/dynamic-resource-allocation resourceslice/tracker/tracker.go, v0.34 to v0.37.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from extender.model import Devices, DeviceTaintRule, DeviceTraits, PoolID, ResourceSlice, Taint
from extender.model.device_columns import Traits

from ..releases.release import Release

Rules = tuple[DeviceTaintRule, ...]
"""Those that count, in the order of their names."""


def counting_rules(rules: Iterable[DeviceTaintRule], release: Release) -> Rules:
    """
    The rules (any order) that count.

    They do only while both features are on. Rules that select by class or CEL
    (1.34) are left out: what they match is not modelled.
    """
    features = release.features
    if not (features.device_taint_rules and features.device_taints):
        return ()
    matches_all = release.taint_rule_without_selector_matches
    counting = (rule for rule in rules if (rule.selects or matches_all) and not rule.by_class_or_cel)
    return tuple(sorted(counting, key=lambda rule: rule.name))


def rules_on(rules: Iterable[DeviceTaintRule], pool: PoolID) -> Rules:
    """Which of ``rules`` may put taints on devices of a pool."""
    return tuple(
        [rule for rule in rules if rule.driver in ("", pool.driver) and rule.pool in ("", pool.pool)]
    )


def with_taints(devices: Devices, rules: Rules) -> Traits:
    """The traits of devices with the taints of the rules on their pool; the same object if there are none."""
    if not rules:
        return devices.traits
    # One object for all devices alike: comparing traits is mostly comparing references.
    alike: dict[tuple[DeviceTraits, tuple[Taint, ...]], DeviceTraits] = {}
    of_devices: list[DeviceTraits] = []
    for name, traits in zip(devices.names.values, devices.traits.values, strict=True):
        taints = tuple([rule.taint for rule in rules if rule.device in ("", name)])
        if taints and (traits, taints) not in alike:
            alike[traits, taints] = replace(traits, taints=(*traits.taints, *taints))
        of_devices.append(alike.get((traits, taints), traits))
    return Traits(tuple(of_devices)) if alike else devices.traits


class ReadByRules(NamedTuple):
    """
    What rules read of a node's slices besides what the node's type tells.

    ``pools``: the names of pools that they name; ``devices``: whether they name devices.
    """

    pools: frozenset[str]
    devices: bool

    def of(self, slices: Sequence[ResourceSlice]) -> Hashable:
        """Equal for nodes of one type on which the rules put the same taints on the same devices."""
        return (
            tuple([slice_.pool if slice_.pool in self.pools else "" for slice_ in slices]),
            tuple([slice_.devices.names for slice_ in slices]) if self.devices else (),
        )


def read_by(rules: Rules) -> ReadByRules | None:
    """What the rules read besides the type of a node; ``None`` for nothing."""
    pools = frozenset(rule.pool for rule in rules if rule.pool)
    devices = any(rule.device for rule in rules)
    return ReadByRules(pools, devices) if pools or devices else None
