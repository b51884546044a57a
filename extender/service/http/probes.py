"""``/livez``, ``/readyz``, ``/metrics`` and the page at ``/``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from ..logs import lines_left_out
from ..machine_facts import facts_counts, facts_notes
from .dependencies import Service, snapshot_objects
from .page import page

if TYPE_CHECKING:
    from extender.kube.watch.events import ReflectorState
    from extender.model import DeviceID

MOST_NAMED = 5
"""Devices, and unreadable objects of each kind, that ``/readyz?verbose`` names."""


async def livez(_request: web.Request) -> web.Response:
    """Answer 200: the event loop turns. Never depends on the API server."""
    return web.Response(text="ok\n")


async def readyz(service: Service, request: web.Request) -> web.Response:
    """
    Answer 200 when every kind was listed once and no signal to stop has come, else 503.

    Stale data is a metric, not unreadiness: an unready extender behind a Service
    means connection errors in the scheduler. ``?verbose`` lists the checks.
    """
    text = "".join(_checks(service)) if "verbose" in request.query else ""
    return web.Response(
        status=200 if service.ready else 503, text=text + ("ok\n" if service.ready else "not ready\n")
    )


def _checks(service: Service) -> list[str]:
    listed = service.store.ready
    sizes = ", ".join(f"{count} {kind}" for kind, count in snapshot_objects(service.store.current).items())
    serving = not service.lifecycle.draining
    follower = service.follower
    return [
        *map(partial(_reflector_check, follower.now()), follower.reflectors),
        *_held_twice_check(follower.held_twice),
        *_negative_check(follower.negative_amounts),
        *(f"[-]facts of machines: {note}\n" for note in facts_notes(service.store.current).values()),
        f"[{'+' if listed else '-'}]snapshot {'ok' if listed else 'not listed completely yet'} ({sizes})\n",
        f"[{'+' if serving else '-'}]serving {'ok' if serving else 'draining: a signal to stop has come'}\n",
    ]


def _held_twice_check(devices: Sequence[DeviceID]) -> list[str]:
    """Nothing that makes us unready; whoever looks must learn of it."""
    if not devices:
        return []
    named = _first(list(map(str, devices)))
    return [f"[-]devices {len(devices)} held by several claims, look for a second scheduler: {named}\n"]


def _negative_check(claims: Sequence[str]) -> list[str]:
    """The same: such claims stop the scheduler, not us."""
    if not claims:
        return []
    what = f"[-]claims {len(claims)} with a negative amount of a capacity, delete them"
    why = "from Kubernetes 1.38 on no pod with an unallocated claim is scheduled before"
    return [f"{what}: {why}: {_first(claims)}\n"]


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")


def _reflector_check(now: float, state: ReflectorState) -> str:
    if not state.served:
        return f"[+]{state.kind} not served by this API server\n"
    text = state.problem or ("ok" if state.synced else "not listed yet")
    heard = f" (last contact {now - state.last_contact:.0f} s ago)" if state.last_contact else ""
    sign = "+" if state.synced and not state.problem else "-"
    return f"[{sign}]{state.kind} {text}{heard}{_left_out(state)}\n"


def _left_out(state: ReflectorState) -> str:
    """Nothing that makes us unready, either: all other objects count."""
    keys = ["/".join(key) if isinstance(key, tuple) else key for key in state.unreadable]
    return f"; {len(keys)} unreadable and left out: {_first(keys)}" if keys else ""


async def mismatches(service: Service, request: web.Request) -> web.Response:
    """
    Answer the newest allocations that differ from what was predicted, the newest last.

    With the file in which their attempts are recorded, null where nothing is. ``?format=recording``
    answers a recording of the last of them, 404 where there is none.
    """
    if request.query.get("format") == "recording":
        return _evidence(service)
    document = {"recording": service.recorder.path, "mismatches": list(service.follower.mismatches)}
    return web.Response(body=orjson.dumps(document), content_type="application/json")


def _evidence(service: Service) -> web.Response:
    body = service.follower.evidence()
    if not body:
        return web.Response(status=404, text="no mismatch so far: there is nothing to replay\n")
    return web.Response(body=body, content_type="application/jsonl")


async def metrics(service: Service, request: web.Request) -> web.Response:
    """Answer the metrics in Prometheus' text form, or OpenMetrics where asked for."""
    follower = service.follower
    service.metrics.in_flight(follower.in_flight)
    service.metrics.held_twice(len(follower.held_twice))
    service.metrics.negative_amounts(len(follower.negative_amounts))
    service.metrics.machine_facts(facts_counts(service.store.current))
    service.metrics.lines_left_out(lines_left_out())
    service.metrics.reflectors(follower.reflectors, follower.now())
    body, content_type = service.metrics.expose(
        request.headers.get("Accept", ""), snapshot_objects(service.store.current), ready=service.ready
    )
    return web.Response(body=body, headers={"Content-Type": content_type})


async def index(service: Service, _request: web.Request) -> web.Response:
    """Answer a page that says what this is and what it serves."""
    return web.Response(text=page(service), content_type="text/html")
