"""From what a reflector reports to the store, and to those who need to know what is news."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from extender.core.cluster.changes import Changes
from extender.core.releases.history import release_for
from extender.model import DeviceID
from extender.model.kinds import POD, RESOURCE_CLAIM
from extender.service.live.delayed_releases import BACK_TO_BACK_SECONDS, DelayedReleases
from extender.service.live.event_handler import EventHandler
from extender.service.live.in_flight import InFlight
from extender.service.live.store import LiveStore
from extender.service.live.unconfirmed_pods import UnconfirmedPods
from tests import builders as b

GPU = DeviceID("gpu.nvidia.com", "n", "gpu-0")


class Recorded:
    """What those behind the store were told, in order; claims named ``broken`` raise."""

    def __init__(self):
        self.told = []
        self.failures = 0

    def on_allocated(self, claim, snapshot, _turn):
        assert snapshot.claims[claim.key].allocation == claim.allocation
        self.told.append(("compare", claim.name))
        if claim.name == "broken":
            raise RuntimeError("bug")

    def evaluation_of(self, uid, _node):
        self.told.append(("landed", uid))

    def pod_of(self, uid):
        return None

    def on_gone(self, uids):
        self.told += [("gone", uid) for uid in uids]

    def forget(self, uid):
        self.told.append(("forget", uid))

    def on_changes(self, changes):
        self.told.append(("record", sorted(name for _, name in changes[RESOURCE_CLAIM])))

    def fail(self):
        self.failures += 1


@pytest.fixture
def recorded():
    return Recorded()


@pytest.fixture
def store(clock):
    node, slices = b.pair_node("n", ["a"], ["a"])
    made = LiveStore(release_for("1.36"), InFlight(10.0), clock)
    for changes in b.first_lists([node], slices, b.CLASSES, [b.claim("c")], [b.pod("job", "c")]):
        made.apply(changes)
    return made


@pytest.fixture
def handler(store, clock, recorded):
    unconfirmed = UnconfirmedPods(clock)
    return EventHandler(
        store, DelayedReleases(clock), recorded, recorded, recorded.fail, unconfirmed=unconfirmed
    )


def test_news_are_told_before_the_recorder_gets_the_changes(handler, recorded):
    """A comparison names the attempt under which it is recorded."""
    handler.apply(Changes.of(RESOURCE_CLAIM, [b.holding("c", GPU), b.claim("d")]))
    assert recorded.told == [("compare", "c"), ("record", ["c", "d"])]


def test_an_error_of_ours_stops_nothing_else(handler, recorded):
    """It is counted and logged with the object that it was about."""
    claims = [b.holding("broken", GPU), b.holding("c", GPU)]
    with capture_logs() as logs:
        handler.apply(Changes.of(RESOURCE_CLAIM, claims))
    assert recorded.told == [("compare", "broken"), ("compare", "c"), ("record", ["broken", "c"])]
    assert recorded.failures == 1
    assert [(line["event"], line["comparing"]) for line in logs] == [("internal error", "default/broken")]


def test_a_pod_that_lands_is_told(handler, store, recorded):
    """With what is assumed of it."""
    store.assume("uid-job", [b.claim("c")], ["n"])
    handler.apply(Changes.of(POD, [replace(b.pod("job", "c"), node_name="n")]))
    assert recorded.told == [("landed", "uid-job"), ("record", [])]


def test_pods_that_the_api_shows_no_more_are_told(handler, store, recorded):
    """One that is deleted, and one in whose place another comes under its name."""
    handler.apply(Changes.of(POD, [b.pod("other", "c")]))
    handler.apply(Changes.of(POD, gone=[("default", "job")]))
    handler.apply(Changes.of(POD, [replace(b.pod("other", "c"), uid="next")]))
    assert [uid for what, uid in recorded.told if what == "gone"] == ["uid-job", "uid-other"]


def test_a_release_reaches_store_and_recorder_together(handler, store, recorded, clock):
    """Neither hears of it while it is held back."""
    handler.apply(Changes.of(RESOURCE_CLAIM, [b.holding("c", GPU)]))
    recorded.told.clear()
    handler.apply(Changes.of(RESOURCE_CLAIM, [b.claim("c")]))
    assert store.current.claims["default", "c"].allocation is not None
    assert recorded.told == []
    clock.now += BACK_TO_BACK_SECONDS + 1
    handler.expire()
    assert store.current.claims["default", "c"].allocation is None
    assert recorded.told == [("record", ["c"])]
