"""Attempts from the first question to their outcome."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest

from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.kube import encode
from extender.model.kinds import (
    DEVICE_CLASS,
    DEVICE_TAINT_RULE,
    NAMESPACE,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
)
from extender.service.live.in_flight import InFlight
from extender.service.live.store import LiveStore
from extender.service.live.unconfirmed_pods import UNCONFIRMED_SECONDS
from extender.service.recording import recorder as module
from extender.service.recording.recorder import OUTCOME_SECONDS, SETTLE_SECONDS, Recorder
from extender.service.verb import Verb
from tests import builders as b
from tests.kube.watch.reflecting import reported

ALLOCATION = {
    "devices": {
        "results": [
            {"request": "gpu", "driver": "gpu.nvidia.com", "pool": "n", "device": "gpu-0"},
            {"request": "nic", "driver": "dra.net", "pool": "n", "device": "nic-0"},
        ]
    }
}
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no"}


class Scene:
    """
    A node with two pairs, three claims, and a scheduler that asks about pods.

    ``listed``: the API shows each pod that it asks about.
    """

    def __init__(self, clock):
        self.clock, self.attempts, self.full, self.failures = clock, [], False, 0
        self.listed, self.unconfirmed = True, 0
        self.store = LiveStore(release_for("1.36"), InFlight(300.0), clock)
        self.recorder = Recorder(self.store, self, clock, self.fail, unconfirmed=self.leave_out)
        node, slices = b.pair_node("n", ["a", "b"], ["a", "b"])
        documents = {
            NODE: [encode.node_json(node)],
            RESOURCE_SLICE: map(encode.slice_json, slices),
            DEVICE_CLASS: map(encode.class_json, b.CLASSES),
            RESOURCE_CLAIM: (encode.claim_json(b.claim(name)) for name in "cde"),
            POD: [],
            DEVICE_TAINT_RULE: [],
            NAMESPACE: [],
        }
        for kind, objects in documents.items():
            self.report(kind, *objects, complete=True)

    def report(self, kind, *documents, **options):
        changes = reported(kind, map(msgspec.json.encode, documents), **options)
        self.store.apply(changes)
        self.recorder.on_changes(changes)

    def offer(self, attempt):
        if not self.full:
            self.attempts.append(attempt)
        return not self.full

    def leave_out(self):
        self.unconfirmed += 1

    def fail(self):
        self.failures += 1

    def ask(self, verb, name, claim, *, conditions=()):
        """One request about a pod, as the verbs handle it."""
        pod = b.pod(name, claim)
        if POD.key(pod) not in self.store.current.pods and self.listed:
            self.report(POD, encode.pod_json(pod))
        self.store.forget(pod.uid)
        self.recorder.on_request(verb, pod)
        document = encode.pod_json(pod) | {"status": {"conditions": list(conditions)}}
        body = json.dumps({"Pod": document, "NodeNames": ["n"]}).encode()
        self.recorder.on_answer(verb, body, b"{}")
        return pod

    def assume(self, pod):
        memo = Memo(lambda names, score: [b""] * len(names))
        self.store.assume(pod.uid, evaluate(self.store.current, pod, memo, Settings()).allocated_on("n"))

    def allocate(self, name, pod):
        document = encode.claim_json(b.claim(name))
        consumers = [{"resource": "pods", "name": pod.name, "uid": pod.uid}]
        document["status"] = {"allocation": ALLOCATION, "reservedFor": consumers}
        self.report(RESOURCE_CLAIM, document)

    def show(self, pod, *, node="", condition=None):
        """An event of the pod."""
        conditions = [condition] if condition else []
        document = encode.pod_json(replace(pod, node_name=node)) | {"status": {"conditions": conditions}}
        self.report(POD, document)

    def change_node(self, **labels):
        document = {"metadata": {"name": "n", "labels": labels}}
        self.report(NODE, document)

    def later(self, seconds):
        self.clock.now += seconds
        self.recorder.tick()


@pytest.fixture
def scene(clock):
    return Scene(clock)


def test_from_filter_to_the_binding(scene):
    """It ends with the claims allocated and the pod bound, and what comes right after still belongs to it."""
    pod = scene.ask(Verb.FILTER, "job", "c")
    scene.ask(Verb.PRIORITIZE, "job", "c")
    scene.allocate("c", pod)
    scene.later(10)
    assert scene.attempts == []
    bound = {"type": "PodScheduled", "status": "True"}
    scene.show(pod, node="n", condition=bound)
    scene.recorder.on_answer(Verb.BIND, json.dumps({"PodUID": pod.uid}).encode(), b'{"Error": ""}')
    scene.later(SETTLE_SECONDS)
    (attempt,) = scene.attempts
    assert (attempt.number, attempt.pod, attempt.node) == (1, "job", "n")
    assert [each.verb for each in attempt.requests] == ["filter", "prioritize", "bind"]
    assert json.loads(attempt.condition) == bound
    assert json.loads(attempt.allocations["c"])["status"]["allocation"] == ALLOCATION
    assert scene.recorder.number_of(pod.uid) is None


def test_all_there_is_comes_with_the_first_attempt(scene):
    """What changes is told with the attempt after it, once."""
    scene.ask(Verb.FILTER, "job-1", "c")
    scene.ask(Verb.FILTER, "job-2", "d")
    scene.change_node(zone="a")
    scene.ask(Verb.FILTER, "job-3", "e")
    scene.recorder.close()
    first, second, third = (attempt.changes.keys() for attempt in scene.attempts)
    assert {kind for kind, _ in first} == {"Node", "ResourceSlice", "DeviceClass", "ResourceClaim"}
    assert not second
    assert third == {("Node", "n")}


def test_assumed_allocations_come_with_the_attempts_that_saw_them(scene):
    """Not with that of the pod itself, which is judged without them."""
    pod = scene.ask(Verb.FILTER, "job-1", "c")
    scene.assume(pod)
    scene.ask(Verb.FILTER, "job-2", "d")
    scene.ask(Verb.FILTER, "job-1", "c")
    scene.recorder.close()
    assert [[claim.name for claim in attempt.assumed] for attempt in scene.attempts] == [[], ["c"], []]


def test_the_state_is_that_of_the_last_question(scene):
    """Two schedulers interleave: an attempt stands where it was scored, after what changed until then."""
    scene.ask(Verb.FILTER, "job-1", "c")
    scene.change_node(zone="a")
    scene.ask(Verb.FILTER, "job-2", "d")
    scene.change_node(zone="b")
    scene.ask(Verb.PRIORITIZE, "job-1", "c")
    scene.recorder.close()
    second, first = scene.attempts
    assert (second.pod, first.pod) == ("job-2", "job-1")
    assert {kind for kind, _ in second.changes} > {"Node"}
    assert b'"zone":"a"' in second.changes["Node", "n"]
    assert first.changes.keys() == {("Node", "n")}
    assert b'"zone":"b"' in first.changes["Node", "n"]


def test_a_pod_that_is_tried_again(scene):
    """Its attempt before is complete, with the condition that it ended with, if any came."""
    pod = scene.ask(Verb.PRIORITIZE, "job", "c")
    scene.show(pod, condition=UNSCHEDULABLE)
    scene.ask(Verb.PRIORITIZE, "job", "c", conditions=[UNSCHEDULABLE])
    scene.show(pod, condition=UNSCHEDULABLE)
    scene.ask(Verb.PRIORITIZE, "job", "c", conditions=[UNSCHEDULABLE])
    scene.recorder.close()
    assert [each.number for each in scene.attempts] == [1, 2, 3]
    assert [each.condition and json.loads(each.condition) for each in scene.attempts] == [
        UNSCHEDULABLE,
        None,
        None,
    ]
    assert [each.allocations for each in scene.attempts] == [{"c": None}] * 3


def test_an_outcome_is_not_awaited_for_ever(scene):
    """Later attempts wait behind it no longer than that."""
    scene.ask(Verb.FILTER, "job-1", "c")
    pod = scene.ask(Verb.FILTER, "job-2", "d")
    scene.report(POD, gone=[("default", "job-2")])
    scene.later(OUTCOME_SECONDS)
    assert scene.attempts == []
    scene.later(1)
    assert [(each.pod, each.node) for each in scene.attempts] == [("job-1", ""), ("job-2", "")]
    scene.allocate("d", pod)
    assert scene.failures == 0


def test_a_full_queue_loses_attempts_and_no_changes(scene):
    """What changed before a dropped attempt is told with the next one, or the one after."""
    scene.ask(Verb.FILTER, "job-1", "c")
    scene.change_node(zone="a")
    scene.ask(Verb.FILTER, "job-2", "d")
    scene.full = True
    scene.recorder.close()
    scene.full = False
    scene.ask(Verb.FILTER, "job-3", "e")
    scene.recorder.close()
    (attempt,) = scene.attempts
    assert attempt.pod == "job-3"
    assert b'"zone":"a"' in attempt.changes["Node", "n"]
    assert ("ResourceClaim", ("default", "c")) in attempt.changes


@pytest.mark.parametrize("limit", ["MAX_OPEN", "MAX_OPEN_BYTES"])
def test_too_many_at_a_time(scene, monkeypatch, limit):
    """The oldest are given up first."""
    monkeypatch.setattr(module, limit, 1)
    scene.ask(Verb.FILTER, "job-1", "c")
    scene.ask(Verb.FILTER, "job-2", "d")
    scene.recorder.tick()
    assert [each.pod for each in scene.attempts][:1] == ["job-1"]


def test_who_is_not_recorded(scene):
    """Pods without claims, questions of people, and bindings of pods that we were not asked about."""
    pod = b.pod("job")
    scene.recorder.on_request(Verb.FILTER, pod)
    body = json.dumps({"Pod": encode.pod_json(pod), "NodeNames": ["n"]}).encode()
    for verb in (Verb.FILTER, Verb.EXPLAIN):
        scene.recorder.on_answer(verb, body, b"{}")
    scene.recorder.on_answer(Verb.BIND, b'{"PodUID": "other"}', b"{}")
    scene.recorder.close()
    assert scene.attempts == []
    assert scene.failures == 0


@pytest.mark.parametrize("shown", [True, False])
def test_a_pod_that_the_api_does_not_show_is_left_out(scene, shown):
    """Unless it is shown within two seconds; what changed before it is recorded with the next."""
    scene.listed = False
    pod = scene.ask(Verb.FILTER, "job", "c")
    if shown:
        scene.show(pod)
    scene.later(UNCONFIRMED_SECONDS + 0.1)
    scene.later(OUTCOME_SECONDS)
    assert [attempt.pod for attempt in scene.attempts] == ["job"] * shown
    assert scene.unconfirmed == (not shown)
    scene.listed = True
    scene.ask(Verb.FILTER, "next", "d")
    scene.recorder.close()
    assert bool(scene.attempts[-1].changes) is not shown
    assert scene.failures == 0


def test_an_answer_without_an_opinion_joins_no_attempt(scene):
    """Filter is answered, but no state was looked at."""
    pod = scene.ask(Verb.FILTER, "job", "c")
    body = json.dumps({"Pod": encode.pod_json(pod), "NodeNames": ["n"]}).encode()
    scene.recorder.on_answer(Verb.FILTER, body, b"{}")
    scene.recorder.close()
    assert [len(each.requests) for each in scene.attempts] == [1]


def test_errors_stay_here(scene, monkeypatch, logged):
    """They are counted and logged; the request is answered as if nothing had happened."""

    def broken():
        raise RuntimeError("bug")

    monkeypatch.setattr(scene.recorder._raw, "drain", broken)
    scene.ask(Verb.FILTER, "job", "c")
    assert scene.failures == 1
    assert [line["event"] for line in logged] == ["internal error: an attempt is not recorded as it was"]


def test_the_claim_of_a_pod_group_belongs_to_each_attempt_that_waits_for_it(scene):
    """It is reserved for the group, not for one of the pods."""
    pods = [scene.ask(Verb.FILTER, name, "c") for name in ("m-0", "m-1")]
    scene.ask(Verb.FILTER, "other", "d")
    document = encode.claim_json(b.claim("c"))
    crew = {"apiGroup": "scheduling.k8s.io", "resource": "podgroups", "name": "crew", "uid": "uid-crew"}
    document["status"] = {"allocation": ALLOCATION, "reservedFor": [crew]}
    scene.report(RESOURCE_CLAIM, document)
    for pod in pods:
        scene.show(pod, node="n", condition={"type": "PodScheduled", "status": "True"})
    scene.later(SETTLE_SECONDS)
    assert [attempt.pod for attempt in scene.attempts] == ["m-0", "m-1"]
    for attempt in scene.attempts:
        assert json.loads(attempt.allocations["c"])["status"]["allocation"] == ALLOCATION
