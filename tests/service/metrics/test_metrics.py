"""The metrics: Prometheus' naming rules, closed label sets, and that each counter moves."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from extender.core.prediction.evaluate import Certainty, Outcome
from extender.kube.api.event_recorder import EventResult
from extender.kube.watch.events import ReflectorState
from extender.service.http.web import make_app
from extender.service.live.prediction_check import PlacementCheck
from extender.service.metrics.metrics import Metrics
from extender.service.metrics.spec import PREFIX, MetricType
from extender.service.metrics.specs import METRICS

OF_THE_PROCESS = ("process_", "python_gc_")
FORBIDDEN_LABELS = {"pod", "node", "device", "claim", "namespace", "name", "uid"}
BINDING = {"PodName": "job-1", "PodNamespace": "default", "PodUID": "uid-1", "Node": "node-a"}


@pytest.fixture
def exposed(client):
    """What ``/metrics`` answers, as metric families by name."""

    async def get():
        response = await client.get("/metrics")
        assert response.status == 200
        return {
            family.name: family for family in text_string_to_metric_families((await response.read()).decode())
        }

    return get


@pytest.fixture
def traffic(client, args, pod, facade, make_verdict, new_verdict):
    """Send some of everything, from pods and nodes with telling names."""

    async def send():
        facade.table = {
            "secret-node": make_verdict("remote"),
            "node-b": new_verdict("unschedulable"),
        }
        await client.get("/livez")
        await client.post("/bind", json=BINDING)
        await client.post("/preempt", json={"Pod": pod(), "NodeNameToMetaVictims": {"secret-node": None}})
        for verb in ("filter", "prioritize", "explain"):
            for alignment in (None, "required", "ignore", "secret-word"):
                body = args("secret-node", "node-b", "node-z", alignment=alignment)
                assert (await client.post(f"/{verb}", data=body)).status == 200
            await client.post(f"/{verb}", json={"Pod": pod(name="secret-pod", labels=7), "NodeNames": []})
            await client.post(f"/{verb}", json={"Pod": {"secret": 1}, "Secret": 7, "NodeNames": [1]})
            await client.post(f"/{verb}/secret-path", data=b"{}")

    return send


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_names_follow_prometheus_rules(spec):
    """Lower case, base units, ``_total`` for counters and for nothing else, a sentence of help."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", spec.name)
    assert spec.name.endswith("_total") == (spec.type is MetricType.COUNTER)
    assert not re.search(r"_(count|sum|bucket|created|ms|milliseconds|minutes|kb|percent)$", spec.name)
    assert spec.help.endswith(".")
    assert bool(spec.buckets) == (spec.type is MetricType.HISTOGRAM)
    assert list(spec.buckets) == sorted(set(spec.buckets))
    for label in spec.labels:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", label.name)
        assert label.name not in {"le", "quantile", "job", "instance"}


async def test_exactly_the_listed_metrics_are_exposed(exposed, traffic):
    """Every metric of the table, with its type and help, and none besides those of the process."""
    await traffic()
    families = await exposed()
    listed = {f"{PREFIX}{spec.name}".removesuffix("_total"): spec for spec in METRICS}
    assert {name for name in families if not name.startswith(OF_THE_PROCESS)} == listed.keys()
    for name, spec in listed.items():
        assert (families[name].type, families[name].documentation) == (spec.type, spec.help)


async def test_labels_are_closed_sets(exposed, traffic):
    """Whatever is sent, no label takes a value that the table does not list."""
    await traffic()
    families = await exposed()
    for spec in METRICS:
        allowed = {label.name: set(label.values) for label in spec.labels}
        for sample in families[f"{PREFIX}{spec.name}".removesuffix("_total")].samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            assert labels.keys() == allowed.keys()
            assert labels.keys().isdisjoint(FORBIDDEN_LABELS)
            for name, value in labels.items():
                assert not allowed[name] or value in allowed[name]


async def test_nothing_of_a_request_is_exposed(client, traffic):
    """Names of pods, nodes, devices, paths and annotations stay out."""
    await traffic()
    text = await (await client.get("/metrics")).text()
    assert not re.search("secret|job-1|node-b|node-z|gpu-0|net0|default", text)


async def test_the_number_of_series_does_not_grow_with_requests(client, args, exposed, traffic):
    """Thousands of nodes and pods make no new series."""

    async def series():
        return sum(len(family.samples) for family in (await exposed()).values())

    await traffic()
    before = await series()
    for number in range(20):
        names = [f"node-{number}-{index}" for index in range(100)]
        assert (await client.post("/prioritize", data=args(*names))).status == 200
    assert await series() == before


@pytest.mark.parametrize("verb", ["filter", "prioritize", "explain"])
async def test_a_request_moves_its_own_counters(client, args, metric, verb):
    """Duration by verb and result, nodes by verb."""
    await client.post(f"/{verb}", data=args("node-a", "node-b", "node-a"))
    assert metric("request_duration_seconds_count", verb=verb, result="ok") == 1
    assert metric("request_nodes_count", verb=verb) == 1
    assert metric("request_nodes_sum", verb=verb) == 2
    for other in {"filter", "prioritize", "explain", "bind", "preempt"} - {verb}:
        assert metric("request_duration_seconds_count", verb=other, result="ok") is None


RESULTS: dict[tuple[str, str], dict[str, Any]] = {
    ("filter", "ok"): {},
    ("filter", "neutral"): {"ready": False},
    ("filter", "bad-request"): {"body": b"{"},
    ("prioritize", "ok"): {},
    ("prioritize", "neutral"): {"failure": True},
    ("prioritize", "bad-request"): {"body": b"[]"},
    ("explain", "ok"): {},
    ("explain", "error"): {"failure": True},
    ("explain", "bad-request"): {"body": b""},
    ("preempt", "bad-request"): {},
    ("bind", "bad-request"): {"body": b"null"},
}


@pytest.mark.parametrize(("verb", "result"), RESULTS)
async def test_each_verb_and_result(client, args, metric, facade, store, logged, verb, result):
    """The result under which a request is counted is how it ended."""
    how = RESULTS[verb, result]
    store.ready = how.get("ready", True)
    facade.failure = RuntimeError("broken prediction") if how.get("failure") else None
    await client.post(f"/{verb}", data=how.get("body", args("node-a", alignment="required")))
    assert metric("request_duration_seconds_count", verb=verb, result=result) == 1
    assert metric("request_duration_seconds_bucket", verb=verb, result=result, le="+Inf") == 1


@pytest.mark.parametrize(("error", "result"), [("", "ok"), ("it is taken", "refused")])
async def test_the_results_of_bind(connect, service, binder, metric, error, result):
    """A refused binding is told apart from a made one."""
    binder.error = error
    client = await connect(make_app(replace(service, binder=binder)))
    await client.post("/bind", json=BINDING)
    assert metric("request_duration_seconds_count", verb="bind", result=result) == 1


async def test_a_caller_that_leaves_is_aborted(connect, app, metric, caplog):
    """A body that never comes to its end is no error of ours."""
    client = await connect(app)
    reader, writer = await _connect(client)
    head = b"POST /filter HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(head + b"Content-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    del reader
    await client.server.close()
    assert metric("request_duration_seconds_count", verb="filter", result="aborted") == 1
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []
    assert metric("internal_errors_total", verb="filter") == 0


async def _connect(client):
    return await asyncio.open_connection(client.server.host, client.server.port)


@pytest.mark.parametrize("policy", ["ignore", "preferred", "required", "unknown-word"])
@pytest.mark.parametrize("verb", ["filter", "prioritize"])
async def test_policies_are_counted(client, args, metric, verb, policy):
    """By the word of the annotation, all unknown words alike."""
    await client.post(f"/{verb}", data=args("node-a", alignment=policy))
    assert metric("policy_requests_total", verb=verb, policy=policy) == 1


async def test_explain_counts_no_policy(client, args, service):
    """Only what the scheduler asks is counted by policy."""
    await client.post("/explain", data=args("node-a", alignment="required"))
    total = sum(
        sample.value
        for family in service.metrics.registry.collect()
        if family.name == f"{PREFIX}policy_requests"
        for sample in family.samples
    )
    assert total == 0


def test_closed_series_exist_from_the_start(metric):
    """A rate needs a zero to start from."""
    for outcome in Outcome:
        for certainty in Certainty:
            assert metric("predictions_total", outcome=outcome, certainty=certainty) == 0
    assert metric("internal_errors_total", verb="other") == 0
    assert metric("rejected_nodes_total") == 0


async def test_the_snapshot_is_sized(exposed, metric):
    """Objects by resource, as they are when asked."""
    await exposed()
    sizes = {
        kind: metric("snapshot_objects", kind=kind)
        for kind in ("nodes", "resourceslices", "deviceclasses", "resourceclaims", "pods")
    }
    assert sizes == {"nodes": 2, "resourceslices": 3, "deviceclasses": 1, "resourceclaims": 0, "pods": 0}


async def test_the_build_is_told(exposed):
    """Version, modelled release, interpreter."""
    (sample,) = (await exposed())["dra_extender_build_info"].samples
    assert sample.value == 1
    assert sample.labels["kubernetes"] == "1.36.2"


@pytest.mark.parametrize(
    ("accept", "content_type", "ending"),
    [
        ("", "text/plain", b"\n"),
        ("text/plain;version=0.0.4", "text/plain", b"\n"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text", b"# EOF\n"),
    ],
)
async def test_the_form_is_negotiated(client, accept, content_type, ending):
    """Prometheus asks for OpenMetrics, people for text."""
    response = await client.get("/metrics", headers={"Accept": accept})
    assert response.status == 200
    assert response.content_type == content_type
    assert (await response.read()).endswith(ending)


def test_a_placement_shows_what_was_predicted_and_what_came(service, metric, make_verdict):
    """Both by kind of pair, once a pod; a pod for which nothing was predicted shows only what it got."""
    near, far = (make_verdict(distance).alignment for distance in ("numa", "remote"))
    far = replace(far, predicted=0.25, pairs=(replace(far.pairs[0], worth=0.25),))
    service.metrics.placement(PlacementCheck(achieved=far, predicted=near, best=1.0))
    service.metrics.placement(PlacementCheck(achieved=far, predicted=None, best=None))
    assert metric("alignment_predicted_count", kinds="gpu-nic") == 1
    assert metric("alignment_predicted_sum", kinds="gpu-nic") == 0.5
    assert metric("alignment_achieved_count", kinds="gpu-nic") == 2
    assert metric("alignment_achieved_sum", kinds="gpu-nic") == 0.5
    assert metric("alignment_regret_sum") == 0.75


def test_reflectors_and_events_move_their_counters():
    """By what was added since the last look, for each kind; Events by what became of them."""
    metrics = Metrics("1.36.2")
    state = ReflectorState("Node", synced=True, relists=1, failures=2, decode_errors=3)
    metrics.reflectors([state], 0.0)
    state.failures += 1
    metrics.reflectors([state], 0.0)
    metrics.event(EventResult.FAILED)
    text = metrics.expose("", {}, ready=True)[0].decode().splitlines()
    for line in (
        'reflector_lists_total{kind="Node"} 2.0',
        'reflector_failures_total{kind="Node"} 3.0',
        'reflector_failures_total{kind="Pod"} 0.0',
        'decode_errors_total{kind="Node"} 3.0',
        'events_total{result="failed"} 1.0',
        'events_total{result="written"} 0.0',
    ):
        assert PREFIX + line in text


@pytest.mark.parametrize(
    ("state", "age"),
    [
        (ReflectorState("DeviceTaintRule", synced=True, last_contact=10.0), 250.0),
        (ReflectorState("DeviceTaintRule", served=False, last_contact=10.0), 0.0),
        (ReflectorState("DeviceTaintRule"), 0.0),
    ],
    ids=["heard-of", "not-served", "never-heard-of"],
)
def test_only_a_kind_that_is_served_grows_old(state, age):
    """Else the alert about silence would fire where the API server lacks an optional kind."""
    metrics = Metrics("1.36.2")
    metrics.reflectors([state], 260.0)
    text = metrics.expose("", {}, ready=True)[0].decode().splitlines()
    assert f'{PREFIX}reflector_age_seconds{{kind="DeviceTaintRule"}} {age}' in text
