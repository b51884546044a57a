"""What became of predictions for the claims of pod groups, which several pods wait for."""

from __future__ import annotations

from dataclasses import replace

from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.model import Claim, Consumer, Pod, PodClaim
from extender.service.live.prediction_check import Match, PlacementCheck, PredictionCheck
from tests import builders as b
from tests.service.live.allocated_claims import allocated

CREW = Consumer("podgroups", "crew", "uid-crew", "scheduling.k8s.io")
GROUP_CLAIM = replace(b.claim("c"), owner_uid="uid-crew", pod_group="crew")


def member(name: str, group: str = "crew") -> Pod:
    return replace(b.pod(name), pod_group=group, claims=(PodClaim("devices", "c", "t"),))


def got(gpu: str, nic: str) -> Claim:
    """The group's claim as the scheduler writes it."""
    return replace(allocated(gpu, nic), owner_uid="uid-crew", pod_group="crew", reserved_for=(CREW,))


class Loop:
    """A node with two pairs, and the pods of a group that were asked about."""

    def __init__(self, *pods: Pod) -> None:
        release = release_for("1.36", {"DRAWorkloadResourceClaims": True})
        node = b.pair_node("n", ["a", "b"], ["a", "b"], numa={"a": 0, "b": 1})
        self.snapshot = b.snapshot(node, release=release, claims=[GROUP_CLAIM], pods=pods)
        self.results: list[Match] = []
        self.placements: list[PlacementCheck] = []
        self.checks = PredictionCheck(
            evaluate, Settings(), lambda: 7.0, self.results.append, self.placements.append
        )
        for pod in pods:
            self.checks.on_answer(
                pod, evaluate(self.snapshot, pod, Memo(lambda names, s: [b""] * len(names)), Settings())
            )

    def see(self, claim: Claim) -> None:
        self.snapshot = self.snapshot.with_claims([claim])
        self.checks.on_allocated(claim, self.snapshot)


def test_a_claim_of_the_group_is_compared_once():
    """Two pods wait for it; both have all their devices then, and are rated."""
    loop = Loop(member("m-0"), member("m-1"))
    loop.see(got("gpu-0", "nic-0"))
    assert loop.results == [Match.MATCH]
    assert [placement.achieved.predicted for placement in loop.placements] == [1.0, 1.0]
    assert loop.checks.evaluation_of("uid-m-0") is None
    assert loop.checks.evaluation_of("uid-m-1") is None


def test_other_devices_are_told_with_the_first_pod():
    """The scheduler allocates the claim for the pod that it looks at first."""
    loop = Loop(member("m-1"), member("m-0"))
    loop.see(got("gpu-1", "nic-1"))
    for _ in range(2):
        loop.checks.settle(loop.snapshot)
    assert loop.results == [Match.WRONG]
    assert [found.pod for found in loop.checks.mismatches] == ["default/m-1"]


def test_a_group_that_nobody_asked_about():
    """Pods of another group, even those that would wait for a claim of that name, do not count."""
    loop = Loop(member("m-0", "others"))
    loop.see(got("gpu-0", "nic-0"))
    assert loop.results == [Match.UNSEEN]
