"""The event loop's lag as requests find it."""

from __future__ import annotations

import asyncio

import pytest

from extender.service.process.loop_lag import PROBE_SECONDS, probe_lag


async def observed(*lags):
    """What is observed of an event loop that is late by each of ``lags`` in turn."""
    now, waiting = 0.0, list(lags)
    seen: list[float] = []

    async def sleep(seconds):
        nonlocal now
        if not waiting:
            raise asyncio.CancelledError
        now += seconds + waiting.pop(0)

    with pytest.raises(asyncio.CancelledError):
        await probe_lag(seen.append, clock=lambda: now, sleep=sleep)
    return seen


async def test_each_probe_is_observed():
    """Lags shorter than the time between two probes count once."""
    assert await observed(0.0, 0.001, PROBE_SECONDS / 2) == pytest.approx([0.0, 0.001, PROBE_SECONDS / 2])


async def test_a_long_lag_counts_for_the_probes_that_it_kept_away():
    """Of a loop that stands still for 3.5 probes, requests at four equally likely times find so much left."""
    assert await observed(3.5 * PROBE_SECONDS) == pytest.approx(
        [3.5 * PROBE_SECONDS, 2.5 * PROBE_SECONDS, 1.5 * PROBE_SECONDS, 0.5 * PROBE_SECONDS]
    )


async def test_a_clock_that_is_early_is_no_lag():
    """Timers of the event loop may fire a little before their time."""
    assert await observed(-0.001) == [0.0]
