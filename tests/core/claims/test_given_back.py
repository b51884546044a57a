"""A pod as if it came anew."""

from __future__ import annotations

from dataclasses import replace

from extender.core.claims.given_back import given_back
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.model import Consumer, DeviceID
from tests import builders as b

NEAR = (DeviceID("gpu.nvidia.com", "n", "gpu-0"), DeviceID("dra.net", "n", "nic-0"))


def running(*claims):
    pod = replace(b.pod("p", *(claim.name for claim in claims)), node_name="n")
    snapshot = b.snapshot(b.pair_node("n", ["r0"], ["r0"]), claims=claims, pods=[pod])
    return given_back(pod, snapshot)


def results_of(claim):
    return claim.allocation.results


def allocated(pod, snapshot):
    evaluation = evaluate(snapshot, pod, Memo(lambda names, score: [score] * len(names)), Settings())
    return [result.id for claim in evaluation.allocated_on("n") for result in results_of(claim)]


def test_the_devices_of_the_pod_are_free_again():
    """The scheduler can give them to it once more."""
    found = running(replace(b.holding("c", *NEAR), reserved_for=(Consumer("pods", "p", "uid-p"),)))
    assert (found.pod.node_name, found.kept) == ("", ())
    assert allocated(found.pod, found.snapshot) == list(NEAR)


def test_a_claim_that_others_use_stays_allocated():
    """Giving it back would take the devices from them."""
    users = (Consumer("pods", "p", "uid-p"), Consumer("pods", "q", "uid-q"))
    found = running(replace(b.holding("c", *NEAR), reserved_for=users))
    assert found.kept == ("c",)
    assert found.snapshot.claims["default", "c"].allocation is not None


def test_a_claim_for_extended_resources_goes():
    """The scheduler makes another one."""
    made_up = replace(b.holding("made-up", *NEAR), owner_uid="uid-p", extended_resource=True)
    pod = replace(b.pod("p"), node_name="n")
    snapshot = b.snapshot(b.pair_node("n", ["r0"], ["r0"]), claims=[made_up], pods=[pod])
    assert not given_back(pod, snapshot).snapshot.claims
