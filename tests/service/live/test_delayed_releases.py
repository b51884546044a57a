"""Claims that lose their devices: held back while an attempt may be under way that does not know it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.cluster.changes import Changes
from extender.model import DeviceID, Pod, PodClaim
from extender.model.kinds import NODE, RESOURCE_CLAIM, Key
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


class Delayed:
    """Delayed releases, and what they pass on, in order."""

    def __init__(self, clock):
        self.releases = DelayedReleases(clock)
        self.passed = []

    def __len__(self):
        return len(self.releases)

    def take(self, changes):
        if changes:
            self.passed.append(changes)

    def apply(self, changes):
        self.take(self.releases.apply(changes))

    def on_request(self, pod):
        self.take(self.releases.on_request(pod))

    def on_answer(self):
        self.releases.on_answer()

    def expire(self):
        self.take(self.releases.expire())

    def lately(self, device):
        return self.releases.lately(device)


@pytest.fixture
def delayed(clock):
    """One claim is allocated, and a pod was just answered."""
    made = Delayed(clock)
    made.apply(Changes.of(RESOURCE_CLAIM, [HELD], complete=True))
    made.on_request(pod("first"))
    clock.now += 0.1
    made.on_answer()
    made.passed.clear()
    clock.now += 0.1
    return made


def pod(name, *claims):
    return Pod("default", name, f"uid-{name}", claims=tuple(PodClaim(each, each) for each in claims))


def test_the_attempt_under_way_still_finds_it_taken(delayed):
    """It began when the last one was answered, before the devices became free."""
    delayed.apply(Changes.of(RESOURCE_CLAIM, [FREE]))
    delayed.on_request(pod("second"))
    assert delayed.passed == []
    assert len(delayed) == 1


def test_the_next_attempt_finds_it_free(delayed, clock):
    """It begins when the attempt under way is answered."""
    delayed.apply(Changes.of(RESOURCE_CLAIM, [FREE]))
    delayed.on_request(pod("second"))
    clock.now += 0.1
    delayed.on_answer()
    delayed.on_request(pod("third"))
    assert delayed.passed == [Changes.of(RESOURCE_CLAIM, [FREE])]
    assert len(delayed) == 0


def test_filter_and_prioritize_are_one_attempt(delayed, clock):
    """Both answers are of the same view; only a pod that comes again after its backoff is a new attempt."""
    delayed.apply(Changes.of(RESOURCE_CLAIM, [FREE]))
    for _ in range(2):
        delayed.on_request(pod("second"))
        clock.now += 0.01
        delayed.on_answer()
    assert delayed.passed == []
    clock.now += BACKOFF_SECONDS + 0.01
    delayed.on_request(pod("second"))
    assert len(delayed.passed) == 1


def test_an_idle_scheduler_has_heard_of_it(delayed, clock):
    """Long after the last answer an attempt began a moment ago."""
    delayed.apply(Changes.of(RESOURCE_CLAIM, [FREE]))
    clock.now += BACK_TO_BACK_SECONDS
    delayed.on_request(pod("second"))
    assert delayed.passed == [Changes.of(RESOURCE_CLAIM, [FREE])]


def test_what_happens_to_a_claim_meanwhile_comes_with_it(delayed, clock):
    """Released, and then deleted: it is told that the claim is gone, once."""
    delayed.apply(Changes.of(RESOURCE_CLAIM, [FREE]))
    delayed.apply(Changes.of(RESOURCE_CLAIM, gone=[KEY]))
    assert delayed.passed == []
    clock.now += 2 * BACK_TO_BACK_SECONDS
    delayed.expire()
    assert delayed.passed == [Changes.of(RESOURCE_CLAIM, gone=[KEY])]


def test_a_claim_that_is_allocated_again_is_told_at_once(delayed):
    """Its old devices are no longer of interest."""
    delayed.apply(Changes.of(RESOURCE_CLAIM, [FREE]))
    delayed.apply(Changes.of(RESOURCE_CLAIM, [HELD]))
    assert delayed.passed == [Changes.of(RESOURCE_CLAIM, [HELD])]
    assert len(delayed) == 0


def test_another_claim_of_the_name_is_told_at_once(delayed):
    """A deleted claim and its successor are two."""
    other = replace(FREE, uid="another")
    delayed.apply(Changes.of(RESOURCE_CLAIM, gone=[KEY]))
    delayed.apply(Changes.of(RESOURCE_CLAIM, [other]))
    assert delayed.passed == [Changes.of(RESOURCE_CLAIM, [other])]


def test_the_pod_that_wants_the_claim_gets_it_as_it_is(delayed):
    """The scheduler tries the pod because the claim is free to be allocated."""
    delayed.apply(Changes.of(RESOURCE_CLAIM, [FREE]))
    delayed.on_request(pod("second", "c"))
    assert delayed.passed == [Changes.of(RESOURCE_CLAIM, [FREE])]


def test_nothing_else_is_held_back(delayed):
    """Claims without devices, and other kinds."""
    pending = b.claim("d")
    batches = [
        Changes.of(RESOURCE_CLAIM, [pending]),
        Changes.of(RESOURCE_CLAIM, gone=[pending.key]),
        Changes.of(NODE, gone=["n"]),
    ]
    for changes in batches:
        delayed.apply(changes)
    assert delayed.passed == batches


def test_a_list_ends_what_is_held_back(delayed):
    """What it lacks is gone."""
    delayed.apply(Changes.of(RESOURCE_CLAIM, [FREE]))
    delayed.apply(Changes.of(RESOURCE_CLAIM, [FREE], complete=True))
    assert delayed.passed == [Changes.of(RESOURCE_CLAIM, [FREE], complete=True)]
    assert len(delayed) == 0


def test_the_json_of_a_claim_comes_with_it(delayed, clock):
    """What a recorder wants is held back with the value."""
    change = Changes.of(RESOURCE_CLAIM, [FREE])
    json: dict[str, dict[Key, bytes]] = {RESOURCE_CLAIM.name: {KEY: b"{}"}}
    delayed.apply(replace(change, json=json))
    clock.now += 2 * BACK_TO_BACK_SECONDS
    delayed.expire()
    assert delayed.passed == [replace(change, json=json)]


def test_devices_are_lately_free_for_a_while(delayed, clock):
    """That may explain a difference; after a while it no longer does."""
    assert not delayed.lately(GPU)
    delayed.apply(Changes.of(RESOURCE_CLAIM, [FREE]))
    delayed.expire()
    assert delayed.lately(GPU)
    clock.now += LATELY_SECONDS + 1
    delayed.expire()
    assert not delayed.lately(GPU)
