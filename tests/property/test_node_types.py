"""Nodes that share a type, and one judgement, get what each would get alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.cluster.context import ClusterContext
from extender.core.cluster.inventory import inventory_of
from extender.core.cluster.signature import Lineage
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Evaluation, Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.core.topology.machine_facts import NO_FACTS, MachineFacts, MachineType, Place
from extender.model import (
    Claim,
    Constraint,
    Device,
    DeviceClass,
    DeviceID,
    DeviceTraits,
    Node,
    ResourceSlice,
    Taint,
)
from tests import builders as b
from tests.property.draws import EITHER, below, between
from tests.property.histories import histories
from tests.property.test_laws import RELEASES
from tests.property.test_snapshot_update import RELEASES as GATHERING

GPU, NIC = "gpu.nvidia.com", "dra.net"
UUID, PARENT, BUS, ADDRESS = (
    f"{GPU}/uuid",
    f"{GPU}/parentUUID",
    "resource.kubernetes.io/pciBusID",
    f"{NIC}/pciAddress",
)
MODEL = f"{GPU}/productName"
NAMES = tuple(f"node-{number}" for number in range(5))

Entry = tuple[str, int]

_TEXTS = st.sampled_from(("a", "b", "c", "d"))
_ADDRESSES = st.sampled_from(("0000:10:00.0", "0000:11:00.0", "0000:20:00.0"))
_ROOTS = st.sampled_from(("pci0000:10", "pci0000:20"))
_TAINTED = DeviceTraits(taints=(Taint("broken", "NoSchedule"),))

FACTS = MachineFacts(
    (
        MachineType(
            "box",
            "facts.yaml, line 2",
            {"box": frozenset(("yes",))},
            {"0000:10:00.0": Place(numa=0), "0000:11:00.0": Place(numa=0), f"{NIC}/nic-0": Place(numa=1)},
        ),
    )
)

PAIR = (b.request("gpu", "gpu"), b.request("nic", "nic"))
SPECS = {
    "a pair": b.spec(*PAIR),
    "two cards": b.spec(b.request("gpu", "gpu", count=2), constraints=(Constraint((), None, UUID),)),
    "one of an identity": b.spec(b.request("gpu", "first"), PAIR[1]),
    "not of an address": b.spec(b.request("gpu", "elsewhere"), PAIR[1]),
    "all that is known": b.spec(b.request("gpu", "large"), PAIR[1]),
    "on one root": b.spec(*PAIR, constraints=(Constraint((), b.ROOT),)),
}
CLASSES = (
    *b.CLASSES,
    DeviceClass("first", (f"device.attributes['{GPU}'].?uuid.orValue('') == 'a'",)),
    DeviceClass(
        "elsewhere",
        ("device.attributes['resource.kubernetes.io'].?pciBusID.orValue('') != '0000:10:00.0'",),
    ),
    DeviceClass("large", (f"size(device.attributes['{GPU}']) > 1",)),
)


class Fleet(NamedTuple):
    nodes: tuple[Node, ...]
    slices: tuple[ResourceSlice, ...]
    claims: tuple[Claim, ...]


@st.composite
def cards(draw: st.DrawFn) -> tuple[Device, ...]:
    """GPUs of a model, of which some are parts of others."""
    made = []
    for number in range(draw(between(1, 3))):
        attributes = {MODEL: b.text("H100"), UUID: b.text(draw(_TEXTS))}
        if draw(below(4)) == 0:
            attributes[PARENT] = b.text(draw(_TEXTS))
        if draw(EITHER):
            attributes[BUS] = b.text(draw(_ADDRESSES))
        if draw(EITHER):
            attributes[b.ROOT] = b.text(draw(_ROOTS))
        made.append(Device(f"gpu-{number}", attributes, _TAINTED if draw(below(8)) == 0 else DeviceTraits()))
    return tuple(made)


@st.composite
def ports(draw: st.DrawFn) -> tuple[Device, ...]:
    made = []
    for number in range(draw(between(1, 2))):
        attributes = {b.ROOT: b.text(draw(_ROOTS)), f"{NIC}/mac": b.text(draw(_TEXTS))}
        if draw(EITHER):
            attributes[ADDRESS] = b.text(draw(_ADDRESSES))
        made.append(Device(f"nic-{number}", attributes))
    return tuple(made)


_CARDS, _PORTS = cards(), ports()


@st.composite
def copied(draw: st.DrawFn, devices: Sequence[Device]) -> tuple[Device, ...]:
    """The devices of another machine of the type, or nearly: with other identities, names or values."""
    what = draw(st.sampled_from((UUID, UUID, UUID, PARENT, BUS, ADDRESS, "name")))
    if what == "name":
        return tuple(Device(f"other-{each.name}", each.attributes, each.traits) for each in devices)
    return tuple(
        Device(each.name, {**each.attributes, what: b.text(draw(_TEXTS))}, each.traits)
        if what in each.attributes
        else each
        for each in devices
    )


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """Machines of two types, some of them nearly, and devices that claims hold on some."""
    types = [(draw(_CARDS), draw(_PORTS)) for _ in range(2)]
    slices: list[ResourceSlice] = []
    claims: list[Claim] = []
    nodes = []
    for number, name in enumerate(NAMES):
        nodes.append(Node(name, {"box": "yes"} if draw(EITHER) else {}))
        gpus, nics = types[number % 2]
        gpus, nics = draw(copied(gpus)), nics if draw(EITHER) else draw(copied(nics))
        slices += [b.slice_of(GPU, name, gpus), b.slice_of(NIC, name, nics)]
        if draw(below(3)) == 0:
            claims.append(b.holding(f"held-{name}", DeviceID(GPU, name, gpus[0].name)))
    return Fleet(tuple(nodes), tuple(slices), tuple(claims))


def snapshot_of(fleet: Fleet, version: str, facts: MachineFacts, asked: str) -> Snapshot:
    claims = (*fleet.claims, b.claim("wanted", SPECS[asked]))
    return Snapshot.of(
        release=release_for(version),
        nodes=fleet.nodes,
        slices=fleet.slices,
        classes=CLASSES,
        claims=claims,
        machines=facts,
    )


def alone(fleet: Fleet, name: str) -> Fleet:
    """The fleet of one node."""
    return Fleet(
        tuple(node for node in fleet.nodes if node.name == name),
        tuple(slice_ for slice_ in fleet.slices if slice_.node_name == name),
        tuple(claim for claim in fleet.claims if claim.name == f"held-{name}"),
    )


def ask(snapshot: Snapshot) -> Evaluation[Entry]:
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    return evaluate(snapshot, b.pod("p", "wanted"), memo, Settings(search_steps=20_000))


def assert_as_if_alone(snapshot: Snapshot) -> None:
    """Each node's inventory is that of a lineage of its own."""
    for state in snapshot.nodes.values():
        context = ClusterContext(
            snapshot.release,
            snapshot.vocabulary,
            snapshot.slices,
            snapshot.usage,
            Lineage(),
            snapshot.machines,
            snapshot.rules,
        )
        fresh = inventory_of(state.node, context)
        assert state.inventory == fresh
        assert state.inventory.pairable == fresh.pairable


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=60, deadline=None)
@given(fleet=fleets(), facts=st.sampled_from((NO_FACTS, FACTS)), asked=st.sampled_from(sorted(SPECS)))
def test_a_node_of_a_fleet_gets_what_it_gets_alone(version, fleet, facts, asked):
    """Inventory, score, rank and verdict of each node, asked together and one by one."""
    snapshot = snapshot_of(fleet, version, facts, asked)
    assert_as_if_alone(snapshot)
    together = ask(snapshot)
    entries = dict(together.entries(NAMES))
    verdicts = together.verdicts(NAMES)
    shortfalls = ask(snapshot).shortfalls(NAMES)
    for name in NAMES:
        single = ask(snapshot_of(alone(fleet, name), version, facts, asked))
        assert single.entries([name]) == [(name, entries[name])]
        assert single.verdicts([name])[name] == verdicts[name]
        assert single.shortfalls([name]).get(name) == shortfalls.get(name)


@pytest.mark.parametrize("release", GATHERING.values(), ids=GATHERING)
@settings(max_examples=20, deadline=None)
@given(history=histories())
def test_a_node_with_a_history_is_as_if_alone(release, history):
    """After each batch of events, in every way to gather pools."""
    cluster, batches = history
    snapshot = cluster.snapshot(release)
    for batch in batches:
        snapshot = snapshot.updated(batch)
        assert_as_if_alone(snapshot)


def fleet_of_like_machines() -> Fleet:
    """Each GPU has a UUID of its own; that of the first node is ``a``."""
    slices = []
    for name in NAMES:
        gpus = [
            Device(
                f"gpu-{number}",
                {
                    UUID: b.text(f"{name}-{number}" if (name, number) != (NAMES[0], 0) else "a"),
                    b.ROOT: b.text("r"),
                },
            )
            for number in range(2)
        ]
        slices += [b.slice_of(GPU, name, gpus), b.slice_of(NIC, name, [b.device("nic-0", "r")])]
    return Fleet(tuple(map(Node, NAMES)), tuple(slices), ())


@pytest.mark.parametrize(("asked", "searches"), [("a pair", 1), ("one of an identity", 2)])
def test_an_identity_tells_nodes_apart_for_those_who_read_it(asked, searches):
    """Machines that differ in UUIDs are of one type; a selector that reads the UUID sees two kinds."""
    snapshot = snapshot_of(fleet_of_like_machines(), "1.36.2", NO_FACTS, asked)
    assert len({state.inventory.type.number for state in snapshot.nodes.values()}) == 1
    evaluation = ask(snapshot)
    scores = dict(evaluation.entries(NAMES))
    assert evaluation.stats.searches == searches
    assert (len(set(scores.values())) == 1) is (asked == "a pair")
