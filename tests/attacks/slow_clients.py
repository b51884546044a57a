"""
The scheduler's latency while many clients send slowly::

    python -m tests.attacks.slow_clients --clients 1000

Clients connect and say nothing, begin their headers, or begin a body, then send a byte now and then and
come again when they are thrown out. Beside them one kept connection asks prioritize, as kube-scheduler does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import itertools
import multiprocessing
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tests.attacks.service import Service, bodies, serving

AIM_SECONDS = 0.05
BEGINNINGS = (
    b"",
    b"POST /prioritize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\nX-Slow: ",
    (
        b"POST /prioritize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000000\r\n\r\n{"
    ),
)


@dataclass(frozen=True, slots=True)
class Latency:
    """
    Seconds of prioritize over one kept connection, and of its first request, which had to connect.

    ``failed`` counts requests without an answer of 200.
    """

    first: float
    seconds: tuple[float, ...]
    failed: int

    @property
    def p99(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]


def measure(service: Service, requests: int, pause: float = 0.01) -> Latency:
    """Ask prioritize again and again as the scheduler does: the same connection, a moment between."""
    client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    seconds, failed = [], 0
    for body in itertools.islice(itertools.cycle(bodies()["prioritize"]), requests):
        started = time.perf_counter()
        try:
            client.request("POST", "/prioritize", body, {"Content-Type": "application/json"})
            response = client.getresponse()
            response.read()
            failed += response.status != 200
        except (OSError, http.client.HTTPException):
            failed += 1
            client.close()
        seconds.append(time.perf_counter() - started)
        time.sleep(pause)
    client.close()
    return Latency(seconds[0], tuple(seconds[1:]), failed)


async def _slow(port: int, beginning: bytes, rng: random.Random) -> NoReturn:
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(1)
            continue
        try:
            writer.write(beginning)
            while not reader.at_eof():
                await asyncio.sleep(1 + rng.random())
                if beginning:
                    writer.write(b" ")
                    await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


async def _all(port: int, clients: int) -> None:
    rng = random.Random(1)
    kinds = itertools.islice(itertools.cycle(BEGINNINGS), clients)
    await asyncio.gather(*(_slow(port, kind, rng) for kind in kinds))


def _crowd(port: int, clients: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * clients + 200), hard))
    asyncio.run(_all(port, clients))


@contextlib.contextmanager
def crowd(service: Service, clients: int) -> Iterator[None]:
    """Have slow clients in a process of their own while the block lasts."""
    process = multiprocessing.get_context("spawn").Process(
        target=_crowd, args=(service.port, clients), daemon=True
    )
    process.start()
    try:
        # Until all are there, and the first have been thrown out.
        time.sleep(4)
        assert process.is_alive()
        yield
    finally:
        process.terminate()
        process.join()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.slow_clients")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=500)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, serving(Path(directory)) as service:
        measure(service, 100, 0)
        alone = measure(service, args.requests)
        with crowd(service, args.clients):
            beside = measure(service, args.requests)
    for name, latency in (("alone", alone), (f"beside {args.clients:,} slow clients", beside)):
        median, most = statistics.median(latency.seconds), max(latency.seconds)
        sys.stdout.write(
            f"{name}: median {median * 1000:.1f} ms, p99 {latency.p99 * 1000:.1f} ms, "
            f"most {most * 1000:.1f} ms, new connection {latency.first * 1000:.0f} ms, "
            f"{latency.failed} failed\n"
        )
    return int(beside.failed > 0 or beside.p99 > AIM_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
