"""Long work on the event loop, in slices."""

from __future__ import annotations

import asyncio
import time

SLICE_SECONDS = 0.002


class TimeSlice:
    """
    Lets others run after each ``SLICE_SECONDS`` of work.

    Work is done within ``async with``, with :meth:`pause` between its steps. Of those
    who share one only one works at a time: else everyone's slices would add up
    between two turns of a request.
    """

    __slots__ = ("_end", "_lock")

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._end = 0.0

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        self._end = time.perf_counter() + SLICE_SECONDS

    async def __aexit__(self, *failure: object) -> None:
        self._lock.release()

    async def pause(self) -> None:
        """Give the event loop one turn if the slice is used up."""
        if time.perf_counter() >= self._end:
            await asyncio.sleep(0)
            self._end = time.perf_counter() + SLICE_SECONDS
