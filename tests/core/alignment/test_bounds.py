"""Bounds of alignments with pairs of unknown distance."""

from __future__ import annotations

import pytest

from extender.core.alignment.bounds import certain_worth, highest, lowest
from extender.core.alignment.pairs import Alignment, align
from extender.core.alignment.worths import WorthRow, Worths
from extender.core.topology.locations import Location
from extender.core.topology.vocabulary import DeviceKind

GPU = Location(DeviceKind.GPU, 0, root=0, numa=0)
NEAR = Location(DeviceKind.NIC, 1, root=0, numa=0)
FAR = Location(DeviceKind.NIC, 2, root=1, numa=1)
NOWHERE = Location(DeviceKind.NIC, 3)
# A site may want devices apart, so that near is the worst.
RISING = Worths(WorthRow(0.0, 0.2, 0.4, 0.6, 0.8, 0.5), {})


@pytest.mark.parametrize(
    ("nic", "bounds"),
    [(NEAR, (1.0, 1.0, 1.0)), (FAR, (0.4, 0.4, 0.4)), (NOWHERE, (0.4, 0.7, 1.0))],
    ids=["near", "far", "unknown"],
)
def test_only_unknown_distances_have_two_bounds(nic, bounds):
    """Lowest, predicted, highest: the least and the greatest worth of a GPU and a NIC."""
    alignment = align([GPU, nic])
    assert (lowest(alignment), alignment.predicted, highest(alignment)) == bounds


def test_bounds_are_means_over_all_pairs():
    """One known pair and one unknown: half of each."""
    gpus = [GPU, Location(DeviceKind.GPU, 4, root=5, numa=1)]
    alignment = align([*gpus, NEAR, NOWHERE])
    worths = {pair.kinds: pair.worth for pair in alignment.pairs}
    assert worths == {"gpu-gpu": 0.8, "gpu-nic": 0.7, "nic-nic": 0.95}
    # gpu-gpu 0.8; gpu-nic 1 and 0.4 to 1; nic-nic 0.9 to 1.
    assert lowest(alignment) == pytest.approx((0.8 + 1.0 + 0.4 + 0.9) / 4)
    assert highest(alignment) == pytest.approx((0.8 + 1.0 + 1.0 + 1.0) / 4)


def test_the_least_worth_need_not_be_that_of_remote():
    """Bounds hold whatever a site's worths are."""
    alignment = align([GPU, NOWHERE], RISING)
    assert (lowest(alignment, RISING), highest(alignment, RISING)) == (0.0, 0.8)
    assert certain_worth(GPU, NOWHERE, RISING) == 0.0


@pytest.mark.parametrize(("nic", "worth"), [(NEAR, 1.0), (FAR, 0.4), (NOWHERE, 0.4)])
def test_what_two_locations_are_certainly_worth(nic, worth):
    """In either order."""
    assert certain_worth(GPU, nic) == certain_worth(nic, GPU) == worth


def test_without_pairs_there_are_no_bounds():
    """An error, not a number that looks like one."""
    for bound in (lowest, highest):
        with pytest.raises(ValueError, match="without pairs"):
            bound(Alignment(None, ()))
