"""
Who may ask: what is checked of every request before its path is looked at.

Browsers send requests to loopback addresses for any web page. They cannot be kept from it, but they say
who they ask for: in ``Origin`` the page's site, in ``Host`` the name that the page used for us, which may
be the attacker's own name that leads to a loopback address (DNS rebinding).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiohttp import web

from ..listeners import Audience, Listener, is_loopback
from ..refusals import TurnedAway
from .connections import Connections, Phase

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from ..metrics.metrics import Metrics
    from .dependencies import Lifecycle

JSON = "application/json"


class Refusal(Exception):
    """
    A request that is refused for what it comes with, as HTTP ``status``.

    ``fix`` says what to send instead. ``close``: the connection is closed afterwards.
    """

    def __init__(
        self, reason: TurnedAway, status: int, message: str, fix: str, *, close: bool = False
    ) -> None:
        super().__init__(message)
        self.reason, self.status, self.message, self.fix, self.close = reason, status, message, fix, close


def guard(listener: Listener, metrics: Metrics, lifecycle: Lifecycle, connections: Connections) -> Middleware:
    """
    Make the middleware that lets in who may ask on ``listener``.

    While ``lifecycle`` drains, every answer tells the client to come by a new connection. ``connections``
    learns when a request begins and ends.
    """
    names = frozenset() if listener.tls is None else listener.tls.client_names
    local = listener.address.loopback

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = connections.by_protocol.get(request.protocol)
        if connection is not None:
            connections.enter(connection, Phase.ANSWER)
        try:
            if names:
                _check_client(request, names)
            _check_host(request, local=local)
            if request.method == "POST":
                _check_media_type(request)
            response = await handler(request)
        except Refusal as refusal:
            metrics.turned_away(listener.name, refusal.reason)
            raise
        finally:
            if connection is not None:
                connections.enter(connection, Phase.IDLE)
        if lifecycle.draining:
            response.force_close()
        return response

    return middleware


def client_names(certificate: Mapping[str, object] | None) -> frozenset[str]:
    """
    The names of a client's certificate: its DNS names, URIs and common names, in small letters.

    ``certificate`` as ``ssl.SSLSocket.getpeercert`` returns it.
    """
    if not certificate:
        return frozenset()
    alternative, subject = certificate.get("subjectAltName", ()), certificate.get("subject", ())
    assert isinstance(alternative, tuple)
    assert isinstance(subject, tuple)
    found = [value for kind, value in alternative if kind in {"DNS", "URI"}]
    found += [value for parts in subject for kind, value in parts if kind == "commonName"]
    return frozenset(name.lower() for name in found)


def _check_client(request: web.Request, wanted: frozenset[str]) -> None:
    transport = request.transport
    certificate = None if transport is None else transport.get_extra_info("peercert")
    if client_names(certificate).isdisjoint({name.lower() for name in wanted}):
        raise Refusal(
            TurnedAway.CLIENT_NAME,
            403,
            "the client's certificate has none of the names that --client-name allows",
            "use the certificate of kube-scheduler, or start the extender with --client-name NAME as well",
        )


def _check_host(request: web.Request, *, local: bool) -> None:
    host = request.headers.get("Host", "")
    if local and host and not is_loopback(_without_port(host)):
        raise Refusal(
            TurnedAway.HOST,
            403,
            "the Host header names another machine, and this address is loopback",
            "ask for 127.0.0.1, [::1] or localhost",
        )
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() not in {f"http://{host}".lower(), f"https://{host}".lower()}:
        raise Refusal(
            TurnedAway.ORIGIN,
            403,
            "the Origin header says that the page of another site asks",
            "ask without a browser, for example with curl",
        )


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _check_media_type(request: web.Request) -> None:
    # The header itself: aiohttp takes an absent one for application/octet-stream.
    sent = request.headers.get("Content-Type", "")
    if sent.partition(";")[0].strip().lower() != JSON:
        raise Refusal(
            TurnedAway.MEDIA_TYPE,
            415,
            "the body is not declared as JSON",
            f"send the header Content-Type: {JSON}, as kube-scheduler does",
        )


def served_paths(audiences: tuple[Audience, ...]) -> str:
    """Say what a listener serves, for whoever asks for something else."""
    texts = {
        Audience.VERBS: "POST /filter, /prioritize, /bind, /preempt",
        Audience.WEBHOOK: "POST /mutate, /route",
        Audience.OPS: "GET /livez, /readyz, /metrics",
        Audience.PEOPLE: "POST /explain, GET /, /debug/mismatches",
    }
    served = "; ".join(texts[audience] for audience in audiences)
    return f"this address serves {served}"
