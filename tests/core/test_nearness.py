"""How near devices are on the scale of constraints."""

from __future__ import annotations

import pytest

from extender.core.alignment import align
from extender.core.nearness import Nearness, nearness_of
from extender.core.places import Place
from extender.core.vocabulary import Kind


def gpu(device: int, root: int = -1, numa: int = -1, socket: int = -1) -> Place:
    return Place(Kind.GPU, device, root, numa, socket)


def nic(device: int, root: int = -1, numa: int = -1, socket: int = -1) -> Place:
    return Place(Kind.NIC, device, root, numa, socket)


@pytest.mark.parametrize(
    ("places", "nearness"),
    [
        ((gpu(0, 0), nic(1, 0)), Nearness.PCIE_ROOT),
        ((gpu(0, 0, 0), nic(1, 1, 0)), Nearness.NUMA),
        ((gpu(0, 0, 0, 0), nic(1, 1, 1, 0)), Nearness.FAR),
        ((gpu(0, 0, 0), nic(1, 1, 1)), Nearness.FAR),
        ((gpu(0, 0), nic(1, 1)), Nearness.UNKNOWN),
        ((gpu(0, 0), gpu(1, 0)), Nearness.PCIE_ROOT),
        ((gpu(0),), None),
        ((), None),
    ],
)
def test_the_farthest_pair_decides(places: tuple[Place, ...], nearness: Nearness | None) -> None:
    """Another NUMA node of one socket is far: no constraint says it across drivers."""
    assert nearness_of(align(places)) == nearness


def test_pairs_of_different_kinds_decide() -> None:
    """Two GPUs on two roots, each with its NIC, are as near as can be."""
    places = (gpu(0, 0, 0), gpu(1, 1, 1), nic(2, 0, 0), nic(3, 1, 1))
    assert nearness_of(align(places)) is Nearness.PCIE_ROOT


def test_one_far_pair_spoils_it() -> None:
    """The worst pair counts, and what is known to be far is worse than unknown."""
    places = (gpu(0, 0, 0), gpu(1, 1, 1), nic(2, 0, 0), nic(3, 2, 0))
    assert nearness_of(align(places)) is Nearness.FAR
