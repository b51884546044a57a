"""What a request may hold: beyond it there is a designed answer, and nothing of it is kept."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from dataclasses import replace

import orjson
import pytest

from extender.model.names import is_dns_subdomain
from extender.service.config import Config
from extender.service.http import body as bodies
from extender.service.http import mutate
from extender.service.http.verbs import MAX_CLAIMS, MAX_CONTAINERS
from extender.service.http.web import make_app
from extender.service.wire import ArgsDecoder, BadRequest
from extender.service.wire.names import check_nodes

HUGE = 10**30
BINDING = {"PodName": "job-1", "PodNamespace": "default", "PodUID": "uid-1", "Node": "node-a"}


@pytest.mark.parametrize("verb", ["filter", "prioritize", "explain"])
async def test_more_names_than_allowed_are_400(connect, service, args, verb):
    """At the limit all is served."""
    client = await connect(make_app(replace(service, args=ArgsDecoder(3))))
    assert (await client.post(f"/{verb}", data=args("a", "b", "c"))).status == 200
    response = await client.post(f"/{verb}", data=args("a", "b", "c", "d"))
    problem = await response.json()
    assert (response.status, problem["field"]) == (400, "NodeNames")
    assert "--max-nodes" in problem["fix"]


NAMES = {
    "a": True,
    "0": True,
    "a-b.c--d.0": True,
    "a" * 253: True,
    "a" * 254: False,
    "": False,
    "A": False,
    "a_b": False,
    "ä": False,
    "a b": False,
    "a\nb": False,
    "-a": False,
    "a-": False,
    ".a": False,
    "a.": False,
    "a..b": False,
    "a.-b": False,
    "a-.b": False,
    "..": False,
    "a/b": False,
    "\ud800": False,
}


@pytest.mark.parametrize("place", ["alone", "first", "last", "between"])
@pytest.mark.parametrize(("name", "right"), NAMES.items())
def test_names_are_those_of_nodes(name, right, place):
    """The check of all names at once says what the check of each says, wherever the wrong one stands."""
    names = {"alone": [name], "first": [name, "b"], "last": ["b", name], "between": ["b", name, "c"]}[place]
    assert is_dns_subdomain(name) is right
    if right:
        check_nodes(names)
    else:
        with pytest.raises(BadRequest, match=rf"^NodeNames\[{names.index(name)}\]: is not a name"):
            check_nodes(names)


async def test_names_of_whole_nodes_are_checked(client, pod):
    """They come back in answers, too."""
    items = [{"metadata": {"name": "a"}}, {"metadata": {"name": "../b"}}]
    response = await client.post("/filter", json={"Pod": pod(), "Nodes": {"items": items}})
    assert (response.status, (await response.json())["field"]) == (400, "NodeNames[1]")


@pytest.mark.parametrize("field", BINDING)
@pytest.mark.parametrize("value", ["..", "a/b", "x" * 300, "a\r\nb", "a b", "?"])
async def test_names_of_a_binding_are_names(client, field, value):
    """They become part of a path of the API server."""
    response = await client.post("/bind", json=BINDING | {field: value})
    if (field, value) == ("PodUID", ".."):
        assert response.status == 200
        return
    assert (response.status, (await response.json())["field"]) == (400, field)


async def test_a_pod_of_many_claims_is_answered_without_an_opinion(client, pod, facade):
    """At the limit it is judged."""

    def sent(count):
        document = pod()
        document["spec"]["resourceClaims"] = [
            {"name": f"c{index}", "resourceClaimName": "c"} for index in range(count)
        ]
        return orjson.dumps({"Pod": document, "NodeNames": ["node-a"]})

    assert (await client.post("/prioritize", data=sent(MAX_CLAIMS))).status == 200
    assert facade.calls == 1
    answer = await (await client.post("/prioritize", data=sent(MAX_CLAIMS + 1))).json()
    assert answer == [{"Host": "node-a", "Score": 50}]
    assert (await client.post("/explain", data=sent(MAX_CLAIMS + 1))).status == 400
    assert facade.calls == 1


@pytest.mark.parametrize("kind", ["containers", "initContainers"])
async def test_a_pod_of_many_containers_is_answered_without_an_opinion(client, pod, facade, metric, kind):
    """At the limit it is judged."""

    def sent(count):
        document = pod()
        document["spec"][kind] = [{"name": f"c{index}"} for index in range(count)]
        return orjson.dumps({"Pod": document, "NodeNames": ["node-a", "node-b"]})

    assert (await client.post("/prioritize", data=sent(MAX_CONTAINERS))).status == 200
    calls = facade.calls
    assert calls == 1
    answer = await (await client.post("/prioritize", data=sent(MAX_CONTAINERS + 1))).json()
    assert {entry["Score"] for entry in answer} == {50}
    assert (await (await client.post("/filter", data=sent(MAX_CONTAINERS + 1))).json())["NodeNames"] == [
        "node-a",
        "node-b",
    ]
    assert (await client.post("/explain", data=sent(MAX_CONTAINERS + 1))).status == 400
    assert facade.calls == calls
    assert metric("neutral_answers_total", verb="prioritize", reason="too-large") == 1


@pytest.mark.parametrize("number", [HUGE, -HUGE, 2**63])
async def test_a_number_that_no_int64_holds_is_400(client, pod, number):
    """The scheduler has an int64 there."""
    text = b'{"Pod":%s,"NodeNameToMetaVictims":{"node-a":{"Pods":[],"NumPDBViolations":%d}}}'
    response = await client.post("/preempt", data=text % (orjson.dumps(pod()), number))
    assert response.status == 400


@pytest.mark.parametrize("verb", ["filter", "prioritize", "explain"])
async def test_a_number_out_of_range_is_400_at_once(client, verb):
    """It was looked for by a function that called itself until the stack ended."""
    sent = b'{"Pod":{"metadata":{"name":"a","uid":1e999}},"NodeNames":["node-a"]}'
    response = await client.post(f"/{verb}", data=sent)
    problem = await response.json()
    assert (response.status, problem["field"]) == (400, "Pod.metadata.uid")
    assert "out of range" in problem["error"]


@pytest.mark.parametrize("value", [b"\xff\xfe", b"x" * 4000, b"gzip"])
async def test_any_content_encoding_is_400(client, args, value):
    """Also one that is no text."""
    body = args("node-a")
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(
        b"POST /filter HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Encoding: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
        % (value, len(body), body)
    )
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert len(answer) < 1000


async def test_little_of_the_caller_s_text_comes_back(client, pod):
    """An answer is for reading."""
    name = "x" * 20_000
    sent = {"Pod": pod(), "NodeNameToMetaVictims": {name: {"Pods": 5}}}
    for path, document in ((f"/{name[:6000]}", {}), ("/preempt", sent)):
        text = await (await client.post(path, json=document)).text()
        assert text.count("x") < 900


async def test_a_body_that_does_not_come_is_408(client, metric, monkeypatch):
    """The connection is closed, so that the rest of the body is not taken for a request."""
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(
        b"POST /filter HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 9\r\n\r\n{"
    )
    async with asyncio.timeout(20):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"Connection: close" in head
    assert metric("turned_away_requests_total", listener="all", reason="slow-body") == 1
    assert metric("closed_connections_total", listener="all", reason="slow-body") == 1


async def test_too_many_requests_at_a_time_are_503(connect, service, binder, metric):
    """Other verbs are answered meanwhile."""
    binder.gate = asyncio.Event()
    client = await connect(make_app(replace(service, binder=binder)))
    waiting = [asyncio.create_task(client.post("/bind", json=BINDING)) for _ in range(80)]
    client.session.connector._limit = 1000
    waiting += [asyncio.create_task(client.post("/bind", json=BINDING)) for _ in range(180)]
    async with asyncio.timeout(30):
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 4:
            done |= (await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED))[0]
            pending -= done
        assert (await client.get("/livez")).status == 200
        binder.gate.set()
        statuses = [(await task).status for task in waiting]
    assert sorted(set(statuses)) == [200, 503]
    assert statuses.count(503) == 4
    busy = next(task.result() for task in waiting if task.result().status == 503)
    assert busy.headers["Retry-After"] == "1"
    assert metric("turned_away_requests_total", listener="all", reason="busy") == 4


@pytest.mark.parametrize("what", ["namespace", "node", "resource", "quantity"])
async def test_nothing_of_a_request_is_kept(client, what):
    """Names of pods, namespaces and resources, all different: memory stays."""

    def sent(number):
        text = f"{number:06d}" + "n" * 20_000
        pod: dict[str, dict[str, object]] = {"metadata": {"name": "x", "namespace": "y"}, "spec": {}}
        if what == "namespace":
            pod["metadata"]["namespace"] = text
        elif what == "node":
            pod["spec"]["nodeName"] = text
        else:
            entry = {text: "1"} if what == "resource" else {"cpu": "0" * 20_000 + str(number)}
            pod["spec"]["containers"] = [{"name": "c", "resources": {"requests": entry}}]
        return orjson.dumps({"Pod": pod, "NodeNames": ["a"]})

    async def ask(numbers):
        for number in numbers:
            response = await client.post("/prioritize", data=sent(number))
            assert response.status in {200, 400}
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = await ask(range(20))
        after = await ask(range(20, 120))
    finally:
        tracemalloc.stop()
    # A hundred texts of 20 kB would be two million bytes.
    assert after - before < 500_000


def review(object_text):
    return (
        b'{"request":{"uid":"1","operation":"CREATE","namespace":"d","kind":{"group":"resource.k8s.io",'
        b'"kind":"ResourceClaim"},"object":%s}}' % object_text
    )


@pytest.mark.parametrize("requests", [32, 33])
async def test_a_claim_of_too_many_requests_is_let_in_as_it_is(frozen, world, metric, requests):
    """Kubernetes refuses it next; nothing is compiled for it."""
    client = await frozen(world)
    entries = [{"name": f"r{index}", "exactly": {"deviceClassName": "gpu"}} for index in range(requests)]
    claim = {
        "metadata": {"name": "c", "annotations": {"dra-extender.io/soft-alignment": "true"}},
        "spec": {"devices": {"requests": entries}},
    }
    response = await client.post("/mutate", data=review(orjson.dumps(claim)))
    assert (await response.json())["response"]["allowed"] is True
    assert metric("soft_alignment_total", result="unreadable") == (requests > mutate.MAX_REQUESTS)


@pytest.mark.parametrize("value", ["1e999", "-1e999"])
async def test_an_object_that_cannot_be_read_is_let_in(frozen, world, metric, value):
    """That is no error of ours."""
    client = await frozen(world)
    text = (
        '{"metadata":{"name":"c","annotations":{"dra-extender.io/soft-alignment":"true"}},"spec":{"devices":'
        '{"config":[{"opaque":{"driver":"d","parameters":%s}}]}}}'
    )
    response = await client.post("/mutate", data=review((text % value).encode()))
    assert (await response.json())["response"] == {"uid": "1", "allowed": True}
    assert metric("internal_errors_total", verb="mutate") == 0


async def test_an_object_nested_deeply_is_no_error_of_ours(client, metric):
    """Where the parser's stack does not suffice it is a wrong request."""
    response = await client.post("/mutate", data=review(b"[" * 100_000 + b"]" * 100_000))
    assert response.status == 400
    assert metric("internal_errors_total", verb="mutate") == 0


def test_the_defaults_are_those_of_the_configuration():
    """Twice Kubernetes' own limit of nodes, with names of the full length, and a pod, fit into a body."""
    config = Config()
    assert config.max_nodes == 10_000
    assert config.max_body_mib * 2**20 > 10_000 * 256 + 1.5 * 2**20
