"""
The HTTP edge: routes, bodies in, answers out.

The endpoints come in four groups by who calls them; an application serves any of the groups. Handlers run
on the event loop and await nothing but the body, the binder and what ``/mutate`` needs, so a request sees
one snapshot.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from ..verb import Result, Verb
from ..wire import BadRequest, BodyTooLarge
from . import probes, verbs
from .mutate import mutate
from .problems import bad_request, errors

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from ..metrics.metrics import Metrics
    from .dependencies import Service
    from .verbs import Answer

MAX_BODY_BYTES = 256 * 1024 * 1024
"""Room for 20,000 whole Node objects of 13 kB."""

BINDINGS = web.AppKey("bindings", set[asyncio.Task["Answer"]])
"""The bindings under way, so that each is finished before the process ends."""


def make_app(service: Service) -> web.Application:
    """Build the application with all endpoints; one process may hold several, each with its ``service``."""
    routes = (*verb_routes(service), *webhook_routes(service), *ops_routes(service), *people_routes(service))
    return application(service.metrics, routes)


def application(metrics: Metrics, routes: Iterable[web.RouteDef]) -> web.Application:
    """Build an application of some ``routes``; ``metrics`` counts errors that no handler expected."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[errors(metrics)])
    app[BINDINGS] = set()
    app.on_cleanup.append(_finish_bindings)
    app.router.add_routes(routes)
    return app


def verb_routes(service: Service) -> list[web.RouteDef]:
    """What kube-scheduler calls."""
    return [
        _post(service, Verb.FILTER, partial(verbs.filter_, service)),
        _post(service, Verb.PRIORITIZE, partial(verbs.prioritize, service)),
        _post(service, Verb.PREEMPT, verbs.preempt),
        _route(service, Verb.BIND, partial(_bind, service)),
    ]


def webhook_routes(service: Service) -> list[web.RouteDef]:
    """What the API server calls."""

    async def respond(_request: web.Request, body: bytes) -> Answer:
        return await mutate(service, body)

    return [_route(service, Verb.MUTATE, respond)]


def ops_routes(service: Service) -> list[web.RouteDef]:
    """What the kubelet and Prometheus call."""
    return [
        web.get("/livez", probes.livez),
        web.get("/readyz", partial(probes.readyz, service)),
        web.get("/metrics", partial(probes.metrics, service)),
    ]


def people_routes(service: Service) -> list[web.RouteDef]:
    """What people call to see why a pod was placed as it was."""
    return [
        web.get("/", partial(probes.index, service)),
        _post(service, Verb.EXPLAIN, partial(verbs.explain, service)),
        web.get("/debug/mismatches", partial(probes.mismatches, service)),
    ]


def _post(service: Service, verb: Verb, answer: Callable[[bytes], Answer]) -> web.RouteDef:
    async def respond(_request: web.Request, body: bytes) -> Answer:
        return answer(body)

    return _route(service, verb, respond)


def _route(
    service: Service, verb: Verb, respond: Callable[[web.Request, bytes], Awaitable[Answer]]
) -> web.RouteDef:
    return web.post(f"/{verb}", _handler(service, verb, respond))


def _handler(
    service: Service, verb: Verb, respond: Callable[[web.Request, bytes], Awaitable[Answer]]
) -> Handler:
    """Measure, record and answer one verb; a ``BadRequest`` becomes its 400."""
    metrics, recorder = service.metrics, service.recorder

    async def handle(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        result = Result.ERROR
        try:
            body = await _body(request)
            answer = await respond(request, body)
            result = answer.result
            recorder.on_answer(verb, body, answer.body)
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


async def _bind(service: Service, request: web.Request, body: bytes) -> Answer:
    """Bind to the end even if the scheduler hangs up: a half-done binding helps nobody."""
    task = asyncio.create_task(verbs.bind(service.binder, service.metrics, body))
    bindings = request.app[BINDINGS]
    bindings.add(task)
    task.add_done_callback(bindings.discard)
    return await asyncio.shield(task)


async def _finish_bindings(app: web.Application) -> None:
    await asyncio.gather(*app[BINDINGS], return_exceptions=True)
