"""Reflectors leave the event loop to others, however much there is to decode."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from itertools import pairwise

from extender.kube.decode import Interner
from extender.kube.watch.reflector import Reflector
from extender.kube.watch.time_slice import TimeSlice
from tests.kube.api_server import (
    HOLD,
    NODES,
    SLICES,
    eventually,
    line,
    named,
)
from tests.kube.watch.reflecting import KINDS, Sink, following


async def test_decoding_shares_the_loop(server, connection):
    """While thousands of objects are decoded, others get their turn every few milliseconds."""
    devices = [{"name": f"d{index}", "attributes": {"a": {"int": index}}} for index in range(20)]
    server.objects[SLICES] = [named(f"s{index}", spec={"devices": devices}) for index in range(2000)]
    turns = []

    async def take_turns():
        while True:
            turns.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0)

    async with following(connection, "ResourceSlice") as (_, sink, _):
        task = asyncio.create_task(take_turns())
        await eventually(lambda: sink.calls)
        task.cancel()
        await asyncio.wait([task])
    assert sum(later - earlier > 0.002 for earlier, later in pairwise(turns)) > 3


async def test_events_share_the_loop(server, connection):
    """So too while many events are decoded that came at once."""
    server.objects[NODES] = []
    server.watches[NODES] = [[b"".join(line("ADDED", named(f"n{index}")) for index in range(100)), HOLD]]
    decoded, turns, sink = [], [], Sink()

    def read(data, interner):
        decoded.append(data)
        time.sleep(0.001)
        return KINDS["Node"].read(data, interner)

    async def take_turns():
        while True:
            turns.append(len(decoded))
            await asyncio.sleep(0)

    resource = dataclasses.replace(KINDS["Node"], read=read)
    reflector = Reflector(connection, resource, sink, Interner())
    tasks = [asyncio.create_task(reflector.run()), asyncio.create_task(take_turns())]
    await eventually(lambda: len(sink.calls) == 2)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert len(sink.objects) == 100
    assert len(set(turns)) > 20


async def test_reflectors_take_turns_at_decoding(server, connection):
    """With a shared time slice only one kind is decoded at a time, whatever comes at once."""
    server.objects[NODES], server.objects[SLICES] = ([named(f"o{index}") for index in range(500)],) * 2
    decoded, work, tasks = [], TimeSlice(), []

    def read(data, interner):
        task = asyncio.current_task()
        assert task is not None
        decoded.append(task.get_name())
        if len(decoded) % 100 == 0:
            time.sleep(0.003)  # uses the slice up
        return KINDS["Node"].read(data, interner)

    for kind in ("Node", "ResourceSlice"):
        resource = dataclasses.replace(KINDS[kind], read=read)
        reflector = Reflector(connection, resource, Sink(), Interner(), work=work)
        tasks.append(asyncio.create_task(reflector.run(), name=kind))
    await eventually(lambda: len(decoded) == 1000)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert sum(a != b for a, b in pairwise(decoded)) == 1
