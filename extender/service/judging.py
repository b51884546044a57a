"""
Where nodes are judged: in a turn on the event loop, or beside it where that takes longer.

Most requests are answered from what is known, or need a search or two for the nodes that changed: that
takes a turn of a few milliseconds at most, and a thread would only make it slower. What takes longer is
an *errand*: new claims on thousands of nodes, costly selectors, searches that explode. Errands run in one
thread, one after the other, the first that came first. What people ask runs in another, so that it never
stands in front of what the scheduler asks, and with a memo of its own; so do decisions of ``/mutate``
(``softening``), which share nothing with either.

What holds:

- *The loop is never held* for longer than a turn, whatever claims say.
- *The answer is that of the snapshot* on which the request came; events go on meanwhile. It is kept for
  the nodes that did not change since (``Errand.finish``).
- *Nobody waits for long*: past ``GUARD_SECONDS`` the scheduler gets an answer without an opinion. An errand
  that has begun goes on all the same: its work is bounded by the budget of a request, and because it is
  remembered, the next attempt of the pod is answered at once. One that has not begun is dropped.
- *The last request of a pod counts*: the answer to one before it is given, but not followed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import structlog

from extender.core.prediction.evaluate import Turn, TurnOver

from .collector import no_collection
from .verb import NeutralReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extender.core.prediction.evaluate import Errand, Evaluation, Shortfall, Snapshot
    from extender.model import Pod

TURN_UNITS = 8_000
"""Units of work that a request may take on the event loop, of about a microsecond each."""

GUARD_SECONDS = 1.0
"""How long the scheduler waits for an errand; then it gets an answer without an opinion."""

MOST_ERRANDS = 16
"""The most errands that wait or are under way; a request that needs one more gets no opinion."""

SWITCH_SECONDS = 0.001
"""How long a thread keeps the interpreter while another waits for it; Python's default is five times that."""

_MOST_TOLD = 1_000

R = TypeVar("R")
V = TypeVar("V")

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.requests")


class NoOpinion(Exception):
    """The request gets an answer without an opinion, for this ``reason``."""

    def __init__(self, reason: NeutralReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Lane:
    """One thread, in which work is done in the order in which it comes; at most ``most`` at a time."""

    def __init__(self, name: str, most: int) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._most = most
        self._count = 0

    def submit(self, work: Callable[[], R]) -> Future[R] | None:
        """Queue some work; ``None``: there is too much already."""
        if self._count >= self._most:
            return None
        self._count += 1
        return self._threads.submit(_uncollected, work)

    def done(self) -> None:
        """Some work that was queued is done, or dropped."""
        self._count -= 1


def _uncollected(work: Callable[[], R]) -> R:
    """
    Do some work whose memory is bounded without a collection of garbage.

    Whichever thread begins one, it stops all others; among the lists and maps that a selector has made it
    takes tens of milliseconds, and finds nothing.
    """
    with no_collection():
        return work()


class Judging:
    """
    Judges nodes for requests, of which there may be several at a time.

    ``current`` is the snapshot of now. ``patient``: nobody else is served meanwhile, so that everything is
    judged at once, whatever time it takes.
    """

    def __init__(self, current: Callable[[], Snapshot], *, patient: bool = False) -> None:
        self._current = current
        self._patient = patient
        self._errands = Lane("errands", MOST_ERRANDS)
        self._people = Lane("people", MOST_ERRANDS)
        self._under_way: set[asyncio.Task[object]] = set()
        self._latest: dict[str, object] = {}
        self._told: OrderedDict[tuple[str, ...], None] = OrderedDict()

    @contextmanager
    def request(self, pod: Pod) -> Iterator[Callable[[], bool]]:
        """A request about a pod; gives a question: is it still the last one about this pod?"""
        token = self._latest[pod.uid] = object()
        try:
            yield lambda: self._latest.get(pod.uid) is token
        finally:
            if self._latest.get(pod.uid) is token:
                del self._latest[pod.uid]

    async def entries(self, pod: Pod, evaluation: Evaluation[bytes], names: Sequence[str]) -> list[bytes]:
        """The entries of ``evaluation``. Raises ``NoOpinion``."""
        try:
            return evaluation.entries(names, self._turn())
        except TurnOver:
            return await self._send(pod, evaluation.entries_errand(names))

    async def shortfalls(
        self, pod: Pod, evaluation: Evaluation[bytes], names: Sequence[str]
    ) -> dict[str, Shortfall]:
        """The shortfalls of ``evaluation``. Raises ``NoOpinion``."""
        try:
            return evaluation.shortfalls(names, self._turn())
        except TurnOver:
            return await self._send(pod, evaluation.shortfalls_errand(names))

    async def for_people(self, work: Callable[[], R]) -> R:
        """Do what people ask, beside everything else; nothing else may touch what ``work`` touches."""
        future = self._people.submit(work)
        if future is None:
            raise NoOpinion(NeutralReason.BUSY)
        try:
            return await asyncio.wrap_future(future)
        finally:
            self._people.done()

    def _turn(self) -> Turn | None:
        return None if self._patient else Turn(TURN_UNITS)

    async def _send(self, pod: Pod, errand: Errand[V, R]) -> R:
        future = self._errands.submit(errand.run)
        if future is None:
            errand.give_up()
            raise NoOpinion(NeutralReason.BUSY)
        task = asyncio.create_task(self._finished(errand, future))
        self._under_way.add(task)
        task.add_done_callback(self._forget)
        done, _ = await asyncio.wait((task,), timeout=GUARD_SECONDS)
        if not done:
            future.cancel()
            self._tell(pod)
            raise NoOpinion(NeutralReason.TOO_SLOW)
        return task.result()

    async def _finished(self, errand: Errand[V, R], future: Future[None]) -> R:
        try:
            await asyncio.wrap_future(future)
        except BaseException:
            errand.give_up()
            raise
        finally:
            self._errands.done()
        return errand.finish(self._current())

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            # Whoever waits for the task has it, too; nobody may.
            task.exception()

    def _tell(self, pod: Pod) -> None:
        """Log once for the claims of a pod that they take too long."""
        claims = (pod.namespace, *(claim.template or claim.claim or claim.name for claim in pod.claims))
        if claims in self._told:
            return
        self._told[claims] = None
        if len(self._told) > _MOST_TOLD:
            self._told.popitem(last=False)
        log.warning(
            "answered without an opinion: it takes too long to find out where the pod's claims fit",
            namespace=pod.namespace,
            pod=pod.name,
            seconds=GUARD_SECONDS,
        )
