"""Pods with extended resources: the scheduler makes up their claim, and writes it when it binds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.claims.extended_resources import made_up_key
from extender.core.cluster.changes import Changes
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.kube.watch.events import ReflectorState
from extender.model import (
    Allocation,
    Consumer,
    Container,
    DeviceID,
    DeviceResult,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
)
from extender.model.kinds import KINDS, POD, RESOURCE_CLAIM
from extender.model.quantity import parse_quantity
from extender.service.live.delayed_releases import BACK_TO_BACK_SECONDS, DelayedReleases
from extender.service.live.event_handler import EventHandler
from extender.service.live.follower import LiveFollower
from extender.service.live.in_flight import InFlight
from extender.service.live.prediction_check import Match, PredictionCheck
from extender.service.live.store import LiveStore
from extender.service.live.unconfirmed_pods import UnconfirmedPods
from extender.service.wire import host_priorities
from tests import builders as b

RESOURCE = "example.com/gpu"
MADE_UP = made_up_key("default", "uid-job-1")
THIS_NODE = NodeSelector((NodeSelectorTerm(fields=(NodeRequirement("metadata.name", "In", ("n",)),)),))


def pod(name, *claims):
    container = Container("main", ((RESOURCE, parse_quantity("1")),))
    return replace(b.pod(name, *claims), containers=(container,))


def real(gpu=None, **fields):
    """The claim of ``job-1`` as the scheduler creates it, with an allocation once it has one."""
    allocation = None
    if gpu is not None:
        result = DeviceResult("container-0-request-0", DeviceID("gpu.nvidia.com", "n", gpu))
        allocation = Allocation((result,), node_selector=THIS_NODE)
    return replace(
        b.claim("job-1-extended-resources-x7k2p", allocation=allocation),
        owner_uid="uid-job-1",
        extended_resource=True,
        reserved_for=(Consumer("pods", "job-1", "uid-job-1"),) if allocation else (),
        **fields,
    )


class Cluster:
    """A live cluster of one node with three pairs whose GPUs are an extended resource."""

    def __init__(self, clock):
        self.results: list[Match] = []
        self.store = LiveStore(release_for("1.36"), InFlight(10.0), clock)
        node, slices = b.pair_node("n", ["a", "b", "c"], ["a", "b", "c"])
        classes = [replace(b.GPU_CLASS, extended_resource_name=RESOURCE), b.NIC_CLASS]
        for changes in b.first_lists([node], slices, classes, [b.claim("c")], [pod("job-1")]):
            self.store.apply(changes)
        self.checks = PredictionCheck(evaluate, Settings(), clock, self.results.append, lambda _: None)
        self.handler = EventHandler(
            self.store, DelayedReleases(clock), self.checks, unconfirmed=UnconfirmedPods(clock)
        )
        self.live = LiveFollower(
            store=self.store,
            handler=self.handler,
            checks=self.checks,
            evaluate=evaluate,
            memo=Memo(host_priorities),
            settings=Settings(),
            reflectors=tuple(
                ReflectorState(kind.name, synced=True, last_contact=clock.now) for kind in KINDS
            ),
            clock=clock,
            stale_seconds=300.0,
        )

    @property
    def taken(self):
        return set().union(*(usage.exclusive for usage in self.store.current.nodes["n"].usage))

    def see(self, *claims, gone=()):
        self.handler.apply(Changes.of(RESOURCE_CLAIM, claims, gone=gone))


@pytest.fixture
def cluster(clock):
    return Cluster(clock)


def test_the_next_pod_does_not_see_its_devices(cluster):
    """They are assumed under a name that no claim can have; with a claim of the pod's own, both are."""
    cluster.live.on_filtered(pod("job-1"), ["n"])
    assert (cluster.taken, cluster.store.in_flight) == ({"gpu-0"}, 1)
    assert cluster.store.current.claims[MADE_UP].allocation is not None
    cluster.live.on_request(pod("job-2", "c"), ["n"])
    cluster.live.on_filtered(pod("job-2", "c"), ["n"])
    assert (cluster.taken, cluster.store.in_flight) == ({"gpu-0", "gpu-1", "gpu-2", "nic-0"}, 3)


def test_the_real_claim_takes_its_place(cluster, clock):
    """Once it is allocated, not before: the devices are taken all the time, and once."""
    cluster.live.on_filtered(pod("job-1"), ["n"])
    cluster.see(real())
    assert (cluster.taken, cluster.store.in_flight) == ({"gpu-0"}, 1)
    cluster.see(real("gpu-0"))
    assert (cluster.taken, cluster.store.in_flight) == ({"gpu-0"}, 0)
    assert MADE_UP not in cluster.store.current.claims
    cluster.see(gone=[real().key])
    clock.now += BACK_TO_BACK_SECONDS + 1
    cluster.handler.expire()
    assert cluster.taken == set()


@pytest.mark.parametrize("end", ["forget", "expire", "pod gone", "claim gone", "claim deleted"])
def test_every_end_gives_the_devices_back(cluster, clock, end):
    """Nothing made up stays."""
    cluster.live.on_filtered(pod("job-1"), ["n"])
    cluster.see(real())
    clock.now += 10.0
    match end:
        case "forget":
            cluster.live.on_request(pod("job-1"), ["n"])
        case "expire":
            cluster.store.expire()
        case "pod gone":
            cluster.handler.apply(Changes.of(POD, gone=[("default", "job-1")]))
        case "claim gone":
            cluster.see(gone=[real().key])
        case "claim deleted":
            cluster.see(real(deleting=True))
    assert (cluster.taken, cluster.store.in_flight) == (set(), 0)
    assert MADE_UP not in cluster.store.current.claims


@pytest.mark.parametrize(("gpu", "result"), [("gpu-0", Match.MATCH), ("gpu-1", Match.WRONG)])
def test_it_is_compared_like_any_claim(cluster, gpu, result):
    """Its name differs from the prediction's, what it asks for does not."""
    cluster.live.on_filtered(pod("job-1"), ["n"])
    cluster.see(real(gpu))
    for _ in range(2):
        cluster.checks.settle(cluster.store.current)
    assert cluster.results == [result]


def test_that_it_becomes_real_explains_nothing(cluster):
    """The same devices under another name are no reason why a later prediction should be wrong."""
    cluster.live.on_filtered(pod("job-1"), ["n"])
    cluster.live.on_request(b.pod("job-2", "c"), ["n"])
    cluster.live.on_filtered(b.pod("job-2", "c"), ["n"])
    cluster.see(real("gpu-0"))
    devices = (DeviceID("gpu.nvidia.com", "n", "gpu-1"), DeviceID("dra.net", "n", "nic-1"))
    results = tuple(map(DeviceResult, ("gpu", "nic"), devices))
    cluster.see(
        replace(
            b.claim("c", allocation=Allocation(results, node_selector=THIS_NODE)),
            reserved_for=(Consumer("pods", "job-2", "uid-job-2"),),
        )
    )
    for _ in range(2):
        cluster.checks.settle(cluster.store.current)
    assert cluster.results == [Match.MATCH, Match.WRONG]
