"""Assumed allocations: how they begin, what shows through them, how they end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.model import DeviceID
from extender.service.live.in_flight import InFlight
from tests import builders as b

GPU = DeviceID("gpu.nvidia.com", "n", "gpu-0")
PENDING, OTHER = b.claim("c"), b.claim("d")
ASSUMED = b.holding("c", GPU)


@pytest.fixture
def in_flight():
    found = InFlight(seconds=30.0)
    found.assume("pod-1", [ASSUMED, b.holding("d")], ["n"], now=100.0)
    return found


def test_a_pending_claim_shows_the_assumed_allocation(in_flight):
    """The rest of the claim is the API's."""
    assert in_flight.shown(replace(PENDING, pod_claim_name="new")) == replace(ASSUMED, pod_claim_name="new")
    assert len(in_flight) == 2


@pytest.mark.parametrize(
    "event",
    [
        b.holding("c", DeviceID("gpu.nvidia.com", "m", "gpu-7")),
        replace(PENDING, deleting=True),
        replace(PENDING, uid="another object of that name"),
    ],
    ids=["allocated", "being deleted", "another object"],
)
def test_what_the_api_says_ends_it(in_flight, event):
    """Then the claim is shown as it is, now and later; the pod's other claim is still assumed."""
    assert in_flight.shown(event) == event
    assert in_flight.shown(replace(PENDING, uid=event.uid)).allocation is None
    assert len(in_flight) == 1


def test_the_last_claim_ends_the_assumption_of_the_pod(in_flight):
    """Nothing is left to take back."""
    for key in (PENDING.key, OTHER.key):
        in_flight.drop_claim(key)
    assert (len(in_flight), in_flight.drop_pod("pod-1")) == (0, ())


def test_another_attempt_replaces_it(in_flight):
    """Of one pod only the last is believed."""
    in_flight.assume("pod-1", [ASSUMED], [], now=101.0)
    assert len(in_flight) == 1
    assert in_flight.shown(OTHER) == OTHER
    in_flight.assume("pod-1", [], ["n"], now=102.0)
    assert len(in_flight) == 0


def test_a_pod_has_places_until_its_last_claim_ends(in_flight):
    """Two pods may have the same."""
    in_flight.assume("pod-2", [b.claim("e")], ["n", "m"], now=101.0)
    assert dict(in_flight.nodes) == {"n": 2, "m": 1}
    in_flight.drop_claim(("default", "e"))
    in_flight.drop_claim(PENDING.key)
    assert dict(in_flight.nodes) == {"n": 1}
    in_flight.drop_claim(OTHER.key)
    assert dict(in_flight.nodes) == {}


def test_claims_without_an_allocation_wait(in_flight):
    """They are shown as they are, and are not counted."""
    in_flight.assume("pod-2", [b.claim("e")], ["m"], now=101.0)
    assert in_flight.shown(b.claim("e")) == b.claim("e")
    assert ("pod-2" in in_flight, len(in_flight)) == (True, 2)
    assert in_flight.shown(b.holding("e", GPU)) == b.holding("e", GPU)
    assert "pod-2" not in in_flight


def test_a_shared_claim_belongs_to_the_pod_that_came_last(in_flight):
    """Then the first one waits for nothing more, and both end as usual."""
    in_flight.assume("pod-2", [ASSUMED, b.holding("d")], ["m"], now=101.0)
    assert ("pod-1" in in_flight, dict(in_flight.nodes), len(in_flight)) == (False, {"m": 1}, 2)
    assert in_flight.drop_pod("pod-1") == ()
    assert set(in_flight.drop_pod("pod-2")) == {PENDING.key, OTHER.key}


def test_it_ends_by_itself(in_flight):
    """Nothing is left of a placement that never came, and younger ones stay."""
    in_flight.assume("pod-2", [b.holding("e")], ["n"], now=120.0)
    assert in_flight.drop_expired(129.9) == ()
    assert set(in_flight.drop_expired(130.0)) == {PENDING.key, OTHER.key}
    assert len(in_flight) == 1
    assert in_flight.drop_expired(200.0) == (b.claim("e").key,)
    assert len(in_flight) == 0
