"""Which node a pod is nominated for, and which pods wait."""

from __future__ import annotations

from extender.core.nomination.refusals import Refusal
from extender.model.pending_pods import PendingPod
from extender.model.quantity import parse_quantity
from extender.model.scheduling import ContainerResources, PodResources, SchedulingNode, SchedulingPod
from extender.service.nomination import nominator
from extender.service.nomination.renewal import RENEW_PART
from tests import builders as b
from tests.service.nomination.nominated_cluster import SECONDS, NominatedCluster, near, there

ROOM = (("cpu", parse_quantity("8")), ("pods", parse_quantity("110")))


def test_where_another_pod_may_be_about_to_land_nobody_is_sent(cluster):
    """A pod that the scheduler has asked about may take devices of either node."""
    cluster.create("asked", gated=True)
    cluster.store.assume("uid-asked", [cluster.claims["c-asked"]], ("x", "y"))
    cluster.create("p")
    assert there(cluster.decide()).node == "far"


def asking(name, **fields):
    return SchedulingPod("default", name, f"uid-{name}", claims=True, **fields)


def cpu(amount):
    return PodResources((ContainerResources((("cpu", parse_quantity(amount)),)),))


def test_only_nodes_that_the_scheduler_would_accept(cluster):
    """Cordoned ones are none; a node that opens again is one from then on."""
    cluster.nodes(*(SchedulingNode(name, unschedulable=True, allocatable=ROOM) for name in ("x", "y")))
    cluster.create("p")
    assert there(cluster.decide()).node == "far"
    cluster.create("q")
    assert cluster.decide() is None
    cluster.nodes(SchedulingNode("x", allocatable=ROOM))
    cluster.clock.now += 2
    cluster.nominator.expire()
    assert there(cluster.decide()).node == "x"


def test_a_pod_that_comes_before_its_claim(cluster):
    """Kinds are watched side by side; the pod is nominated as soon as the claim is there."""
    cluster.show(PendingPod("default", "p", "uid-p"))
    cluster.show(PendingPod("default", "gone", "uid-gone"))
    assert cluster.decide_all() == []
    assert cluster.refusals == {Refusal.CLAIMS: 2}
    cluster.delete("gone")
    cluster.claim(b.claim("c-gone"))
    assert cluster.nominator.next_ready() is None
    cluster.claim(b.claim("c-p"))
    assert there(cluster.decide()).pod.name == "p"


def test_claims_that_never_come(cluster, monkeypatch):
    """Those of pods that are gone are not kept for ever."""
    monkeypatch.setattr(nominator, "MOST_CLAIMLESS", 2)
    for name in "abcdefgh":
        cluster.show(PendingPod("default", name, f"uid-{name}"))
        cluster.decide()
        if name != "h":
            cluster.delete(name)
    cluster.nominator.expire()
    assert list(cluster.nominator._claimless.values()) == ["uid-h"]


def test_what_the_model_does_not_say(cluster):
    """The pod goes the usual way, with the reason."""
    cluster.asks["p"] = asking("p", volumes=("persistentVolumeClaim",))
    cluster.create("p")
    assert cluster.decide() is None
    assert cluster.refusals == {Refusal.VOLUMES: 1}


def test_pods_on_their_way_take_room():
    """Of 8 CPUs, until they are taken back."""
    cluster = NominatedCluster(near("x", 3))
    for name in "abc":
        cluster.asks[name] = asking(name, resources=cpu("4"))
        cluster.create(name)
    made = cluster.decide_all()
    assert [each.pod.name for each in made] == ["a", "b"]
    cluster.bind("a", "x")
    cluster.clock.now += 2
    cluster.nominator.expire()
    assert cluster.decide() is None
    cluster.delete("b")
    cluster.clock.now += 2
    cluster.nominator.expire()
    assert there(cluster.decide()).pod.name == "c"


def test_a_pod_does_not_stand_in_its_own_way():
    """Its room is its own when it is looked at again."""
    cluster = NominatedCluster(near("x"))
    cluster.asks["p"] = asking("p", resources=cpu("8"))
    cluster.create("p")
    cluster.write(there(cluster.decide()))
    cluster.clock.now += RENEW_PART * SECONDS
    cluster.nominator.expire()
    assert cluster.results == {}
    assert cluster.nominator.outstanding.get("uid-p") is not None


def test_between_equal_nodes_the_scheduler_s_scores_decide():
    """The emptier one, by what its pods request."""
    cluster = NominatedCluster(near("x"), near("y"), near("z"))
    for name in ("x", "z"):
        cluster.asks[f"old-{name}"] = asking(f"old-{name}", resources=cpu("4"))
        cluster.bind(f"old-{name}", name)
    for number in range(5):
        cluster.create(f"p{number}")
        nomination = there(cluster.decide())
        assert nomination.node == "y"
        cluster.delete(f"p{number}")
