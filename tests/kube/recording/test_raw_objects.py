"""The JSON of what changes in a cluster."""

from __future__ import annotations

import json

import pytest

from extender.kube.recording.raw_objects import RawObjects
from extender.model.kinds import NODE, POD, RESOURCE_CLAIM
from tests.kube.watch.reflecting import reported


class Raw:
    """What a reflector reports, in short."""

    def __init__(self):
        self.objects = RawObjects()

    def add(self, kind, *documents, **options):
        return self.objects.add(reported(kind, [json.dumps(each).encode() for each in documents], **options))

    def drained(self):
        return {key: data and json.loads(data) for key, data in self.objects.drain().items()}


def node(name, **labels):
    return {"metadata": {"name": name, "labels": labels, "resourceVersion": "7"}}


def claim(name, allocation=None):
    status = {} if allocation is None else {"allocation": allocation}
    return {"metadata": {"name": name, "namespace": "team", "uid": name}, "spec": {}, "status": status}


@pytest.fixture
def raw():
    return Raw()


def test_everything_is_kept_in_order(raw):
    """A list is all there is; what it lacks is gone."""
    raw.add(NODE, node("b"), node("a"), complete=True)
    assert list(raw.drained()) == [("Node", "b"), ("Node", "a")]
    assert raw.drained() == {}
    raw.add(NODE, node("a"), node("c"), complete=True)
    assert {key: data and data["kind"] for key, data in raw.drained().items()} == {
        ("Node", "b"): None,
        ("Node", "c"): "Node",
    }


def test_a_heartbeat_is_no_change(raw):
    """Only what decodes to another value is kept."""
    raw.add(NODE, node("a"))
    raw.drained()
    beat = node("a")
    beat["status"] = {"conditions": [{"lastHeartbeatTime": "now"}]}
    assert raw.add(NODE, beat) == {}
    assert raw.drained() == {}
    raw.add(NODE, node("a", zone="b"))
    assert raw.drained()["Node", "a"]["metadata"]["labels"] == {"zone": "b"}


def test_the_last_state_counts(raw):
    """Changes add up until they are drained; what is given back is older than what came since."""
    raw.add(NODE, node("a", v="1"))
    raw.add(NODE, node("a", v="2"), node("b"))
    raw.add(NODE, gone=["b", "never-there"])
    changes = raw.objects.drain()
    assert changes.keys() == {("Node", "a"), ("Node", "b")}
    assert changes["Node", "b"] is None
    raw.add(NODE, node("a", v="3"))
    raw.objects.give_back(changes)
    assert raw.drained()["Node", "a"]["metadata"]["labels"] == {"v": "3"}


def test_what_differs_is_returned(raw):
    """Of a claim each time that it changes; of pods nothing is kept."""
    allocation = {"devices": {"results": [{"request": "r", "driver": "d", "pool": "p", "device": "x"}]}}
    assert raw.add(RESOURCE_CLAIM, claim("c"), claim("d", allocation)).keys() == {
        ("ResourceClaim", ("team", "c")),
        ("ResourceClaim", ("team", "d")),
    }
    added = raw.add(RESOURCE_CLAIM, claim("c", allocation), claim("d", allocation))
    assert {key: json.loads(data)["status"]["allocation"] for key, data in added.items() if data} == {
        ("ResourceClaim", ("team", "c")): allocation
    }
    assert raw.add(POD, {"metadata": {"name": "job"}, "spec": {}}) == {}
    assert raw.drained().keys() == {("ResourceClaim", ("team", "c")), ("ResourceClaim", ("team", "d"))}
