"""Lines that say what changed, and readers that see the same state whichever file they begin with."""

from __future__ import annotations

import json

import pytest

from extender.kube.recording.raw_objects import RawChanges
from extender.kube.recording.reader import RecordedRequest, open_recording
from extender.kube.recording.state import ClosedAttempt, RecordingState
from extender.model import Allocation, Claim, ClaimSpec, DeviceID, DeviceResult
from extender.model.kinds import NODE

ALLOCATION = Allocation((DeviceResult("gpu", DeviceID("d", "p", "x")),))


def raw_claim(name, **fields):
    return json.dumps({"metadata": {"name": name, "namespace": "team"}, "spec": {}, **fields}).encode()


def raw_node(name):
    return json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}).encode()


def changes(*, nodes=(), gone=(), **claims):
    """Nodes that are there and gone, and claims by name with their JSON."""
    return (
        {("Node", name): raw_node(name) for name in nodes}
        | {("Node", name): None for name in gone}
        | {("ResourceClaim", ("team", name)): data for name, data in claims.items()}
    )


def attempt(number, changed, *assumed, **fields):
    return ClosedAttempt(
        number,
        f"job-{number}",
        changed,
        tuple(Claim("team", name, "", ClaimSpec(""), ALLOCATION) for name in assumed),
        (RecordedRequest("filter", b'{"Pod": {"metadata": {"name": "p"}}, "NodeNames": []}', b"{}"),),
        **fields,
    )


class Writer:
    """Writes attempts to a file; ``begin`` another one at will."""

    def __init__(self, folder):
        self._state = RecordingState("1.36.2", {"DRADeviceTaintRules": True})
        self._folder = folder
        self.path = folder / "none"

    def add(self, attempt, *, begin=False):
        changed = self._state.take(attempt.changes)
        if begin:
            self.path = self._folder / f"from-{attempt.number}"
            changed = b"".join(self._state.header())
        with self.path.open("ab") as file:
            file.write(changed + self._state.attempt(attempt, first=begin))

    def lines(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def read(self):
        """For each attempt: the claims with whether they are allocated, and how the cluster changed."""
        with open_recording(str(self.path)) as recording:
            return recording, [
                (
                    each.number,
                    {claim.name: claim.allocation is not None for claim in each.claims},
                    [
                        ([node.name for node in part.upserts(NODE)], part.gone(NODE, ()))
                        for part in each.changes
                    ],
                )
                for each in recording.attempts
            ]


@pytest.fixture
def writer(tmp_path):
    return Writer(tmp_path)


def test_claims_in_full_then_what_changed(writer):
    """An assumed allocation comes with the attempt that it was known to, and goes when it is given up."""
    writer.add(attempt(1, changes(nodes=["a"], c=raw_claim("c"), d=raw_claim("d"))), begin=True)
    writer.add(attempt(2, {}, "c"))
    writer.add(attempt(3, changes(d=None), "c"))
    writer.add(attempt(4, {}))
    writer.add(attempt(5, {}, "e"))
    header, *lines = writer.lines()
    assert header["featureGates"] == {"DRADeviceTaintRules": True}
    assert [len(line.get("claims", ())) for line in lines] == [2, 0, 0, 0, 0]
    assert [line.get("claimsGone") for line in lines] == [None, [], ["team/d"], [], []]
    assert [len(line.get("claimsChanged", ())) for line in lines] == [0, 1, 0, 1, 1]
    recording, found = writer.read()
    assert (recording.cluster.kubernetes, recording.gates) == ("1.36.2", {"DRADeviceTaintRules": True})
    assert [claims for _, claims, _ in found] == [
        {"c": False, "d": False},
        {"c": True, "d": False},
        {"c": True},
        {"c": False},
        {"c": False, "e": True},
    ]


def test_the_cluster_changes_between_attempts(writer):
    """On a line of its own, which belongs to the attempt after it."""
    writer.add(attempt(1, changes(nodes=["a", "b"])), begin=True)
    writer.add(attempt(2, changes(nodes=["c"], gone=["a"])))
    writer.add(attempt(3, {}))
    recording, found = writer.read()
    assert [node.name for node in recording.cluster.nodes] == ["a", "b"]
    assert [part for _, _, part in found] == [[], [(["c"], ["a"])], []]
    assert writer.lines()[2]["clusterGone"] == [{"kind": "Node", "name": "a"}]


def test_every_file_stands_by_itself(writer):
    """It begins with the cluster and all claims as they stand."""
    writer.add(attempt(1, changes(nodes=["a"], c=raw_claim("c"))), begin=True)
    writer.add(attempt(2, changes(nodes=["b"], gone=["a"], d=raw_claim("d")), "c"), begin=True)
    writer.add(attempt(3, {}, "c"))
    recording, found = writer.read()
    assert [node.name for node in recording.cluster.nodes] == ["b"]
    assert found == [(2, {"c": True, "d": False}, []), (3, {"c": True, "d": False}, [])]


def test_the_outcome(writer):
    """Node, condition, and of each claim its allocation alone."""
    status = {"allocation": {"devices": {"results": [{"device": "x"}]}}}
    outcome = {
        "node": "a",
        "condition": b'{"type": "PodScheduled", "status": "True"}',
        "allocations": {"c": raw_claim("c", status=status), "d": None},
    }
    writer.add(attempt(7, {}, **outcome), begin=True)
    (_, line) = writer.lines()
    assert (line["pod"], line["attempt"]) == ("job-7", 7)
    assert line["outcome"] == {
        "node": "a",
        "condition": {"type": "PodScheduled", "status": "True"},
        "allocations": {"c": status["allocation"], "d": None},
    }


def test_a_namespaced_kind_that_is_no_claim_is_not_recorded():
    """Its objects are not taken for claims of the same name, and take none away."""
    state = RecordingState("1.36.2", {})
    mine = raw_claim("c")
    first: RawChanges = {
        ("ResourceClaim", ("team", "c")): mine,
        ("PodGroup", ("team", "g")): b'{"secret": 1}',
    }
    state.take(first)
    line = state.attempt(attempt(1, first), first=True)
    assert json.loads(line)["claims"] == [json.loads(mine)]
    gone: RawChanges = {
        ("PodGroup", ("team", "c")): None,
        ("PodGroup", ("team", "g")): b"{}",
    }
    assert state.take(gone) == b""
    assert "PodGroup" not in state.attempt(attempt(2, gone), first=False).decode()
    assert json.loads(state.attempt(attempt(3, {}), first=True))["claims"] == [json.loads(mine)]
