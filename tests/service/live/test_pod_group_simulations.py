"""What is assumed of the pods of a pod group, which kube-scheduler places in a simulation first."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from extender.core.cluster.changes import Changes
from extender.model import DeviceID
from extender.model.kinds import NODE, POD, RESOURCE_CLAIM, RESOURCE_SLICE
from extender.service.http import verbs
from extender.service.live import remembered
from extender.service.live.follower import LiveFollower
from extender.service.live.in_flight import SIMULATED_SECONDS
from extender.service.live.prediction_check import node_of
from tests import builders as b
from tests.service.live.live_cluster import NODES, at_once, body, live_service

FIRST, SECOND = ("job-1", "c"), ("job-2", "d")
ONE_GPU = b.claim("g", b.spec(b.request("gpu", "gpu")))


class Gang:
    """A service that decides, on three nodes of which two have an aligned pair, and a group of two pods."""

    def __init__(self, clock, group="crew", more=()):
        self.service, self.group = live_service(clock, decisive=True, more=more), group
        self.won: dict[tuple[str, str], str] = {}
        assert isinstance(self.service.follower, LiveFollower)
        self.live = self.service.follower
        for name, claim in (FIRST, SECOND):
            self.show(name, claim)

    def show(self, name, claim, **fields):
        pod = replace(b.pod(name, claim), pod_group=self.group, **fields)
        self.live.handler.apply(Changes.of(POD, [pod]))

    def ask(self, name, claim, *names):
        """The scores; the scheduler asks for scores only."""
        answer = at_once(verbs.prioritize(self.service, body(name, claim, *names, group=self.group)))
        return {entry["Host"]: entry["Score"] for entry in json.loads(answer.body)}

    def passing(self, name, claim, *names):
        """The nodes that filter passes for a pod with policy required."""
        request = body(name, claim, *names, group=self.group, alignment="required")
        return json.loads(at_once(verbs.filter_(self.service, request)).body)["NodeNames"]

    @property
    def assumed(self):
        return {claim.name for claim in self.live.store.assumed}


@pytest.fixture
def gang(clock):
    return Gang(clock)


def chosen(scores):
    return max(scores, key=scores.__getitem__)


def test_pods_of_a_simulation_see_each_others_devices(gang):
    """As the scheduler holds them for it."""
    assert chosen(gang.ask(*FIRST)) != chosen(gang.ask(*SECOND))
    assert gang.assumed == {"c", "d"}


def test_a_pod_that_comes_again_begins_a_new_simulation(gang):
    """What was assumed of the others is undone with it: both aligned nodes are free again."""
    before = gang.ask(*FIRST)
    gang.ask(*SECOND)
    assert gang.ask(*FIRST) == before
    assert gang.assumed == {"c"}


def test_pods_without_a_group_are_kept_apart(clock):
    """The same requests: what is assumed of the second pod stays."""
    plain = Gang(clock, group="")
    before = plain.ask(*FIRST)
    plain.ask(*SECOND)
    assert plain.ask(*FIRST) != before
    assert plain.assumed == {"c", "d"}


def test_filter_and_prioritize_are_one_question(gang):
    """The pod that was asked about last goes on."""
    gang.ask(*FIRST)
    gang.ask(*SECOND)
    gang.passing(*SECOND)
    assert gang.assumed == {"c"}
    gang.ask(*SECOND)
    assert gang.assumed == {"c", "d"}


def test_a_pod_that_landed_is_no_part_of_the_simulation(gang):
    """The rest of a group may come later, in simulations of its own."""
    node = chosen(gang.ask(*FIRST))
    gang.ask(*SECOND)
    gang.show(*FIRST, nominated_node_name=node)
    gang.live.store._in_flight.drop_simulation(("default", "crew"))
    assert gang.assumed == {"c"}


def test_a_group_that_failed_holds_nothing(gang):
    """One of its pods had a node and is refused all the same."""
    gang.ask(*FIRST)
    gang.ask(*SECOND)
    gang.show(*SECOND, unschedulable=True)
    assert gang.assumed == set()


@pytest.mark.parametrize("name", ["job-3", "job-1"])
def test_refusals_that_say_nothing_of_the_group(gang, name):
    """A pod that got no node in the simulation, and one that was refused before it began."""
    gang.show("job-1", "c", unschedulable=True)
    gang.ask(*FIRST)
    gang.ask(*SECOND)
    gang.show(name, "c", unschedulable=True, annotations={"any": "change"})
    assert gang.assumed == {"c", "d"}


@pytest.mark.parametrize("shown", ["job-2", "job-3"])
def test_a_group_that_lacks_a_node_ends_with_the_next_request(gang, shown):
    """One of its pods was never asked about; where all were, the API will show where they land."""
    gang.show(shown, "d")
    gang.ask(*FIRST)
    gang.ask(*SECOND)
    assert gang.assumed == {"c", "d"}
    gang.group = ""
    gang.live.handler.apply(Changes.of(RESOURCE_CLAIM, [b.claim("e")]))
    gang.show("alone", "e")
    gang.ask("alone", "e")
    assert gang.assumed == ({"c", "d", "e"} if shown == "job-2" else {"e"})


def test_it_ends_soon_after_the_last_answer(gang, clock):
    """Where the group fails as before, the API shows nothing new; that is no claim that was lost."""
    gang.ask(*FIRST)
    clock.now += SIMULATED_SECONDS - 1
    gang.ask(*SECOND)
    clock.now += SIMULATED_SECONDS - 1
    store = gang.live.store
    assert store.expire() == 0
    assert gang.assumed == {"c", "d"}
    clock.now += 1
    assert store.expire() == 0
    assert gang.assumed == set()


def test_a_nomination_by_preemption_reserves_nothing(gang):
    """It comes with the refusal; a pod that lands is refused no more, or bound."""
    gang.ask(*FIRST)
    gang.show(*FIRST, nominated_node_name="x", unschedulable=True)
    assert gang.assumed == set()
    gang.ask(*FIRST)
    gang.show(*FIRST, nominated_node_name="y", unschedulable=True)
    gang.show(*FIRST, node_name="y", unschedulable=True)
    assert gang.assumed == {"c"}
    gang.live.store._in_flight.drop_simulation(("default", "crew"))
    assert gang.assumed == {"c"}


def test_required_rejects_no_node_over_a_simulation(gang):
    """Only once the API shows that the pod has landed there; a guess costs no group its place."""
    node, slices = b.pair_node("z", ["a", "b"], ["a"], numa={"a": 0, "b": 1})
    handler = gang.live.handler
    handler.apply(Changes.of(NODE, [node]))
    handler.apply(Changes.of(RESOURCE_SLICE, slices))
    handler.apply(Changes.of(RESOURCE_CLAIM, [ONE_GPU]))
    gang.show("near", "g")
    gang.ask("near", "g", "z")
    assert gang.assumed == {"g"}
    assert gang.passing(*SECOND, "x", "z") == ["x", "z"]
    gang.show("near", "g", nominated_node_name="z")
    assert gang.passing(*SECOND, "x", "z") == ["x"]


def test_a_shared_claim_says_where_the_pod_before_landed(gang):
    """The scheduler did not follow our scores: only one node is left for the next pod with the claim."""
    expected = chosen(gang.ask(*FIRST))
    (other,) = {"x", "y"} - {expected}
    gang.show("job-2", "c")
    gang.passing("job-2", "c", other)
    (claim,) = gang.live.store.assumed
    assert node_of(claim) == other
    gang.passing(*SECOND, expected)
    assert {node_of(claim) for claim in gang.live.store.assumed} == {other, expected}


@pytest.mark.parametrize("group", ["", "others"])
def test_pods_that_share_a_claim_across_groups_say_nothing(gang, group):
    """They are in no simulation together."""
    expected = chosen(gang.ask(*FIRST))
    (other,) = {"x", "y"} - {expected}
    gang.ask(*SECOND, "far")
    gang.group = group
    gang.show("job-3", "c")
    gang.passing("job-3", "c", other)
    assert {claim.name: node_of(claim) for claim in gang.live.store.assumed} == {"c": expected, "d": "far"}


def test_a_made_up_pod_takes_no_part(gang):
    """Anybody can name the group: what the pods of the group hold stays."""
    gang.ask(*FIRST)
    for _ in range(2):
        gang.ask("made-up", "e")
        gang.ask(*SECOND)
    gang.ask("made-up", "e")
    assert gang.assumed == {"c", "d"}


def test_nothing_is_left_when_the_group_runs(gang):
    """Its claims show what it got."""
    for pair in (FIRST, SECOND):
        node = chosen(gang.ask(*pair))
        gpu, nic = DeviceID("gpu.nvidia.com", node, "gpu-0"), DeviceID("dra.net", node, "nic-0")
        gang.live.handler.apply(Changes.of(RESOURCE_CLAIM, [b.holding(pair[1], gpu, nic)]))
    assert gang.assumed == set()
    assert not gang.live.store._in_flight._groups
    assert set(NODES) == set(gang.live.store.current.nodes)


@pytest.fixture
def placements(clock):
    """Two placements of three nodes each, tried one after the other: each pod is asked about in both."""
    gang = Gang(clock, more=["v", "w"])
    gang.won = {pair: chosen(gang.ask(*pair, "x", "y", "far")) for pair in (FIRST, SECOND)}
    for pair in (FIRST, SECOND):
        assert chosen(gang.ask(*pair, "v", "w", "far")) in {"v", "w"}
    return gang


def test_a_placement_wins_that_was_not_the_last(placements):
    """What its pods got there is assumed as soon as the API shows their nodes, in any order."""
    for pair in (SECOND, FIRST):
        placements.show(*pair, nominated_node_name=placements.won[pair])
    held = {
        claim.name: {result.id.pool for result in claim.allocation.results}
        for claim in placements.live.store.assumed
        if claim.allocation is not None
    }
    assert held == {"c": {placements.won[FIRST]}, "d": {placements.won[SECOND]}}


def test_it_is_judged_by_the_answer_that_was_about_it(placements):
    """The newest that offered the node; a node that none offered is judged by the newest of all."""
    by_node = {
        node: placements.live.checks.evaluation_of("uid-job-1", node) for node in ("x", "v", "far", "none")
    }
    assert by_node["x"] is not by_node["v"]
    assert by_node["far"] is by_node["none"] is by_node["v"]


def test_a_few_answers_are_kept(gang, monkeypatch):
    """Those about the same nodes only once, and not more than the bound."""
    monkeypatch.setattr(remembered, "MAX_EARLIER", 3)
    for _ in range(3):
        gang.ask(*FIRST)
    attempt = gang.live.checks._attempts.get("uid-job-1")
    assert (attempt.on("x"), attempt.earlier) == (attempt, ())
    for names in (["x"], ["y"], ["far"], ["x", "y"], ["y", "far"]):
        gang.ask(*FIRST, *names)
    attempt = gang.live.checks._attempts.get("uid-job-1")
    assert [each.offered for each in attempt.earlier] == [b"\nx\ny\n", b"\nfar\n", b"\ny\n"]


def test_the_memory_of_earlier_answers_is_counted(placements):
    """It goes with the pod."""
    attempts = placements.live.checks._attempts
    held = attempts.held_bytes
    attempts.remove("uid-job-1")
    assert attempts.held_bytes < held
    attempts.remove("uid-job-2")
    assert attempts.held_bytes == 0
