"""How long answers take while something else goes on: one request after the other, from another process."""

from __future__ import annotations

import contextlib
import http.client
import multiprocessing
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier, Event
from typing import Any, NamedTuple

PAUSE_SECONDS = 0.004
START_SECONDS = 60


class Probe(NamedTuple):
    """A request that is sent again and again; ``bodies`` in turn, none for one without a body."""

    method: str
    path: str
    bodies: Sequence[str] = ("",)


@dataclass(slots=True)
class Took:
    """``seconds`` that the answers to each probe took, sorted; there once the block has ended."""

    seconds: list[list[float]] = field(default_factory=list)


@contextlib.contextmanager
def probing(port: int, probes: Sequence[Probe]) -> Iterator[Took]:
    """Send each of ``probes`` from a process of its own until the block ends; all are connected before."""
    context = multiprocessing.get_context("spawn")
    stop, ready = context.Event(), context.Barrier(len(probes) + 1)
    started = []
    for probe in probes:
        queue = context.SimpleQueue()
        process = context.Process(target=_probe, args=(port, probe, ready, stop, queue), daemon=True)
        process.start()
        started.append((process, queue))
    took = Took()
    ready.wait(START_SECONDS)
    try:
        yield took
    finally:
        stop.set()
        took.seconds = [sorted(queue.get()) for _, queue in started]
        for process, _ in started:
            process.join(30)


def p50(seconds: Sequence[float]) -> float:
    """The median of sorted times."""
    return statistics.median(seconds)


def p99(seconds: Sequence[float]) -> float:
    """What 99 % of sorted times do not exceed."""
    return seconds[int(len(seconds) * 0.99)]


def _probe(port: int, probe: Probe, ready: Barrier, stop: Event, queue: Any) -> None:
    """Ask over one connection, and put how long each answer took into ``queue``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.connect()
    took: list[float] = []
    ready.wait(START_SECONDS)
    while not stop.is_set():
        body = probe.bodies[len(took) % len(probe.bodies)]
        headers = {"Content-Type": "application/json"} if body else {}
        began = time.perf_counter()
        connection.request(probe.method, probe.path, body or None, headers)
        connection.getresponse().read()
        took.append(time.perf_counter() - began)
        time.sleep(PAUSE_SECONDS)
    queue.put(took)
