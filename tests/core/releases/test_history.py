"""Which release a version names, and which allocator kube-scheduler picks for its gates."""

from __future__ import annotations

import pytest

from extender.core.releases.history import LATEST, PATCHES, UnknownRelease, implementation_for, release_for
from extender.core.releases.release import CounterScope, DistinctRule, Implementation


@pytest.mark.parametrize(
    ("version", "used"),
    [
        ("1.34", "1.34.13"),
        ("1.36.2", "1.36.2"),
        ("v1.35.4-gke.100", "1.35.4"),
        ("1.36.0+rke2r1", "1.36.0"),
        ("1.37.99", "1.37.2"),
        ("1.38", "1.38.0"),
        ("1.38.0-beta.0", "1.38.0"),
        ("v1.38.0-rc.1", "1.38.0"),
        (" 1.37 ", "1.37.2"),
    ],
)
def test_versions(version, used):
    """A minor means its newest patch known; suffixes of distributions do not count."""
    assert release_for(version).version == used


@pytest.mark.parametrize("version", ["1.33", "1.39.0", "2.36", "1", "latest", "1.36.x", ""])
def test_unknown_versions(version):
    """What is not modelled is refused with what is."""
    with pytest.raises(UnknownRelease, match=r"supported: 1\.34, 1\.35, 1\.36, 1\.37, 1\.38"):
        release_for(version)


def test_latest():
    """The newest patch of the newest minor that is out: 1.38 is known from a pre-release only."""
    assert LATEST.version == f"1.37.{PATCHES['1.37']}"
    assert LATEST.minor == "1.37"


@pytest.mark.parametrize(
    ("version", "gates", "implementation"),
    [
        ("1.34", {}, "experimental"),
        ("1.34", {"DRAResourceClaimDeviceStatus": False}, "incubating"),
        ("1.34", {"DRAResourceClaimDeviceStatus": False, "DRAConsumableCapacity": True}, "experimental"),
        ("1.35", {}, "incubating"),
        ("1.35", {"DRADeviceBindingConditions": True}, "experimental"),
        ("1.36", {}, "incubating"),
        ("1.36", {"DRAConsumableCapacity": False}, "incubating"),
        ("1.36", {"DRAConsumableCapacity": False, "DRADeviceBindingConditions": False}, "stable"),
        ("1.36", {"DRAConsumableCapacity": False, "DRAResourceClaimDeviceStatus": False}, "stable"),
        ("1.36", {"DRAListTypeAttributes": True}, "incubating"),
        ("1.37", {}, "incubating"),
        ("1.37", {"DRAFractionalCapacityRange": True}, "incubating"),
        ("1.37", {"DRAListTypeAttributes": True}, "experimental"),
        ("1.37", {"DRADeviceCompatibilityGroups": True}, "experimental"),
        ("1.37", {"DRADerivedAttributes": True}, "experimental"),
        ("1.38", {}, "stable"),
        ("1.38", {"DRAConsumableCapacity": False}, "stable"),
        ("1.38", {"DRAFractionalCapacityRange": False}, "stable"),
        ("1.38", {"DRAListTypeAttributes": True}, "incubating"),
        ("1.38", {"DRAOptionalNodeOperations": True}, "incubating"),
        ("1.38", {"DRADerivedAttributes": True}, "incubating"),
        ("1.38", {"DRADeviceCompatibilityGroups": True}, "incubating"),
    ],
)
def test_implementations(version, gates, implementation):
    """The first implementation that knows every feature that is on."""
    features = release_for(version, gates).features
    assert implementation_for(version, features) is Implementation(implementation)


def test_list_attributes_of_1_36_reach_the_selectors_only():
    """The gate is handed to CEL, not to the allocator."""
    release = release_for("1.36", {"DRAListTypeAttributes": True})
    assert release.cel.list_attributes
    assert not release.features.list_type_attributes
    assert release_for("1.37", {"DRAListTypeAttributes": True}).features.list_type_attributes


def test_switches_by_patch():
    """Behaviour that changed within a minor (rows of the behaviour matrix)."""
    fixed = {patch: release_for(f"1.36.{patch}").counters for patch in range(7)}
    assert [counters.all_mode_crashes for counters in fixed.values()] == [True] * 2 + [False] * 5
    assert [counters.leak for counters in fixed.values()] == [True] * 3 + [False] * 4
    assert [counters.scope for counters in fixed.values()] == [CounterScope.POOL_NAME] * 4 + [
        CounterScope.POOL
    ] * 3
    assert [release_for(f"1.37.{patch}").count_sum_wraps for patch in range(3)] == [True, False, False]
    assert [release_for(f"1.34.{patch}").count_sum_wraps for patch in (11, 12)] == [True, False]
    assert release_for("1.37.0").taint_rule_without_selector_matches
    assert not release_for("1.37.1").taint_rule_without_selector_matches


def test_only_newer_allocators_have_an_order():
    """Pools and slices are sorted from 1.36 on, in the stable allocator from 1.38 on."""
    assert [release_for(minor).order.fixed for minor in PATCHES] == [False, False, True, True, True]
    off = {"DRAConsumableCapacity": False, "DRADeviceBindingConditions": False}
    assert not release_for("1.37", off).order.fixed
    assert release_for("1.37", off).distinct is DistinctRule.UNSUPPORTED
