"""
Keeps up with a live cluster for as long as the service runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from ..collector import freeze, no_collection
from ..live.facts_log import FactsLog
from .loop_lag import probe_lag

if TYPE_CHECKING:
    from extender.kube.api.event_recorder import EventRecorder
    from extender.kube.watch.reflector import Reflector

    from ..live.follower import LiveFollower
    from ..metrics.metrics import Metrics

EXPIRY_SECONDS = 1.0
"""How often old assumptions and open comparisons are looked for."""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.background")


@asynccontextmanager
async def background(
    live: LiveFollower,
    reflectors: tuple[Reflector, ...],
    events: EventRecorder,
    metrics: Metrics,
    *further: Coroutine[object, object, object],
) -> AsyncIterator[None]:
    """
    Run the reflectors, and ``further`` tasks, while the context lasts.

    A task that fails through an error of ours ends the process: without its events every
    prediction would be stale.
    """
    work: list[Coroutine[object, object, object]] = [reflector.run() for reflector in reflectors]
    work += [live.handler.begin(), events.run(), probe_lag(metrics.loop_lag)]
    work += [_expire(live, metrics), _settle_memory(live), *further]
    tasks = [asyncio.create_task(coroutine) for coroutine in work]
    owner = asyncio.current_task()

    def ended(task: asyncio.Task[object]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and owner is not None:
            log.error("internal error: the cluster is no longer watched", exc_info=error)
            owner.cancel()

    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _expire(live: LiveFollower, metrics: Metrics) -> None:
    facts = FactsLog()
    while True:
        await asyncio.sleep(EXPIRY_SECONDS)
        metrics.expired(live.store.expire())
        facts.tell(live.store.current)
        try:
            live.checks.settle(live.store.current)
        except Exception as error:
            metrics.internal_error("other")
            log.exception("internal error", exc_info=error)
        live.handler.expire()


async def _settle_memory(live: LiveFollower) -> None:
    """
    Keep the collector off the first lists, which hold no garbage.

    It would walk all that is there again and again, for most of the time that they take.
    """
    with no_collection():
        await live.store.listed.wait()
        # Even one collection would stop us for a second.
        freeze(collect=False)
    log.info("cluster listed", nodes=len(live.store.current.nodes))
