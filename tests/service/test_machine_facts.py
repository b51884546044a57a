"""What is said of facts of machines: in sentences, in the log once, in probes, metrics and documents."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
import structlog

from extender.core.cluster.changes import Changes
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.topology.machine_facts import BUILT_IN, MachineFacts, MachineType, Place
from extender.model.kinds import NODE
from extender.service.explain import explained_nodes
from extender.service.live.facts_log import FactsLog
from extender.service.machine_facts import facts_counts, facts_notes
from tests import builders as b

FILE = "m.yaml, line 2"
PLACES = {"gpu.nvidia.com/gpu-0": Place(numa=0), "dra.net/nic-0": Place(numa=0)}


def cluster(places=PLACES, origin=FILE, *, numa=None, further=()):
    """Three nodes of type ``box``, of which nothing but ``numa`` of all devices is published."""
    box = MachineType("box", origin, {"type": frozenset({"box"})}, places)
    machines = [
        b.pair_node(f"node-{i}", [""], [""], {"": numa} if numa is not None else {}) for i in range(3)
    ]
    labelled = [(replace(node, labels={"type": "box"}), slices) for node, slices in machines]
    pod = b.pod("p", "c")
    return b.snapshot(
        *labelled, claims=[b.claim("c")], pods=[pod], machines_known=MachineFacts((box, *further))
    )


def explained(snapshot):
    memo = Memo(lambda names, score: [(name, score) for name in names])
    evaluation = evaluate(snapshot, snapshot.pods["default", "p"], memo, Settings())
    found = evaluation.verdicts(["node-0"])
    nodes = explained_nodes(
        ["node-0"], found, evaluation.best, evaluation.no_fit, evaluation.double_uses, score=None
    )
    return msgspec.to_builtins(nodes["node-0"])


def test_documents_say_what_came_from_facts():
    """The pair, and the node; without facts neither."""
    node = explained(cluster())
    (pair,) = node["alignment"]["pairs"]
    assert (pair["distance"], pair["source"]) == ("numa", "machine-facts")
    assert node["facts"] == {
        "machine": "box",
        "origin": FILE,
        "problem": None,
        "message": "the facts of box (m.yaml, line 2) fill what its drivers do not publish",
    }
    bare = explained(
        b.snapshot(b.pair_node("node-0", [""], [""]), claims=[b.claim("c")], pods=[b.pod("p", "c")])
    )
    assert "facts" not in bare
    assert "source" not in bare["alignment"]["pairs"][0]


def test_a_contradiction_is_told_with_the_fix():
    """Of all nodes at once, with the device, both values and what to do."""
    snapshot = cluster({"gpu.nvidia.com/gpu-0": Place(numa=3)}, numa=1)
    (note,) = facts_notes(snapshot).values()
    assert note == (
        "node-0, node-1, node-2: the facts of box (m.yaml, line 2) are not used: they put "
        "gpu.nvidia.com/gpu-0 on NUMA node 3, and what is published puts it on NUMA node 1; "
        "run `dra-extender probe` there and correct the file"
    )
    assert explained(snapshot)["facts"]["problem"] == "contradicted"
    assert facts_counts(snapshot) == {"used": 0, "contradicted": 3, "ambiguous": 0, "other-addresses": 0}


@pytest.mark.parametrize(
    ("places", "origin", "told"),
    [
        ({"dra.net/other": Place()}, FILE, "they list none of its devices; run `dra-extender probe` there"),
        ({"dra.net/other": Place()}, BUILT_IN, None),
        (PLACES, FILE, None),
    ],
)
def test_addresses_that_no_node_has(places, origin, told):
    """A notice where the site wrote them, none where a type that is built in does not fit."""
    notes = list(facts_notes(cluster(places, origin)).values())
    assert [told in note for note in notes] == [True] if told else notes == []


def test_a_type_whose_labels_no_node_has():
    """The name, the line and the fix."""
    crate = MachineType("crate", "m.yaml, line 8", {"type": frozenset({"crate"})}, PLACES)
    (note,) = facts_notes(cluster(further=[crate])).values()
    assert note == (
        "the facts of crate (m.yaml, line 8) are of no use: no node has their labels; correct the labels"
    )


def test_two_types_for_one_node():
    """Neither is used, and both are named."""
    twin = MachineType(
        "twin", "m.yaml, line 8", {"type": frozenset({"box"})}, {"dra.net/nic-0": Place(numa=1)}
    )
    (note,) = facts_notes(cluster(further=[twin])).values()
    assert "twin (m.yaml, line 8) matches as well and puts dra.net/nic-0 elsewhere" in note


def test_the_log_says_it_once():
    """Per type and problem, however often the cluster changes; something new is said."""
    snapshot = cluster({"gpu.nvidia.com/gpu-0": Place(numa=3)}, numa=1)
    facts = FactsLog()
    with structlog.testing.capture_logs() as lines:
        facts.tell(snapshot)
        facts.tell(snapshot.updated(Changes.of(NODE, [b.machine("node-9", (), ())[0]])))
    assert [line["event"] for line in lines] == ["facts of machines"]


async def test_probes_and_metrics(client, store, metric):
    """Each problem is a line of its own; neither makes the service unready."""
    store.current = cluster({"gpu.nvidia.com/gpu-0": Place(numa=3)}, numa=1)
    response = await client.get("/readyz?verbose")
    text = await response.text()
    assert response.status == 200
    assert (
        "[-]facts of machines: node-0, node-1, node-2: the facts of box (m.yaml, line 2) are not used" in text
    )
    await client.get("/metrics")
    assert metric("machine_facts_nodes", state="contradicted") == 3
    assert metric("machine_facts_nodes", state="used") == 0
