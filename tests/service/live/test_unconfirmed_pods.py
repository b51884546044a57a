"""Pods that the API does not show count for a moment, and never against a pod with policy required."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from extender.core.cluster.changes import Changes
from extender.model.kinds import NODE, POD, RESOURCE_CLAIM, RESOURCE_SLICE
from extender.service.http import verbs
from extender.service.live import unconfirmed_pods
from extender.service.live.dropped import Dropped
from extender.service.live.unconfirmed_pods import UNCONFIRMED_SECONDS, PodState, UnconfirmedPods, pod_state
from tests import builders as b
from tests.service.live.live_cluster import at_once, body, live_service


@pytest.fixture
def service(clock):
    return live_service(clock)


def show(service, pod):
    service.follower.handler.apply(Changes.of(POD, [pod]))


def in_flight(service):
    return service.follower.store.in_flight


def passing(service, pod, claim, *names):
    """The nodes that filter passes for a pod with policy required."""
    answer = at_once(verbs.filter_(service, body(pod, claim, *names, alignment="required")))
    return json.loads(answer.body)["NodeNames"]


POD_C = b.pod("job-1", "c")


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        (POD_C, PodState.CONFIRMED),
        (replace(POD_C, annotations={"any": "thing"}), PodState.CONFIRMED),
        (None, PodState.UNCONFIRMED),
        (replace(POD_C, uid="the one before"), PodState.UNCONFIRMED),
        (replace(POD_C, claims=b.pod("job-1", "d").claims), PodState.UNCONFIRMED),
        (replace(POD_C, node_name="x"), PodState.STRANGER),
    ],
)
def test_a_pod_is_confirmed_by_its_likeness(shown, state):
    """UID, claims and containers are those of the API, and it has no node."""
    assert pod_state(POD_C, shown) is state


def test_without_uid_or_with_a_node_a_pod_is_a_stranger():
    """The scheduler asks about neither."""
    assert pod_state(replace(POD_C, uid=""), None) is PodState.STRANGER
    assert pod_state(replace(POD_C, node_name="x"), POD_C) is PodState.STRANGER


def test_what_is_assumed_of_a_made_up_pod_ends_soon(service, clock):
    """Its devices are free again, and nothing of it is remembered."""
    at_once(verbs.filter_(service, body("job-1", "c", "x")))
    assert in_flight(service) == 1
    clock.now += UNCONFIRMED_SECONDS
    service.follower.handler.expire()
    assert in_flight(service) == 0
    assert service.follower.checks.pod_of("uid-job-1") is None


def test_a_pod_that_the_watch_shows_in_time_counts_like_any_other(service, clock):
    """The request came before the event."""
    at_once(verbs.filter_(service, body("job-1", "c", "x")))
    clock.now += UNCONFIRMED_SECONDS / 2
    show(service, POD_C)
    clock.now += UNCONFIRMED_SECONDS
    service.follower.handler.expire()
    assert in_flight(service) == 1
    assert service.follower.checks.pod_of("uid-job-1") is not None


def test_a_pod_that_is_shown_otherwise_is_not_confirmed(service, clock):
    """Another claim than the API's pod has."""
    at_once(verbs.filter_(service, body("job-1", "c", "x")))
    show(service, b.pod("job-1", "d"))
    clock.now += UNCONFIRMED_SECONDS
    service.follower.handler.expire()
    assert in_flight(service) == 0


def test_required_rejects_no_node_because_of_made_up_pods(service):
    """A made-up pod holds the GPU beside the NIC; once the API shows the pod, the other GPU is too far."""
    node, slices = b.pair_node("z", ["a", "b"], ["a"], numa={"a": 0, "b": 1})
    one_gpu = b.claim("g", b.spec(b.request("gpu", "gpu")))
    service.follower.handler.apply(Changes.of(NODE, [node]))
    service.follower.handler.apply(Changes.of(RESOURCE_SLICE, slices))
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [one_gpu]))
    at_once(verbs.filter_(service, body("first", "g", "z")))
    assert in_flight(service) == 1
    assert passing(service, "honest", "c", "x", "z") == ["x", "z"]
    show(service, b.pod("first", "g"))
    assert passing(service, "honest", "c", "x", "z") == ["x"]


def test_a_stranger_holds_nothing(service):
    """A pod that is bound already, though its claim is not allocated."""
    show(service, replace(POD_C, node_name="x"))
    at_once(verbs.filter_(service, body("job-1", "c", "x")))
    at_once(verbs.prioritize(service, body("job-1", "c")))
    assert in_flight(service) == 0
    assert service.follower.checks.pod_of("uid-job-1") is None


def test_the_uid_of_another_pod_takes_nothing_back(service):
    """Whoever knows a UID needs the pod's name and namespace, too."""
    show(service, POD_C)
    at_once(verbs.filter_(service, body("job-1", "c", "x")))
    made_up = body("job-1", "c", "y").replace(b'"name": "job-1"', b'"name": "made-up"')
    at_once(verbs.filter_(service, made_up))
    assert dict(service.follower.store.taken_nodes) == {"x": 1}


def test_a_made_up_pod_displaces_no_assumption(service):
    """It names the claim of a pod that the API shows."""
    show(service, POD_C)
    at_once(verbs.filter_(service, body("job-1", "c", "x")))
    at_once(verbs.filter_(service, body("made-up", "c", "y")))
    assert dict(service.follower.store.taken_nodes) == {"x": 1}


def test_there_is_a_limit(monkeypatch, clock):
    """Of pods, and of the size of each; what is beyond is counted, and what ends as well."""
    monkeypatch.setattr(unconfirmed_pods, "MAX_PODS", 2)
    dropped: list[Dropped] = []
    pods = UnconfirmedPods(clock, dropped.append)
    assert [pods.add(b.pod(f"job-{number}", "c")) for number in range(3)] == [True, True, False]
    assert not UnconfirmedPods(clock, dropped.append).add(b.pod("job", "c" * 100_000))
    assert dropped == [Dropped.UNCONFIRMED_LIMIT] * 2
    clock.now += UNCONFIRMED_SECONDS
    assert pods.drop_expired() == ["uid-job-0", "uid-job-1"]
    assert dropped[2:] == [Dropped.UNCONFIRMED] * 2
    assert len(pods) == 0
