"""Nodes that claims cannot tell apart have one number, and only these."""

from __future__ import annotations

from dataclasses import replace

from extender.cel import unlimited
from extender.core.allocator.projection import Projector
from extender.core.audit.changing_nodes import ChangingNodes
from extender.core.audit.node_kinds import NodeKinds
from extender.core.claims.compiled_claims import compile_claims
from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import LATEST
from extender.model import Constraint, DeviceID, Devices
from tests import builders as b

NAMES = ("m", "n", "o")


def with_serials(machine):
    """Each device has a serial number of its own."""
    node, slices = machine
    numbered = [
        replace(
            slice_,
            devices=Devices.of(
                replace(
                    device,
                    attributes={**device.attributes, "x/serial": b.text(f"{node.name}/{device.name}")},
                )
                for device in slice_.devices
            ),
        )
        for slice_ in slices
    ]
    return node, numbered


def cluster(roots=("r0", "r1")):
    machines = [with_serials(b.pair_node(name, roots, ["r0"])) for name in NAMES]
    return b.snapshot(*machines, release=LATEST)


def projector(snapshot: Snapshot, *constraints: Constraint) -> Projector:
    spec = b.spec(b.request("gpu", "gpu", 2), constraints=constraints)
    return Projector(
        compile_claims((spec,), snapshot.classes, snapshot.release, unlimited()), snapshot.release
    )


def numbers(kinds, projector):
    """The number of each node by name, as things stand."""
    kinds.follow(projector)
    return {name: kinds.of(name) for name in NAMES}


def test_equal_nodes_have_one_number_until_something_of_them_is_taken():
    """And again once it is given back."""
    snapshot = cluster()
    nodes = ChangingNodes(snapshot)
    kinds, plain = NodeKinds(nodes), projector(snapshot)
    (untouched,) = set(numbers(kinds, plain).values())
    held = b.holding("c", DeviceID("gpu.nvidia.com", "n", "gpu-0"))
    nodes.allocate([replace(held, allocation=None)], [held])
    found = numbers(kinds, plain)
    assert found["m"] == found["o"] == untouched != found["n"]
    assert kinds.number(nodes.state_without("n", [held])) == untouched
    nodes.allocate([held], [replace(held, allocation=None)])
    assert set(numbers(kinds, plain).values()) == {untouched}


def test_what_nobody_reads_tells_no_nodes_apart():
    """Claims that read serial numbers make every node another, for all claims."""
    snapshot = cluster()
    kinds = NodeKinds(ChangingNodes(snapshot))
    assert len(set(numbers(kinds, projector(snapshot)).values())) == 1
    reading = projector(snapshot, Constraint(match_attribute="x/serial"))
    before = kinds.number(snapshot.nodes["m"])
    assert len(set(numbers(kinds, reading).values())) == len(NAMES)
    assert before not in numbers(kinds, projector(snapshot)).values()


def test_a_node_is_numbered_once_after_each_change():
    """Whoever asks; all are where claims read more."""
    snapshot = cluster()
    nodes = ChangingNodes(snapshot)
    kinds, first, second = NodeKinds(nodes), projector(snapshot), projector(snapshot)
    assert [kinds.follow(each) for each in (first, second, first)] == [len(NAMES), 0, 0]
    held = b.holding("c", DeviceID("gpu.nvidia.com", "n", "gpu-0"))
    nodes.allocate([replace(held, allocation=None)], [held])
    assert [kinds.follow(each) for each in (second, first)] == [1, 0]
    assert kinds.follow(projector(snapshot, Constraint(match_attribute="x/serial"))) == len(NAMES)


def test_the_nodes_of_a_kind_come_in_the_order_in_which_pods_go_there():
    """The fewest arrivals first, then by name; a node that changes takes its arrivals along."""
    snapshot = cluster()
    nodes = ChangingNodes(snapshot)
    kinds, plain = NodeKinds(nodes), projector(snapshot)
    (untouched,) = set(numbers(kinds, plain).values())
    assert list(kinds.places(untouched)) == [(0, "m"), (0, "n"), (0, "o")]
    kinds.arrive("m")
    assert list(kinds.places(untouched)) == [(0, "n"), (0, "o"), (1, "m")]
    held = b.holding("c", DeviceID("gpu.nvidia.com", "m", "gpu-0"))
    nodes.allocate([replace(held, allocation=None)], [held])
    kinds.arrive("m")
    taken = numbers(kinds, plain)["m"]
    assert list(kinds.places(untouched)) == [(0, "n"), (0, "o")]
    assert list(kinds.places(taken)) == [(2, "m")]
    assert kinds.appeared == [untouched, taken]
