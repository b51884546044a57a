"""What is nominated, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.cluster.changes import Changes
from extender.core.nomination.refusals import Refusal
from extender.kube.api.nominations import Written
from extender.model import DeviceID
from extender.model.pending_pods import FIELD_MANAGER, PENDING_POD, PendingPod
from extender.service.live.prediction_check import Match
from extender.service.nomination.renewal import RENEW_PART
from extender.service.nomination.results import NominationResult
from tests import builders as b
from tests.service.nomination.nominated_cluster import SCHEDULER, SECONDS, NominatedCluster, near, there


def ids(node):
    return {DeviceID("gpu.nvidia.com", node, "gpu-0"), DeviceID("dra.net", node, "nic-0")}


def test_a_nomination_that_is_taken(cluster):
    """From the pod to the node: the devices are assumed until the API shows them."""
    cluster.create("p")
    nomination = there(cluster.decide())
    assert nomination.node in ("x", "y")
    assert set(cluster.assumed) == ids(nomination.node) == nomination.devices
    cluster.write(nomination)
    assert set(cluster.assumed) == ids(nomination.node)
    cluster.allocate("p", nomination.node, nomination.devices)
    assert cluster.assumed == []
    cluster.bind("p", nomination.node)
    assert cluster.results == {NominationResult.TAKEN: 1}
    assert len(cluster.nominator.outstanding) == 0
    assert cluster.nominator.waiting == 0


def test_what_was_predicted_is_compared(cluster):
    """As for pods that the scheduler asks about."""
    cluster.create("p")
    nomination = there(cluster.decide())
    cluster.write(nomination)
    cluster.bind("p", nomination.node)
    cluster.allocate("p", nomination.node, nomination.devices)
    assert cluster.matches == {Match.MATCH: 1}


def test_no_two_pods_are_sent_to_one_device(cluster):
    """The third takes devices apart, the fourth finds none and waits."""
    for name in "abcd":
        cluster.create(name)
    made = cluster.decide_all()
    assert [each.node == "far" for each in made] == [False, False, True]
    assert len(set(cluster.assumed)) == len(cluster.assumed) == 6
    assert cluster.refusals == {Refusal.NO_NODE: 1}
    assert cluster.nominator.waiting == 1


def test_higher_priority_comes_first(cluster):
    """Also where it came last."""
    cluster.create("low")
    cluster.create("high", priority=10)
    cluster.create("middle", priority=5)
    assert [each.pod.name for each in cluster.decide_all()] == ["high", "middle", "low"]


def test_a_pod_that_waits_is_tried_again_when_devices_become_free(cluster):
    """It keeps its place."""
    for name in "abcd":
        cluster.create(name)
    first, *_ = cluster.decide_all()
    cluster.create("e")
    cluster.decide_all()
    cluster.delete(first.pod.name)
    cluster.clock.now += 2
    cluster.nominator.expire()
    assert [each.pod.name for each in cluster.decide_all()] == ["d"]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"scheduler": "theirs"}, Refusal.OTHER_SCHEDULER),
        ({"gated": True}, Refusal.GATED),
        ({"deleting": True}, Refusal.DELETING),
        ({"grouped": True}, Refusal.POD_GROUP),
        ({"nominated_node": "x", "nominated_by": (SCHEDULER,)}, Refusal.NOMINATED),
        ({"nominated_node": "x", "nominated_by": (SCHEDULER, FIELD_MANAGER)}, Refusal.NOMINATED),
    ],
)
def test_pods_that_go_the_usual_way(cluster, fields, refusal):
    """Each reason is counted once, however often the pod changes."""
    pod = cluster.create("p", **fields)
    assert cluster.decide() is None
    cluster.show(pod)
    assert cluster.refusals == {refusal: 1}
    assert there(cluster.nominator.explained(b.pod("p"))).reason == refusal
    assert cluster.assumed == []


def test_gates_that_are_removed(cluster):
    """The pod may be nominated from then on."""
    pod = cluster.create("p", gated=True)
    assert cluster.decide() is None
    cluster.show(replace(pod, gated=False))
    assert cluster.decide() is not None


def test_a_pod_whose_policy_is_ignore(cluster):
    """Its namespace says so."""
    cluster.namespace(**{"dra-extender.io/alignment": "ignore"})
    cluster.create("p")
    assert cluster.decide() is None
    assert cluster.refusals == {Refusal.IGNORED: 1}


def test_a_full_node_is_left_out():
    """No more pods than allocatable, those on their way included."""
    cluster = NominatedCluster(near("x", 3), room=2)
    cluster.bind("old", "x")
    for name in "ab":
        cluster.create(name)
    assert [each.pod.name for each in cluster.decide_all()] == ["a"]


def test_scheduled_before_the_patch(cluster):
    """The scheduler has named another node: that one's devices are assumed, ours are free again."""
    pod = cluster.create("p")
    nomination = there(cluster.decide())
    other = "y" if nomination.node == "x" else "x"
    cluster.nominator.writing(nomination)
    cluster.show(replace(pod, nominated_node=other, nominated_by=(SCHEDULER,)))
    cluster.nominator.written(nomination, Written.CHANGED)
    assert cluster.results == {NominationResult.LATE: 1}
    assert set(cluster.assumed) == ids(other)
    assert len(cluster.nominator.outstanding) == 0


def test_a_patch_of_an_old_version_is_tried_again_with_the_new_one(cluster):
    """Somebody else changed the pod, and that did not make it less pending."""
    pod = cluster.create("p")
    nomination = there(cluster.decide())
    cluster.nominator.writing(nomination)
    newer = cluster.show(pod)
    cluster.nominator.written(nomination, Written.CHANGED)
    assert cluster.assumed == []
    again = there(cluster.decide())
    assert again.pod.version == newer.version
    assert again.since == nomination.since


def test_a_refused_patch_leaves_nothing_behind(cluster):
    """We may not write: nothing is assumed, and the pod is tried later."""
    cluster.create("p")
    nomination = there(cluster.decide())
    cluster.nominator.writing(nomination)
    cluster.nominator.written(nomination, Written.REFUSED)
    assert cluster.assumed == []
    assert cluster.results == {NominationResult.REFUSED: 1}
    assert cluster.decide() is None
    cluster.clock.now += 1
    assert cluster.decide() is not None


def test_passed_by_because_the_devices_were_lost(cluster):
    """A claim that we knew nothing of took them; the scheduler chose another node."""
    cluster.create("p")
    nomination = there(cluster.decide())
    pod = cluster.write(nomination)
    cluster.claim(b.holding("thief", *nomination.devices))
    other = "y" if nomination.node == "x" else "x"
    cluster.show(replace(pod, nominated_node=other, nominated_by=(SCHEDULER,)))
    assert cluster.results == {NominationResult.PASSED_BY: 1}
    assert set(cluster.assumed) == ids(other)


def test_the_scheduler_clears_the_nomination_where_the_pod_fits_nowhere(cluster):
    """The devices are free for others, and the pod may be nominated again."""
    cluster.create("p")
    pod = cluster.write(there(cluster.decide()))
    cluster.show(replace(pod, nominated_node="", nominated_by=(), unschedulable=True))
    assert cluster.results == {NominationResult.PASSED_BY: 1}
    assert cluster.assumed == []
    assert cluster.decide() is not None


def test_a_pod_that_fails_with_the_nomination_left_on_it(cluster):
    """It is removed, as it would reserve the node against others."""
    cluster.create("p")
    pod = cluster.write(there(cluster.decide()))
    failed = cluster.show(replace(pod, unschedulable=True))
    assert cluster.results == {NominationResult.PASSED_BY: 1}
    assert cluster.assumed == []
    assert cluster.nominator.next_withdrawn() == failed


def test_a_nomination_that_is_not_taken_is_renewed(cluster):
    """The scheduler is slow or away: while the node has the devices, they stay assumed."""
    cluster.create("p")
    nomination = there(cluster.decide())
    cluster.write(nomination)
    for _ in range(10):
        cluster.clock.now += RENEW_PART * SECONDS
        cluster.store.expire()
        cluster.nominator.expire()
        assert set(cluster.assumed) == nomination.devices
    assert cluster.results == {}
    assert cluster.nominator.next_withdrawn() is None


def test_a_nomination_whose_devices_are_gone_is_removed(cluster):
    """Only from a pod that is still ours; the devices are not assumed any more."""
    cluster.create("p")
    nomination = there(cluster.decide())
    pod = cluster.write(nomination)
    cluster.claim(b.holding("thief", *nomination.devices))
    cluster.clock.now += SECONDS
    cluster.nominator.expire()
    assert cluster.results == {NominationResult.WITHDRAWN: 1}
    assert cluster.nominator.next_withdrawn() == pod
    assert cluster.assumed == []
    cluster.show(replace(pod, nominated_node="", nominated_by=()))
    assert there(cluster.decide()).node != nomination.node


def test_a_patch_without_an_answer(cluster):
    """Whether it came through shows within the time for which devices are assumed."""
    cluster.create("p")
    nomination = there(cluster.decide())
    cluster.nominator.writing(nomination)
    cluster.nominator.written(nomination, Written.UNANSWERED)
    assert set(cluster.assumed) == nomination.devices
    cluster.clock.now += SECONDS
    cluster.nominator.expire()
    assert cluster.results == {NominationResult.WITHDRAWN: 1}
    assert cluster.assumed == []
    assert cluster.decide() is not None


def test_a_deleted_pod_leaves_nothing_behind(cluster):
    """Neither at once nor later."""
    cluster.create("p")
    cluster.write(there(cluster.decide()))
    cluster.delete("p")
    assert cluster.results == {NominationResult.WITHDRAWN: 1}
    assert cluster.assumed == []
    assert len(cluster.nominator.outstanding) == 0


def test_a_pod_of_the_same_name(cluster):
    """Another UID is another pod."""
    cluster.create("p")
    pod = cluster.write(there(cluster.decide()))
    again = replace(pod, uid="uid-new", nominated_node="", nominated_by=())
    cluster.nominator.apply(Changes.of(PENDING_POD, [again]))
    assert cluster.results == {NominationResult.WITHDRAWN: 1}
    assert cluster.nominator.outstanding.get("uid-p") is None


def test_nominations_of_another_replica_are_adopted(cluster):
    """One that was ours before a restart: its devices are assumed, and it is not written again."""
    cluster.create("p", nominated_node="x", nominated_by=(FIELD_MANAGER,))
    assert cluster.decide() is None
    assert set(cluster.assumed) == ids("x")
    cluster.bind("p", "x")
    assert cluster.results == {NominationResult.TAKEN: 1}


def test_a_foreign_nomination_of_ours_without_devices_is_removed(cluster):
    """The replica that wrote it is gone, and the devices, too."""
    cluster.claim(b.holding("thief", *ids("x")))
    pod = cluster.create("p", nominated_node="x", nominated_by=(FIELD_MANAGER,))
    assert cluster.decide() is None
    assert cluster.nominator.next_withdrawn() == pod


def test_who_resigns_assumes_nothing(cluster):
    """The other replica nominates now; on return all begins from what the API shows."""
    cluster.create("p")
    cluster.create("q")
    nomination = there(cluster.decide())
    cluster.write(nomination)
    cluster.nominator.resign()
    assert cluster.assumed == []
    assert cluster.nominator.next_ready() is None
    cluster.create("r")
    assert cluster.nominator.next_ready() is None
    cluster.nominator.begin()
    assert {each.pod.name for each in cluster.decide_all()} == {"q", "r"}
    assert there(cluster.nominator.outstanding.get("uid-p")).node == nomination.node


def test_after_a_late_pod_the_next_ones_are_predicted_again():
    """It does not take its devices, so the pods behind it on this node get those before theirs."""
    cluster = NominatedCluster(near("x", 3), near("y"))
    cluster.claim(b.holding("other", *ids("y")))
    made = []
    for name in "abc":
        cluster.create(name)
        made.append(there(cluster.decide()))
        cluster.write(made[-1])
    assert {device.device for device in made[1].devices} == {"gpu-1", "nic-1"}
    cluster.bind("a", "y")
    assert cluster.results == {NominationResult.LATE: 1}
    now = {
        each.pod.name: {device.device for device in each.devices} for each in cluster.nominator.outstanding
    }
    assert now == {"b": {"gpu-0", "nic-0"}, "c": {"gpu-1", "nic-1"}}
    assert there(cluster.nominator.outstanding.get("uid-b")).node == "x"


def test_a_scheduler_with_another_order():
    """It takes the second pod first: the first one then gets the devices that were the second one's."""
    cluster = NominatedCluster(near("x", 3))
    for name in "ab":
        cluster.create(name)
        cluster.write(there(cluster.decide()))
    first = there(cluster.nominator.outstanding.get("uid-a")).devices
    second = there(cluster.nominator.outstanding.get("uid-b")).devices
    cluster.allocate("b", "x", first)
    assert there(cluster.nominator.outstanding.get("uid-a")).devices == second
    assert set(cluster.assumed) == second


def test_a_pod_that_is_decided_late_gets_its_devices_first():
    """Its claim came after those of a pod behind it, and the scheduler keeps to its queue."""
    cluster = NominatedCluster(near("x", 3))
    cluster.show(PendingPod("default", "a", "uid-a"))
    cluster.create("b")
    assert cluster.decide() is None
    second = there(cluster.decide())
    cluster.claim(replace(b.claim("c-a", b.PAIR), owner_uid="uid-a"))
    first = there(cluster.decide())
    assert first.devices == second.devices
    again = there(cluster.nominator.outstanding.get("uid-b"))
    assert again.devices.isdisjoint(first.devices)
    assert set(cluster.assumed) == first.devices | again.devices


def test_a_pod_that_is_not_nominated_takes_the_devices():
    """A late one that lands there, or one of another scheduler: ours gets the next ones."""
    cluster = NominatedCluster(near("x", 3))
    cluster.create("a")
    nomination = there(cluster.decide())
    cluster.write(nomination)
    cluster.claim(b.holding("other", *nomination.devices))
    assert there(cluster.nominator.outstanding.get("uid-a")).devices == nomination.devices
    cluster.claims["c-b"] = b.claim("c-b", b.PAIR)
    cluster.allocate("b", "x", nomination.devices)
    again = there(cluster.nominator.outstanding.get("uid-a"))
    assert again.devices.isdisjoint(nomination.devices)
    assert set(cluster.assumed) == again.devices


def test_claims_that_are_being_written_stay_as_they_are():
    """The scheduler is at it: neither time nor another pod's failure takes the nomination back."""
    cluster = NominatedCluster(near("x", 3))
    for name in "ab":
        cluster.create(name)
        cluster.write(there(cluster.decide()))
    nomination = there(cluster.nominator.outstanding.get("uid-b"))
    cluster.allocate("b", "x", nomination.devices)
    cluster.delete("a")
    cluster.clock.now += SECONDS
    cluster.nominator.expire()
    assert cluster.nominator.next_withdrawn() is None
    cluster.bind("b", "x")
    assert cluster.results == {NominationResult.WITHDRAWN: 1, NominationResult.TAKEN: 1}
