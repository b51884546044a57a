"""
The measured process: the real service, and an echo service to compare it with.

The echo service answers the same bodies with the same server and codecs, every
node passing with the same score: what is left is the price of an opinion. It
looks up encoded entries by name, and knows no cluster, so it checks every name
that it is sent. What it does stays as it is, so that ratios to it can be
compared from one version to the next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
from aiohttp import web

from extender.core.cluster.snapshot import Snapshot
from extender.kube import decode
from extender.service import logs, wire
from extender.service.collector import freeze
from extender.service.config import MAX_BODY_MIB_LIMIT, Config, LogFormat, LogLevel
from extender.service.http.dependencies import Service
from extender.service.http.web import application
from extender.service.listeners import Address, Listener, everything
from extender.service.metrics.metrics import Metrics
from extender.service.process import run
from extender.service.store import FrozenStore

from ..cluster_input import cluster_input, read_cluster

_CLAIMS = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Started:
    """
    What the process tells once it serves on ``port`` of the loopback interface.

    ``build_seconds``: from opening the dump to the snapshot. Memory is
    resident, in bytes: the whole process, the most that it was until then, and what reading the dump added.
    """

    port: int
    build_seconds: float
    process_bytes: int
    most_bytes: int
    snapshot_bytes: int


def serve(dump: str, kubernetes: str, gates: Mapping[str, bool], channel: Connection) -> None:
    """Serve the cluster in the file ``dump``, send ``Started``, stop when ``channel`` is closed."""
    logs.configure(LogLevel.WARNING, LogFormat.TEXT)
    before = resident_bytes()
    started = time.perf_counter()
    snapshot = cluster_input(read_cluster([dump]), kubernetes, gates).snapshot
    build_seconds = time.perf_counter() - started
    freeze(collect=True)
    after = resident_bytes()
    size = partial(Started, build_seconds=build_seconds, process_bytes=after, snapshot_bytes=after - before)
    asyncio.run(_serve(snapshot, channel, partial(size, most_bytes=resident_bytes("VmHWM"))))


async def _serve(snapshot: Snapshot, channel: Connection, started: Callable[[int], Started]) -> None:
    config = Config(listeners=(everything(Address("127.0.0.1", 0)),), max_body_mib=MAX_BODY_MIB_LIMIT)
    store = FrozenStore(snapshot)
    service = Service(store=store, settings=config.evaluation, metrics=Metrics(snapshot.release.version))
    async with run.listening(service, config, partial(make_bench_app, store)) as (listener,):
        channel.send(started(listener.address.port))
        await asyncio.to_thread(_wait_until_closed, channel)


def _wait_until_closed(channel: Connection) -> None:
    try:
        channel.recv()
    except EOFError:
        return


def make_bench_app(
    store: FrozenStore, service: Service, listener: Listener, config: Config
) -> web.Application:
    """The service's application with ``/echo/filter``, ``/echo/prioritize`` and ``/bench/claims`` added."""
    interner = decode.Interner()
    echo_args = wire.ArgsDecoder()
    entries: dict[str, bytes] = {}

    async def echo_filter(request: web.Request) -> web.Response:
        args = echo_args.decode(await request.read())
        return _json(wire.filter_result(args, {}))

    async def echo_prioritize(request: web.Request) -> web.Response:
        args = echo_args.decode(await request.read())
        try:
            return _json(wire.prioritize_result(map(entries.__getitem__, args.names)))
        except KeyError:
            fresh = [name for name in args.names if name not in entries]
            entries.update(zip(fresh, wire.host_priorities(fresh, config.evaluation.neutral), strict=True))
            return _json(wire.prioritize_result(map(entries.__getitem__, args.names)))

    async def upsert_claims(request: web.Request) -> web.Response:
        """Take a JSON array of ResourceClaims as events of a watch."""
        claims = _CLAIMS.decode(await request.read())
        store.apply_claims([decode.resource_claim(claim, interner) for claim in claims])
        return _json(b"{}")

    app = application(service, listener, config)
    app.router.add_post("/echo/filter", echo_filter)
    app.router.add_post("/echo/prioritize", echo_prioritize)
    app.router.add_post("/bench/claims", upsert_claims)
    return app


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


def resident_bytes(line_of: str = "VmRSS") -> int:
    """Memory of this process that is in RAM now (Linux: VmRSS), or was at most (VmHWM)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{line_of}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {line_of} line; the bench needs Linux")
