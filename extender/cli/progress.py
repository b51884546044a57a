"""Progress of long work, on stderr, for people only."""

from __future__ import annotations

import sys
import time
from typing import Self, TextIO

_QUIET_SECONDS = 1.0
_REDRAW_SECONDS = 0.1


class Progress:
    """
    A line that is redrawn in place, and only on a terminal.

    Nothing is shown within the first second. Use it as a context manager; the
    line is gone at the end.
    """

    def __init__(self, label: str, total: int | None = None, stream: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._stream = stream if stream is not None else sys.stderr
        self._next = time.monotonic() + _QUIET_SECONDS
        self._done = 0
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()

    def step(self, what: str = "") -> None:
        """Count one more unit of work done; ``what`` names it."""
        self._done += 1
        now = time.monotonic()
        if now < self._next or not self._stream.isatty():
            return
        self._next = now + _REDRAW_SECONDS
        count = f"{self._done}/{self._total}" if self._total else f"{self._done}"
        line = f"{self._label} {count} {what}".rstrip()
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)
