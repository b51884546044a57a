"""The scheduler asks about nominated pods, and about others, in an order of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.nomination.refusals import Refusal
from extender.model import DeviceID
from extender.model.pending_pods import FIELD_MANAGER, PendingPod
from extender.service.live.prediction_check import Match
from extender.service.nomination import asked_pods
from extender.service.nomination.results import NominationResult
from tests import builders as b
from tests.service.nomination.nominated_cluster import SCHEDULER, NominatedCluster, near, there

FIRST, SECOND, THIRD = ({f"gpu-{number}", f"nic-{number}"} for number in range(3))


@pytest.fixture
def cluster():
    """Three pods that are nominated for a node with three pairs, in the order of their names."""
    cluster = NominatedCluster(near("x", 3))
    for name in "abc":
        cluster.create(name)
        cluster.write(there(cluster.decide()))
    assert [cluster.devices_of(name) for name in "abc"] == [FIRST, SECOND, THIRD]
    return cluster


def land(cluster, name, node="x"):
    """The scheduler gives the pod what is assumed of it."""
    devices = {
        DeviceID("gpu.nvidia.com" if device.startswith("gpu") else "dra.net", node, device)
        for device in cluster.devices_of(name)
    }
    cluster.allocate(name, node, devices)
    cluster.bind(name, node)


def test_the_pod_that_is_asked_about_comes_first(cluster):
    """It gets the first devices, and those before it come behind it, in their order."""
    cluster.ask("c", "x")
    assert [cluster.devices_of(name) for name in "cab"] == [FIRST, SECOND, THIRD]
    cluster.ask("b", "x")
    assert [cluster.devices_of(name) for name in "cba"] == [FIRST, SECOND, THIRD]
    for name in "cba":
        land(cluster, name)
    assert cluster.matches == {Match.MATCH: 3}
    assert cluster.results == {NominationResult.TAKEN: 3}


def test_what_the_scheduler_has_in_hand_is_not_predicted_again(cluster):
    """A pod is gone: those behind it move up, but not the one that was asked about."""
    cluster.ask("b", "x")
    cluster.delete("a")
    assert [cluster.devices_of(name) for name in "bc"] == [FIRST, SECOND]
    cluster.ask("c", "x")
    cluster.delete("b")
    assert cluster.devices_of("c") == SECOND


def test_a_pod_without_a_nomination_comes_first_too(cluster):
    """It may go to one node only, and the last one that is nominated for it finds no devices any more."""
    cluster.ask("a", "x")
    cluster.create("other")
    cluster.ask("other", "x")
    assert [cluster.devices_of(name) for name in ("a", "other", "b")] == [FIRST, SECOND, THIRD]
    assert cluster.devices_of("c") == set()
    assert cluster.results == {NominationResult.WITHDRAWN: 1}
    assert there(cluster.nominator.next_withdrawn()).name == "c"


def test_where_we_choose_the_node_the_pod_comes_first_there():
    """A pod that comes late, and for which scores are asked: its node's nominations come behind it."""
    cluster = NominatedCluster(near("x", 3), near("y", 3))
    for name in "ab":
        cluster.create(name)
    made = {nomination.pod.name: nomination.node for nomination in cluster.decide_all()}
    cluster.ask("a", made["a"])
    cluster.create("late")
    node = cluster.ask("late", "x", "y")
    beside = [name for name in made if made[name] == node and name != "a"]
    order = [*(name for name in "a" if made[name] == node), "late", *beside]
    assert [cluster.devices_of(name) for name in order] == [FIRST, SECOND, THIRD][: len(order)]


def test_without_filter_the_place_in_the_queue_decides():
    """The scheduler has placed the pod before the late one, and not the one behind it."""
    cluster = NominatedCluster(near("x", 3), b.pair_node("far", ["a"], ["b"], numa={"a": 0, "b": 1}))
    cluster.create("a")
    # Its claim comes late, so that it is not nominated.
    cluster.show(PendingPod("default", "late", "uid-late"))
    cluster.create("b")
    assert [each.node for each in cluster.decide_all()] == ["x", "x"]
    cluster.claim(replace(b.claim("c-late", b.PAIR), owner_uid="uid-late"))
    assert cluster.ask("late", "x", "far", filters=False) == "x"
    assert [cluster.devices_of(name) for name in ("a", "late", "b")] == [FIRST, SECOND, THIRD]
    # What is placed stays as it is.
    cluster.claim(b.holding("thief", DeviceID("gpu.nvidia.com", "x", "gpu-0")))
    cluster.nominator._state.disturbed.add("x")
    cluster.nominator.expire()
    assert cluster.devices_of("a") == FIRST


def test_without_filter_a_pod_of_another_queue_comes_last():
    """Nothing tells when the scheduler took it."""
    cluster = NominatedCluster(near("x", 3), b.pair_node("far", ["a"], ["b"], numa={"a": 0, "b": 1}))
    for name in "ab":
        cluster.create(name)
    cluster.decide_all()
    cluster.create("theirs", scheduler="theirs")
    assert cluster.ask("theirs", "x", "far", filters=False) == "x"
    assert [cluster.devices_of(name) for name in ("a", "b", "theirs")] == [FIRST, SECOND, THIRD]


def test_a_pod_that_is_passed_by_is_assumed_elsewhere():
    """Until the API shows it; what happens on its node meanwhile does not call it back."""
    cluster = NominatedCluster(near("x", 2), near("y", 2))
    cluster.create("a")
    nomination = there(cluster.decide())
    pod = cluster.write(nomination)
    other = "y" if nomination.node == "x" else "x"
    cluster.ask("a", nomination.node)
    thieves = [DeviceID("gpu.nvidia.com", nomination.node, f"gpu-{number}") for number in range(2)]
    cluster.claim(b.holding("thief", *thieves))
    assert cluster.ask("a", "x", "y") == other
    cluster.nominator._state.disturbed.add(nomination.node)
    cluster.nominator.expire()
    assert {device.pool for device in cluster.assumed} == {other}
    cluster.show(replace(pod, nominated_node=other, nominated_by=(SCHEDULER,)))
    assert {device.pool for device in cluster.assumed} == {other}


def test_a_pod_that_the_scheduler_has_in_hand_is_not_nominated():
    """It would be late: what is assumed of its attempt stays."""
    cluster = NominatedCluster(near("x", 2), near("y", 2))
    cluster.create("a")
    node = cluster.ask("a", "x", "y")
    assert cluster.decide() is None
    assert cluster.refusals == {Refusal.UNDER_WAY: 1}
    assert {device.pool for device in cluster.assumed} == {node}


def test_a_nomination_that_is_adopted_while_the_scheduler_has_the_pod_in_hand():
    """Another replica wrote it; it is not taken back under the scheduler's hands."""
    cluster = NominatedCluster(near("x", 2))
    cluster.nominator.resign()
    cluster.create("a", nominated_node="x", nominated_by=(FIELD_MANAGER,))
    cluster.ask("a", "x")
    cluster.nominator.begin()
    assert cluster.decide() is None
    assert cluster.refusals == {Refusal.UNDER_WAY: 1}
    assert cluster.nominator.next_withdrawn() is None
    assert cluster.devices_of("a") == FIRST


def test_too_many_nominations_stay_as_they_are(cluster, monkeypatch):
    """What a question costs is bounded."""
    monkeypatch.setattr(asked_pods, "MOST_ASIDE", 1)
    cluster.ask("c", "x")
    assert [cluster.devices_of(name) for name in "abc"] == [FIRST, SECOND, THIRD]


def test_filter_rejects_no_node_because_of_nominations(cluster):
    """Nobody has their devices: what filter judges by when it would reject has none of them."""
    confirmed = cluster.follower.confirmed
    assert all(claim.allocation is None for claim in confirmed.claims.values())
    cluster.ask("b", "x")
    held = [key for key, claim in cluster.follower.confirmed.claims.items() if claim.allocation is not None]
    assert held == [("default", "c-b")]
