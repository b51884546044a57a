"""Which devices are too far apart for a pod that requires alignment."""

from __future__ import annotations

import pytest

from extender.core.alignment.pairs import Alignment, Pair
from extender.core.prediction.shortfall import Shortfall, farthest_pair, shortfall_of
from extender.core.prediction.verdict import NodeVerdict, PredictedDevice
from extender.core.reasons import Certainty, Outcome
from extender.core.topology.locations import Distance
from extender.model import DeviceID, DeviceResult


def apart(*distances):
    return Alignment(0.5, tuple(Pair(0, 1, "gpu-nic", distance, 0.5) for distance in distances))


@pytest.mark.parametrize(
    ("distances", "farthest"),
    [
        ([], None),
        ([Distance.DEVICE, Distance.PCIE_ROOT, Distance.NUMA, Distance.UNKNOWN], None),
        ([Distance.NUMA, Distance.SOCKET], Distance.SOCKET),
        ([Distance.SOCKET, Distance.REMOTE], Distance.REMOTE),
    ],
)
def test_the_farthest_pair_counts(distances, farthest):
    """Devices of one NUMA node are near enough, and unknown is no ground to reject."""
    pair = farthest_pair(Outcome.ALLOCATED, Certainty.EXACT, apart(*distances))
    assert (pair and pair.distance) == farthest


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.ALLOCATED])
def test_only_what_would_be_allocated_counts(outcome):
    """Nobody gets devices of a node that cannot run the pod."""
    assert farthest_pair(outcome, Certainty.EXACT, apart(Distance.REMOTE)) is None


def test_only_what_is_certain_counts():
    """In another order of pools the devices may be near each other."""
    assert farthest_pair(Outcome.ALLOCATED, Certainty.ORDER_DEPENDENT, apart(Distance.REMOTE)) is None
    assert farthest_pair(Outcome.ALLOCATED, Certainty.EXACT, None) is None


def test_it_has_the_names_of_the_devices():
    """In the order of the pair."""
    gpu, nic = DeviceID("gpu.nvidia.com", "n", "gpu-0"), DeviceID("dra.net", "n", "nic-0")
    devices = tuple(PredictedDevice("c", DeviceResult("r", each), allocated=False) for each in (gpu, nic))
    found = NodeVerdict(
        Outcome.ALLOCATED, Certainty.EXACT, None, devices, apart(Distance.REMOTE), score=40, steps=1
    )
    assert shortfall_of(found) == Shortfall(gpu, nic, Distance.REMOTE)
