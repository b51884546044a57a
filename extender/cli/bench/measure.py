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
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import NamedTuple

from extender.core.prediction.evaluate import Outcome
from extender.service.metrics.spec import PREFIX, MetricSpec
from extender.service.metrics.specs import INTERNAL_ERRORS, NEUTRAL_ANSWERS, PREDICTIONS
from extender.service.policy import ANNOTATION, Policy

from ..progress import Progress
from ..protocol_check import check_filter, check_prioritize
from .fleet import JSON, write_fleet
from .load import SPECS, Job, Load
from .measurement import Measurement, Size, Timing
from .server import Started, serve

FILTER_ECHO = "filter, echo"
FILTER_START = "filter, first pods after the start"
FILTER_FIRST = "filter, first pod of a spec"
FILTER = "filter, new pod"
FILTER_REQUIRED = "filter, new pod, policy required"
SECOND_ECHO = "prioritize after filter, echo"
SECOND_START = "prioritize after filter, first pods after the start"
SECOND_FIRST = "prioritize after filter, first pod of a spec"
SECOND = "prioritize after filter, new pod"
ALONE_ECHO = "prioritize alone, echo"
ALONE_CHANGED = "prioritize alone, new pod, a node changed"
# After filter the list of names is known already; an extender that only scores never has that.


Post = Callable[[str, bytes], tuple[float, bytes]]
"""Posts a body to a path; returns the seconds it took and the answer. Raises ``BenchError``."""


class Request(NamedTuple):
    """Where a kind of request goes, the kind of echo it is compared with, what its answer must be."""

    path: str
    echo: str
    check: Callable[[bytes, bytes], list[str]]


REQUESTS: Mapping[str, Request] = {
    FILTER_ECHO: Request("/echo/filter", FILTER_ECHO, check_filter),
    FILTER_START: Request("/filter", FILTER_ECHO, check_filter),
    FILTER_FIRST: Request("/filter", FILTER_ECHO, check_filter),
    FILTER: Request("/filter", FILTER_ECHO, check_filter),
    FILTER_REQUIRED: Request("/filter", FILTER_ECHO, check_filter),
    SECOND_ECHO: Request("/echo/prioritize", SECOND_ECHO, check_prioritize),
    SECOND_START: Request("/prioritize", SECOND_ECHO, check_prioritize),
    SECOND_FIRST: Request("/prioritize", SECOND_ECHO, check_prioritize),
    SECOND: Request("/prioritize", SECOND_ECHO, check_prioritize),
    ALONE_ECHO: Request("/echo/prioritize", ALONE_ECHO, check_prioritize),
    ALONE_CHANGED: Request("/prioritize", ALONE_ECHO, check_prioritize),
}
"""Kinds of request, in the order they are shown."""

_START_SECONDS = 1_200
PHASES = 4
"""Phases that limits apply to: known specs, new specs, changing nodes, policy required."""

_NEW_SPECS = 40
"""New specs at most: far fewer than the plans that a service remembers."""


class BenchError(Exception):
    """The service answered wrongly or not at all, so its times mean nothing."""


class Limits(NamedTuple):
    """At most ``requests`` pods, for at most ``seconds``, in each phase but the first pods after start."""

    requests: int
    seconds: float


def percentile(samples: list[float], percent: float) -> float:
    """The smallest sample that at least ``percent`` of all do not exceed."""
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]


def measure(nodes: int, kubernetes: str, gates: Mapping[str, bool], limits: Limits) -> Measurement:
    """Measure a fleet of ``nodes`` under the release ``kubernetes``. Raises ``BenchError``."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        devices = write_fleet(nodes, file)
        dump_bytes = file.tell()
        file.flush()
        load = Load(nodes)
        pods = len(SPECS) + PHASES * limits.requests
        with (
            running(file.name, kubernetes, gates) as started,
            closing(Client(started.port)) as client,
            Progress(f"{nodes:,} nodes: pod", pods) as progress,
        ):
            samples = Samples(client.post, load, progress)
            samples.first_pods()
            samples.known_specs(limits)
            samples.new_specs(limits)
            samples.changing_nodes(limits)
            samples.required(limits)
            neutral = client.count(NEUTRAL_ANSWERS)
            unknown = client.count(PREDICTIONS, f'outcome="{Outcome.UNKNOWN}"')
            if errors := client.count(INTERNAL_ERRORS):
                raise BenchError(f"the service counted {errors} errors of its own, see its log above")
    size = Size(
        nodes=nodes,
        devices=devices,
        dump_bytes=dump_bytes,
        build_seconds=started.build_seconds,
        process_bytes=started.process_bytes,
        most_bytes=started.most_bytes,
        snapshot_bytes=started.snapshot_bytes,
    )
    return Measurement(size, samples.timings(), neutral, unknown)


@contextmanager
def running(dump: str, kubernetes: str, gates: Mapping[str, bool]) -> Iterator[Started]:
    """Run the service on the file ``dump`` in a fresh process while the context lasts."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(dump, kubernetes, dict(gates), theirs), daemon=True)
    # A terminal interrupts both. The service has nothing to say about that: it ends when the context does.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    process.start()
    signal.signal(signal.SIGINT, handler)
    theirs.close()
    try:
        if not ours.poll(_START_SECONDS):
            raise BenchError(f"the service did not start within {_START_SECONDS} s")
        yield ours.recv()
    except EOFError:
        raise BenchError("the service ended before it served; its message is above") from None
    except KeyboardInterrupt:
        process.kill()
        raise
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

    def count(self, metric: MetricSpec, label: str = "") -> int:
        """What the service has counted so far, with any labels or only with this one (``name="value"``)."""
        self._connection.request("GET", "/metrics")
        lines = self._connection.getresponse().read().decode().splitlines()
        of_metric = (line for line in lines if line.startswith(f"{PREFIX}{metric.name}{{") and label in line)
        return round(sum(float(line.rpartition(" ")[2]) for line in of_metric))

    def close(self) -> None:
        self._connection.close()


class Samples:
    """Seconds by kind of request, and how they are taken."""

    def __init__(self, post: Post, load: Load, progress: Progress) -> None:
        self._post = post
        self._load = load
        self._progress = progress
        self._swapped = False
        self._seconds: dict[str, list[float]] = {kind: [] for kind in REQUESTS}

    def first_pods(self) -> None:
        """The first pods that the service is asked about, one of each spec."""
        for spec in SPECS:
            job = self._load.job(spec)
            self._upsert(*job.claims)
            self._take(job, (FILTER_START, SECOND_START))

    def known_specs(self, limits: Limits) -> None:
        """New pods with new claims, of specs seen before, on a cluster that stands still."""
        for spec in self._rotation(limits):
            job = self._load.job(spec)
            self._upsert(*job.claims)
            self._take(job, (FILTER, SECOND), (FILTER_ECHO, SECOND_ECHO))

    def new_specs(self, limits: Limits) -> None:
        """The first pod of each of many specs, in a service that has answered for others."""
        few = limits._replace(requests=min(limits.requests, _NEW_SPECS))
        for spec in self._rotation(few):
            job = self._load.job_of_new_form(spec)
            self._upsert(*job.claims)
            self._take(job, (FILTER_FIRST, SECOND_FIRST))

    def changing_nodes(self, limits: Limits) -> None:
        """The same while the cluster fills up: one more claim is allocated before each pod."""
        for spec, placed in zip(self._rotation(limits), self._load.placed_claims(), strict=False):
            job = self._load.job(spec)
            self._upsert(placed, *job.claims)
            self._take(job, (ALONE_CHANGED,), (ALONE_ECHO,))

    def required(self, limits: Limits) -> None:
        """Pods that demand alignment, for which filter needs the verdict on every node."""
        for spec in self._rotation(limits):
            job = self._load.job(spec, {ANNOTATION: Policy.REQUIRED})
            self._upsert(*job.claims)
            self._take(job, (FILTER_REQUIRED,))

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

    def _take(self, job: Job, *turns: tuple[str, ...]) -> None:
        """
        Post the job as the kinds of each turn, without a pause, then check the answers.

        The turns swap places from job to job: what comes right after a pause finds
        cold caches.
        """
        self._swapped = not self._swapped
        kinds = [kind for turn in (turns[::-1] if self._swapped else turns) for kind in turn]
        answers = [self._post(REQUESTS[kind].path, job.body) for kind in kinds]
        for kind, (seconds, answer) in zip(kinds, answers, strict=True):
            self._seconds[kind].append(seconds)
            if problems := REQUESTS[kind].check(job.body, answer):
                raise BenchError("; ".join(problems[:3]))
