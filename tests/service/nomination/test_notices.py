"""Events about pods whose nomination comes to nothing: few, and with what to do."""

from __future__ import annotations

from dataclasses import replace

from extender.core.nomination.refusals import Refusal
from extender.service.namespace_limit import TIMES_A_MINUTE
from extender.service.nomination.notices import OFTEN
from extender.service.nomination.renewal import RENEW_PART
from extender.service.nomination.results import NominationResult
from tests import builders as b
from tests.service.nomination.nominated_cluster import SECONDS, NominatedCluster, near, there


def pass_by(cluster):
    """The pod that is nominated next fits nowhere."""
    pod = cluster.write(there(cluster.decide()))
    cluster.show(replace(pod, nominated_node="", nominated_by=(), unschedulable=True))


def wait(cluster):
    """So long that nominations are looked at again."""
    cluster.clock.now += RENEW_PART * SECONDS
    cluster.store.expire()
    cluster.nominator.expire()


def test_a_nomination_that_nobody_follows(cluster):
    """Told once, with the scheduler that does not; what is followed in time is not told."""
    cluster.create("p")
    nomination = there(cluster.decide())
    cluster.write(nomination)
    assert cluster.events == []
    for _ in range(3):
        wait(cluster)
    ((pod, reason, note),) = cluster.events
    assert (pod, reason) == ("p", "NominationNotFollowed")
    assert f"node {nomination.node} 24 s ago" in note
    assert "default-scheduler runs" in note


def test_a_nomination_that_somebody_looked_at(cluster):
    """The scheduler runs; that it could not place the pod is its to say."""
    cluster.create("p")
    nomination = there(cluster.decide())
    cluster.write(nomination)
    cluster.ask("p", nomination.node)
    for _ in range(3):
        wait(cluster)
    assert [reason for _, reason, _ in cluster.events] == ["NominationNotFollowed"]
    assert "72 s ago" in cluster.events[0][2]


def test_a_pod_that_is_passed_by_again_and_again(cluster):
    """Told once, when it is no accident any more."""
    cluster.create("p")
    for times in range(1, OFTEN + 2):
        pass_by(cluster)
        assert [reason for _, reason, _ in cluster.events] == ["NominationPassedBy"] * (times >= OFTEN)


def test_what_whoever_wrote_the_pod_can_change():
    """It requires alignment that no node has; that no node is free is the scheduler's to say."""
    cluster = NominatedCluster(b.pair_node("far", ["a"], ["b"], numa={"a": 0, "b": 1}))
    cluster.namespace(**{"dra-extender.io/alignment": "required"})
    cluster.create("p")
    assert cluster.decide() is None
    assert cluster.refusals == {Refusal.MISALIGNED: 1}
    ((pod, reason, note),) = cluster.events
    assert (pod, reason) == ("p", "NotNominated")
    assert note.endswith("near enough; the scheduler places the pod as usual")
    cluster.namespace()
    cluster.clock.now += 20
    assert cluster.decide() is not None
    cluster.create("q")
    assert cluster.decide() is None
    assert cluster.refusals[Refusal.NO_NODE] == 1
    assert len(cluster.events) == 1


def test_a_namespace_with_many_pods():
    """Ten a minute, and the others are counted; next time it is their turn no more than before."""
    cluster = NominatedCluster(near("x", 30))
    for number in range(TIMES_A_MINUTE + 2):
        cluster.create(f"p-{number}")
    for nomination in cluster.decide_all():
        cluster.write(nomination)
    wait(cluster)
    assert (len(cluster.events), len(cluster.limited)) == (TIMES_A_MINUTE, 2)
    wait(cluster)
    assert (len(cluster.events), len(cluster.limited)) == (TIMES_A_MINUTE, 2)


def test_of_a_pod_that_is_gone_nothing_is_remembered(cluster):
    """Another one of the name begins anew."""
    cluster.create("p")
    for _ in range(OFTEN):
        pass_by(cluster)
    cluster.delete("p")
    cluster.create("p")
    pass_by(cluster)
    assert len(cluster.events) == 1
    cluster.delete("p")
    cluster.create("q")
    nomination = there(cluster.decide())
    cluster.write(nomination)
    cluster.claim(b.holding("thief", *nomination.devices))
    cluster.bind("q", "far")
    assert cluster.results[NominationResult.PASSED_BY] == OFTEN + 2
    notices = cluster.nominator._state.notices
    assert (notices._told, notices._passed_by) == ({}, {})
