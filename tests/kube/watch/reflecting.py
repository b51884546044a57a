"""A reflector that runs, with a sink that remembers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from extender.core.cluster.changes import Changes
from extender.core.cluster.objects import Objects
from extender.kube.decode import Interner
from extender.kube.decode.resources import BY_KIND, FOLLOWED
from extender.kube.watch.reflector import Reflector

KINDS = {resource.kind.name: resource for resource in FOLLOWED}
BROKEN = {"spec": {"devices": 7}}


class Sink:
    """Holds what was reported: the calls in short, and the objects of the one kind by key."""

    def __init__(self):
        self.calls = []
        self.changes = []
        self._objects = Objects()

    def apply(self, changes):
        ((kind, table),) = changes.by_kind.items()
        there = [key for key, value in table.items() if value is not None]
        gone = [key for key, value in table.items() if value is None]
        self.calls.append(("replace", kind, there) if changes.complete else ("apply", kind, there, gone))
        self.changes.append(changes)
        self._objects = self._objects.updated(changes)

    @property
    def objects(self):
        return next(iter(self._objects.by_kind.values()), {})


def reported(kind, documents=(), gone=(), *, complete=False):
    """What a reflector that keeps JSON reports of ``documents``, which are JSON."""
    read = [(BY_KIND[kind.name].read(each, Interner()), each) for each in documents]
    return Changes(
        {kind.name: {key: value for (key, value), _ in read} | dict.fromkeys(gone)},
        frozenset((kind.name,)) if complete else frozenset(),
        {kind.name: {key: each for (key, _), each in read}},
    )


@asynccontextmanager
async def following(connection, kind="Node", recheck=60.0, **options):
    """A running reflector with its sink; waits are kept in ``waits``, and short but for rechecks."""
    sink, waits = Sink(), []

    async def sleep(seconds):
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
