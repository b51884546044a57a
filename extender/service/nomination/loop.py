"""
Nominates as long as the service runs: one decision after the other, some patches at a time.
"""

from __future__ import annotations

import asyncio
import random as randomness
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, Protocol

import structlog

from extender.kube.api.backoff import Backoff
from extender.kube.api.nominations import Written

from .choosing import Preparation

if TYPE_CHECKING:
    from extender.core.cluster.changes import Changes
    from extender.core.prediction.evaluate import Evaluation
    from extender.model import Pod
    from extender.model.pending_pods import PendingPod

    from .nominator import Nominator
    from .outstanding import Nomination

    class Nominations(Protocol):
        """Names the node of a pod, or none where it is empty."""

        async def write(self, pod: PendingPod, node: str) -> Written: ...


Prepare = Callable[["Pod", "Evaluation[bytes]", Sequence[str]], Awaitable[None]]

CONCURRENCY = 64
"""
Patches under way at a time: an API server where pods are created in numbers answers after some 250 ms, and
fewer would not keep up with a scheduler that follows nominations.
"""

MOST_FRUITLESS = 64
"""Pods without a node for them that are tried in one round; further ones wait for the next tick."""

TICK_SECONDS = 0.2
"""How often time alone is looked at: what expires, what may be tried again, whether we may act."""

LAPSE_SECONDS = 10.0
"""
How long what is known of our nominations is kept while we may not act. A busy API server renews a lease
late; to adopt hundreds of nominations anew after that would take the time in which they are followed.
"""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.nominate")


class NominationLoop:
    """
    ``may_act``: whether we lead, and know the cluster well enough. ``observed`` is told the seconds from
    the pod's first event to the accepted patch, ``failed`` of each error of ours. ``prepare`` judges nodes
    for a pod where that takes longer than a turn on the event loop, and may give up.
    """

    def __init__(
        self,
        nominator: Nominator,
        api: Nominations,
        may_act: Callable[[], bool],
        clock: Callable[[], float],
        prepare: Prepare,
        *,
        observed: Callable[[float], None] = lambda _: None,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._nominator, self._api, self._may_act, self._clock = nominator, api, may_act, clock
        self._prepare, self._observed, self._failed = prepare, observed, failed
        self._event = asyncio.Event()
        nominator.wake = self._event.set
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._tasks: set[asyncio.Task[None]] = set()
        self._backoff = Backoff(randomness.random)
        self._paused_until = 0.0
        self._acting = False
        self._acted = float("-inf")
        self._looked = float("-inf")

    def apply(self, changes: Changes) -> None:
        """Take other readings of the cluster's objects; the ``Sink`` of the reflectors for these."""
        with self._caught():
            self._nominator.apply(changes)

    def on_changes(self, changes: Changes) -> None:
        """Take changes that the store has taken."""
        with self._caught():
            self._nominator.on_changes(changes)

    async def run(self) -> NoReturn:
        """Decide and write until cancelled."""
        try:
            while True:
                if await self._round():
                    await self._event_or_tick()
                else:
                    await asyncio.sleep(TICK_SECONDS)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _event_or_tick(self) -> None:
        try:
            async with asyncio.timeout(TICK_SECONDS):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()

    async def _round(self) -> bool:
        """Do what there is to do; false where too much of it was in vain to go on at once."""
        if not self._turn():
            return True
        now = self._clock()
        if now - self._looked >= TICK_SECONDS:
            self._looked = now
            with self._caught():
                self._nominator.expire()
        fruitless = 0
        while self._turn() and self._clock() >= self._paused_until and fruitless < MOST_FRUITLESS:
            withdrawn = self._nominator.next_withdrawn()
            if withdrawn is not None:
                await self._slots.acquire()
                self._spawn(self._withdraw(withdrawn))
                continue
            if self._nominator.next_ready() is None:
                return True
            # Only with a free slot, so that nothing is decided long before it is written; meanwhile
            # another pod may have come first.
            await self._slots.acquire()
            nomination = await self._decided()
            if nomination is None:
                fruitless += 1
                self._slots.release()
            else:
                self._nominator.writing(nomination)
                self._spawn(self._write(nomination))
            await asyncio.sleep(0)
        return fruitless < MOST_FRUITLESS

    def _turn(self) -> bool:
        """Whether we act now; begins where that has changed, and resigns where it has for a while."""
        acting, now = self._may_act(), self._clock()
        if acting:
            self._acted = now
        if acting != self._acting and (acting or now - self._acted >= LAPSE_SECONDS):
            self._acting = acting
            if acting:
                self._nominator.begin()
            else:
                self._nominator.resign()
            log.info("nominating pods" if acting else "not nominating pods")
        return acting

    async def _decided(self) -> Nomination | None:
        waiting = self._nominator.next_ready()
        if waiting is None:
            return None
        # A pod that fails no longer waits: it goes the usual way.
        with self._caught(pod=f"{waiting.pod.namespace}/{waiting.pod.name}"):
            decision = self._nominator.decide(waiting)
            if not isinstance(decision, Preparation):
                return decision
            await self._prepare(decision.pod, decision.evaluation, decision.nodes)
            # Meanwhile another pod may have come first, and we may act no more.
            again = self._nominator.next_ready()
            if again is not None and again.pod.uid == waiting.pod.uid and self._turn():
                decision = self._nominator.decide(again, prepared=True)
                return None if isinstance(decision, Preparation) else decision
        return None

    async def _write(self, nomination: Nomination) -> None:
        result = await self._api.write(nomination.pod, nomination.node)
        if result is Written.DONE:
            self._observed(self._clock() - nomination.since)
        self._pause(result)
        self._nominator.written(nomination, result)

    async def _withdraw(self, pod: PendingPod) -> None:
        # Where the pod has changed, its newest state decides again.
        self._pause(await self._api.write(pod, ""))

    def _pause(self, result: Written) -> None:
        """Give the API server time where it does not take patches."""
        if result in (Written.REFUSED, Written.UNANSWERED):
            self._paused_until = self._clock() + self._backoff.next()
        else:
            self._backoff.reset()

    def _spawn(self, work: Awaitable[None]) -> None:
        async def act() -> None:
            try:
                with self._caught():
                    await work
            finally:
                self._slots.release()

        task = asyncio.create_task(act())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @contextmanager
    def _caught(self, **doing: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._failed()
            log.exception("internal error", exc_info=error, **doing)
