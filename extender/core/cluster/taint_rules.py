"""
Putting the taints of DeviceTaintRules on devices, as the scheduler's slice tracker does.

Source: k8s.io/dynamic-resource-allocation resourceslice/tracker/tracker.go, v0.34 to v0.37.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from extender.model import Device, DeviceTaintRule, DeviceTraits, ResourceSlice, Taint

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
    grown: dict[tuple[DeviceTraits, tuple[Taint, ...]], DeviceTraits] = {}
    return tuple(_tainted(slice_, counting, release, grown) for slice_ in slices)


def _tainted(
    slice_: ResourceSlice,
    rules: Sequence[DeviceTaintRule],
    release: Release,
    grown: dict[tuple[DeviceTraits, tuple[Taint, ...]], DeviceTraits],
) -> ResourceSlice:
    relevant = [
        rule
        for rule in rules
        if (rule.selects or release.taint_rule_without_selector_matches)
        and rule.driver in ("", slice_.driver)
        and rule.pool in ("", slice_.pool)
    ]
    if not relevant:
        return slice_

    def tainted(device: Device) -> Device:
        taints = tuple(rule.taint for rule in relevant if rule.device in ("", device.name))
        if not taints:
            return device
        key = (device.traits, taints)
        traits = grown.get(key)
        if traits is None:
            # One object for all devices alike: comparing traits is mostly comparing references.
            traits = grown[key] = replace(device.traits, taints=(*device.traits.taints, *taints))
        return replace(device, traits=traits)

    devices = tuple(map(tainted, slice_.devices))
    return slice_ if devices == slice_.devices else replace(slice_, devices=devices)
