"""A live cluster behind the verbs: what an answer assumes, and what the next one makes of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from extender.core.cluster.changes import Changes
from extender.model import DeviceID
from extender.model.kinds import POD, RESOURCE_CLAIM
from extender.service.http import verbs
from tests import builders as b
from tests.service.live.live_cluster import NODES, at_once, body, live_service

GPU, NIC = DeviceID("gpu.nvidia.com", "y", "gpu-0"), DeviceID("dra.net", "y", "nic-0")


@pytest.fixture
def make(clock):
    """A service on two nodes with an aligned pair and one with its devices apart, for two pods."""

    def build(**options):
        return live_service(clock, **options)

    return build


def scores(service, pod, claim, *names):
    answer = json.loads(at_once(verbs.prioritize(service, body(pod, claim, *names))).body)
    return {entry["Host"]: entry["Score"] for entry in answer}


def test_decisive_chooses_one_and_takes_its_devices(make):
    """The next pod finds them gone: that node is as good as full, and the other one is chosen."""
    service = make(decisive=True)
    first = scores(service, "job-1", "c")
    assert sorted(first.values()) == [40, 100, 200]
    chosen = max(first, key=first.__getitem__)
    second = scores(service, "job-2", "d")
    assert second[chosen] == 0
    assert max(second, key=second.__getitem__) == ({"x", "y"} - {chosen}).pop()
    assert service.follower.store.in_flight == 2


def test_devices_freed_during_an_attempt_count_from_the_next_one(make, clock):
    """The scheduler looks at what is allocated before it asks; both answers are on the same view."""
    service = make()
    taken = b.holding("e", DeviceID("gpu.nvidia.com", "x", "gpu-0"), DeviceID("dra.net", "x", "nic-0"))
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [taken]))
    assert scores(service, "job-1", "c")["x"] == 0
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, gone=[taken.key]))
    clock.now += 0.1
    assert scores(service, "job-2", "d", "x", "far")["x"] == 0
    clock.now += 0.1
    assert scores(service, "job-1", "c", "x", "far")["x"] > 0


def test_without_it_a_few_points_make_a_node_likely(make):
    """Its devices are assumed taken, and the next pod is sent to where no prediction depends on that."""
    service = make()
    first = scores(service, "job-1", "c")
    assert sorted(first.values()) == [40, 100, 103]
    chosen = max(first, key=first.__getitem__)
    assert (service.follower.store.in_flight, dict(service.follower.store.taken_nodes)) == (1, {chosen: 1})
    second = scores(service, "job-2", "d")
    assert second == {"x": 103, "y": 103, "far": 40} | {chosen: 0}


def test_of_many_nodes_any_place_may_be_the_one(make):
    """Nothing is assumed until the API tells; the next pod prefers other nodes."""
    names = [f"node-{number:02}" for number in range(40)]
    service = make(more=names)
    answers = [scores(service, *pair, *names) for pair in (("job-1", "c"), ("job-2", "d"))]
    places = [{name for name, score in answer.items() if score == 103} for answer in answers]
    assert [len(each) for each in places] == [5, 5]
    assert not places[0] & places[1]
    assert service.follower.store.in_flight == 0
    assert set(service.follower.store.taken_nodes) == places[0] | places[1]


@pytest.mark.parametrize(
    "news", [{"nominated_node_name": "y"}, {"node_name": "y"}], ids=["nominated", "bound"]
)
@pytest.mark.parametrize("alignment", ["preferred", "ignore"])
def test_the_pod_says_where_it_landed(make, news, alignment):
    """Before its claims do: what was predicted there is assumed, wherever we had expected it."""
    service = make()
    at_once(verbs.prioritize(service, body("job-1", "c", alignment=alignment)))
    store = service.follower.store
    service.follower.handler.apply(Changes.of(POD, [replace(b.pod("job-1", "c"), **news)]))
    assert (store.in_flight, dict(store.taken_nodes)) == (1, {})
    assert scores(service, "job-2", "d")["y"] == 0
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [b.holding("c", GPU, NIC)]))
    assert store.in_flight == 1
    assert "uid-job-1" not in store._in_flight
    service.follower.handler.apply(Changes.of(POD, gone=[("default", "job-1")]))
    assert store.current.claims["default", "c"].allocation is not None


def test_a_nomination_that_stands_is_no_news(make):
    """One made by preemption does not say where a later attempt landed."""
    service = make()
    nominated = replace(b.pod("job-1", "c"), nominated_node_name="far")
    service.follower.handler.apply(Changes.of(POD, [nominated]))
    chosen = max(first := scores(service, "job-1", "c"), key=first.__getitem__)
    service.follower.handler.apply(Changes.of(POD, [replace(nominated, annotations={"any": "change"})]))
    assert dict(service.follower.store.taken_nodes) == {chosen: 1}


def test_a_pod_that_is_deleted_lands_nowhere(make):
    """Its devices are free again, also where its claim stays."""
    service = make()
    service.follower.handler.apply(Changes.of(POD, [b.pod("job-1", "c")]))
    before = scores(service, "job-1", "c")
    service.follower.handler.apply(Changes.of(POD, gone=[("default", "job-1")]))
    assert (service.follower.store.in_flight, dict(service.follower.store.taken_nodes)) == (0, {})
    assert sorted(scores(service, "job-2", "d").values()) == sorted(before.values())


def test_alignment_comes_first(make):
    """However many pods may land on the aligned nodes, none is sent to the other."""
    service = make()
    for number in range(5):
        scored = scores(service, f"job-{number}", "c")
        assert max(scored, key=scored.__getitem__) != "far"


@pytest.mark.parametrize("decisive", [True, False])
def test_a_pod_that_is_tried_again_is_judged_afresh(make, decisive):
    """Its claim is not taken for allocated where the first attempt was to land, filter or not."""
    service = make(decisive=decisive)
    again = scores(service, "job-1", "c")
    assert scores(service, "job-1", "c") == again
    at_once(verbs.filter_(service, body("job-1", "c")))
    assert service.follower.store.in_flight == 0
    assert scores(service, "job-1", "c") == again


@pytest.mark.parametrize("decisive", [True, False])
def test_a_single_node_is_where_the_pod_lands(make, decisive):
    """The scheduler asks for no scores then; an attempt with more nodes takes that back."""
    service = make(decisive=decisive)
    at_once(verbs.filter_(service, body("job-1", "c", "far")))
    assert service.follower.store.in_flight == 1
    assert scores(service, "job-2", "d")["far"] == 0
    at_once(verbs.filter_(service, body("job-1", "c")))
    assert service.follower.store.in_flight == 1
    at_once(verbs.filter_(service, body("job-2", "d")))
    assert service.follower.store.in_flight == 0


@pytest.mark.parametrize("alignment", ["ignore", "preferred"])
def test_the_only_node_of_a_pod_that_wants_no_opinion(make, alignment):
    """It takes devices like any other."""
    service = make()
    at_once(verbs.filter_(service, body("job-1", "c", "x", alignment=alignment)))
    assert service.follower.store.in_flight == 1
    assert scores(service, "job-2", "d") == {"x": 0, "y": 103, "far": 40}


def test_a_pod_that_wants_no_opinion_gets_none(make):
    """All nodes are equal, and it may land on any."""
    service = make(decisive=True)
    answer = json.loads(at_once(verbs.prioritize(service, body("job-1", "c", alignment="ignore"))).body)
    assert {entry["Score"] for entry in answer} == {50}
    assert (service.follower.store.in_flight, dict(service.follower.store.taken_nodes)) == (0, {})


@pytest.mark.parametrize(("node", "passes"), [("x", True), ("far", False)])
def test_a_node_that_is_rejected_is_no_landing_place(make, node, passes):
    """With policy required, devices are assumed on the one node that is left and nowhere else."""
    service = make()
    answer = json.loads(at_once(verbs.filter_(service, body("job-1", "c", node, alignment="required"))).body)
    assert answer["NodeNames"] == ([node] if passes else [])
    assert service.follower.store.in_flight == passes
    answer = json.loads(
        at_once(verbs.filter_(service, body("job-2", "d", "y", "far", alignment="required"))).body
    )
    assert answer["NodeNames"] == ["y"]
    assert service.follower.store.in_flight == passes + 1


async def test_explain_assumes_nothing(make):
    """Asking is free: same question, same answer."""
    service = make(decisive=True)
    first = await verbs.explain(service, body("job-1", "c"))
    assert await verbs.explain(service, body("job-1", "c")) == first
    assert service.follower.store.in_flight == 0


def test_no_opinion_after_silence(make, clock):
    """What we know may be wrong by then: all nodes score half, and that is counted."""
    service = make(decisive=True)
    clock.now += 301
    assert scores(service, "job-1", "c") == dict.fromkeys(NODES, 50)
    assert service.follower.store.in_flight == 0
    text, _ = service.metrics.expose("", {}, ready=True)
    assert b'neutral_answers_total{reason="stale",verb="prioritize"} 1.0' in text
