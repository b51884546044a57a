"""
The HTTP edge: routes, bodies in, answers out.

The endpoints come in four groups by who calls them; an application serves those of its listener. Handlers run
on the event loop and read the snapshot once, so a request sees one, however long it awaits its answer (see
``judging``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from ..config import Config
from ..listeners import Audience, Listener, everything
from ..verb import Result, Verb
from ..wire import BadRequest
from . import probes, verbs
from .body import Bodies
from .connections import MAX_UNFINISHED_MIB, Connections
from .guard import Refusal, guard, served_paths
from .mutate import mutate
from .problems import bad_request, errors
from .route import route
from .under_way import MOST_UNDER_WAY, UnderWay

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from .dependencies import Service
    from .verbs import Answer

_CONFIG = Config()

BINDINGS = web.AppKey("bindings", set[asyncio.Task["Answer"]])
"""The bindings under way, so that each is finished before the process ends."""

CONNECTIONS = web.AppKey("connections", Connections)
"""The connections of the listener that an application is served on."""


def make_app(service: Service, config: Config = _CONFIG) -> web.Application:
    """Build the application with all endpoints; one process may hold several, each with its ``service``."""
    return application(service, everything(), config)


def application(service: Service, listener: Listener, config: Config) -> web.Application:
    """Build the application of one ``listener``, with the routes of its callers and no others."""
    metrics = service.metrics
    served = served_paths(listener.audiences)
    connections = Connections(
        time.monotonic,
        partial(metrics.closed, listener.name),
        most_bytes=max(MAX_UNFINISHED_MIB, 2 * config.max_body_mib) * 2**20,
        keepalive_seconds=config.keepalive_seconds,
    )
    guarded = guard(listener, metrics, service.lifecycle, connections)
    app = web.Application(
        client_max_size=config.max_body_mib * 2**20, middlewares=[errors(metrics, served), guarded]
    )
    app[BINDINGS] = set()
    app[CONNECTIONS] = connections
    app.on_cleanup.append(_finish_bindings)
    bodies = Bodies(config.max_body_mib * 2**20)
    for audience in listener.audiences:
        app.router.add_routes(_ROUTES[audience](service, bodies))
    return app


def _verb_routes(service: Service, bodies: Bodies) -> list[web.RouteDef]:
    """What kube-scheduler calls."""
    return [
        _post(service, bodies, Verb.FILTER, partial(verbs.filter_, service)),
        _post(service, bodies, Verb.PRIORITIZE, partial(verbs.prioritize, service)),
        _route(service, bodies, Verb.PREEMPT, _preempt),
        _route(service, bodies, Verb.BIND, partial(_bind, service)),
    ]


def _webhook_routes(service: Service, bodies: Bodies) -> list[web.RouteDef]:
    """What the API server calls."""
    return [
        _post(service, bodies, Verb.MUTATE, partial(mutate, service)),
        _post(service, bodies, Verb.ROUTE, partial(route, service)),
    ]


def _ops_routes(service: Service, _bodies: Bodies) -> list[web.RouteDef]:
    """What the kubelet and Prometheus call."""
    return [
        web.get("/livez", probes.livez),
        web.get("/readyz", partial(probes.readyz, service)),
        web.get("/metrics", partial(probes.metrics, service)),
    ]


def _people_routes(service: Service, bodies: Bodies) -> list[web.RouteDef]:
    """What people call to see why a pod was placed as it was."""
    return [
        web.get("/", partial(probes.index, service)),
        _post(service, bodies, Verb.EXPLAIN, partial(verbs.explain, service)),
        web.get("/debug/mismatches", partial(probes.mismatches, service)),
    ]


_ROUTES = {
    Audience.VERBS: _verb_routes,
    Audience.WEBHOOK: _webhook_routes,
    Audience.OPS: _ops_routes,
    Audience.PEOPLE: _people_routes,
}


def _post(
    service: Service, bodies: Bodies, verb: Verb, answer: Callable[[bytes], Awaitable[Answer]]
) -> web.RouteDef:
    async def respond(_request: web.Request, body: bytes) -> Answer:
        return await answer(body)

    return _route(service, bodies, verb, respond)


def _route(
    service: Service,
    bodies: Bodies,
    verb: Verb,
    respond: Callable[[web.Request, bytes], Awaitable[Answer]],
) -> web.RouteDef:
    return web.post(f"/{verb}", _handler(service, bodies, verb, respond))


def _handler(
    service: Service,
    bodies: Bodies,
    verb: Verb,
    respond: Callable[[web.Request, bytes], Awaitable[Answer]],
) -> Handler:
    """Measure, record and answer one verb; a ``BadRequest`` becomes its 400."""
    metrics, recorder = service.metrics, service.recorder
    under_way = UnderWay(MOST_UNDER_WAY[verb])

    async def handle(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        result = Result.ERROR
        try:
            body = await bodies.read(request, verb, request.app[CONNECTIONS])
            with under_way.one():
                answer = await respond(request, body)
            result = answer.result
            recorder.on_answer(verb, body, answer.body)
            return web.Response(body=answer.body, content_type="application/json")
        except BadRequest as error:
            result = Result.BAD_REQUEST
            metrics.bad_request(verb, error.field)
            return bad_request(error)
        except (ConnectionError, asyncio.CancelledError, Refusal):
            result = Result.ABORTED
            raise
        finally:
            metrics.request(verb, result, time.perf_counter() - started)

    return handle


async def _preempt(_request: web.Request, body: bytes) -> Answer:
    return verbs.preempt(body)


async def _bind(service: Service, request: web.Request, body: bytes) -> Answer:
    """Bind to the end even if the scheduler hangs up: a half-done binding helps nobody."""
    task = asyncio.create_task(verbs.bind(service.binder, service.metrics, body))
    bindings = request.app[BINDINGS]
    bindings.add(task)
    task.add_done_callback(bindings.discard)
    return await asyncio.shield(task)


async def _finish_bindings(app: web.Application) -> None:
    await asyncio.gather(*app[BINDINGS], return_exceptions=True)
