"""
Measure what it costs to follow a large cluster, on a real API server.

    python -m tests.e2e.sync --minor 1.36 --slices 20000

Puts in nodes with so many ResourceSlices and starts ``serve`` twice: before, and after. Prints

* seconds from listening to ready, and how many of them are beyond what the API server itself takes to list
  all kinds in the same pages, side by side as we list them, to somebody who only reads the bytes;
* resident memory on top of the empty cluster's, at the end and at its highest;
* the 99th percentile of the event loop's lag until ready, an upper bound from the histogram's buckets;
* processor time for each event of a burst of updates.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from extender.kube.api.list_pages import PAGE_SIZE
from extender.kube.decode.resources import FOLLOWED
from tests.e2e import fleet
from tests.e2e.api import Api, InvalidClaims, Object, connect, each
from tests.e2e.churn import publishing
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.extender_server import Extender, serving
from tests.e2e.loop_lag import lag_of, percentile
from tests.e2e.process import NotReady, Process
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.printed import say
from tests.process_memory import memory_mib
from tests.processor_time import processor_seconds

READY_SECONDS = 300.0
SETTLE_SECONDS = 5.0
IDLE_SECONDS = 10.0
LISTENING, IN_STEP = "listening", "cluster listed"


@dataclass(frozen=True)
class Followed:
    """A server that got ready: times in seconds, memory in MiB."""

    ready: float
    resident: float
    peak: float
    lag_p99: float


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.sync", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--slices", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=5_000, help="updates in the burst")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        asyncio.run(_measure(plane, options))
    return 0


async def _measure(plane: ControlPlane, options: argparse.Namespace) -> None:
    async with connect(plane) as api:
        with serving(plane.directory, "--kubeconfig", plane.kubeconfig) as extender:
            empty = await _followed(extender)
        documents = _fleet(options.slices)
        began = time.monotonic()
        await _put(api, documents)
        kinds = [f"{sum(each['kind'] == kind for each in documents)} {kind}" for kind in fleet.KINDS]
        say(f"Kubernetes {plane.version}: {', '.join(kinds)}, put in within {time.monotonic() - began:.0f} s")
        listing, size = await _listed(api)
        say(f"the API server lists them in {listing:.2f} s, {size / 1e6:.0f} MB")
        with serving(plane.directory, "--kubeconfig", plane.kubeconfig) as extender:
            full = await _followed(extender)
            say(f"ready after {empty.ready:.2f} s empty, {full.ready:.2f} s full")
            say(f"beyond the list: {full.ready - listing:.2f} s")
            say(
                f"memory on top of {empty.resident:.0f} MiB: {full.resident - empty.resident:.0f} MiB, "
                f"at its highest {full.peak - empty.resident:.0f} MiB"
            )
            say(f"event loop lag until ready: 99 % below {full.lag_p99 * 1000:g} ms")
            await _burst(api, extender, options.events)


async def _followed(extender: Extender) -> Followed:
    """
    Wait until it is ready.

    Its own log says when it began to listen, which is when it begins to list, and when it was in step.
    """
    deadline = time.monotonic() + READY_SECONDS
    while not (logged := _logged(extender.process)).keys() >= {LISTENING, IN_STEP}:
        if time.monotonic() > deadline:
            raise NotReady(f"not in step within {READY_SECONDS:g} s; its log:\n{extender.process.tail()}")
        await asyncio.sleep(0.1)
    seconds = (logged[IN_STEP] - logged[LISTENING]).total_seconds()
    lag = percentile(lag_of(extender), 0.99)
    await asyncio.sleep(SETTLE_SECONDS)
    return Followed(seconds, memory_mib(extender.process.pid), memory_mib(extender.process.pid, "VmHWM"), lag)


async def _listed(api: Api) -> tuple[float, int]:
    """Seconds and bytes of listing every kind in our pages, all kinds side by side."""
    sizes: list[int] = []

    async def read(path: str) -> None:
        token = ""
        while True:
            query = {"limit": str(PAGE_SIZE), **({"continue": token} if token else {})}
            body = await api.read(path, **query)
            sizes.append(len(body))
            # The metadata comes first, and an item's own has no such field.
            found = re.search(rb'"continue":"([^"]+)"', body[:2000])
            if found is None:
                return
            token = found[1].decode()

    paths = [resource.paths[0] for resource in FOLLOWED]
    served = [path for path in paths if "devicetaintrules" not in path]
    await each(read, served)  # the first time fills the server's own caches
    sizes.clear()
    began = time.monotonic()
    await each(read, served)
    return time.monotonic() - began, sum(sizes)


async def _burst(api: Api, extender: Extender, events: int) -> None:
    """Publish slices as fast as the API server takes them, and see what each costs us."""
    before, began = processor_seconds(extender.process.pid), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    idle = (processor_seconds(extender.process.pid) - before) / (time.monotonic() - began)
    before, began = processor_seconds(extender.process.pid), time.monotonic()
    async with publishing(api, float("inf"), READY_SECONDS, most=events) as published:
        while published.count < events and time.monotonic() - began < READY_SECONDS:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await asyncio.sleep(SETTLE_SECONDS)
    seconds = time.monotonic() - began
    spent = processor_seconds(extender.process.pid) - before - idle * seconds
    say(
        f"{published.count} events at {published.rate:.0f} a second: "
        f"{spent / published.count * 1e6:.0f} µs of processor time each (idle: {idle:.1%} of a core)"
    )


def _fleet(slices: int) -> list[Object]:
    """Nodes of real machine shapes with at least so many slices."""
    sample = fleet.generated(20)
    per_node = sum(each["kind"] == "ResourceSlice" for each in sample) / 20
    nodes = -(-slices // per_node)
    return fleet.generated(int(nodes))


async def _put(api: Api, documents: Sequence[Object]) -> None:
    """Create the objects; the nodes get no status, as nothing is scheduled on them."""
    waiting = iter(documents)

    async def lane(_number: int) -> None:
        for document in waiting:
            try:
                await api.create(document)
            except InvalidClaims as refused:
                if refused.status != 409:
                    raise

    await each(lane, range(16))


def _logged(process: Process) -> dict[str, datetime]:
    """When it logged what, by the words."""
    entries = (line for line in process.log.read_text(encoding="utf-8").splitlines() if line.startswith("{"))
    return {entry["event"]: datetime.fromisoformat(entry["time"]) for entry in map(json.loads, entries)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
