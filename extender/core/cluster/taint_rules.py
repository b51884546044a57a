"""
Putting the taints of DeviceTaintRules on devices, as the scheduler's slice tracker does.

Source: k8s.io/dynamic-resource-allocation resourceslice/tracker/tracker.go, v0.34 to v0.37.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from extender.model import Devices, DeviceTaintRule, DeviceTraits, ResourceSlice, Taint
from extender.model.device_columns import Names, Traits

from ..releases.release import Release


def with_taint_rules(
    slices: Sequence[ResourceSlice], rules: Sequence[DeviceTaintRule], release: Release
) -> tuple[ResourceSlice, ...]:
    """
    The slices with what the rules add, in the order given; untouched ones are the same objects.

    Rules count only while both features are on. Rules that select by class or CEL
    (1.34) are left out: what they match is not modelled.
    """
    features = release.features
    counting = [rule for rule in rules if not rule.by_class_or_cel]
    if not (features.device_taint_rules and features.device_taints and counting):
        return tuple(slices)
    grown: _Grown = {}
    return tuple([_tainted(slice_, counting, release, grown) for slice_ in slices])


# By names, traits and rules: the traits with what the rules add, worked out once for all slices alike.
_Grown = dict[tuple[Names, Traits, tuple[DeviceTaintRule, ...]], Traits]


def _tainted(
    slice_: ResourceSlice, rules: Sequence[DeviceTaintRule], release: Release, grown: _Grown
) -> ResourceSlice:
    relevant = tuple(
        [
            rule
            for rule in rules
            if (rule.selects or release.taint_rule_without_selector_matches)
            and rule.driver in ("", slice_.driver)
            and rule.pool in ("", slice_.pool)
        ]
    )
    if not relevant:
        return slice_
    devices = slice_.devices
    key = (devices.names, devices.traits, relevant)
    traits = grown.get(key)
    if traits is None:
        traits = grown[key] = _with_taints(devices, relevant)
    return slice_ if traits == devices.traits else replace(slice_, devices=replace(devices, traits=traits))


def _with_taints(devices: Devices, rules: Sequence[DeviceTaintRule]) -> Traits:
    # One object for all devices alike: comparing traits is mostly comparing references.
    alike: dict[tuple[DeviceTraits, tuple[Taint, ...]], DeviceTraits] = {}
    of_devices: list[DeviceTraits] = []
    for name, traits in zip(devices.names.values, devices.traits.values, strict=True):
        taints = tuple(rule.taint for rule in rules if rule.device in ("", name))
        if taints and (traits, taints) not in alike:
            alike[traits, taints] = replace(traits, taints=(*traits.taints, *taints))
        of_devices.append(alike.get((traits, taints), traits))
    return Traits(tuple(of_devices))
