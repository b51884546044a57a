"""The node that a pod is nominated for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.nomination.choice import choose_node, devices_of
from extender.core.nomination.queue_order import place_in_queue
from extender.core.nomination.refusals import Refusal, code_of, refusal_of
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.scheduling import SCORES_ONLY, NotModelled, NotModelledCode
from extender.model.pending_pods import PendingPod
from tests import builders as b

NUMA = {"a": 0, "b": 1}


def evaluation(*machines, claims=None, release="1.36.2", pod=None):
    snapshot = b.snapshot(*machines, claims=claims or [b.claim("c")], release=release)
    return evaluate(
        snapshot, pod or b.pod("p", "c"), Memo(lambda names, score: [score] * len(names)), Settings()
    )


def choose(found, names, *, uid="u", required=False, way=None, **scores):
    return choose_node(
        found, names, pod_uid=uid, scores=lambda _: scores, on_their_way=way or {}, required=required
    )


def near(name):
    return b.pair_node(name, ["a"], ["a"], numa=NUMA)


def far(name):
    return b.pair_node(name, ["a"], ["b"], numa=NUMA)


def test_the_nearest_devices_win():
    """Whatever is preferred, and the devices are those of the node."""
    found = evaluation(far("x"), near("y"), far("z"))
    choice = choose(found, ["x", "y", "z"], y=1000)
    assert (choice.node, choice.equals) == ("y", 1)
    assert {str(device) for device in devices_of(choice.claims)} == {
        "gpu.nvidia.com/y/gpu-0",
        "dra.net/y/nic-0",
    }


def test_only_the_given_nodes():
    """A better node that does not pass counts for nothing."""
    assert choose(evaluation(far("x"), near("y")), ["x"]).node == "x"
    assert choose(evaluation(far("x"), near("y")), []) is Refusal.NO_NODE


def test_between_equals():
    """The default scheduler's scores, pods on their way; and different pods go to different nodes."""
    names = [f"n{number}" for number in range(20)]
    found = evaluation(*map(near, names))
    assert choose(found, names, n7=1).node == "n7"
    assert choose(found, names, way={name: 1 for name in names if name != "n5"}).node == "n5"
    assert choose(found, names, way={"n7": 9}, n7=1).node == "n7"
    assert len({choose(found, names, uid=f"u{number}").node for number in range(40)}) > 10
    assert choose(found, names, uid="u1").node == choose(found, list(reversed(names)), uid="u1").node


def test_no_node_has_the_devices():
    """The pod waits for devices: nothing is nominated."""
    found = evaluation(b.pair_node("x", ["a"], []))
    assert choose(found, ["x"]) is Refusal.NO_NODE


def test_claims_that_are_not_there():
    """Those that a controller has still to make."""
    assert choose(evaluation(near("x"), claims=[b.claim("other")]), ["x"]) is Refusal.CLAIMS


def test_uncertain_devices_are_left_alone():
    """1.35 walks pools in random order: two pools with a GPU each."""
    node, slices = near("x")
    more = b.slice_of("gpu.nvidia.com", "x", [b.device("gpu-9", "b", 1)], "second")
    other = replace(more, pool="second")
    found = evaluation((node, [*slices, other]), release="1.35.4")
    assert choose(found, ["x"]) is Refusal.UNCERTAIN
    both = evaluation((node, [*slices, other]), far("y"), release="1.35.4")
    assert choose(both, ["x", "y"]).node == "y"


def test_a_pod_that_requires_alignment_is_not_sent_far():
    """Filter would reject the node."""
    assert choose(evaluation(far("x")), ["x"], required=True) is Refusal.MISALIGNED
    assert choose(evaluation(far("x"), near("y")), ["x", "y"], required=True).node == "y"


def pending(**fields):
    return PendingPod("default", "p", "u", **fields)


def test_order_of_the_queue():
    """Higher priority, then who came first; creation by the wall clock counts for nothing."""
    pods = [
        (pending(priority=1, created="2026-01-01T00:00:09Z"), 0),
        (pending(priority=1, created="2026-01-01T00:00:01Z"), 1),
        (pending(priority=2), 2),
        (pending(priority=-1), 3),
        (pending(), 4),
    ]
    ordered = sorted(pods, key=lambda each: place_in_queue(*each))
    assert [arrived for _, arrived in ordered] == [2, 0, 1, 4, 3]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, None),
        ({"scheduler": "theirs"}, Refusal.OTHER_SCHEDULER),
        ({"gated": True}, Refusal.GATED),
        ({"deleting": True}, Refusal.DELETING),
        ({"grouped": True}, Refusal.POD_GROUP),
        ({"nominated_node": "x", "nominated_by": ("kube-scheduler",)}, Refusal.NOMINATED),
        ({"gated": True, "nominated_node": "x"}, Refusal.GATED),
    ],
)
def test_refusals(fields, refusal):
    """Pods that go the usual way, each with the reason."""
    assert refusal_of(pending(**fields), {"default-scheduler"}) is refusal


@pytest.mark.parametrize("code", sorted(set(NotModelledCode) - SCORES_ONLY))
def test_each_gap_of_the_model_is_a_refusal(code):
    """So that a new one cannot be forgotten."""
    assert isinstance(code_of(NotModelled(code)), Refusal)
