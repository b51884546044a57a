"""How near devices are on the scale of constraints."""

from __future__ import annotations

import random

import pytest

from extender.core.advice.nearness import Nearness, best_nearness, nearest_possible, nearness_of
from extender.core.alignment.pairs import align
from extender.core.claims.plan import Plan
from extender.core.claims.pod_claims import PodClaims
from extender.core.topology.locations import Location
from extender.core.topology.vocabulary import DeviceKind
from tests import builders as b
from tests.core.advice.judging import surveyed

ROOTS = ("pci0000:10", "pci0000:20", "pci0000:30", "pci0000:40")


def gpu(device: int, root: int = -1, numa: int = -1, socket: int = -1) -> Location:
    return Location(DeviceKind.GPU, device, root, numa, socket)


def nic(device: int, root: int = -1, numa: int = -1, socket: int = -1) -> Location:
    return Location(DeviceKind.NIC, device, root, numa, socket)


@pytest.mark.parametrize(
    ("locations", "nearness"),
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
def test_the_farthest_pair_decides(locations, nearness):
    """Another NUMA node of one socket is far: no constraint says it across drivers."""
    assert nearness_of(align(locations)) == nearness


def test_pairs_of_different_kinds_decide():
    """Two GPUs on two roots, each with its NIC, are as near as can be."""
    locations = (gpu(0, 0, 0), gpu(1, 1, 1), nic(2, 0, 0), nic(3, 1, 1))
    assert nearness_of(align(locations)) is Nearness.PCIE_ROOT


def test_one_far_pair_spoils_it():
    """The worst pair counts, and what is known to be far is worse than unknown."""
    locations = (gpu(0, 0, 0), gpu(1, 1, 1), nic(2, 0, 0), nic(3, 2, 0))
    assert nearness_of(align(locations)) is Nearness.FAR


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_is_never_farther_than_the_best(seed):
    """No search finds a nearer choice than the bound that costs none; often it is the best."""
    rng = random.Random(seed)
    nodes, slices = [], []
    for number in range(20):
        numa = {root: rng.choice((0, 1)) for root in ROOTS}
        node, of_node = b.pair_node(
            f"node-{number:02}",
            rng.choices(ROOTS, k=rng.randint(1, 3)),
            rng.choices(ROOTS, k=rng.randint(1, 3)),
            numa if rng.random() < 0.5 else None,
        )
        nodes.append(node)
        slices += of_node
    snapshot = b.snapshot(nodes=nodes, slices=slices)
    plan = Plan(b.pod("p", "c"), PodClaims((b.claim("c"),)), (b.PAIR,), (None,))
    ranks = list(Nearness)
    reached = 0
    for group in surveyed(plan, snapshot):
        view = group.view
        assert view is not None
        nearest, best = best_nearness(view.problem, view.slots, 10_000)
        bound = nearest_possible(view.node_layout.layout, view.usage)
        assert best.complete
        assert nearest is not None
        assert ranks.index(bound) <= ranks.index(nearest)
        reached += bound is nearest
    assert reached
