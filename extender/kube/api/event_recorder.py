"""
Writes Events about pods and claims, for ``kubectl describe`` and ``kubectl events``.

Source: k8s.io/client-go tools/events event_recorder.go, and the limits of
k8s.io/kubernetes pkg/apis/core/validation/events.go, v1.36.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NoReturn
from urllib.parse import quote

import structlog

from .connection import Connection
from .errors import LiveError, Rule

NOTE_BYTES = 1024
"""The longest note that the API server takes."""

QUEUE_LIMIT = 1000
"""Events that wait; further ones are dropped."""

TIMEOUT_SECONDS = 10.0
CONTROLLER = "dra-extender.io/dra-extender"

_NAME_LIMIT = 253
_INSTANCE_LIMIT = 128
_RULE = Rule("create", "events.events.k8s.io")

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.events")


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """The object that an Event is about; one that is being created may have no UID yet."""

    namespace: str
    name: str
    uid: str
    kind: str = "Pod"
    api_version: str = "v1"


class EventResult(StrEnum):
    """
    What became of an Event.

    ``dropped``: too many waited. ``failed``: the API server did not take it. ``limited``: too many about
    objects of one namespace. ``unknown-object``: the API does not show what it is about.
    """

    WRITTEN = "written"
    FAILED = "failed"
    DROPPED = "dropped"
    LIMITED = "limited"
    UNKNOWN_OBJECT = "unknown-object"


class EventRecorder:
    """
    Takes Events at once and writes them when :meth:`run` gets to it.

    ``counted`` is called with what became of each. Best effort: nothing is tried twice, and what waits at
    the end is lost.
    """

    def __init__(
        self,
        connection: Connection,
        counted: Callable[[EventResult], None] = lambda _: None,
        *,
        instance: str = "",
        limit: int = QUEUE_LIMIT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._connection, self._counted, self._now = connection, counted, now
        self._instance = (instance or socket.gethostname())[:_INSTANCE_LIMIT]
        self._waiting: asyncio.Queue[tuple[ObjectReference, dict[str, object]]] = asyncio.Queue(limit)
        self._problem = ""

    def record(
        self,
        about: ObjectReference,
        *,
        reason: str,
        note: str,
        action: str = "Binding",
        warning: bool = False,
    ) -> None:
        """
        Queue an Event ``about`` an object; never waits and never raises.

        ``reason`` and ``action`` are words in CamelCase of at most 128 bytes; a
        ``note`` longer than ``NOTE_BYTES`` is cut.
        """
        now = self._now()
        event: dict[str, object] = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"namespace": about.namespace, "name": _event_name(about.name, now)},
            "eventTime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance,
            "action": action,
            "reason": reason,
            "regarding": {
                "apiVersion": about.api_version,
                "kind": about.kind,
                "namespace": about.namespace,
                "name": about.name,
                "uid": about.uid,
            },
            "note": shortened(note),
            "type": "Warning" if warning else "Normal",
        }
        try:
            self._waiting.put_nowait((about, event))
        except asyncio.QueueFull:
            self._counted(EventResult.DROPPED)

    async def run(self) -> NoReturn:
        """Write what is queued, until cancelled. A refusal is said once, until one is written again."""
        while True:
            about, event = await self._waiting.get()
            path = f"/apis/events.k8s.io/v1/namespaces/{quote(about.namespace, safe='')}/events"
            try:
                await self._connection.post(path, event, _RULE, timeout_seconds=TIMEOUT_SECONDS)
            except LiveError as error:
                self._counted(EventResult.FAILED)
                if not self._problem:
                    log.warning("cannot write Events", problem=str(error))
                self._problem = str(error)
            else:
                self._counted(EventResult.WRITTEN)
                self._problem = ""


def shortened(note: str) -> str:
    """Return ``note``, cut to ``NOTE_BYTES`` of UTF-8 with an ellipsis where it is longer."""
    data = note.encode("utf-8", "replace")
    if len(data) <= NOTE_BYTES:
        return data.decode()
    end = "…"
    return data[: NOTE_BYTES - len(end.encode())].decode("utf-8", "ignore") + end


def _event_name(about: str, now: datetime) -> str:
    """Return ``about.<time in hexadecimal>``, as client-go names Events, short enough for a name."""
    # Of whole microseconds: a float's are rounded.
    microseconds = int(now.timestamp()) * 1_000_000 + now.microsecond
    suffix = f".{microseconds * 1000:x}"
    return about[: _NAME_LIMIT - len(suffix)].rstrip("-.") + suffix
