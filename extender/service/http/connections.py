"""
The connections of one listener: how many there are, what each is doing, and which has to go.

kube-scheduler does not repeat a POST whose connection was closed. So what has to go is never a request
whose body has come completely; first go clients that have not yet sent a whole request.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import StrEnum

from ..refusals import Closed

MAX_CONNECTIONS = 256
"""The most connections of one listener. kube-scheduler holds a few; Prometheus and the kubelet one each."""

HEADER_SECONDS = 5.0
"""How long the headers of a request may take from its first byte, and a TLS handshake from its start."""

SILENT_SECONDS = 30.0
"""How long a new connection may send nothing. Go's client opens some that it does not need at once."""

STUCK_SECONDS = 60.0
"""How long, above keep-alive, a client may take to read an answer."""

MAX_UNFINISHED_MIB = 64
"""The most MiB of bodies that have not come completely, of all connections of a listener together."""


class Phase(StrEnum):
    """What a connection is doing. ``idle``: it has been answered and waits for the next request."""

    HANDSHAKE = "handshake"
    SILENT = "silent"
    HEADERS = "headers"
    BODY = "body"
    ANSWER = "answer"
    IDLE = "idle"


UNFINISHED = frozenset({Phase.HANDSHAKE, Phase.SILENT, Phase.HEADERS, Phase.BODY})
"""Phases in which no request has come completely."""


@dataclass(eq=False, slots=True)
class Connection:
    """
    One connection; ``since`` is when its phase began, in seconds of the table's clock.

    ``abort`` closes it at once. ``body_bytes``: what has come of a body that is not complete.
    """

    since: float
    abort: Callable[[], None]
    phase: Phase = Phase.HANDSHAKE
    body_bytes: int = 0


@dataclass(eq=False, slots=True)
class Connections:
    """
    The table of one listener.

    ``clock`` in seconds. ``on_closed`` is told why a connection is closed by us. Keys of ``by_protocol`` are
    what a request calls its protocol.
    """

    clock: Callable[[], float]
    on_closed: Callable[[Closed], None]
    most: int = MAX_CONNECTIONS
    most_bytes: int = MAX_UNFINISHED_MIB * 2**20
    keepalive_seconds: float = 180.0
    open: dict[Connection, None] = field(default_factory=dict)
    by_protocol: dict[Hashable, Connection] = field(default_factory=dict)

    def admit(self, abort: Callable[[], None]) -> Connection | None:
        """
        Take in a new connection, closing another where there are too many.

        ``None``: all others are being answered; the new one must be closed.
        """
        if len(self.open) >= self.most:
            victim = self._oldest(UNFINISHED) or self._oldest(frozenset({Phase.IDLE}))
            if victim is None:
                self.on_closed(Closed.LIMIT)
                return None
            self.close(victim, Closed.LIMIT)
        connection = Connection(self.clock(), abort)
        self.open[connection] = None
        return connection

    def close(self, connection: Connection, why: Closed) -> None:
        """Close a connection on its client."""
        self.on_closed(why)
        self.forget(connection)
        connection.abort()

    def forget(self, connection: Connection) -> None:
        """Drop a connection that is closed."""
        self.open.pop(connection, None)

    def enter(self, connection: Connection, phase: Phase) -> None:
        """Let a new phase begin now."""
        connection.phase, connection.since = phase, self.clock()
        connection.body_bytes = 0

    def received(self, connection: Connection) -> None:
        """Take note that bytes have come."""
        if connection.phase in {Phase.SILENT, Phase.IDLE}:
            self.enter(connection, Phase.HEADERS)

    def received_body(self, connection: Connection, count: int) -> None:
        """Take note of ``count`` more bytes of a body; too many of all clients cost the oldest its place."""
        connection.body_bytes += count
        held = {each: each.body_bytes for each in self.open if each.body_bytes}
        total = sum(held.values())
        for oldest in sorted(held, key=lambda each: each.since):
            if total <= self.most_bytes or len(held) == 1:
                return
            total -= held.pop(oldest)
            self.close(oldest, Closed.LIMIT)

    def overdue(self) -> list[tuple[Connection, Closed]]:
        """The connections whose time is up, each with the reason; bodies have a clock of their own."""
        limits = {
            Phase.SILENT: (SILENT_SECONDS, Closed.SILENT),
            Phase.HEADERS: (HEADER_SECONDS, Closed.SLOW_HEADERS),
            Phase.IDLE: (self.keepalive_seconds + STUCK_SECONDS, Closed.STUCK),
        }
        now = self.clock()
        return [
            (connection, limits[connection.phase][1])
            for connection in self.open
            if connection.phase in limits and now - connection.since > limits[connection.phase][0]
        ]

    def _oldest(self, phases: frozenset[Phase]) -> Connection | None:
        found = (connection for connection in self.open if connection.phase in phases)
        return min(found, key=lambda connection: connection.since, default=None)
