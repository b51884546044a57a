"""Progress of long work, on stderr, for people only."""

from __future__ import annotations

import sys
import threading
import time
from typing import Self, TextIO

_QUIET_SECONDS = 0.5
_REDRAW_SECONDS = 0.1


class Progress:
    """
    A line that is redrawn in place, and only on a terminal.

    Nothing is shown within the first half second. A thread draws, so the line is there and counts the
    seconds also while no unit of the work ends. Use it as a context manager; the line is gone at the end.
    """

    def __init__(self, label: str, total: int | None = None, stream: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._stream = stream if stream is not None else sys.stderr
        self._done = 0
        self._what = ""
        self._width = 0
        self._over = threading.Event()
        self._drawing: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._stream.isatty():
            self._drawing = threading.Thread(target=self._draw, args=(time.monotonic(),), daemon=True)
            self._drawing.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawing is None:
            return
        self._over.set()
        self._drawing.join()
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()

    def step(self, what: str = "") -> None:
        """Count one more unit of work done; ``what`` names it."""
        self._done += 1
        self._what = what

    def _draw(self, started: float) -> None:
        pause = _QUIET_SECONDS
        while not self._over.wait(pause):
            pause = _REDRAW_SECONDS
            count = f"{self._done}/{self._total}" if self._total else str(self._done or "")
            seconds = f"({time.monotonic() - started:.0f} s)"
            line = " ".join(filter(None, (self._label, count, self._what, seconds)))
            self._stream.write("\r" + line.ljust(self._width))
            self._stream.flush()
            self._width = len(line)
