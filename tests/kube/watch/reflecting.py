"""A reflector that runs, with a sink that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from extender.core.cluster.changes import Changes
from extender.core.cluster.objects import Objects
from extender.kube.api.connection import Connection
from extender.kube.decode import Interner
from extender.kube.decode.resources import BY_KIND, FOLLOWED
from extender.kube.watch.reflector import Reflector
from extender.model.kinds import Key, Kind

KINDS = {resource.kind.name: resource for resource in FOLLOWED}
BROKEN: dict[str, Any] = {"spec": {"devices": 7}}


class Sink:
    """Holds what was reported: the calls in short, and the objects of the one kind by key."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.changes: list[Changes] = []
        self._objects = Objects()

    def apply(self, changes: Changes) -> None:
        ((kind, table),) = changes.by_kind.items()
        there = [key for key, value in table.items() if value is not None]
        gone = [key for key, value in table.items() if value is None]
        self.calls.append(("replace", kind, there) if changes.complete else ("apply", kind, there, gone))
        self.changes.append(changes)
        self._objects = self._objects.updated(changes)

    @property
    def objects(self) -> Mapping[Key, Any]:
        return next(iter(self._objects.by_kind.values()), {})


def reported(
    kind: Kind, documents: Iterable[bytes] = (), gone: Iterable[Key] = (), *, complete: bool = False
) -> Changes:
    """What a reflector that keeps JSON reports of ``documents``, which are JSON."""
    read = [(BY_KIND[kind.name].read(each, Interner()), each) for each in documents]
    return Changes(
        {kind.name: {key: value for (key, value), _ in read} | dict.fromkeys(gone)},
        frozenset((kind.name,)) if complete else frozenset(),
        {kind.name: {key: each for (key, _), each in read}},
    )


@asynccontextmanager
async def following(
    connection: Connection, kind: str = "Node", recheck: float = 60.0, **options: Any
) -> AsyncIterator[tuple[Reflector, Sink, list[float]]]:
    """A running reflector with its sink; waits are kept in ``waits``, and short but for rechecks."""
    sink = Sink()
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0.002 if seconds <= 10 else recheck)

    reflector = Reflector(
        connection,
        KINDS[kind],
        sink,
        Interner(),
        clock=lambda: 7.0,
        random=lambda: 0.5,
        sleep=sleep,
        **options,
    )
    task = asyncio.create_task(reflector.run())
    try:
        yield reflector, sink, waits
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])
