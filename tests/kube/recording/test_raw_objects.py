"""The JSON of what changes, beside the values that go on to the store."""

from __future__ import annotations

import json

import pytest

from extender.kube.decode import DecodeError, Interner
from extender.kube.recording.raw_objects import RawObjects
from tests.kube.watch.reflecting import KINDS, Sink


class Observer:
    """Remembers what it is told."""

    def __init__(self):
        self.told = []

    def claim_allocated(self, claim, data):
        self.told.append((claim.key, json.loads(data)["status"]["allocation"]))

    def pod_seen(self, pod, data):
        self.told.append((pod.name, json.loads(bytes(data))["status"]))

    def pods_gone(self, keys):
        self.told += keys


class Raw:
    """Reflectors in short: what the server sends is decoded and delivered."""

    def __init__(self):
        self.behind, self.observer = Sink(), Observer()
        self.objects = RawObjects(self.behind, self.observer)
        self._kept = {kind: self.objects.kept(resource) for kind, resource in KINDS.items()}

    def decode(self, kind, *documents):
        return [self._kept[kind].decode(json.dumps(each).encode(), Interner()) for each in documents]

    def apply(self, kind, *documents, gone=()):
        self.objects.apply(kind, self.decode(kind, *documents), gone)

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


def test_everything_is_passed_on_and_kept_in_order(raw):
    """A list is all there is; what it lacks is gone."""
    raw.objects.replace("Node", raw.decode("Node", node("b"), node("a")))
    assert list(raw.drained()) == [("Node", "b"), ("Node", "a")]
    assert raw.drained() == {}
    raw.objects.replace("Node", raw.decode("Node", node("a"), node("c")))
    assert {key: data and data["kind"] for key, data in raw.drained().items()} == {
        ("Node", "b"): None,
        ("Node", "c"): "Node",
    }
    assert [name for _, _, name in raw.behind.calls] == [["b", "a"], ["a", "c"]]


def test_a_heartbeat_is_no_change(raw):
    """Only what decodes to another value is kept, and there and back within a batch is nothing."""
    raw.apply("Node", node("a"))
    raw.drained()
    beat = node("a")
    beat["status"] = {"conditions": [{"lastHeartbeatTime": "now"}]}
    raw.apply("Node", beat)
    raw.objects.apply("Node", raw.decode("Node", node("a", zone="b"), node("a"))[1:], ())
    assert raw.drained() == {}
    raw.apply("Node", node("a", zone="b"))
    assert raw.drained()["Node", "a"]["metadata"]["labels"] == {"zone": "b"}


def test_the_last_state_counts(raw):
    """Changes add up until they are drained; what is given back is older than what came since."""
    raw.apply("Node", node("a", v="1"))
    raw.apply("Node", node("a", v="2"), node("b"))
    raw.apply("Node", gone=["b", "never-there"])
    changes = raw.objects.drain()
    assert changes.keys() == {("Node", "a"), ("Node", "b")}
    assert changes["Node", "b"] is None
    raw.apply("Node", node("a", v="3"))
    raw.objects.give_back(changes)
    assert raw.drained()["Node", "a"]["metadata"]["labels"] == {"v": "3"}


def test_what_is_passed_on_later_counts_then(raw):
    """Something in front may hold an object back while others go by."""
    late = raw.decode("Node", node("a", v="1"))
    raw.apply("Node", node("b"))
    assert set(raw.drained()) == {("Node", "b")}
    raw.objects.apply("Node", late, ())
    assert raw.drained()["Node", "a"]["metadata"]["labels"] == {"v": "1"}


def test_what_cannot_be_read_is_not_kept(raw):
    """It counts as gone, as it does for predictions."""
    raw.apply("Node", node("a"))
    raw.drained()
    with pytest.raises(DecodeError):
        raw.decode("Node", {"metadata": {"name": "a", "labels": 7}})
    raw.apply("Node", gone=["a"])
    assert raw.drained() == {("Node", "a"): None}


def test_the_observer_is_told_of_allocations_and_pods(raw):
    """Of a claim each time that it changes and is allocated; of pods nothing is kept."""
    allocation = {"devices": {"results": [{"request": "r", "driver": "d", "pool": "p", "device": "x"}]}}
    raw.apply("ResourceClaim", claim("c"), claim("d", allocation))
    raw.apply("ResourceClaim", claim("c", allocation), claim("d", allocation))
    raw.apply("Pod", {"metadata": {"name": "job"}, "spec": {}, "status": {"phase": "Pending"}})
    raw.apply("Pod", gone=[("default", "job")])
    assert raw.observer.told == [
        (("team", "d"), allocation),
        (("team", "c"), allocation),
        ("job", {"phase": "Pending"}),
        ("default", "job"),
    ]
    assert raw.drained().keys() == {("ResourceClaim", ("team", "c")), ("ResourceClaim", ("team", "d"))}
