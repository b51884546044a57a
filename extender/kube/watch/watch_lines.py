"""
A watch's bytes to its events. Pure: bytes in, values out.

Source: k8s.io/apimachinery pkg/apis/meta/v1/watch.go, v0.36; the JSON stream has
one event a line.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ..decode.errors import UNREADABLE
from ..decode.json_parts import JSONParts, JSONPartsError
from ..decode.object_head import object_head

MOST_LINE_BYTES = 32 << 20
"""The longest line of a watch: etcd takes objects of 1.5 MiB, or some MiB where it is told so."""


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


class _Status(msgspec.Struct, gc=False):
    code: int | None = None
    message: str | None = None


class _Event(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


_EVENT = msgspec.json.Decoder(_Event)
_STATUS = msgspec.json.Decoder(_Status)
_TEXT = msgspec.json.Decoder(str)


class LineSplitter:
    """Puts lines together from chunks that are cut anywhere."""

    __slots__ = ("_length", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """
        Return the lines that ``chunk`` completes, without empty ones. The last line waits for its end.

        Raises ``WatchLineError`` for a line that is too long, before its end has come.
        """
        *lines, rest = chunk.split(b"\n")
        if lines and self._parts:
            lines[0] = b"".join((*self._parts, lines[0]))
            self._parts.clear()
            self._length = 0
        if rest:
            self._parts.append(rest)
            self._length += len(rest)
            if self._length > MOST_LINE_BYTES:
                self._parts.clear()
                raise WatchLineError(f"the server sent an event of more than {MOST_LINE_BYTES >> 20} MiB")
        return [line for line in lines if line and not line.isspace()]


def watch_event(line: bytes) -> WatchEvent:
    """
    Read one line.

    The object stays JSON but for what names it: an event whose object its kind's
    decoder refuses still says which object that is. Raises ``WatchLineError``.
    """
    try:
        event = _event(line)
        if event.type == "ERROR":
            status = _STATUS.decode(event.object)
            return WatchEvent("ERROR", event.object, code=status.code or 0, message=status.message or "")
    except UNREADABLE as error:
        raise WatchLineError(f"the server sent an event that cannot be read: {error}") from error
    head = object_head(event.object)
    if not head.version or not (head.name or event.type == "BOOKMARK"):
        raise WatchLineError(f"the server sent an event ({event.type}) without name or resourceVersion")
    return WatchEvent(event.type, event.object, head.namespace, head.name, head.version)


def _event(line: bytes) -> _Event:
    """Raises one of ``UNREADABLE``, that of msgspec where the line cannot be taken apart at all."""
    try:
        return _EVENT.decode(line)
    except UNREADABLE as error:
        try:
            parts = JSONParts(line)
            values = {key: parts.value() for key in parts.members()}
            parts.end()
        except JSONPartsError:
            raise error from None
        if not values.get("object", b"").startswith(b"{"):
            raise
        return _Event(_TEXT.decode(values.get("type", b"null")), msgspec.Raw(values["object"]))
