"""Objects that nobody should write, on a live cluster: survived, counted and shown."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from extender.core.cluster.changes import Changes
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.kube.watch.events import ReflectorState
from extender.model import (
    Allocation,
    Consumer,
    DeviceID,
    DeviceResult,
    Devices,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
)
from extender.model.kinds import KINDS, POD, RESOURCE_CLAIM, RESOURCE_SLICE
from extender.model.quantity import parse_quantity
from extender.service.http import verbs
from extender.service.http.dependencies import Service
from extender.service.http.web import make_app
from extender.service.live.delayed_releases import DelayedReleases
from extender.service.live.event_handler import EventHandler
from extender.service.live.follower import LiveFollower
from extender.service.live.in_flight import InFlight
from extender.service.live.prediction_check import PredictionCheck
from extender.service.live.store import LiveStore
from extender.service.live.unconfirmed_pods import UnconfirmedPods
from extender.service.metrics.metrics import Metrics
from extender.service.wire import host_priorities
from tests import builders as b
from tests.service.live.live_cluster import at_once

NODES = ("x", "y")


def gpu(name, node="x"):
    return DeviceID("gpu.nvidia.com", node, name)


def nic(name, node="x"):
    return DeviceID("dra.net", node, name)


def on(node, *devices, claim="c", pod="job-1"):
    """A claim whose allocation names a node, as the scheduler writes it or a hand."""
    this = NodeSelector((NodeSelectorTerm(fields=(NodeRequirement("metadata.name", "In", (node,)),)),))
    results = tuple(map(DeviceResult, ("gpu", "nic"), devices))
    return replace(
        b.claim(claim, allocation=Allocation(results, node_selector=this)),
        reserved_for=(Consumer("pods", pod, f"uid-{pod}"),),
    )


@pytest.fixture
def service(clock):
    """Two nodes with one aligned pair each, two pods."""
    store = LiveStore(release_for("1.36"), InFlight(30.0), clock)
    nodes, slices = [], []
    for name in NODES:
        node, published = b.pair_node(name, ["a"], ["a"])
        nodes.append(node)
        slices += published
    for changes in b.first_lists(nodes, slices, b.CLASSES, [b.claim("c"), b.claim("d")]):
        store.apply(changes)
    metrics, memo = Metrics("1.36.2"), Memo(host_priorities)
    checks = PredictionCheck(evaluate, Settings(), clock, metrics.match, metrics.placement)
    live = LiveFollower(
        store=store,
        handler=EventHandler(store, DelayedReleases(clock), checks, unconfirmed=UnconfirmedPods(clock)),
        checks=checks,
        evaluate=evaluate,
        memo=memo,
        settings=Settings(),
        reflectors=tuple(ReflectorState(kind.name, last_contact=clock.now) for kind in KINDS),
        clock=clock,
        stale_seconds=300.0,
    )
    return Service(store=store, settings=Settings(), metrics=metrics, memo=memo, follower=live)


def body(pod="job-1", claim="c"):
    spec = {"containers": [], "resourceClaims": [{"name": "devices", "resourceClaimName": claim}]}
    document = {"Pod": {"metadata": {"name": pod, "uid": f"uid-{pod}"}, "spec": spec}, "NodeNames": NODES}
    return json.dumps(document).encode()


def scores(service, **pod):
    return {
        each["Host"]: each["Score"]
        for each in json.loads(at_once(verbs.prioritize(service, body(**pod))).body)
    }


def exposed(service):
    return service.metrics.expose("", {}, ready=True)[0].decode()


def compared(service):
    """The results of all comparisons, once nothing is open."""
    for _ in range(2):
        service.follower.checks.settle(service.store.current)
    lines = [line for line in exposed(service).splitlines() if "prediction_matches_total{" in line]
    return {line.split('"')[1]: float(line.split()[-1]) for line in lines if not line.endswith(" 0.0")}


@pytest.mark.parametrize(
    ("claim", "result"),
    [
        (on("x", gpu("gpu-9"), nic("nic-9")), "wrong"),
        (on("x", gpu("gpu-0", "y"), nic("nic-0", "y")), "wrong"),
        (on("z", gpu("gpu-0"), nic("nic-0")), "unknown"),
        (on("", gpu("gpu-0"), nic("nic-0")), "unseen"),
        (on("x"), "wrong"),
    ],
    ids=["no such devices", "devices of another node", "no such node", "no node", "no devices"],
)
def test_an_allocation_written_by_hand(service, claim, result):
    """It is compared like any other, shown with its devices, and the next pod is still judged."""
    scores(service)
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [claim]))
    assert compared(service) == {result: 1.0}
    if result != "unseen":
        (found,) = service.follower.checks.mismatches
        assert (found.claim, found.result, len(found.allocated)) == (
            "c",
            result,
            len(claim.allocation.results),
        )
    second = scores(service, pod="job-2", claim="d")
    assert second.keys() == set(NODES)
    assert max(second.values()) == 103


def test_an_allocation_edited_later(service):
    """The devices that the claim no longer holds are free for the next pod."""
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [on("x", gpu("gpu-0"), nic("nic-0"))]))
    assert scores(service, pod="job-2", claim="d") == {"x": 0, "y": 103}
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [on("x", gpu("gpu-7"), nic("nic-7"))]))
    assert sorted(scores(service, pod="job-2", claim="d").values()) == [100, 103]


async def test_one_device_in_two_claims(service, connect):
    """Taken until both are gone; a gauge counts it, and whoever asks for details reads which it is."""
    one, two = (
        on("x", gpu("gpu-0"), nic("nic-0")),
        on("x", gpu("gpu-0"), nic("nic-1"), claim="d", pod="job-2"),
    )
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [one]))
    client = await connect(make_app(service))
    assert "held by several" not in await (await client.get("/readyz?verbose")).text()
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [two]))
    ready = await client.get("/readyz?verbose")
    text = "[-]devices 1 held by several claims, look for a second scheduler: gpu.nvidia.com/x/gpu-0\n"
    assert (ready.status, text in await ready.text()) == (200, True)
    assert "dra_extender_devices_held_twice 1.0" in await (await client.get("/metrics")).text()
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [b.claim("d")]))
    assert scores(service, pod="job-2", claim="d")["x"] == 0
    assert "dra_extender_devices_held_twice 0.0" in await (await client.get("/metrics")).text()


async def test_a_negative_amount(service, connect):
    """Named and counted in every release, as an upgrade to 1.38 would stop the scheduler."""
    client = await connect(make_app(service))
    assert "negative" not in await (await client.get("/readyz?verbose")).text()
    taken = (("memory", parse_quantity("-1")),)
    result = DeviceResult("r", gpu("gpu-0"), share_id="s", consumed_capacity=taken)
    bad = b.claim("bad", allocation=Allocation((result,)))
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [bad]))
    ready = await client.get("/readyz?verbose")
    assert ready.status == 200
    assert "[-]claims 1 with a negative amount of a capacity, delete them" in await ready.text()
    assert "default/bad" in await ready.text()
    assert "dra_extender_negative_amount_claims 1.0" in await (await client.get("/metrics")).text()
    service.follower.handler.apply(Changes.of(RESOURCE_CLAIM, [b.claim("bad")]))
    scores(service, pod="job-2", claim="bad")
    assert "dra_extender_negative_amount_claims 0.0" in await (await client.get("/metrics")).text()


def test_a_claim_in_flight_is_in_no_two_claims(service):
    """Only what the API shows counts: an assumption that turns out wrong is no double allocation."""
    (chosen,) = (name for name, score in scores(service).items() if score == 103)
    service.follower.handler.apply(
        Changes.of(RESOURCE_CLAIM, [on(chosen, gpu("gpu-0", chosen), claim="d", pod="job-2")])
    )
    assert service.follower.store.in_flight == 1
    assert service.follower.store.held_twice == ()


def test_a_pool_whose_newest_generation_is_incomplete(service):
    """The scheduler takes nothing of it, nor do we, until the rest comes."""
    store = service.follower.store
    (gpus,) = (each for each in store.current.published.values() if each.name == "x-gpu.nvidia.com")
    half = [replace(gpus, name=f"new-{n}", generation=2, resource_slice_count=2) for n in range(2)]
    half[1] = replace(half[1], devices=Devices.of((b.device("gpu-1", "a"),)))
    service.follower.handler.apply(Changes.of(RESOURCE_SLICE, half[:1]))
    assert scores(service) == {"x": 0, "y": 103}
    verdict = evaluate(store.current, b.pod("job-2", "d"), Memo(host_priorities), Settings()).verdicts(["x"])[
        "x"
    ]
    assert verdict.reason is not None
    service.follower.handler.apply(Changes.of(RESOURCE_SLICE, half[1:]))
    assert sorted(scores(service).values()) == [100, 103]


def test_pods_that_nobody_asked_about(service):
    """Placed by another scheduler: their nominations and allocations are taken in, and counted."""
    store = service.follower.store
    service.follower.handler.apply(Changes.of(POD, [replace(b.pod("job-2", "d"), nominated_node_name="x")]))
    assert store.in_flight == 0
    service.follower.handler.apply(
        Changes.of(RESOURCE_CLAIM, [on("x", gpu("gpu-0"), nic("nic-0"), claim="d", pod="job-2")])
    )
    assert compared(service) == {"unseen": 1.0}
    assert scores(service) == {"x": 0, "y": 103}
