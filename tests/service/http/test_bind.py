"""Bind: whatever goes wrong is the Error of a 200, which is what the scheduler shows."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson
import pytest

from extender.service.http.frozen import BIND_IS_OFF, NoBinder
from extender.service.http.web import BINDINGS, make_app

BINDING = {"PodName": "job-1", "PodNamespace": "default", "PodUID": "uid-1", "Node": "node-a"}


@pytest.fixture
async def bound(service, binder, connect):
    """A client of a service that can bind."""
    return await connect(make_app(replace(service, binder=binder)))


async def test_a_frozen_cluster_refuses_with_a_clear_error(client, metric):
    """A dump cannot be written to; the answer says so, and which setting to remove."""
    response = await client.post("/bind", json=BINDING)
    answer = await response.json()
    assert response.status == 200
    assert answer.keys() == {"Error"}
    assert "dump" in answer["Error"]
    assert "remove bindVerb" in answer["Error"]
    assert metric("request_duration_seconds_count", verb="bind", result="refused") == 1
    assert metric("internal_errors_total", verb="bind") == 0


async def test_without_the_option_nothing_is_bound(service, aiohttp_client):
    """A live cluster is only bound to where that is asked for; the answer names the option."""
    client = await aiohttp_client(make_app(replace(service, binder=NoBinder(BIND_IS_OFF))))
    answer = await (await client.post("/bind", json=BINDING)).json()
    assert answer == {"Error": BIND_IS_OFF}
    assert "start it with --bind, or remove bindVerb" in answer["Error"]


async def test_a_bound_pod_is_an_empty_error(bound, binder, metric):
    """The empty Error is the only success there is."""
    response = await bound.post("/bind", json=BINDING)
    assert (response.status, await response.read()) == (200, b'{"Error":""}')
    (args,) = binder.bound
    assert (args.pod_name, args.pod_namespace, args.pod_uid, args.node) == tuple(BINDING.values())
    assert metric("request_duration_seconds_count", verb="bind", result="ok") == 1


async def test_a_refused_binding_is_the_error(bound, binder, metric):
    """What the binder says reaches the scheduler's log and the pod's event."""
    binder.error = "pods job-1 is already assigned to node node-b"
    response = await bound.post("/bind", json=BINDING)
    assert response.status == 200
    assert await response.json() == {"Error": binder.error}
    assert metric("request_duration_seconds_count", verb="bind", result="refused") == 1


async def test_an_internal_error_is_the_error_too(bound, binder, metric, logged):
    """An error of ours is counted and logged, and the next binding is made."""
    binder.failure = RuntimeError("broken binder")
    response = await bound.post("/bind", json=BINDING)
    assert response.status == 200
    assert (await response.json())["Error"].startswith("an internal error of the extender kept the pod from")
    assert b"broken binder" not in await response.read()
    assert metric("internal_errors_total", verb="bind") == 1
    assert [str(line["exc_info"]) for line in logged] == ["broken binder"]
    binder.failure = None
    assert await (await bound.post("/bind", json=BINDING)).json() == {"Error": ""}


@pytest.mark.parametrize("field", BINDING)
@pytest.mark.parametrize("value", [None, "", 7, "absent"])
async def test_every_field_is_needed(bound, binder, metric, field, value):
    """A field that is absent, empty or no string: 400 names it, and nothing is bound."""
    body = {**BINDING, field: value}
    if value == "absent":
        del body[field]
    response = await bound.post("/bind", json=body)
    problem = await response.json()
    assert (response.status, problem["field"]) == (400, field)
    assert field in problem["fix"]
    assert binder.bound == []
    assert metric("bad_requests_total", verb="bind", field=field) == 1


async def test_a_caller_that_hangs_up_does_not_stop_a_binding(bound, binder):
    """The scheduler's timeout must not leave a binding half done."""
    binder.gate = asyncio.Event()
    with pytest.raises(asyncio.TimeoutError):
        async with asyncio.timeout(0.2):
            await bound.post("/bind", json=BINDING)
    (under_way,) = bound.app[BINDINGS]
    binder.gate.set()
    async with asyncio.timeout(10):
        await under_way
    assert len(binder.bound) == 1


async def test_stopping_waits_for_a_binding(service, binder, connect):
    """The process does not end before a binding under way has."""
    binder.gate = asyncio.Event()
    client = await connect(make_app(replace(service, binder=binder)))
    request = asyncio.create_task(client.post("/bind", data=orjson.dumps(BINDING)))
    await asyncio.sleep(0.1)
    request.cancel()
    stopping = asyncio.create_task(client.server.close())
    await asyncio.sleep(0.1)
    assert binder.bound == []
    binder.gate.set()
    async with asyncio.timeout(10):
        await stopping
    assert len(binder.bound) == 1
