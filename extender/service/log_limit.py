"""
Bounds how many lines one cause may write to the log, so that nobody fills a disk through us.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import structlog

LINES_PER_MINUTE = 20
"""Lines of one cause in ``WINDOW_SECONDS``; what is beyond is counted."""

WINDOW_SECONDS = 60.0

MAX_CAUSES = 200
"""Causes that are told apart at a time; all further ones of a logger and level count as one."""

LEFT_OUT = "lines left out"


_OWN = "extender.logs"

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(_OWN)


class Cause(NamedTuple):
    """What lines have in common: their text without values, and the type of the exception."""

    logger: str
    level: int
    event: str
    error: str


@dataclass(slots=True)
class _Window:
    began: float
    lines: int = 0
    left_out: int = 0


class LogLimit(logging.Filter):
    """
    Lets ``LINES_PER_MINUTE`` lines of each cause pass.

    How many were left out is said once a minute, before the next line of any cause. Lines of level debug
    pass: who asks for that level wants each. ``clock`` is in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.left_out = 0
        self._clock = clock
        self._windows: dict[Cause, _Window] = {}
        self._next_sweep = 0.0
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may be written."""
        if record.levelno < logging.INFO or record.name == _OWN:
            return True
        with self._lock:
            now = self._clock()
            ended = self._ended(now)
            passes = self._passes(_cause(record), now)
        for cause, window in ended:
            log.warning(LEFT_OUT, lines=window.left_out, of=cause.logger, such_as=cause.event)
        return passes

    def _passes(self, cause: Cause, now: float) -> bool:
        if cause not in self._windows and len(self._windows) >= MAX_CAUSES:
            cause = cause._replace(event="", error="")
        window = self._windows.setdefault(cause, _Window(now))
        if window.lines < LINES_PER_MINUTE:
            window.lines += 1
            return True
        window.left_out += 1
        self.left_out += 1
        return False

    def _ended(self, now: float) -> list[tuple[Cause, _Window]]:
        """Close the windows that are over; returns those that have something to tell."""
        if now < self._next_sweep:
            return []
        over = [
            (cause, window) for cause, window in self._windows.items() if now - window.began >= WINDOW_SECONDS
        ]
        for cause, _ in over:
            del self._windows[cause]
        self._next_sweep = min((window.began for window in self._windows.values()), default=now)
        self._next_sweep += WINDOW_SECONDS
        return [(cause, window) for cause, window in over if window.left_out]


MOST_EVENT = 200
"""Characters of a line's text that tell causes apart."""


def _cause(record: logging.LogRecord) -> Cause:
    said = record.msg
    event, info = said, record.exc_info
    if isinstance(said, dict):
        event, info = said.get("event", ""), said.get("exc_info", info)
    error = info[1] if isinstance(info, tuple) else info
    kind = type(error).__name__ if isinstance(error, BaseException) else ""
    return Cause(record.name, record.levelno, str(event)[:MOST_EVENT], kind)
