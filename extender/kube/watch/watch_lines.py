"""
A watch's bytes to its events. Pure: bytes in, values out.

Source: k8s.io/apimachinery pkg/apis/meta/v1/watch.go, v0.36; the JSON stream has
one event a line.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ..decode.errors import UNREADABLE


class WatchLineError(Exception):
    """A line that is no event, so that it is not known which object changed."""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """
    ``type`` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR. ``namespace`` is empty
    for kinds without. Of an ERROR only ``code`` and ``message`` say something.
    """

    type: str
    object: msgspec.Raw
    namespace: str = ""
    name: str = ""
    version: str = ""
    code: int = 0
    message: str = ""


class _Metadata(msgspec.Struct, gc=False):
    name: str | None = None
    namespace: str | None = None
    resource_version: str | None = msgspec.field(name="resourceVersion", default=None)


class _Head(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None


class _Status(msgspec.Struct, gc=False):
    code: int | None = None
    message: str | None = None


class _Event(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


_EVENT = msgspec.json.Decoder(_Event)
_HEAD = msgspec.json.Decoder(_Head)
_STATUS = msgspec.json.Decoder(_Status)


class LineSplitter:
    """Puts lines together from chunks that are cut anywhere."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that ``chunk`` completes, without empty ones. The last line waits for its end."""
        *lines, rest = chunk.split(b"\n")
        if lines and self._parts:
            lines[0] = b"".join((*self._parts, lines[0]))
            self._parts.clear()
        if rest:
            self._parts.append(rest)
        return [line for line in lines if line and not line.isspace()]


def watch_event(line: bytes) -> WatchEvent:
    """
    Read one line.

    The object stays JSON but for what names it: an event whose object its kind's
    decoder refuses still says which object that is. Raises ``WatchLineError``.
    """
    try:
        event = _EVENT.decode(line)
        if event.type == "ERROR":
            status = _STATUS.decode(event.object)
            return WatchEvent("ERROR", event.object, code=status.code or 0, message=status.message or "")
        metadata = _HEAD.decode(event.object).metadata or _Metadata()
    except UNREADABLE as error:
        raise WatchLineError(f"the server sent an event that cannot be read: {error}") from error
    version, name = metadata.resource_version or "", metadata.name or ""
    if not version or not (name or event.type == "BOOKMARK"):
        raise WatchLineError(f"the server sent an event ({event.type}) without name or resourceVersion")
    return WatchEvent(event.type, event.object, metadata.namespace or "", name, version)


def item_key(item: msgspec.Raw) -> tuple[str, str]:
    """Return namespace and name of an object, each empty where it cannot be read."""
    try:
        metadata = _HEAD.decode(item).metadata or _Metadata()
    except UNREADABLE:
        return ("", "")
    return (metadata.namespace or "", metadata.name or "")
