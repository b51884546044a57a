"""
The HTTP edge: routes, bodies in, answers out.

Handlers run on the event loop and await nothing but the body, the binder and what ``/mutate`` needs, so
a request sees one snapshot.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from ..verb import Result, Verb
from ..wire import BadRequest, BodyTooLarge
from . import probes, verbs
from .mutate import mutate
from .problems import SERVICE, bad_request, errors

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from .dependencies import Service
    from .verbs import Answer

MAX_BODY_BYTES = 256 * 1024 * 1024
"""Room for 20,000 whole Node objects of 13 kB."""

BINDINGS = web.AppKey("bindings", set[asyncio.Task["Answer"]])
"""The bindings under way, so that each is finished before the process ends."""


def make_app(service: Service) -> web.Application:
    """Build the application; one process may hold several, each with its own ``service``."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[errors])
    app[SERVICE] = service
    app[BINDINGS] = set()
    app.on_cleanup.append(_finish_bindings)
    app.router.add_post("/filter", _post(Verb.FILTER, verbs.filter_))
    app.router.add_post("/prioritize", _post(Verb.PRIORITIZE, verbs.prioritize))
    app.router.add_post("/explain", _post(Verb.EXPLAIN, verbs.explain))
    app.router.add_post("/preempt", _post(Verb.PREEMPT, verbs.preempt))
    app.router.add_post("/bind", _handler(Verb.BIND, _bind))
    app.router.add_post("/mutate", _handler(Verb.MUTATE, _mutate))
    app.router.add_get("/livez", probes.livez)
    app.router.add_get("/readyz", probes.readyz)
    app.router.add_get("/metrics", probes.metrics)
    app.router.add_get("/debug/mismatches", probes.mismatches)
    app.router.add_get("/", probes.index)
    return app


def _post(verb: Verb, answer: Callable[[Service, bytes], Answer]) -> Handler:
    async def respond(request: web.Request, body: bytes) -> Answer:
        return answer(request.app[SERVICE], body)

    return _handler(verb, respond)


def _handler(verb: Verb, respond: Callable[[web.Request, bytes], Awaitable[Answer]]) -> Handler:
    """Measure and answer one verb; a ``BadRequest`` becomes its 400."""

    async def handle(request: web.Request) -> web.StreamResponse:
        service = request.app[SERVICE]
        metrics = service.metrics
        started = time.perf_counter()
        result = Result.ERROR
        try:
            body = await _body(request)
            answer = await respond(request, body)
            result = answer.result
            if service.recorder is not None:
                service.recorder.answered(verb, body, answer.body)
            return web.Response(body=answer.body, content_type="application/json")
        except BadRequest as error:
            result = Result.BAD_REQUEST
            metrics.bad_request(verb, error.field)
            return bad_request(error)
        except (ConnectionError, asyncio.CancelledError):
            result = Result.ABORTED
            raise
        finally:
            metrics.request(verb, result, time.perf_counter() - started)

    return handle


async def _body(request: web.Request) -> bytes:
    """
    Read the whole body.

    Raises ``BodyTooLarge`` before reading where the length is told, else at the
    limit, and ``BadRequest`` for a compressed body or a broken transfer encoding.
    """
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise BadRequest("body", f"has Content-Encoding {encoding}", "send it uncompressed")
    try:
        if (request.content_length or 0) > MAX_BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_BODY_BYTES)
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise BodyTooLarge(
            "body",
            f"is larger than {MAX_BODY_BYTES:,} bytes",
            "set nodeCacheCapable: true on this extender, so that names are sent instead of whole Nodes",
        ) from None
    except web.RequestPayloadError as error:
        raise BadRequest(
            "body", f"cannot be read: {error}", "send it plain, with its Content-Length"
        ) from None


async def _bind(request: web.Request, body: bytes) -> Answer:
    """Bind to the end even if the scheduler hangs up: a half-done binding helps nobody."""
    task = asyncio.create_task(verbs.bind(request.app[SERVICE], body))
    bindings = request.app[BINDINGS]
    bindings.add(task)
    task.add_done_callback(bindings.discard)
    return await asyncio.shield(task)


async def _mutate(request: web.Request, body: bytes) -> Answer:
    return await mutate(request.app[SERVICE], body)


async def _finish_bindings(app: web.Application) -> None:
    await asyncio.gather(*app[BINDINGS], return_exceptions=True)
