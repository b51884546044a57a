"""
Measure one fleet: start the service on it, ask as kube-scheduler does, collect times.

The service and the echo service share a process, and their requests alternate,
so that a ratio is free of what the machine does meanwhile.
"""

from __future__ import annotations

import http.client
import itertools
import json
import math
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from extender.service.policy import ANNOTATION, Policy

from .bench_load import SPECS, Job, Load
from .bench_server import Started, serve
from .fleet import JSON, fleet
from .progress import Progress
from .protocol_check import check_filter, check_prioritize

FILTER_ECHO, PRIORITIZE_ECHO = "filter, echo", "prioritize, echo"
FILTER_FIRST, PRIORITIZE_FIRST = "filter, first pod of a spec", "prioritize, first pod of a spec"
FILTER, PRIORITIZE = "filter, new pod", "prioritize, new pod"
FILTER_REQUIRED = "filter, new pod, policy required"
PRIORITIZE_CHANGED = "prioritize, new pod, a node changed"


Post = Callable[[str, bytes], tuple[float, bytes]]
"""Posts a body to a path; returns the seconds it took and the answer. Raises ``BenchError``."""


class Request(NamedTuple):
    """Where a kind of request goes, the kind of echo it is compared with, what its answer must be."""

    path: str
    echo: str
    check: Callable[[bytes, bytes], list[str]]


REQUESTS: Mapping[str, Request] = {
    FILTER_ECHO: Request("/echo/filter", FILTER_ECHO, check_filter),
    FILTER_FIRST: Request("/filter", FILTER_ECHO, check_filter),
    FILTER: Request("/filter", FILTER_ECHO, check_filter),
    FILTER_REQUIRED: Request("/filter", FILTER_ECHO, check_filter),
    PRIORITIZE_ECHO: Request("/echo/prioritize", PRIORITIZE_ECHO, check_prioritize),
    PRIORITIZE_FIRST: Request("/prioritize", PRIORITIZE_ECHO, check_prioritize),
    PRIORITIZE: Request("/prioritize", PRIORITIZE_ECHO, check_prioritize),
    PRIORITIZE_CHANGED: Request("/prioritize", PRIORITIZE_ECHO, check_prioritize),
}
"""Kinds of request, in the order they are shown."""

_ERRORS = "dra_extender_internal_errors_total"
_START_SECONDS = 300


class BenchError(Exception):
    """The service answered wrongly or not at all, so its times mean nothing."""


class Limits(NamedTuple):
    """At most ``requests`` of each kind, for at most ``seconds`` in each of the two long phases."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Size:
    """``devices`` are those of the whole fleet; memory is resident, in bytes."""

    nodes: int
    devices: int
    dump_bytes: int
    build_seconds: float
    process_bytes: int
    snapshot_bytes: int


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of one kind of request; ``ratio``: its median over that of its echo."""

    kind: str
    count: int
    p50: float
    p99: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Measurement:
    size: Size
    timings: tuple[Timing, ...]


def percentile(samples: list[float], percent: float) -> float:
    """The smallest sample that at least ``percent`` of all do not exceed."""
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]


def measure(nodes: int, kubernetes: str, limits: Limits) -> Measurement:
    """Measure a fleet of ``nodes`` under the release ``kubernetes``. Raises ``BenchError``."""
    dump = json.dumps(fleet(nodes), separators=(",", ":")).encode()
    load = Load(nodes)
    pods = len(SPECS) + 2 * limits.requests
    with (
        running(dump, kubernetes) as started,
        closing(Client(started.port)) as client,
        Progress(f"{nodes:,} nodes: pod", pods) as progress,
    ):
        samples = Samples(client.post, load, progress)
        samples.first_pods()
        samples.known_specs(limits)
        samples.changing_nodes(limits)
        if errors := client.internal_errors():
            raise BenchError(f"the service counted {errors:.0f} errors of its own, see its log above")
    size = Size(
        nodes=nodes,
        devices=dump.count(b'"attributes":'),
        dump_bytes=len(dump),
        build_seconds=started.build_seconds,
        process_bytes=started.process_bytes,
        snapshot_bytes=started.snapshot_bytes,
    )
    return Measurement(size, samples.timings())


@contextmanager
def running(dump: bytes, kubernetes: str) -> Iterator[Started]:
    """Run the service on ``dump`` in a fresh process while the context lasts."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(dump)
        file.flush()
        process = context.Process(target=serve, args=(file.name, kubernetes, theirs), daemon=True)
        process.start()
        theirs.close()
        try:
            if not ours.poll(_START_SECONDS):
                raise BenchError(f"the service did not start within {_START_SECONDS} s")
            yield ours.recv()
        except EOFError:
            raise BenchError("the service ended before it served; its message is above") from None
        finally:
            ours.close()
            process.join(10)
            process.kill()


class Client:
    """One kept connection, as kube-scheduler has it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def post(self, path: str, body: bytes) -> tuple[float, bytes]:
        """Post ``body``: the seconds until the answer was read, and the answer. Raises ``BenchError``."""
        started = time.perf_counter()
        self._connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answer = response.read()
        seconds = time.perf_counter() - started
        if response.status != http.HTTPStatus.OK:
            raise BenchError(f"{path} answered {response.status}: {answer[:200].decode(errors='replace')}")
        return seconds, answer

    def internal_errors(self) -> float:
        """How many errors of its own the service has counted."""
        self._connection.request("GET", "/metrics")
        lines = self._connection.getresponse().read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(_ERRORS))

    def close(self) -> None:
        self._connection.close()


class Samples:
    """Seconds by kind of request, and how they are taken."""

    def __init__(self, post: Post, load: Load, progress: Progress) -> None:
        self._post = post
        self._load = load
        self._progress = progress
        self._seconds: dict[str, list[float]] = {kind: [] for kind in REQUESTS}

    def first_pods(self) -> None:
        """The first pod of each spec: nothing about it is known yet."""
        for spec in SPECS:
            job = self._load.job(spec)
            self._upsert(*job.claims)
            self._take(FILTER_FIRST, job)
            self._take(PRIORITIZE_FIRST, job)

    def known_specs(self, limits: Limits) -> None:
        """New pods with new claims, of specs seen before, on a cluster that stands still."""
        for spec in self._rotation(limits):
            job = self._load.job(spec)
            required = self._load.job(spec, {ANNOTATION: Policy.REQUIRED})
            self._upsert(*job.claims, *required.claims)
            self._take(FILTER, job)
            self._take(FILTER_ECHO, job)
            self._take(PRIORITIZE, job)
            self._take(PRIORITIZE_ECHO, job)
            self._take(FILTER_REQUIRED, required)

    def changing_nodes(self, limits: Limits) -> None:
        """The same while the cluster fills up: one more claim is allocated before each pod."""
        for spec, placed in zip(self._rotation(limits), self._load.placed_claims(), strict=False):
            job = self._load.job(spec)
            self._upsert(placed, *job.claims)
            self._take(PRIORITIZE_CHANGED, job)
            self._take(PRIORITIZE_ECHO, job)

    def timings(self) -> tuple[Timing, ...]:
        """One timing for each kind that was measured, in the order of ``REQUESTS``."""
        return tuple(
            Timing(
                kind=kind,
                count=len(seconds),
                p50=percentile(seconds, 50) * 1000,
                p99=percentile(seconds, 99) * 1000,
                ratio=percentile(seconds, 50) / percentile(self._seconds[REQUESTS[kind].echo], 50),
            )
            for kind, seconds in self._seconds.items()
            if seconds
        )

    def _rotation(self, limits: Limits) -> Iterator[str]:
        end = time.monotonic() + limits.seconds
        for spec in itertools.islice(itertools.cycle(SPECS), limits.requests):
            yield spec
            self._progress.step()
            if time.monotonic() > end:
                return

    def _upsert(self, *claims: JSON) -> None:
        self._post("/bench/claims", json.dumps(claims).encode())

    def _take(self, kind: str, job: Job) -> None:
        """Post the job, keep the time, check the answer."""
        request = REQUESTS[kind]
        seconds, answer = self._post(request.path, job.body)
        self._seconds[kind].append(seconds)
        if problems := request.check(job.body, answer):
            raise BenchError("; ".join(problems[:3]))
