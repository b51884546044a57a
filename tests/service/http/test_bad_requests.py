"""Wrong requests: a clear answer, a metric, and the next request is served."""

from __future__ import annotations

import gzip
import io
import json

import orjson
import pytest
from aiohttp import ClientSession

from extender.service.config import Config
from extender.service.http import web
from extender.service.http.body import Bodies
from extender.service.listeners import Address, everything
from extender.service.process.run import listening

POD = b'{"metadata":{"name":"p","namespace":"d"},"spec":{}}'

CASES = {
    "empty body": (b"", "body", "is empty"),
    "not JSON": (b"Pod: x", "body", "not valid JSON"),
    "truncated": (b'{"Pod":' + POD, "body", "not valid JSON"),
    "not UTF-8": (b'{"Pod":%s,"NodeNames":["\xff"]}' % POD, "body", "not valid JSON"),
    "two values": (b'{"Pod":%s,"NodeNames":[]} {}' % POD, "body", "trailing"),
    "an array": (b"[]", "body", "expected object, got array"),
    "null": (b"null", "body", "expected object, got null"),
    "nested too deeply": (b'{"Pod":' + b"[" * 100_000, "body", "nested too deeply"),
    "no Pod": (b'{"NodeNames":["a"]}', "Pod", "is missing"),
    "Pod null": (b'{"Pod":null,"NodeNames":["a"]}', "Pod", "is missing"),
    "Pod a number": (b'{"Pod":5,"NodeNames":["a"]}', "Pod", "expected object"),
    "Pod of another casing": (
        b'{"pod":%s,"NodeNames":["a"]}' % POD,
        "Pod",
        "is missing; there is a key pod, and the case of keys counts",
    ),
    "names of another casing": (
        b'{"Pod":%s,"nodenames":["a"]}' % POD,
        "NodeNames",
        "both missing; there is a key nodenames",
    ),
    "a key that is no text": (b'{"p\xff":1,"NodeNames":["a"]}', "Pod", "is missing"),
    "wrong type in the Pod": (
        b'{"Pod":{"metadata":{"name":"p","namespace":"d"},"spec":{"resourceClaims":[{"name":1}]}},"NodeNames":[]}',
        "Pod.spec.resourceClaims[0].name",
        "expected str, got int",
    ),
    "neither names nor nodes": (b'{"Pod":%s}' % POD, "NodeNames", "both missing"),
    "both null": (b'{"Pod":%s,"Nodes":null,"NodeNames":null}' % POD, "NodeNames", "both missing"),
    "names not a list": (b'{"Pod":%s,"NodeNames":"a"}' % POD, "NodeNames", "expected array"),
    "a name not a string": (
        b'{"Pod":%s,"NodeNames":["a","b","c",4]}' % POD,
        "NodeNames[3]",
        "expected str, got int",
    ),
    "a name null": (b'{"Pod":%s,"NodeNames":[null]}' % POD, "NodeNames[0]", "expected str, got null"),
    "nodes not a list": (b'{"Pod":%s,"Nodes":[]}' % POD, "Nodes", "expected object, got array"),
    "items not a list": (b'{"Pod":%s,"Nodes":{"items":{}}}' % POD, "Nodes.items", "expected array"),
    "a node without a name": (
        b'{"Pod":%s,"Nodes":{"items":[{"metadata":{"name":"a"}},{"metadata":{}}]}}' % POD,
        "Nodes.items[1].metadata",
        "missing required field name",
    ),
    "a node name not a string": (
        b'{"Pod":%s,"Nodes":{"items":[{"metadata":{"name":7}}]}}' % POD,
        "Nodes.items[0].metadata.name",
        "expected str, got int",
    ),
}


@pytest.mark.parametrize("verb", ["filter", "prioritize", "explain"])
@pytest.mark.parametrize("case", CASES)
async def test_names_the_field_and_the_fix(client, args, metric, verb, case):
    """The answer is 400 with error, field and fix; it is counted; the next request is served."""
    body, field, message = CASES[case]
    response = await client.post(f"/{verb}", data=body)
    problem = await response.json()
    assert response.status == 400
    assert response.content_type == "application/json"
    assert problem.keys() == {"error", "field", "fix"}
    assert problem["field"] == field
    assert message in problem["error"]
    assert problem["error"].startswith(field)
    assert problem["fix"]
    part = field.partition(".")[0].partition("[")[0]
    assert metric("bad_requests_total", verb=verb, field=part) == 1
    assert metric("request_duration_seconds_count", verb=verb, result="bad-request") == 1
    assert metric("internal_errors_total", verb=verb) == 0
    assert (await client.post(f"/{verb}", data=args("node-a"))).status == 200


async def test_five_megabytes_of_names_are_answered(connect, service, pod):
    """A long list of unknown nodes is no error: each is answered."""
    names = [f"node-{index:06d}.a-rather-long-domain.example" for index in range(120_000)]
    body = json.dumps({"Pod": pod(), "NodeNames": names}).encode()
    assert len(body) > 5_000_000
    client = await connect(web.make_app(service, Config(max_body_mib=8, max_nodes=120_000)))
    answer = orjson.loads(await (await client.post("/filter", data=io.BytesIO(body))).read())
    assert answer["NodeNames"] == names
    scores = orjson.loads(await (await client.post("/prioritize", data=io.BytesIO(body))).read())
    assert [entry["Host"] for entry in scores] == names


@pytest.mark.parametrize("length_told", [True, False])
async def test_a_body_above_the_limit_is_413(connect, service, args, metric, monkeypatch, length_told):
    """Above the limit the answer is 413 in the same form, whether or not the length was told beforehand."""
    monkeypatch.setattr(Bodies, "limit", lambda _self, _verb: 1000)
    client = await connect(web.make_app(service))

    async def chunks():
        yield b"x" * 600
        yield b"x" * 600

    response = await client.post("/filter", data=b"x" * 1200 if length_told else chunks())
    problem = await response.json()
    assert response.status == 413
    assert problem["field"] == "body"
    assert "1,000 bytes" in problem["error"]
    assert "nodeCacheCapable" in problem["fix"]
    assert metric("bad_requests_total", verb="filter", field="body") == 1
    assert (await client.post("/filter", data=args("node-a"))).status == 200


async def test_a_compressed_body_is_400(service, args, metric):
    """The scheduler never compresses, and a small body must not unpack to a large one."""
    config = Config(listeners=(everything(Address("127.0.0.1", 0)),))
    json_headers = {"Content-Type": "application/json"}
    session = ClientSession(headers=json_headers)
    async with listening(service, config) as (listener,), session:
        address = listener.address
        response = await session.post(
            f"http://{address}/filter",
            data=gzip.compress(args("node-a")),
            headers={"Content-Encoding": "gzip"},
        )
        problem = await response.json()
        assert (response.status, problem["field"]) == (400, "body")
        assert "Content-Encoding gzip" in problem["error"]
        assert metric("internal_errors_total", verb="filter") == 0
        assert (await session.post(f"http://{address}/filter", data=args("node-a"))).status == 200


async def test_an_unknown_path_is_404_in_the_same_form(client):
    """The answer lists the paths there are."""
    response = await client.post("/filters", data=b"{}")
    problem = await response.json()
    assert response.status == 404
    assert problem["field"] is None
    assert "/filter" in problem["fix"]


async def test_a_wrong_method_is_405_in_the_same_form(client):
    """The answer says which method the path takes."""
    response = await client.get("/filter")
    problem = await response.json()
    assert response.status == 405
    assert response.headers["Allow"] == "POST"
    assert "Allow" in problem["fix"]


async def test_an_error_outside_never_hurt_is_500_and_the_next_request_is_served(
    client, args, facade, metric, logged
):
    """An error of ours in explain is told as one, counted and logged with its stack."""
    facade.failure = RuntimeError("broken prediction")
    response = await client.post("/explain", data=args("node-a"))
    assert response.status == 500
    assert (await response.json()).keys() == {"error", "field", "fix"}
    assert metric("internal_errors_total", verb="explain") == 1
    assert metric("request_duration_seconds_count", verb="explain", result="error") == 1
    assert [str(line["exc_info"]) for line in logged] == ["broken prediction"]
    facade.failure = None
    assert (await client.post("/explain", data=args("node-a"))).status == 200
