"""Reading bodies: how large they may be, and how long they may take."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from ..refusals import Closed, TurnedAway
from ..verb import Verb
from ..wire import BadRequest, BodyTooLarge
from .connections import Connections, Phase
from .guard import Refusal

if TYPE_CHECKING:
    from .connections import Connection

BODY_SECONDS = 10.0
"""How long a body may take from the end of the headers: kube-scheduler waits five seconds for an answer."""

MAX_BIND_BYTES = 64 * 2**10
"""The most of a body of bind, which is four short strings."""

MAX_REVIEW_BYTES = 4 * 2**20
"""The most of an AdmissionReview, of mutate and route: the API server takes objects of up to 3 MiB."""

_TOO_LARGE = "leave the object as it is: it is larger than what etcd stores"
_LIMITS = {Verb.BIND: MAX_BIND_BYTES, Verb.MUTATE: MAX_REVIEW_BYTES, Verb.ROUTE: MAX_REVIEW_BYTES}
_FIXES = {
    Verb.BIND: "send ExtenderBindingArgs as kube-scheduler does",
    Verb.MUTATE: _TOO_LARGE,
    Verb.ROUTE: _TOO_LARGE,
}
_FIX = (
    "set nodeCacheCapable: true on this extender, so that names are sent instead of whole Nodes, or start "
    "the extender with a larger --max-body-mib"
)


@dataclass(frozen=True, slots=True)
class Bodies:
    """Reads bodies; ``most`` bytes of those verbs that have no limit of their own."""

    most: int

    def limit(self, verb: Verb) -> int:
        """The most bytes of a body of ``verb``."""
        return _LIMITS.get(verb, self.most)

    async def read(self, request: web.Request, verb: Verb, connections: Connections) -> bytes:
        """
        Read the whole body.

        Raises ``BodyTooLarge`` before reading where the length is told, else at the limit, ``BadRequest``
        for a compressed body or a broken transfer encoding, and ``Refusal`` where it does not come in time.
        """
        encoding = request.headers.get("Content-Encoding", "identity")
        if encoding != "identity":
            raise BadRequest("body", f"has Content-Encoding {encoding}", "send it uncompressed")
        limit = self.limit(verb)
        if (request.content_length or 0) > limit:
            raise _too_large(verb, limit)
        connection = connections.by_protocol.get(request.protocol)
        if connection is None:
            return await _in_time(request, verb, limit, connections, None)
        connections.enter(connection, Phase.BODY)
        try:
            return await _in_time(request, verb, limit, connections, connection)
        finally:
            connections.enter(connection, Phase.ANSWER)


async def _in_time(
    request: web.Request, verb: Verb, limit: int, connections: Connections, connection: Connection | None
) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request, verb, limit, connections, connection)
    except TimeoutError:
        connections.on_closed(Closed.SLOW_BODY)
        raise Refusal(
            TurnedAway.SLOW_BODY,
            408,
            f"the body did not come within {BODY_SECONDS:g} s",
            "send it at once",
            close=True,
        ) from None
    except web.RequestPayloadError as error:
        raise BadRequest(
            "body", f"cannot be read: {error}", "send it plain, with its Content-Length"
        ) from None


async def _read(
    request: web.Request, verb: Verb, limit: int, connections: Connections, connection: Connection | None
) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        piece = await request.content.readany()
        if not piece:
            return b"".join(pieces)
        size += len(piece)
        if size > limit:
            raise _too_large(verb, limit)
        pieces.append(piece)
        if connection is not None:
            connections.received_body(connection, len(piece))


def _too_large(verb: Verb, limit: int) -> BodyTooLarge:
    return BodyTooLarge("body", f"is larger than {limit:,} bytes", _FIXES.get(verb, _FIX))
