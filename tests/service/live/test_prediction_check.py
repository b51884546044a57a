"""Closing the loop: each allocation against what was predicted, and why they differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.cluster.changes import Changes
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.model import (
    Allocation,
    Consumer,
    Device,
    DeviceID,
    DeviceResult,
    Node,
    kinds,
)
from extender.service.live.prediction_check import ATTEMPT_SECONDS, Match, PlacementCheck, PredictionCheck
from extender.service.live.remembered import MAX_PODS
from tests import builders as b
from tests.service.live.allocated_claims import THIS_NODE, allocated, allocation, device

POD = b.pod("job", "c")


class Loop:
    """A node with two pairs, a pod that was asked about, and what the outcomes tell."""

    def __init__(self, release="1.36"):
        node, slices = b.pair_node("n", ["a", "b"], ["a", "b"], numa={"a": 0, "b": 1})
        self.slices, self.time = slices, 7.0
        self.snapshot = b.snapshot((node, slices), release=release, claims=[b.claim("c")], pods=[POD])
        self.delayed: set[DeviceID] = set()
        self.results: list[Match] = []
        self.placements: list[PlacementCheck] = []
        self.checks = PredictionCheck(
            evaluate,
            Settings(),
            lambda: self.time,
            self.results.append,
            self.placements.append,
            delayed=self.delayed.__contains__,
        )

    def ask(self, settings=None):
        self.checks.on_answer(
            POD,
            evaluate(self.snapshot, POD, Memo(lambda names, s: [b""] * len(names)), settings or Settings()),
        )

    def see(self, claim, *others):
        self.snapshot = self.snapshot.with_claims([*others, claim])
        self.checks.on_allocated(claim, self.snapshot)

    def settle(self):
        """Two seconds pass."""
        for _ in range(2):
            self.checks.settle(self.snapshot)


def test_as_predicted():
    """A match is counted, and the pod's placement rated."""
    loop = Loop()
    loop.ask()
    loop.see(allocated("gpu-0", "nic-0"))
    assert loop.results == [Match.MATCH]
    assert list(loop.checks.mismatches) == []
    (placement,) = loop.placements
    assert placement.predicted is not None
    assert (placement.achieved.predicted, placement.predicted.predicted, placement.best) == (1.0, 1.0, 1.0)


def test_other_devices_are_wrong_and_told():
    """Nothing explains it: the newest mismatches are kept, with names."""
    loop = Loop()
    loop.ask()
    loop.see(allocated("gpu-0", "nic-1"))
    loop.checks.settle(loop.snapshot)
    assert (loop.results, list(loop.checks.mismatches)) == ([], [])
    loop.settle()
    assert loop.results == [Match.WRONG]
    (found,) = loop.checks.mismatches
    assert (found.result, found.time, found.pod, found.claim, found.node) == (
        Match.WRONG,
        7.0,
        "default/job",
        "c",
        "n",
    )
    assert found.predicted == ("gpu gpu.nvidia.com/n/gpu-0", "nic dra.net/n/nic-0")
    assert found.allocated == ("gpu gpu.nvidia.com/n/gpu-0", "nic dra.net/n/nic-1")
    (placement,) = loop.placements
    assert placement.predicted is not None
    assert placement.predicted.predicted == 1.0
    assert placement.achieved.predicted == pytest.approx(0.4)


def test_a_card_that_is_given_away_twice_is_counted():
    """The pod got a card of which another claim holds a slice."""
    gpu = "gpu.nvidia.com"
    devices = [
        Device("gpu-0", {f"{gpu}/uuid": b.text("GPU-0")}),
        Device("mig-0", {f"{gpu}/uuid": b.text("MIG-0"), f"{gpu}/parentUUID": b.text("GPU-0")}),
    ]
    pod = b.pod("job", "c")
    asked = b.claim("c", b.spec(b.request("gpu", "gpu")))
    before = b.snapshot(
        nodes=[Node("n")],
        slices=[b.slice_of(gpu, "n", devices)],
        claims=[asked, b.holding("other", DeviceID(gpu, "n", "mig-0"))],
        pods=[pod],
    )
    loop = Loop()
    loop.checks.on_answer(pod, evaluate(before, pod, Memo(lambda names, s: [b""] * len(names)), Settings()))
    got = replace(
        asked,
        allocation=Allocation((DeviceResult("gpu", DeviceID(gpu, "n", "gpu-0")),), node_selector=THIS_NODE),
        reserved_for=(Consumer("pods", "job", "uid-job"),),
    )
    loop.checks.on_allocated(got, before.with_claims([got]))
    assert [placement.double_uses for placement in loop.placements] == [1]


def test_order_matters():
    """The same devices in another order are not what was predicted."""
    loop = Loop()
    loop.ask()
    both = allocation("gpu-0", "nic-0")
    loop.see(replace(allocated("gpu-0", "nic-0"), allocation=replace(both, results=both.results[::-1])))
    loop.settle()
    assert loop.results == [Match.WRONG]


def test_another_claim_was_faster():
    """The scheduler knew of an allocation that we did not."""
    loop = Loop()
    loop.ask()
    loop.see(allocated("gpu-1", "nic-1"), allocated("gpu-0", "nic-0", "d", "other"))
    assert loop.results == [Match.IN_FLIGHT]


def test_another_claim_was_faster_and_shown_later():
    """The scheduler writes claims at the same time, in no order: that is no defect of ours."""
    loop = Loop()
    loop.ask()
    loop.see(allocated("gpu-1", "nic-1"))
    loop.snapshot = loop.snapshot.with_claims([allocated("gpu-0", "nic-0", "d", "other")])
    loop.settle()
    assert loop.results == [Match.IN_FLIGHT]
    (found,) = loop.checks.mismatches
    assert (found.result, found.predicted[0]) == (Match.IN_FLIGHT, "gpu gpu.nvidia.com/n/gpu-0")


def test_devices_became_free():
    """What we still took for used was free again."""
    loop = Loop()
    other = allocated("gpu-0", "nic-0", "d", "other")
    loop.snapshot = loop.snapshot.with_claims([other])
    loop.ask()
    loop.snapshot = loop.snapshot.with_claims([], [other.key])
    loop.see(allocated("gpu-0", "nic-0"))
    assert loop.results == [Match.STALE]


def test_devices_were_free_for_us_first():
    """They were released shortly before, and the scheduler still counted them as taken."""
    loop = Loop()
    loop.delayed.add(device("gpu-0"))
    loop.ask()
    loop.see(allocated("gpu-1", "nic-1"))
    assert loop.results == [Match.STALE]


def test_devices_were_free_for_the_scheduler_first():
    """It allocated what is still taken for us."""
    loop = Loop()
    loop.snapshot = loop.snapshot.with_claims([allocated("gpu-0", "nic-0", "d", "other")])
    loop.ask()
    loop.see(allocated("gpu-0", "nic-0"))
    assert loop.results == [Match.STALE]


def test_the_node_changed():
    """Its slices are others than those we predicted from."""
    loop = Loop()
    loop.ask()
    states = dict(loop.snapshot.nodes)
    states["n"] = states["n"]._replace(inventory=states["n"].inventory._replace())
    loop.snapshot = replace(loop.snapshot, nodes=states)
    loop.see(allocated("gpu-1", "nic-1"))
    assert loop.results == [Match.STALE]


def test_a_pod_with_two_claims_is_rated_when_both_are_allocated():
    """The second may look allocated before, because it is assumed to be."""
    loop = Loop()
    gpu, nic = b.spec(b.request("gpu", "gpu")), b.spec(b.request("nic", "nic"))
    loop.snapshot = loop.snapshot.with_claims([b.claim("c", gpu), b.claim("d", nic)])
    pod = b.pod("job", "c", "d")
    loop.checks.on_answer(
        pod, evaluate(loop.snapshot, pod, Memo(lambda names, s: [b""] * len(names)), Settings())
    )
    claim, both = allocated("gpu-0", "nic-0"), allocation("gpu-0", "nic-0")
    first, second = (
        replace(claim, name=name, spec=spec, allocation=replace(both, results=(result,)))
        for name, spec, result in zip("cd", (gpu, nic), both.results, strict=True)
    )
    loop.see(first, replace(second, reserved_for=()))
    assert (loop.results, loop.placements) == ([Match.MATCH], [])
    loop.see(second)
    assert loop.results == [Match.MATCH, Match.MATCH]
    assert [placement.achieved.predicted for placement in loop.placements] == [1.0]


def test_nothing_was_predicted():
    """A search that was given up is no mistake."""
    loop = Loop()
    loop.ask(Settings(search_steps=1, request_steps=1))
    loop.see(allocated("gpu-0", "nic-0"))
    assert loop.results == [Match.UNKNOWN]
    assert loop.placements[0].predicted is None


def test_pods_we_were_not_asked_about():
    """Such as those placed before we started."""
    loop = Loop()
    loop.see(allocated("gpu-0", "nic-0"))
    assert (loop.results, loop.placements) == ([Match.UNSEEN], [])


def test_a_claim_for_several_nodes_is_judged_where_its_pod_is():
    """Its selector does not name the node; the pod does, once bound."""
    loop = Loop()
    loop.ask()
    anywhere = replace(allocation("gpu-0", "nic-0"), node_selector=None)
    claim = replace(allocated("gpu-0", "nic-0"), allocation=anywhere)
    loop.see(claim)
    assert loop.results == [Match.UNSEEN]
    loop.snapshot = loop.snapshot.updated(Changes.of(kinds.POD, [replace(POD, node_name="n")]))
    loop.see(claim)
    assert loop.results == [Match.UNSEEN, Match.MATCH]


@pytest.mark.parametrize("seconds", [0, 1, 2])
def test_a_pod_that_is_gone_is_forgotten(seconds):
    """Its claims may be shown allocated within a second; later nothing of it keeps the cluster as it was."""
    loop = Loop()
    loop.ask()
    loop.checks.on_gone([POD.uid])
    for _ in range(seconds):
        loop.checks.settle(loop.snapshot)
    assert (loop.checks.evaluation_of(POD.uid) is None) == (seconds == 2)
    loop.see(allocated("gpu-0", "nic-0"))
    assert loop.results == [Match.UNSEEN if seconds == 2 else Match.MATCH]


@pytest.mark.parametrize("more", [0.0, 0.5])
def test_a_pod_of_which_nothing_is_heard_is_forgotten(more):
    """As long as a scheduler may still allocate its claims, it is remembered."""
    loop = Loop()
    loop.ask()
    loop.time += ATTEMPT_SECONDS + more
    loop.checks.settle(loop.snapshot)
    assert (loop.checks.evaluation_of(POD.uid) is None) == bool(more)


@pytest.mark.parametrize("number", [MAX_PODS, MAX_PODS + 1])
def test_attempts_are_forgotten_oldest_first(number):
    """Pods that never get their claims do not pile up."""
    loop = Loop()
    loop.ask()
    for each in range(1, number):
        pod = b.pod(f"job-{each}", "c")
        loop.checks.on_answer(pod, evaluate(loop.snapshot, pod, loop.checks.memo, Settings()))
    loop.see(allocated("gpu-0", "nic-0"))
    assert loop.results == [Match.MATCH if number == MAX_PODS else Match.UNSEEN]
