"""Devices and pools that do harm by being tried: each hazard, and where it is none."""

from __future__ import annotations

import pytest

from extender.cel import unlimited
from extender.core.claims.compiled_claims import compile_claims
from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.core.soft_alignment.hazards import hazard_of
from extender.core.soft_alignment.refusals import RefusalCode
from extender.core.soft_alignment.selection import select
from extender.model import Capacity, CounterConsumption, DeviceTraits
from extender.model.quantity import Quantity
from tests import builders as b

COUNTERS = DeviceTraits(consumes_counters=(CounterConsumption("set", (("units", Quantity(1)),)),))
BINDING = DeviceTraits(binding_conditions=("Ready",))
NODE_RESOURCES = DeviceTraits(node_allocatable=True)
NEGATIVE = DeviceTraits(allow_multiple_allocations=True, capacity=(("memory", Capacity(Quantity(-1))),))
FAST = "device.attributes['example.com'].fast"


def hazard(*slices, version="1.37.2", gates=None, spec=b.PAIR):
    node, own = b.pair_node("n", ["r0"], ["r0"])
    snapshot = Snapshot.of(
        release=release_for(version, gates), nodes=[node], slices=[*own, *slices], classes=b.CLASSES
    )
    compiled = compile_claims([spec], snapshot.classes, snapshot.release, unlimited())
    selection = select(compiled, snapshot.published.values(), snapshot.release, unlimited())
    return hazard_of(compiled, selection, snapshot)


def gpu_with(traits):
    """A GPU of another node: not where the pod runs, but where it might."""
    return b.slice_of("gpu.nvidia.com", "m", [b.device("gpu-9", "r0", traits=traits)])


def test_plain_devices_are_no_hazard():
    assert hazard() is None


@pytest.mark.parametrize(
    ("traits", "version", "gates", "code"),
    [
        # Counters of a device that breaks a constraint are given back from 1.36.3 on.
        (COUNTERS, "1.34.4", {}, RefusalCode.COUNTERS),
        (COUNTERS, "1.35.4", {}, RefusalCode.COUNTERS),
        (COUNTERS, "1.36.2", {}, RefusalCode.COUNTERS),
        (COUNTERS, "1.36.3", {}, None),
        (COUNTERS, "1.37.2", {}, None),
        (BINDING, "1.37.2", {"DRADeviceBindingConditions": True}, RefusalCode.BINDING_CONDITIONS),
        (BINDING, "1.37.2", {"DRADeviceBindingConditions": False}, None),
        (NODE_RESOURCES, "1.37.2", {"DRANodeAllocatableResources": True}, RefusalCode.NODE_RESOURCES),
        (NODE_RESOURCES, "1.37.2", {"DRANodeAllocatableResources": False}, None),
        (NEGATIVE, "1.37.2", {"DRAConsumableCapacity": True}, RefusalCode.CAPACITY),
        (NEGATIVE, "1.37.2", {"DRAConsumableCapacity": False}, None),
        # Up to 1.35 such an amount passes the search, so nothing aborts.
        (NEGATIVE, "1.35.4", {"DRAConsumableCapacity": True}, None),
    ],
)
def test_devices_by_release_and_gates(traits, version, gates, code):
    """Only where the release does harm with the device is there a hazard."""
    found = hazard(gpu_with(traits), version=version, gates=gates)
    assert (found and found.code) is code
    if found is not None:
        assert found.values["request"] == "gpu"
        assert found.values["device"] == "gpu.nvidia.com/m/gpu-9"


def test_devices_that_no_request_selects_are_no_hazard():
    """The search never tries them."""
    assert hazard(b.slice_of("example.com", "m", [b.device("x", traits=COUNTERS)]), version="1.36.2") is None


def test_a_selector_that_fails():
    """It comes before what devices do: the selector is what the author can mend."""
    spec = b.spec(b.request("gpu", "gpu"), b.request("nic", "nic", selectors=(FAST,)))
    found = hazard(gpu_with(COUNTERS), version="1.36.2", spec=spec)
    assert found is not None
    assert found.code is RefusalCode.SELECTOR_FAILS
    assert (found.values["request"], found.values["device"]) == ("nic", "dra.net/n/nic-0")


def test_an_invalid_pool_where_the_release_aborts_on_it():
    """1.34 gives the pod up on walking into such a pool, whatever its driver; 1.35 passes it by."""
    twice = b.slice_of("example.com", "n", [b.device("x"), b.device("x")])
    found = hazard(twice, version="1.34.4")
    assert found is not None
    assert found.code is RefusalCode.INVALID_POOL
    assert (found.values["pool"], found.values["release"]) == ("example.com/n", "1.34.4")
    assert hazard(twice, version="1.35.4") is None


@pytest.mark.parametrize(("amount", "code"), [(1, None), (-1, RefusalCode.CAPACITY)])
def test_the_amount_that_a_request_asks_for(amount, code):
    """A capacity that is fine by itself is a hazard where the requested amount cannot be computed."""
    shared = DeviceTraits(allow_multiple_allocations=True, capacity=(("memory", Capacity(Quantity(10))),))
    gpu = b.request("gpu", "gpu", capacity=(("memory", Quantity(amount)),))
    found = hazard(
        gpu_with(shared), gates={"DRAConsumableCapacity": True}, spec=b.spec(gpu, b.request("nic", "nic"))
    )
    assert (found and found.code) is code
