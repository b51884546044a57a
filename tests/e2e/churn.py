"""What goes on in a cluster while pods are placed: slices that are published again, pods that go."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tests.e2e import workload
from tests.e2e.api import Api, InvalidClaims, Object, collection_of
from tests.e2e.workload import Ask

COUNTER = "e2e.example.com/published"
"""An attribute that no claim of the tests asks for: it changes slices and no prediction."""
LANES = 16
"""How many requests are under way at a time."""


@dataclass(slots=True)
class Done:
    """
    What was done in the background, by the time it is read.

    ``count`` has the turns that found nothing to do; ``names`` are the pods that were deleted.
    """

    count: int = 0
    seconds: float = 0.0
    names: set[str] = field(default_factory=set)

    @property
    def rate(self) -> float:
        return self.count / self.seconds if self.seconds else 0.0


@contextlib.asynccontextmanager
async def publishing(
    api: Api, per_second: float, seconds: float, most: int = sys.maxsize, *, alike: bool = False
) -> AsyncIterator[Done]:
    """
    Publish slices again, in turn, while the context lasts, at most for ``seconds`` and ``most`` times.

    Each has another value of ``COUNTER`` on its first device; with ``alike``, every other one has it as an
    annotation instead, and devices that say the same as before.
    """
    slices = itertools.cycle(
        [found for found in await api.list_all("ResourceSlice") if found["spec"]["devices"]]
    )
    numbers = itertools.count(1)

    async def publish() -> None:
        stored, number = next(slices), next(numbers)
        # Without its version: whoever else writes slices here is this very function.
        metadata: Object = {"name": stored["metadata"]["name"]}
        if alike and number % 2:
            metadata["annotations"] = {COUNTER: str(number)}
        else:
            stored["spec"]["devices"][0].setdefault("attributes", {})[COUNTER] = {"int": number}
        await api.request(
            "PUT", f"{collection_of(stored)}/{metadata['name']}", {**stored, "metadata": metadata}
        )

    done = Done()
    async with _repeated(publish, per_second, seconds, done, most):
        yield done


@contextlib.asynccontextmanager
async def deleting(api: Api, names: Sequence[str], ask: Ask, per_second: float) -> AsyncIterator[Done]:
    """Delete bound pods with their claims, in the order of ``names``, while the context lasts."""
    waiting, done = deque(names), Done()

    async def delete() -> None:
        while waiting:
            name = waiting.popleft()
            if await _deleted(api, name, ask, done):
                return
            waiting.append(name)
            await asyncio.sleep(workload.POLL_SECONDS)

    async with _repeated(delete, per_second, float("inf"), done):
        yield done


@contextlib.asynccontextmanager
async def coming_and_going(
    api: Api, present: int, per_second: float, ask: Ask = Ask.ONE_CLAIM
) -> AsyncIterator[Done]:
    """
    Create pods with their claims, one after the other without end, while the context lasts.

    Once there are ``present``, the oldest goes for each that comes, when it is bound: where the scheduler
    does not keep up, no more come.
    """
    numbers, there, done = itertools.count(), deque[str](), Done()

    async def replace() -> None:
        name = f"coming-{next(numbers)}"
        await workload.create_pair(api, name, ask)
        there.append(name)
        if len(there) > present:
            oldest = there.popleft()
            while not await _deleted(api, oldest, ask, done):  # noqa: ASYNC110 - the scheduler makes it true
                await asyncio.sleep(workload.POLL_MANY_SECONDS)

    async with _repeated(replace, per_second, float("inf"), done):
        yield done


async def _deleted(api: Api, name: str, ask: Ask, done: Done) -> bool:
    """Delete a pod with its claims if it is bound; whether it was."""
    try:
        bound = (await api.get("Pod", name, workload.NAMESPACE))["spec"].get("nodeName")
    except InvalidClaims:  # not created yet
        bound = None
    if bound:
        done.names.add(name)
        await workload.delete_pair(api, name, ask)
    return bool(bound)


@contextlib.asynccontextmanager
async def _repeated(
    act: Callable[[], Awaitable[None]],
    per_second: float,
    seconds: float,
    done: Done,
    most: int = sys.maxsize,
) -> AsyncIterator[None]:
    """Do something so often, as far as the machine can, in the background."""
    began = time.monotonic()
    turns = asyncio.Semaphore(0)

    async def lane() -> None:
        while True:
            await turns.acquire()
            await act()
            done.count += 1

    async def pace() -> None:
        given = 0
        while (passed := time.monotonic() - began) < seconds:
            while given < min(passed * per_second, most):
                turns.release()
                given += 1
            done.seconds = passed
            await asyncio.sleep(0.01)

    tasks = [asyncio.create_task(each) for each in (pace(), *(lane() for _ in range(LANES)))]
    try:
        yield
    finally:
        done.seconds = min(time.monotonic() - began, seconds)
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
