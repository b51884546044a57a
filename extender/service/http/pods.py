"""The pod of a request, decoded once for filter and prioritize of one scheduling attempt."""

from __future__ import annotations

from extender.kube import decode
from extender.model import Pod

from ..wire import BadRequest

MOST_BYTES = 64 * 2**10
"""The longest text of a pod that is remembered; most pods take a few KiB."""


class PodDecoder:
    """
    Decodes pods, and remembers the last one.

    kube-scheduler sends filter and prioritize of one attempt with the same text of the pod. Recognising it
    is one comparison of bytes. The answer never depends on what is remembered.
    """

    __slots__ = ("_pod", "_text")

    def __init__(self) -> None:
        self._text = b""
        self._pod: Pod | None = None

    def decode(self, text: bytes) -> Pod:
        """Decode the JSON of a pod. Raises ``BadRequest`` with the field."""
        if self._pod is not None and text == self._text:
            return self._pod
        try:
            # An interner of its own: nothing else that a caller sends may stay.
            pod = decode.pod(text, decode.Interner())
        except decode.DecodeError as error:
            field = f"Pod.{error.field}" if error.field else "Pod"
            raise BadRequest(field, error.problem, "send the Pod as the API server returns it") from None
        if len(text) <= MOST_BYTES:
            self._text, self._pod = text, pod
        return pod
