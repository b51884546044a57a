"""A live cluster behind the verbs: what an answer assumes, and what the next one makes of it."""

from __future__ import annotations

import json

import pytest

from extender.core.evaluate import Memo, Settings, evaluate
from extender.core.release_history import release_for
from extender.kube.events import ReflectorState
from extender.service import verbs
from extender.service.dependencies import Service
from extender.service.in_flight import InFlight
from extender.service.live import Live
from extender.service.live_store import KINDS, LiveStore
from extender.service.metrics import Metrics
from extender.service.outcomes import Outcomes
from extender.service.wire import host_priority
from tests import builders as b

NODES = ["x", "y", "far"]


@pytest.fixture
def make(clock):
    """A service on two nodes with an aligned pair and one with its devices apart, for two pods."""

    def build(**options):
        store = LiveStore(release_for("1.36"), InFlight(30.0), clock)
        objects: dict[str, list[object]] = {kind: [] for kind in KINDS}
        objects["DeviceClass"] = [*b.CLASSES]
        objects["ResourceClaim"] = [b.claim("c"), b.claim("d")]
        for name in NODES:
            node, slices = b.pair_node(name, ["a"], ["b" if name == "far" else "a"], numa={"a": 0, "b": 1})
            objects["Node"].append(node)
            objects["ResourceSlice"] += slices
        for kind, listed in objects.items():
            store.replace(kind, listed)
        settings, memo = Settings(), Memo(host_priority)
        live = Live(
            store=store,
            outcomes=Outcomes(evaluate, settings, clock, lambda _: None, lambda _: None),
            evaluate=evaluate,
            memo=memo,
            settings=settings,
            reflectors=tuple(ReflectorState(kind, synced=True, last_contact=clock.now) for kind in KINDS),
            clock=clock,
            stale_seconds=300.0,
            **options,
        )
        return Service(store=store, settings=settings, metrics=Metrics("1.36.2"), memo=memo, live=live)

    return build


def body(pod, claim, *names, alignment=None):
    spec = {"containers": [], "resourceClaims": [{"name": "devices", "resourceClaimName": claim}]}
    metadata: dict[str, object] = {"name": pod, "namespace": "default", "uid": f"uid-{pod}"}
    if alignment is not None:
        metadata["annotations"] = {"dra-extender.io/alignment": alignment}
    document = {"Pod": {"metadata": metadata, "spec": spec}, "NodeNames": list(names or NODES)}
    return json.dumps(document).encode()


def scores(service, pod, claim, *names):
    answer = json.loads(verbs.prioritize(service, body(pod, claim, *names)).body)
    return {entry["Host"]: entry["Score"] for entry in answer}


def test_decisive_chooses_one_and_takes_its_devices(make):
    """The next pod finds them gone: that node is as good as full, and the other one is chosen."""
    service = make(decisive=True)
    first = scores(service, "job-1", "c")
    assert sorted(first.values()) == [40, 100, 200]
    chosen = max(first, key=first.__getitem__)
    second = scores(service, "job-2", "d")
    assert second[chosen] == 0
    assert max(second, key=second.__getitem__) == ({"x", "y"} - {chosen}).pop()
    assert service.live.store.in_flight == 2


def test_without_it_nothing_is_assumed_of_several_nodes(make):
    """Others may win."""
    service = make()
    assert scores(service, "job-1", "c") == {"x": 100, "y": 100, "far": 40}
    assert service.live.store.in_flight == 0


@pytest.mark.parametrize("decisive", [True, False])
def test_a_pod_that_is_tried_again_is_judged_afresh(make, decisive):
    """Its claim is not taken for allocated where the first attempt was to land, filter or not."""
    service = make(decisive=decisive)
    again = scores(service, "job-1", "c")
    assert scores(service, "job-1", "c") == again
    verbs.filter_(service, body("job-1", "c"))
    assert service.live.store.in_flight == 0
    assert scores(service, "job-1", "c") == again


@pytest.mark.parametrize("decisive", [True, False])
def test_a_single_node_is_where_the_pod_lands(make, decisive):
    """The scheduler asks for no scores then; an attempt with more nodes takes that back."""
    service = make(decisive=decisive)
    verbs.filter_(service, body("job-1", "c", "far"))
    assert service.live.store.in_flight == 1
    assert scores(service, "job-2", "d")["far"] == 0
    verbs.filter_(service, body("job-1", "c"))
    assert service.live.store.in_flight == (1 if decisive else 0)


@pytest.mark.parametrize(("node", "passes"), [("x", True), ("far", False)])
def test_a_node_that_is_rejected_is_no_landing_place(make, node, passes):
    """With policy required, devices are assumed on the one node that is left and nowhere else."""
    service = make()
    answer = json.loads(verbs.filter_(service, body("job-1", "c", node, alignment="required")).body)
    assert answer["NodeNames"] == ([node] if passes else [])
    assert service.live.store.in_flight == passes
    answer = json.loads(verbs.filter_(service, body("job-2", "d", "y", "far", alignment="required")).body)
    assert answer["NodeNames"] == ["y"]
    assert service.live.store.in_flight == passes + 1


def test_explain_assumes_nothing(make):
    """Asking is free: same question, same answer."""
    service = make(decisive=True)
    first = verbs.explain(service, body("job-1", "c")).body
    assert verbs.explain(service, body("job-1", "c")).body == first
    assert service.live.store.in_flight == 0


def test_no_opinion_after_silence(make, clock):
    """What we know may be wrong by then: all nodes score half, and that is counted."""
    service = make(decisive=True)
    clock.now += 301
    assert scores(service, "job-1", "c") == dict.fromkeys(NODES, 50)
    assert service.live.store.in_flight == 0
    text, _ = service.metrics.expose("", {}, ready=True)
    assert b'neutral_answers_total{reason="stale",verb="prioritize"} 1.0' in text
