"""The live store: lists and events in, snapshots out, with assumed allocations in them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from extender.core.cluster.changes import Changes
from extender.core.releases.history import release_for
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, DeviceKind, DriverAttributes
from extender.model import DeviceID, Namespace, Node
from extender.model.kinds import NAMESPACE, NODE, RESOURCE_CLAIM, RESOURCE_SLICE
from extender.service.live.in_flight import InFlight
from extender.service.live.store import Events, LiveStore
from tests import builders as b

GPU, NIC = DeviceID("gpu.nvidia.com", "n", "gpu-0"), DeviceID("dra.net", "n", "nic-0")
PENDING, ASSUMED = b.claim("c"), b.holding("c", GPU, NIC)


@pytest.fixture
def store(clock):
    node, slices = b.pair_node("n", ["a"], ["a"])
    made = LiveStore(release_for("1.36"), InFlight(10.0), clock)
    for changes in b.first_lists(nodes=[node], slices=slices, classes=b.CLASSES, claims=[PENDING]):
        assert not made.ready
        assert made.apply(changes) == Events()
    return made


def taken(store):
    """The devices that count as taken on the node."""
    return set().union(*(usage.exclusive for usage in store.current.nodes["n"].usage))


def test_it_is_ready_when_every_kind_is_listed(store):
    """Then the snapshot holds them all."""
    assert store.ready
    assert list(store.current.nodes) == ["n"]
    assert len(store.current.nodes["n"].inventory.pools) == 2
    assert store.current.claims == {PENDING.key: PENDING}


async def test_what_comes_while_the_first_snapshot_is_built_apart(clock):
    """The loop goes on; events and lists of that time are taken in once it is there."""
    store = LiveStore(release_for("1.36"), InFlight(10.0), clock, apart=True)
    node, slices = b.pair_node("n", ["a"], ["a"])
    for changes in b.first_lists(nodes=[node], slices=slices):
        store.apply(changes)
    begun = asyncio.create_task(store.begin())
    await asyncio.sleep(0)
    store.apply(Changes.of(NODE, [Node("m")]))
    store.apply(Changes.of(NODE, gone=["n"]))
    store.apply(Changes.of(RESOURCE_CLAIM, [PENDING], complete=True))
    assert not store.listed.is_set()
    assert not store.current.nodes
    await begun
    assert store.listed.is_set()
    assert list(store.current.nodes) == ["m"]
    assert store.current.claims == {PENDING.key: PENDING}


def test_events_before_the_other_lists_count(clock):
    """A kind that is slow to list does not lose the events of those before it."""
    store = LiveStore(release_for("1.36"), InFlight(10.0), clock)
    store.apply(Changes.of(NODE, [Node("a"), Node("b")], complete=True))
    store.apply(Changes.of(NODE, [Node("b", {"zone": "1"}), Node("c")], gone=["a"]))
    for changes in b.first_lists():
        if NODE.name not in changes.complete:
            store.apply(changes)
    assert {name: dict(state.node.labels) for name, state in store.current.nodes.items()} == {
        "b": {"zone": "1"},
        "c": {},
    }


def test_events_change_the_snapshot_and_nothing_before_it(store):
    """A request that holds an older snapshot goes on with it."""
    before = store.current
    node, slices = b.pair_node("m", ["a"], ["a"])
    store.apply(Changes.of(NODE, [node]))
    store.apply(Changes.of(RESOURCE_SLICE, slices))
    store.apply(Changes.of(NODE, gone=["n"]))
    assert (list(before.nodes), list(store.current.nodes)) == (["n"], ["m"])
    assert len(store.current.nodes["m"].inventory.pools) == 2


def test_namespaces_come_and_go(store):
    """Their annotations are what answers depend on; predictions do not."""
    number = store.current.number
    store.apply(Changes.of(NAMESPACE, [Namespace("a", {"k": "v"}), Namespace("b")]))
    store.apply(Changes.of(NAMESPACE, gone=["b"]))
    assert dict(store.current.namespaces) == {"a": Namespace("a", {"k": "v"})}
    assert store.current.number == number


def test_another_list_removes_what_it_lacks(store):
    """After a gap in the events a list is the truth, also about what went meanwhile."""
    store.apply(Changes.of(RESOURCE_CLAIM, [b.claim("d")]))
    store.apply(Changes.of(RESOURCE_CLAIM, [b.claim("e")], complete=True))
    assert list(store.current.claims) == [("default", "e")]
    store.apply(Changes.of(RESOURCE_SLICE, [], complete=True))
    assert store.current.nodes["n"].inventory.pools == ()


def test_an_assumed_allocation_takes_the_devices_at_once(store):
    """Until the API says what became of it."""
    store.assume("pod-1", [ASSUMED])
    assert (taken(store), store.in_flight) == ({"gpu-0", "nic-0"}, 1)
    store.apply(Changes.of(RESOURCE_CLAIM, [replace(PENDING, pod_claim_name="without an allocation")]))
    assert (taken(store), store.in_flight) == ({"gpu-0", "nic-0"}, 1)
    store.apply(Changes.of(RESOURCE_CLAIM, [b.holding("c", GPU)]))
    assert (taken(store), store.in_flight) == ({"gpu-0"}, 0)


@pytest.mark.parametrize("end", ["forget", "expire", "delete", "list"])
def test_every_end_gives_the_devices_back(store, clock, end):
    """Nothing stays assumed."""
    store.assume("pod-1", [ASSUMED])
    clock.now += 10.0
    match end:
        case "forget":
            store.forget("pod-1")
        case "expire":
            assert store.expire() == 1
        case "delete":
            store.apply(Changes.of(RESOURCE_CLAIM, gone=[PENDING.key]))
        case "list":
            store.apply(Changes.of(RESOURCE_CLAIM, [], complete=True))
    assert (taken(store), store.in_flight, store.expire()) == (set(), 0, 0)


def test_an_allocation_is_news_once(store):
    """Repeats are none, nor is what was allocated when we came."""

    def news(claim):
        events = store.apply(Changes.of(RESOURCE_CLAIM, [claim]))
        return [(each, store.current.claims[each.key]) for each in events.allocated]

    assert news(PENDING) == []
    store.assume("pod-1", [ASSUMED])
    assert news(ASSUMED) == [(ASSUMED, ASSUMED)]
    assert news(replace(ASSUMED, pod_claim_name="x")) == []
    assert news(PENDING) == []
    assert news(ASSUMED) == [(ASSUMED, ASSUMED)]


def test_a_list_of_claims_leaves_those_that_only_the_scheduler_knows(store):
    """They are in no list of the API server."""
    made_up = b.holding("made-up", GPU)
    store.assume("pod-1", [made_up])
    store.apply(Changes.of(RESOURCE_CLAIM, [PENDING], complete=True))
    store.apply(Changes.of(RESOURCE_CLAIM, complete=True))
    assert list(store.current.claims) == [made_up.key]
    assert (taken(store), store.in_flight) == ({"gpu-0"}, 1)


def test_the_vocabulary_of_the_site_counts(clock):
    """Before the lists are complete, in the first snapshot and after an event."""
    vocabulary = DEFAULT_VOCABULARY.with_drivers({"dra.net": DriverAttributes(DeviceKind.ACCELERATOR)})
    store = LiveStore(release_for("1.36"), InFlight(10.0), clock, vocabulary=vocabulary)
    assert store.current.vocabulary is vocabulary
    node, slices = b.pair_node("n", ["a"], ["a"])
    for changes in b.first_lists(nodes=[node], slices=slices):
        store.apply(changes)
    store.apply(Changes.of(RESOURCE_SLICE, [b.slice_of("dra.net", "n", [b.device("nic-1", "b")])]))
    places = [
        location
        for each in store.current.nodes["n"].inventory.signature.slices
        for location in each.locations
    ]
    assert [location.kind for location in places] == [DeviceKind.ACCELERATOR, DeviceKind.GPU]
