"""
How late the event loop is: what every request waits for before it is looked at.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn

PROBE_SECONDS = 0.05
"""How often the lag is looked at; each look takes processor time, also where nothing happens."""


async def probe_lag(
    observe: Callable[[float], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> NoReturn:
    """
    Tell ``observe`` the lag in seconds, again and again, until cancelled.

    A lag that lasts longer than a probe counts for each one that it kept away, less what that would have
    waited already: else the longest would weigh least. ``clock`` is in seconds.
    """
    while True:
        due = clock() + PROBE_SECONDS
        await sleep(PROBE_SECONDS)
        late = max(0.0, clock() - due)
        observe(late)
        while late > PROBE_SECONDS:
            late -= PROBE_SECONDS
            observe(late)
