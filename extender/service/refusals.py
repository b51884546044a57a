"""Why requests are refused before their bodies are looked at, and connections closed."""

from __future__ import annotations

from enum import StrEnum


class TurnedAway(StrEnum):
    """Why a request is refused before its body is looked at, by the label of the metric."""

    CLIENT_NAME = "client-name"
    HOST = "host"
    ORIGIN = "origin"
    MEDIA_TYPE = "media-type"
    BUSY = "busy"
    SLOW_BODY = "slow-body"


class Closed(StrEnum):
    """
    Why a connection was closed on a client.

    ``limit``: too many connections or too many bytes of unfinished bodies. ``slow-body``: see ``body``.
    """

    LIMIT = "limit"
    HANDSHAKE = "handshake"
    SILENT = "silent"
    SLOW_HEADERS = "slow-headers"
    SLOW_BODY = "slow-body"
    STUCK = "stuck"
