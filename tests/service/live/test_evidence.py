"""What is kept of a mismatch is enough to make the prediction again, elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from extender.cli import main
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.model import (
    Allocation,
    DeviceID,
    DeviceResult,
    DeviceTaintRule,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
    Taint,
)
from extender.service.live.evidence import evidence_of, recording_of
from tests import builders as b

POD = replace(
    b.pod("job", "c"), annotations={"dra-extender.io/alignment": "required", "example.com/token": "hunter2"}
)


def result(request, node, device):
    return DeviceResult(request, DeviceID("gpu.nvidia.com" if request == "gpu" else "dra.net", node, device))


def holder(name, *results):
    this_node = NodeSelector((NodeSelectorTerm(fields=(NodeRequirement("metadata.name", "In", ("n",)),)),))
    return b.claim(name, allocation=Allocation(results, node_selector=this_node))


@pytest.fixture
def snapshot():
    """Two nodes with three pairs each; on ``n`` the first pair is taken, and a rule drains the second NIC."""
    nodes, slices = [], []
    for name in ("n", "m"):
        node, of_node = b.pair_node(name, ["a", "b", "c"], ["a", "b", "c"])
        nodes.append(node)
        slices += of_node
    return Snapshot.of(
        release=release_for("1.36.2", {"DRADeviceTaintRules": True}),
        nodes=nodes,
        slices=slices,
        classes=b.CLASSES,
        claims=[
            b.claim("c"),
            holder("first", result("gpu", "n", "gpu-0"), result("nic", "n", "nic-0")),
            holder("far", result("gpu", "m", "gpu-0")),
        ],
        taint_rules=[DeviceTaintRule("drain", Taint("drain", "NoSchedule"), "dra.net", "n", "nic-1")],
    )


GATES = {"DRADeviceTaintRules": True}


@pytest.fixture
def replay(tmp_path, capsys):
    """Replay a recording; the status and the document."""

    def run(recording):
        path = tmp_path / "evidence.jsonl"
        path.write_bytes(recording)
        status = main(["replay", str(path), "-o", "json"])
        return status, json.loads(capsys.readouterr().out)

    return run


def test_the_prediction_is_made_again(snapshot, replay):
    """On this node alone, with its claims and rules, and the devices that were predicted are named."""
    predicted = evaluate(snapshot, POD, Memo(lambda names, s: [b""] * len(names)), Settings()).verdicts(
        ["n"]
    )["n"]
    assert [each.result.id.device for each in predicted.devices] == ["gpu-1", "nic-2"]
    got = holder("c", result("gpu", "n", "gpu-2"), result("nic", "n", "nic-2"))
    evidence = evidence_of(snapshot, POD, "n", got)
    assert evidence is not None
    assert [claim.name for claim in evidence.claims] == ["c", "first"]
    status, document = replay(recording_of([evidence], GATES))
    assert status == 1
    (attempt,) = document["attempts"]
    (remark,) = attempt["remarks"]
    assert remark == (
        "node n, claim c: predicted gpu=gpu.nvidia.com/n/gpu-1, nic=dra.net/n/nic-2; "
        "allocated gpu=gpu.nvidia.com/n/gpu-2, nic=dra.net/n/nic-2"
    )


def test_several_do_not_see_each_other(snapshot, replay):
    """Each has the cluster of its own, though they are in one recording."""
    free = snapshot.with_claims([], [("default", "first")])
    right = holder("c", result("gpu", "n", "gpu-1"), result("nic", "n", "nic-2"))
    delayed = holder("c", result("gpu", "n", "gpu-0"), result("nic", "n", "nic-0"))
    elsewhere = holder("c", result("gpu", "m", "gpu-1"), result("nic", "m", "nic-0"))
    found = [
        evidence_of(snapshot, POD, "n", right),
        evidence_of(free, POD, "n", delayed),
        evidence_of(snapshot, POD, "m", elsewhere),
        evidence_of(snapshot, POD, "n", right),
    ]
    text = recording_of([each for each in found if each is not None], GATES)
    assert b"hunter2" not in text
    status, document = replay(text)
    assert [attempt["agreement"] for attempt in document["attempts"]] == ["right"] * 4
    assert status == 0


def test_nothing_to_tell(snapshot):
    """A node that is not known, or no mismatch at all."""
    assert evidence_of(snapshot, POD, "gone", b.claim("c")) is None
    assert recording_of([], {}) == b""
