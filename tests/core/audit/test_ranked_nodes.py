"""Nodes in the order in which pods go to them."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock

from extender.core.audit.changing_nodes import ChangingNodes
from extender.core.audit.node_kinds import NodeKinds
from extender.core.audit.ranked_nodes import Promise, RankedNodes
from extender.core.releases.history import LATEST
from extender.model import Claim, DeviceID
from tests import builders as b
from tests.core.audit.test_node_kinds import projector

PROMISE = Promise(Mock(), Mock())
"""What is promised is of no consequence to the order."""


class Ranked:
    """Nodes of three GPUs each; a node's kind is the number of those that are held."""

    def __init__(self, **held: int) -> None:
        machines = [b.pair_node(name, ["r0"] * 3, ["r0"]) for name in held]
        snapshot = b.snapshot(*machines, release=LATEST)
        self.nodes = ChangingNodes(snapshot)
        self.claims: dict[str, Claim] = {}
        self.kinds, self.projector = NodeKinds(self.nodes), projector(snapshot)
        self.ranked = RankedNodes(self.kinds)
        for name, count in held.items():
            self.hold(name, count)
        self.kinds.follow(self.projector)

    def hold(self, name: str, count: int) -> None:
        """Hold so many GPUs of a node, whatever was held before."""
        claim = b.holding(f"c-{name}", *(DeviceID("gpu.nvidia.com", name, f"gpu-{n}") for n in range(count)))
        before = self.claims.get(name, replace(claim, allocation=None))
        self.nodes.allocate([before], [claim])
        self.claims[name] = claim

    def rate(self, name: str, alignment: float | None) -> None:
        self.ranked.rate(self.kinds.of(name), alignment, PROMISE)

    def order(self) -> list[tuple[float, str]]:
        return [(alignment, name) for alignment, name, _ in self.ranked.best_first()]


def test_the_nearest_devices_come_first_then_the_fewest_arrivals_then_the_name():
    """Nodes without certain devices are not among them."""
    cluster = Ranked(a=0, b=1, c=0, d=2, e=3)
    for name, alignment in (("a", 1.0), ("b", 1.0), ("d", 0.5), ("e", None)):
        cluster.rate(name, alignment)
    assert cluster.order() == [(1.0, "a"), (1.0, "b"), (1.0, "c"), (0.5, "d")]
    cluster.kinds.arrive("a")
    assert cluster.order() == [(1.0, "b"), (1.0, "c"), (1.0, "a"), (0.5, "d")]


def test_a_node_that_changes_has_the_rank_of_its_kind_then():
    """Each kind is to be rated once, as soon as a node is of it."""
    cluster = Ranked(a=0, b=0, c=1)
    assert cluster.ranked.unrated() == [cluster.kinds.of("a"), cluster.kinds.of("c")]
    cluster.rate("a", 1.0)
    cluster.rate("c", 0.5)
    assert cluster.ranked.unrated() == []
    cluster.hold("a", 1)
    cluster.hold("b", 2)
    cluster.kinds.follow(cluster.projector)
    assert cluster.ranked.unrated() == [cluster.kinds.of("b")]
    assert cluster.order() == [(0.5, "a"), (0.5, "c")]


def test_a_kind_without_nodes_is_rated_once_it_has_some_again():
    """Not before: there is nothing to look at."""
    cluster = Ranked(a=0, b=1)
    cluster.hold("b", 0)
    cluster.kinds.follow(cluster.projector)
    assert cluster.ranked.unrated() == [cluster.kinds.of("a")]
    cluster.hold("b", 1)
    cluster.kinds.follow(cluster.projector)
    assert cluster.ranked.unrated() == [cluster.kinds.of("a"), cluster.kinds.of("b")]
