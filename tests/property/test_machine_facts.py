"""Facts of machines: what they may change, and that updates of a snapshot know them."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.prediction.evaluate import Memo, NodeVerdict, Settings, evaluate
from extender.core.releases.history import release_for
from extender.core.topology.locate import locate_with
from extender.core.topology.locations import Distance, distance
from extender.core.topology.machine_facts import MachineFacts, MachineType, Place
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from tests import builders as b
from tests.property.draws import EITHER, between
from tests.property.histories import DEVICES, DRIVERS, histories
from tests.property.test_laws import RELEASES, snapshot_of
from tests.property.test_snapshot_update import assert_names_what_changed, assert_same
from tests.property.worlds import worlds


def place(root: str, switch: str, numa: int, *, socket: bool) -> Place:
    """As a file may say it: a switch is on one root, a NUMA node on one socket."""
    return Place(root, f"{root}-{switch}" if switch else "", numa, numa // 2 if socket and numa >= 0 else -1)


PLACES = st.builds(
    place,
    st.sampled_from(("", "pci0000:10", "pci0000:20", "pci0000:30")),
    st.sampled_from(("", "a", "b")),
    between(-1, 2),
    socket=EITHER,
)


def facts(names: tuple[str, ...]) -> st.SearchStrategy[MachineFacts]:
    """Two types, told apart by a label, of devices by driver and name."""
    keys = st.sampled_from([f"{driver}/{name}" for driver in DRIVERS for name in names])
    places = st.dictionaries(keys, PLACES, max_size=8)
    return st.builds(
        lambda one, other: MachineFacts(
            (
                MachineType("one", "facts.yaml, line 2", {"zone": frozenset("a")}, one),
                MachineType("other", "facts.yaml, line 9", {"zone": frozenset("b")}, other),
            )
        ),
        places,
        places,
    )


def allocated(verdict: NodeVerdict) -> tuple[object, ...]:
    return verdict.outcome, verdict.certainty, verdict.reason, verdict.devices, verdict.passed_over


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=60, deadline=None)
@given(world=worlds(), known=facts(tuple(f"device-{i}" for i in range(5))))
def test_facts_never_change_what_is_allocated(version, world, known):
    """The allocator reads what is published; facts only say how near that is."""
    bare = snapshot_of(world, version)
    told = bare.of_objects(bare.objects, bare.release, machines=known)
    names = [node.name for node in world.nodes]

    def verdicts(snapshot):
        memo: Memo[tuple[str, int]] = Memo(lambda names, score: [(name, score) for name in names])
        return evaluate(snapshot, world.pod, memo, Settings(search_steps=20_000)).verdicts(names)

    without, with_facts = verdicts(bare), verdicts(told)
    for name in names:
        assert allocated(with_facts[name]) == allocated(without[name])


@settings(max_examples=100, deadline=None)
@given(world=worlds(), known=facts(tuple(f"device-{i}" for i in range(5))))
def test_facts_only_add_to_what_is_known(world, known):
    """A distance that was known stays, but that a shared root may turn out to be a shared switch."""
    for node in world.nodes:
        devices = [
            (slice_.driver, device)
            for slice_ in world.slices
            if slice_.node_name == node.name
            for device in slice_.devices
        ]
        located = locate_with(devices, DEFAULT_VOCABULARY, known.labelled(node.labels))
        bare = locate_with(devices, DEFAULT_VOCABULARY, ()).locations
        if located.facts is None or located.facts.problem is not None:
            assert located.locations == bare
            continue
        for first, second in combinations(range(len(devices)), 2):
            before = distance(bare[first], bare[second])
            after = distance(located.locations[first], located.locations[second])
            assert before is after or (before, after) in REFINED


REFINED = {
    *((Distance.UNKNOWN, after) for after in Distance),
    (Distance.PCIE_ROOT, Distance.PCIE_SWITCH),
    # Sockets that nobody publishes: two NUMA nodes may turn out to be on one.
    (Distance.REMOTE, Distance.SOCKET),
    # Of devices whose root was not known.
    (Distance.NUMA, Distance.PCIE_ROOT),
    (Distance.NUMA, Distance.PCIE_SWITCH),
}


@pytest.mark.parametrize("version", ["1.34", "1.36", "1.37"])
@settings(max_examples=40, deadline=None)
@given(history=histories(), known=facts(DEVICES))
def test_a_snapshot_that_is_updated_is_the_snapshot_of_the_result(version, history, known):
    """Also where labels change, and with them the machine type."""
    cluster, batches = history
    release = release_for(version)
    snapshot = cluster.snapshot(release, known)
    for batch in batches:
        before, snapshot = snapshot, snapshot.updated(batch)
        cluster.apply(batch)
        assert_same(snapshot, cluster.snapshot(release, known))
        assert_names_what_changed(before, snapshot)


def test_equal_nodes_share_their_search():
    """Two nodes of a type with other names have one signature, with facts as without."""
    known = MachineFacts(
        (
            MachineType(
                "m",
                "f, line 1",
                {"zone": frozenset("a")},
                {"gpu.nvidia.com/gpu-0": Place(numa=1), "dra.net/nic-0": Place(numa=1)},
            ),
        )
    )
    machines = [b.pair_node(name, [""], [""]) for name in ("x", "y")]
    labelled = [(replace(node, labels={"zone": "a"}), slices) for node, slices in machines]
    snapshot = b.snapshot(*labelled, machines_known=known)
    x, y = (snapshot.nodes[name].inventory for name in "xy")
    assert x.signature is y.signature
    assert x.facts == y.facts
    assert x.facts is not None
    assert x.facts.machine == "m"
    bare = b.snapshot(*labelled).nodes["x"].inventory
    assert bare.signature != x.signature
