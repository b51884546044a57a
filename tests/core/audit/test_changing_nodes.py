"""Nodes while claims get other devices are those of the snapshots that would follow."""

from __future__ import annotations

from dataclasses import replace

from extender.core.audit.changing_nodes import ChangingNodes
from extender.core.releases.history import LATEST
from extender.model import DeviceID
from tests import builders as b

NODES = ("m", "n")


def device(node, number):
    return DeviceID("gpu.nvidia.com", node, f"gpu-{number}")


def cluster():
    """Two nodes with two GPUs each; two claims hold both of the first node."""
    machines = [b.pair_node(name, ["r0", "r1"], ["r0"]) for name in NODES]
    held = [b.holding(f"c{number}", device("m", number)) for number in range(2)]
    return b.snapshot(*machines, release=LATEST, claims=held), held


def same(state, expected):
    return (state.node, state.inventory, state.usage, state.free, state.pairs, state.unclear) == (
        expected.node,
        expected.inventory,
        expected.usage,
        expected.free,
        expected.pairs,
        expected.unclear,
    )


def test_claims_that_get_other_devices():
    """On one node after the other; each change is told once for each node that it concerns."""
    snapshot, held = cluster()
    nodes = ChangingNodes(snapshot)
    expected = snapshot
    for claim, node in zip(held, ("n", "n"), strict=True):
        moved = b.holding(claim.name, device(node, claim.name[-1]))
        nodes.allocate([claim], [moved])
        expected = expected.with_claims([moved])
        assert all(same(nodes.state(name), expected.nodes[name]) for name in NODES)
        assert not same(nodes.state("n"), snapshot.nodes["n"])
    assert nodes.changes == ["m", "n"] * 2
    assert not nodes.state("m").usage[0].exclusive


def test_a_node_without_what_a_claim_holds():
    """Looked at only: nothing changes."""
    snapshot, held = cluster()
    nodes = ChangingNodes(snapshot)
    without = snapshot.with_claims([replace(held[0], allocation=None)])
    assert same(nodes.state_without("m", held[:1]), without.nodes["m"])
    assert nodes.state("m") is snapshot.nodes["m"]
    assert not nodes.changes


def test_devices_that_go_to_another_claim_of_the_same_node_are_one_change():
    """Both claims hold devices of one pool."""
    snapshot, held = cluster()
    nodes = ChangingNodes(snapshot)
    swapped = [b.holding("c0", device("m", 1)), b.holding("c1", device("n", 0))]
    nodes.allocate(held, swapped)
    expected = snapshot.with_claims(swapped)
    assert all(same(nodes.state(name), expected.nodes[name]) for name in NODES)
    assert nodes.changes == ["m", "n"]
