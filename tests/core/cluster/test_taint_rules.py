"""DeviceTaintRules put their taints on the devices they select, while the features are on."""

from __future__ import annotations

import pytest

from extender.core.cluster.taint_rules import with_taint_rules
from extender.core.releases.history import release_for
from extender.model import DeviceTaintRule, DeviceTraits, ResourceSlice, Taint
from tests import builders as b

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


def drained(slices: tuple[ResourceSlice, ...]) -> set[str]:
    return {device.name for slice_ in slices for device in slice_.devices if DRAIN in device.traits.taints}


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
    assert drained(with_taint_rules(SLICES, [selecting], release_for("1.37"))) == expected


def test_own_taints_stay():
    """A rule adds to what the driver published."""
    tainted = with_taint_rules(SLICES, [rule(driver="gpu.nvidia.com")], release_for("1.37"))
    assert [device.traits.taints for device in tainted[0].devices] == [(OWN, DRAIN), (DRAIN,)]


def test_untouched_slices_are_the_same():
    """Nothing is copied for slices that no rule selects."""
    tainted = with_taint_rules(SLICES, [rule(driver="dra.net")], release_for("1.37"))
    assert tainted[0] is SLICES[0]


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
    assert bool(drained(with_taint_rules(SLICES, [rule()], release_for(version, gates)))) is counts


@pytest.mark.parametrize(("version", "matches"), [("1.37.0", True), ("1.37.1", False), ("1.37.2", False)])
def test_a_rule_without_selector(version, matches):
    """It matched every device up to 1.37.0, and none since."""
    assert bool(drained(with_taint_rules(SLICES, [rule(selects=False)], release_for(version)))) is matches
