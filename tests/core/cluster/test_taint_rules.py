"""DeviceTaintRules put their taints on the devices they select, while the features are on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from extender.core.cluster.taint_rules import counting_rules, rules_on, with_taints
from extender.core.releases.history import release_for
from extender.model import DeviceTaintRule, DeviceTraits, ResourceSlice, Taint
from extender.model.device_columns import Traits
from tests import builders as b

NO_GATES: Mapping[str, bool] = {}
OWN = Taint("own", "NoSchedule")
DRAIN = Taint("drain", "NoExecute")
SLICES = (
    b.slice_of(
        "gpu.nvidia.com", "a", [b.device("gpu-0", traits=DeviceTraits(taints=(OWN,))), b.device("gpu-1")]
    ),
    b.slice_of("dra.net", "a", [b.device("nic-0")]),
)


def rule(**selector: object) -> DeviceTaintRule:
    return DeviceTaintRule("r", DRAIN, **selector)  # type: ignore[arg-type]


def traits_of(
    slice_: ResourceSlice,
    rules: list[DeviceTaintRule],
    version: str = "1.37",
    gates: Mapping[str, bool] = NO_GATES,
) -> Traits:
    counting = counting_rules(rules, release_for(version, gates))
    return with_taints(slice_.devices, rules_on(counting, slice_.pool_id))


def drained(
    rules: list[DeviceTaintRule], version: str = "1.37", gates: Mapping[str, bool] = NO_GATES
) -> set[str]:
    return {
        name
        for slice_ in SLICES
        for name, traits in zip(
            slice_.devices.names.values, traits_of(slice_, rules, version, gates).values, strict=True
        )
        if DRAIN in traits.taints
    }


@pytest.mark.parametrize(
    ("selecting", "expected"),
    [
        (rule(), {"gpu-0", "gpu-1", "nic-0"}),
        (rule(driver="gpu.nvidia.com"), {"gpu-0", "gpu-1"}),
        (rule(driver="dra.net", pool="a"), {"nic-0"}),
        (rule(pool="b"), set()),
        (rule(device="gpu-1"), {"gpu-1"}),
        (rule(driver="dra.net", device="gpu-1"), set()),
        (rule(by_class_or_cel=True), set()),
    ],
)
def test_selection(selecting, expected):
    """Driver, pool and device must all match; what is not given matches all."""
    assert drained([selecting]) == expected


def test_own_taints_stay():
    """A rule adds to what the driver published."""
    taints = [traits.taints for traits in traits_of(SLICES[0], [rule(driver="gpu.nvidia.com")]).values]
    assert taints == [(OWN, DRAIN), (DRAIN,)]


@pytest.mark.parametrize("selecting", [rule(driver="dra.net"), rule(device="gpu-2")])
def test_untouched_traits_are_the_same(selecting):
    """Nothing is copied for slices of which no rule selects a device."""
    assert traits_of(SLICES[0], [selecting]) is SLICES[0].devices.traits


@pytest.mark.parametrize(
    ("version", "gates", "counts"),
    [
        ("1.37", {}, True),
        ("1.37", {"DRADeviceTaintRules": False}, False),
        ("1.37", {"DRADeviceTaints": False}, False),
        ("1.36", {}, False),
        ("1.36", {"DRADeviceTaintRules": True}, True),
        ("1.34", {"DRADeviceTaints": True}, True),
    ],
)
def test_gates(version, gates, counts):
    """Rules count only where the release and its gates say so."""
    assert bool(drained([rule()], version, gates)) is counts


@pytest.mark.parametrize(("version", "matches"), [("1.37.0", True), ("1.37.1", False), ("1.37.2", False)])
def test_a_rule_without_selector(version, matches):
    """It matched every device up to 1.37.0, and none since."""
    assert bool(drained([rule(selects=False)], version)) is matches
