"""The examples with numbers in docs/alignment.md, docs/prediction.md and docs/design.md."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from extender.core.alignment.pairs import align
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Evaluation, Memo, Settings, evaluate
from extender.core.prediction.verdict import NodeVerdict
from extender.core.reasons import Outcome
from extender.core.releases.history import release_for
from extender.core.topology.driver_attributes import DeviceKind
from extender.core.topology.locations import Location
from extender.model import ClaimSpec, Constraint, Device, DeviceID, Node, ResourceSlice
from tests import builders as b
from tests.paths import DOCS
from tests.waves.fleets import generated

GPU = b.spec(b.request("gpu", "gpu"))
ON_ONE_ROOT = [Constraint(("gpu", "nic"), match_attribute=b.ROOT)]


def rows(page: str, head: str) -> list[list[str]]:
    """The cells of the rows of the table that begins with the line ``head``."""
    text = (DOCS / page).read_text()
    table = text[text.index(head) :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table]


def asked(nodes: list[Node], slices: list[ResourceSlice], spec: ClaimSpec, *names: str) -> NodeVerdict:
    """What is predicted on 1.36.2 for a pod with one claim on the first of ``names``."""
    snapshot = Snapshot.of(
        release=release_for("1.36.2"),
        nodes=nodes,
        slices=slices,
        classes=b.CLASSES,
        claims=[b.claim("c", spec)],
    )
    return evaluation(snapshot, "c").verdicts(names)[names[0]]


def evaluation(snapshot: Snapshot, claim: str) -> Evaluation[str]:
    return evaluate(snapshot, b.pod(f"of-{claim}", claim), Memo(lambda names, _: list(names)), Settings())


def pair_node(name: str) -> tuple[Node, list[ResourceSlice]]:
    """Node ``n``, with the devices of a node of the first table of free pairs."""
    (cells,) = [row for row in rows("alignment.md", "| node | GPUs in search order |") if row[0] == name]
    gpus, nics = (re.findall(r"on (\w)", cell) for cell in cells[1:3])
    return b.pair_node("n", gpus, nics)


@pytest.mark.parametrize(
    "row", rows("alignment.md", "| node | GPUs in search order |"), ids=lambda row: row[0]
)
def test_free_pairs_of_the_example(row):
    """The free pairs and first-fit pairs of an empty node."""
    node, slices = pair_node(row[0])
    snapshot = Snapshot.of(release=release_for("1.36.2"), nodes=[node], slices=slices, classes=b.CLASSES)
    assert [str(count) for count in snapshot.nodes["n"].pairs] == row[3:]


@pytest.mark.parametrize(
    "row", rows("alignment.md", "| the pod asks for | on node |"), ids=lambda row: f"{row[0]}, {row[1]}"
)
def test_what_a_pod_leaves_in_the_example(row):
    """The devices that it gets, and the pairs that are left, broken and within reach of first fit."""
    wanted, name, gets, *counts = row
    node, slices = pair_node(name)
    verdict = asked([node], slices, GPU if wanted == "a GPU" else b.PAIR, "n")
    left = verdict.fragmentation
    assert left is not None
    assert gets.partition(":")[0] == ", ".join(device.result.id.device for device in verdict.devices)
    assert left.own == ("one pair" in gets)
    assert counts == [str(left.after.intact), str(left.broken), str(left.after.first_fit)]


@pytest.mark.parametrize(
    "row",
    rows("prediction.md", "| the claim asks for | GPUs | NICs |"),
    ids=lambda row: f"{row[0]}, {row[1]}",
)
def test_steps_of_the_example(row):
    """Steps, and the outcome that they lead to."""
    wanted, gpus, nics, steps, outcome = row
    count = int(wanted.partition(" ")[0])
    requests = [b.request("gpu", "gpu", count=count)]
    if "NIC" in wanted:
        requests.append(b.request("nic", "nic"))
    spec = b.spec(*requests, constraints=ON_ONE_ROOT if "one root" in wanted else ())
    node, slices = b.pair_node("n", ["A"] * int(gpus), ["B"] * int(nics))
    verdict = asked([node], slices, spec, "n")
    assert verdict.outcome == outcome
    if verdict.outcome is Outcome.UNKNOWN:
        assert steps == "over 100,000"
    else:
        assert f"{verdict.steps:,}" == steps


@pytest.mark.parametrize(
    "row", rows("prediction.md", "| the claim asks for | certainty |"), ids=lambda row: row[0]
)
def test_certainty_of_the_example(row):
    """Two slices of one pool, with a GPU each, on 1.35."""
    wanted, certainty, _ = row
    gpus = [b.device("gpu-0", "A"), b.device("gpu-1", "B")]
    slices = [*map(one_of_two, gpus), b.slice_of("dra.net", "n", [b.device("nic-0", "A")])]
    spec = b.spec(*b.PAIR.requests, constraints=ON_ONE_ROOT) if "NIC" in wanted else GPU
    held = [b.holding("held", DeviceID("gpu.nvidia.com", "n", "gpu-1"))] if "gpu-1 is" in wanted else []
    snapshot = Snapshot.of(
        release=release_for("1.35.10"),
        nodes=[Node("n")],
        slices=slices,
        classes=b.CLASSES,
        claims=[b.claim("c", spec), *held],
    )
    assert evaluation(snapshot, "c").verdicts(["n"])["n"].certainty == certainty


def one_of_two(gpu: Device) -> ResourceSlice:
    return replace(b.slice_of("gpu.nvidia.com", "n", [gpu], name=gpu.name), resource_slice_count=2)


def test_alignment_of_the_example():
    """Two GPUs and two NICs on two NUMA nodes of one socket."""
    locations = [
        Location(kind, device=number, root=side, numa=side, socket=0)
        for number, (kind, side) in enumerate(
            (kind, side) for kind in (DeviceKind.GPU, DeviceKind.NIC) for side in (0, 1)
        )
    ]
    alignment = align(locations)
    pairs = rows("alignment.md", "| pairs | distance | worth of each |")
    assert sorted((pair.kinds, pair.distance, pair.worth) for pair in alignment.pairs) == sorted(
        (kinds, distance, float(worth))
        for cell, distance, worth in pairs
        for count, kinds in [cell.split(" ")]
        for _ in range(int(count))
    )
    assert f"= {alignment.predicted}, and the score is 96" in (DOCS / "alignment.md").read_text()


def test_searches_of_the_example():
    """Nodes of one machine type share a search, and so do pods of one template."""
    spec = b.spec(b.request("gpu", "gpu"), b.request("nic", "rdma"))
    snapshot = generated(500).with_claims([b.claim("first", spec), b.claim("next", spec)])
    names = list(snapshot.nodes)
    memo: Memo[str] = Memo(lambda names, _: list(names))

    def searches(of: Snapshot, claim: str) -> int:
        asked = evaluate(of, b.pod(f"of-{claim}", claim), memo, Settings())
        asked.entries(names)
        return asked.stats.searches

    assert searches(snapshot, "first") == 18
    got = evaluate(snapshot, b.pod("of-first", "first"), memo, Settings()).allocated_on(names[0])
    assert got
    assert searches(snapshot.with_claims(got), "next") == 1
    assert searches(snapshot.with_claims(got), "next") == 0
    text = " ".join((DOCS / "design.md").read_text().split())
    assert "500 nodes of 20 machine types" in text
    assert "costs 18 searches there, not 500" in text
