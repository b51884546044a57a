"""
Writes a recording in a thread of its own, so that no answer waits for a disk.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from extender.kube.recording.file import RecordingFile
    from extender.kube.recording.state import ClosedAttempt, RecordingState

MAX_ATTEMPTS = 1_000
MAX_BYTES = 64 * 1024 * 1024
"""What may wait for the disk: attempts, and bytes of their requests and answers."""

CLOSE_SECONDS = 10.0
"""How long the end of the process waits for the disk."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.recording")


class Recorded(StrEnum):
    """
    What became of an attempt: ``dropped``: too many waited for the disk. ``failed``: the disk refused
    it, or one before it. ``unconfirmed``: the API does not show the pod. ``body-dropped``: a request of it
    is left out, because it is of a form that we do not know.
    """

    WRITTEN = "written"
    DROPPED = "dropped"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    BODY_DROPPED = "body-dropped"


class RecordingThread:
    """
    Takes attempts in their order and writes them.

    The first error is logged and ends the recording: every attempt after it is counted as failed.
    ``counted`` is called in both threads.
    """

    def __init__(
        self, state: RecordingState, file: RecordingFile, counted: Callable[[Recorded], None]
    ) -> None:
        self._state, self._file, self._counted = state, file, counted
        self._waiting: deque[ClosedAttempt] = deque()
        self._bytes = 0
        self._closing = False
        self._failed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)

    def start(self) -> None:
        """Begin to write what is offered."""
        self._thread.start()

    def offer(self, attempt: ClosedAttempt) -> bool:
        """Have an attempt written; false, and counted, where too many wait already."""
        size = attempt.request_bytes
        with self._changed:
            fits = len(self._waiting) < MAX_ATTEMPTS and (
                not self._waiting or self._bytes + size <= MAX_BYTES
            )
            if fits:
                self._waiting.append(attempt)
                self._bytes += size
                self._changed.notify()
        if not fits:
            self._counted(Recorded.DROPPED)
        return fits

    def close(self) -> None:
        """Write what waits, end the file, end the thread. Blocks."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():
            log.error("recording incomplete: the disk is too slow", seconds=CLOSE_SECONDS)

    def _run(self) -> None:
        while (attempt := self._next()) is not None:
            written = self._done(partial(self._write, attempt))
            self._counted(Recorded.WRITTEN if written else Recorded.FAILED)
        self._done(self._file.close)

    def _next(self) -> ClosedAttempt | None:
        """Wait for an attempt; ``None`` at the end."""
        with self._changed:
            idle = not self._waiting
        if idle:
            self._done(self._file.flush)
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if not self._waiting:
                return None
            attempt = self._waiting.popleft()
            self._bytes -= attempt.request_bytes
            return attempt

    def _write(self, attempt: ClosedAttempt) -> None:
        changed = self._state.take(attempt.changes)
        first = self._file.full
        if first:
            self._file.begin(self._state.header())
        elif changed:
            self._file.write(changed)
        self._file.write(self._state.attempt(attempt, first=first))

    def _done(self, work: Callable[[], None]) -> bool:
        """Whether ``work`` could be done; not tried after an error."""
        if self._failed:
            return False
        try:
            work()
        except OSError as error:
            self._failed = True
            log.error(  # noqa: TRY400  the stack says nothing about a full disk
                "recording stopped: free disk space or name another file, then restart", problem=str(error)
            )
        except Exception as error:
            self._failed = True
            log.exception("internal error: recording stopped", exc_info=error)
        if self._failed:
            with suppress(OSError):
                self._file.close()
        return not self._failed
