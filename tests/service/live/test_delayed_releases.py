"""Claims that lose their devices: held back while an attempt may be under way that does not know it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.model import DeviceID, Pod, PodClaim
from extender.service.live.delayed_releases import (
    BACK_TO_BACK_SECONDS,
    BACKOFF_SECONDS,
    LATELY_SECONDS,
    DelayedReleases,
)
from tests import builders as b

GPU = DeviceID("gpu.nvidia.com", "n", "gpu-0")
HELD, FREE = b.holding("c", GPU), b.claim("c")
KEY = HELD.key


class Sink:
    """What is passed on, in order."""

    def __init__(self):
        self.calls = []

    def replace(self, kind, objects):
        self.calls.append(("replace", kind, [*objects]))

    def apply(self, kind, upserts, gone):
        self.calls.append(("apply", kind, [*upserts], [*gone]))


@pytest.fixture
def sink():
    return Sink()


@pytest.fixture
def delayed(sink, clock):
    """One claim is allocated, and a pod was just answered."""
    made = DelayedReleases(sink, clock)
    made.replace("ResourceClaim", [HELD])
    made.asked(pod("first"))
    clock.now += 0.1
    made.answered()
    sink.calls.clear()
    clock.now += 0.1
    return made


def pod(name, *claims):
    return Pod("default", name, f"uid-{name}", claims=tuple(PodClaim(each, each) for each in claims))


def test_the_attempt_under_way_still_finds_it_taken(delayed, sink):
    """It began when the last one was answered, before the devices became free."""
    delayed.apply("ResourceClaim", [FREE], [])
    delayed.asked(pod("second"))
    assert sink.calls == []
    assert len(delayed) == 1


def test_the_next_attempt_finds_it_free(delayed, sink, clock):
    """It begins when the attempt under way is answered."""
    delayed.apply("ResourceClaim", [FREE], [])
    delayed.asked(pod("second"))
    clock.now += 0.1
    delayed.answered()
    delayed.asked(pod("third"))
    assert sink.calls == [("apply", "ResourceClaim", [FREE], [])]
    assert len(delayed) == 0


def test_filter_and_prioritize_are_one_attempt(delayed, sink, clock):
    """Both answers are of the same view; only a pod that comes again after its backoff is a new attempt."""
    delayed.apply("ResourceClaim", [FREE], [])
    for _ in range(2):
        delayed.asked(pod("second"))
        clock.now += 0.01
        delayed.answered()
    assert sink.calls == []
    clock.now += BACKOFF_SECONDS + 0.01
    delayed.asked(pod("second"))
    assert len(sink.calls) == 1


def test_an_idle_scheduler_has_heard_of_it(delayed, sink, clock):
    """Long after the last answer an attempt began a moment ago."""
    delayed.apply("ResourceClaim", [FREE], [])
    clock.now += BACK_TO_BACK_SECONDS
    delayed.asked(pod("second"))
    assert sink.calls == [("apply", "ResourceClaim", [FREE], [])]


def test_what_happens_to_a_claim_meanwhile_comes_with_it(delayed, sink, clock):
    """Released, and then deleted: it is told that the claim is gone, once."""
    delayed.apply("ResourceClaim", [FREE], [])
    delayed.apply("ResourceClaim", [], [KEY])
    assert sink.calls == []
    clock.now += 2 * BACK_TO_BACK_SECONDS
    delayed.expire()
    assert sink.calls == [("apply", "ResourceClaim", [], [KEY])]


def test_a_claim_that_is_allocated_again_is_told_at_once(delayed, sink):
    """Its old devices are no longer of interest."""
    delayed.apply("ResourceClaim", [FREE], [])
    delayed.apply("ResourceClaim", [HELD], [])
    assert sink.calls == [("apply", "ResourceClaim", [HELD], [])]
    assert len(delayed) == 0


def test_another_claim_of_the_name_is_told_at_once(delayed, sink):
    """A deleted claim and its successor are two."""
    other = replace(FREE, uid="another")
    delayed.apply("ResourceClaim", [], [KEY])
    delayed.apply("ResourceClaim", [other], [])
    assert sink.calls == [("apply", "ResourceClaim", [other], [])]


def test_the_pod_that_wants_the_claim_gets_it_as_it_is(delayed, sink):
    """The scheduler tries the pod because the claim is free to be allocated."""
    delayed.apply("ResourceClaim", [FREE], [])
    delayed.asked(pod("second", "c"))
    assert sink.calls == [("apply", "ResourceClaim", [FREE], [])]


def test_nothing_else_is_held_back(delayed, sink):
    """Claims without devices, and other kinds."""
    pending = b.claim("d")
    delayed.apply("ResourceClaim", [pending], [])
    delayed.apply("ResourceClaim", [], [pending.key])
    delayed.apply("Node", [], ["n"])
    assert [call[1:] for call in sink.calls] == [
        ("ResourceClaim", [pending], []),
        ("ResourceClaim", [], [pending.key]),
        ("Node", [], ["n"]),
    ]


def test_a_list_ends_what_is_held_back(delayed, sink):
    """What it lacks is gone."""
    delayed.apply("ResourceClaim", [FREE], [])
    delayed.replace("ResourceClaim", [FREE])
    assert sink.calls == [("replace", "ResourceClaim", [FREE])]
    assert len(delayed) == 0


def test_devices_are_lately_free_for_a_while(delayed, clock):
    """That may explain a difference; after a while it no longer does."""
    assert not delayed.lately(GPU)
    delayed.apply("ResourceClaim", [FREE], [])
    delayed.expire()
    assert delayed.lately(GPU)
    clock.now += LATELY_SECONDS + 1
    delayed.expire()
    assert not delayed.lately(GPU)
