"""What remembered pods keep alive is counted once, and bounded."""

from __future__ import annotations

import sys

import pytest

from extender.core.cluster.changes import Changes
from extender.core.cluster.layered import COPIED
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.model import ClaimSpec, ExactRequest, Request
from extender.model.kinds import POD
from extender.service.live.remembered import BYTES_PER_CHARACTER, Attempt, Remembered, pod_bytes, spec_bytes
from extender.service.wire import host_priorities
from tests import builders as b

MANY = 400
"""So few pods that their table is copied for each event."""


@pytest.fixture
def snapshot():
    pods = [b.pod(f"old-{number}") for number in range(MANY)]
    claims = [b.claim("c")]
    return b.snapshot(b.pair_node("n", ["r0"], ["r0"]), claims=claims, pods=pods)


def attempt(snapshot, name="job"):
    pod = b.pod(name, "c")
    return Attempt(pod, evaluate(snapshot, pod, Memo(host_priorities), Settings()), set())


def changed(snapshot, name):
    """The next state of the cluster, with another table of pods."""
    return snapshot.updated(Changes.of(POD, [b.pod(name)]))


def test_attempts_on_one_state_share_it(snapshot):
    """The second costs its pod alone, and the last that goes leaves nothing."""
    held = Remembered(lambda: None)
    held.put("1", attempt(snapshot))
    first = held.held_bytes
    assert first > sys.getsizeof(snapshot.pods)
    second = attempt(snapshot, "two")
    held.put("2", second)
    assert held.held_bytes == first + pod_bytes(second.pod)
    held.put("2", second)
    assert held.held_bytes == first + pod_bytes(second.pod)
    held.remove("1")
    assert held.held_bytes == first
    held.remove("2")
    assert (held.held_bytes, len(held)) == (0, 0)


def test_old_states_of_the_cluster_are_bounded(snapshot):
    """Each attempt on another state keeps a table of pods; the oldest are forgotten, and counted."""
    dropped = []
    most = 10 * sys.getsizeof(snapshot.pods)
    held = Remembered(lambda: dropped.append(1), most)
    for number in range(50):
        snapshot = changed(snapshot, f"new-{number}")
        held.put(str(number), attempt(snapshot))
        assert held.held_bytes <= most
    assert 5 < len(held) < 10
    assert len(dropped) == 50 - len(held)
    assert held.get("49") is not None
    assert held.get("0") is None


def test_states_of_a_large_cluster_share_most_of_their_tables():
    """What is the same in all of them counts once."""
    pods = [b.pod(f"old-{number}") for number in range(2 * COPIED)]
    state = b.snapshot(b.pair_node("n", ["r0"], ["r0"]), claims=[b.claim("c")], pods=pods)
    held = Remembered(lambda: None)
    held.put("first", attempt(state))
    first = held.held_bytes
    for number in range(20):
        state = changed(state, f"new-{number}")
        held.put(str(number), attempt(state))
    assert len(held) == 21
    assert held.held_bytes < 2 * first


def test_a_pod_that_is_too_large_by_itself(snapshot):
    """It is not remembered, and others are."""
    held = Remembered(lambda: None, 10 * sys.getsizeof(snapshot.pods))
    held.put("large", attempt(snapshot, "x" * 1_000_000))
    assert len(held) == 0
    held.put("small", attempt(snapshot))
    assert len(held) == 1


def test_what_a_claim_takes_is_its_selectors():
    """They are what a tenant can make long, and compiled they are much longer."""
    short, long = (
        ClaimSpec("f", (Request("r", exactly=ExactRequest("r", "gpu", selectors=(text,))),))
        for text in ("true", "true" * 1000)
    )
    assert spec_bytes(long) - spec_bytes(short) == BYTES_PER_CHARACTER * 4 * 999
