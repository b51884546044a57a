"""Long work on the event loop, in slices."""

from __future__ import annotations

import asyncio
import time

SLICE_SECONDS = 0.002


class TimeSlice:
    """
    Lets others run after each ``SLICE_SECONDS`` of work.

    Start one where the work begins, and call :meth:`pause` between its steps.
    """

    __slots__ = ("_end",)

    def __init__(self) -> None:
        self._end = time.perf_counter() + SLICE_SECONDS

    async def pause(self) -> None:
        """Give the event loop one turn if the slice is used up."""
        if time.perf_counter() >= self._end:
            await asyncio.sleep(0)
            self._end = time.perf_counter() + SLICE_SECONDS
