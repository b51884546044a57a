"""A reflector that runs, with a sink that remembers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from extender.kube.decode import Interner
from extender.kube.watch.reflector import Reflector
from extender.kube.watch.resources import RESOURCES

KINDS = {resource.kind: resource for resource in RESOURCES}
BROKEN = {"spec": {"devices": 7}}


class Sink:
    """Holds what it was told, by key."""

    def __init__(self):
        self.calls = []
        self.objects = {}

    def replace(self, kind, objects):
        self.calls.append(("replace", kind, [key_of(each) for each in objects]))
        self.objects = {key_of(each): each for each in objects}

    def apply(self, kind, upserts, gone):
        assert not {key_of(each) for each in upserts} & set(gone)
        self.calls.append(("apply", kind, [key_of(each) for each in upserts], list(gone)))
        self.objects.update((key_of(each), each) for each in upserts)
        for key in gone:
            self.objects.pop(key, None)


def key_of(value):
    namespace = getattr(value, "namespace", None)
    return value.name if namespace is None else (namespace, value.name)


@asynccontextmanager
async def following(connection, kind="Node", recheck=60.0):
    """A running reflector with its sink; waits are kept in ``waits``, and short but for rechecks."""
    sink, waits = Sink(), []

    async def sleep(seconds):
        waits.append(seconds)
        await asyncio.sleep(0.002 if seconds <= 10 else recheck)

    reflector = Reflector(
        connection, KINDS[kind], sink, Interner(), clock=lambda: 7.0, random=lambda: 0.5, sleep=sleep
    )
    task = asyncio.create_task(reflector.run())
    try:
        yield reflector, sink, waits
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])
