"""
The service on a live cluster: everything between a connection and the listening service.

This is the one place where its parts are put together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from extender.core.prediction.evaluate import Memo, evaluate
from extender.kube.api.binder import ApiBinder
from extender.kube.api.connection import Connection
from extender.kube.api.event_recorder import EventRecorder
from extender.kube.decode import Interner
from extender.kube.watch.events import Sink
from extender.kube.watch.reflector import Reflector
from extender.kube.watch.resources import RESOURCES, Resource
from extender.kube.watch.time_slice import TimeSlice

from ..config import Address, Config
from ..http.dependencies import Service
from ..http.frozen import NoRecorder
from ..http.web import make_app
from ..live.delayed_releases import DelayedReleases
from ..live.follower import LiveFollower
from ..live.in_flight import InFlight
from ..live.pod_binder import PodBinder
from ..live.prediction_check import PredictionCheck
from ..live.store import LiveStore
from ..metrics.metrics import Metrics
from ..wire import host_priority
from .background import background
from .live_recording import Recordings, recording
from .run import serve

if TYPE_CHECKING:
    from extender.core.releases.release import Release
    from extender.core.topology.vocabulary import Vocabulary
    from extender.model import Claim, Pod

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.serve")


@dataclass(frozen=True, slots=True)
class Scheduler:
    """
    The scheduler whose allocator is predicted.

    ``kubernetes`` is its version as the cluster or an option names it, ``release`` what is modelled for
    that. ``gates``: feature gates that differ from the release's defaults.
    """

    release: Release
    kubernetes: str
    gates: Mapping[str, bool]


async def serve_live(
    connection: Connection,
    scheduler: Scheduler,
    config: Config,
    vocabulary: Vocabulary,
    announce: Callable[[Address], None],
) -> None:
    """
    Serve the cluster behind ``connection`` until a signal.

    ``announce`` is told the address once requests are accepted. Raises ``ConfigError`` and
    ``ListenError``.
    """
    metrics = Metrics(scheduler.release.version)
    clock = time.monotonic
    store = LiveStore(
        scheduler.release, InFlight(config.in_flight_seconds), clock, vocabulary=vocabulary, apart=True
    )
    async with AsyncExitStack() as stack:
        recordings: Recordings | None = None
        if config.recording is not None:
            recordings = await stack.enter_async_context(
                recording(config.recording, store, scheduler.kubernetes, scheduler.gates, clock, metrics)
            )
        await _serve(connection, config, store, metrics, recordings, scheduler.gates, announce)


async def _serve(
    connection: Connection,
    config: Config,
    store: LiveStore,
    metrics: Metrics,
    recordings: Recordings | None,
    gates: Mapping[str, bool],
    announce: Callable[[Address], None],
) -> None:
    clock = time.monotonic
    sink: Sink = store
    resources: tuple[Resource, ...] = RESOURCES
    if recordings is not None:
        sink, resources = recordings.sink, tuple(map(recordings.sink.kept, RESOURCES))
    delayed = DelayedReleases(sink, clock)
    checks = PredictionCheck(
        evaluate, config.evaluation, time.time, metrics.match, metrics.placement, delayed=delayed.lately
    )

    def compare(claim: Claim) -> None:
        with _caught(metrics, comparing=f"{claim.namespace}/{claim.name}"):
            checks.on_allocated(claim, store.current)

    def land(pod: Pod, node: str) -> None:
        with _caught(metrics, landing=f"{pod.namespace}/{pod.name}"):
            live.on_landed(pod, node)

    store.on_allocated, store.on_landed = compare, land
    interner, work = Interner(), TimeSlice()
    if recordings is not None:
        checks.recorded = recordings.recorder.number_of
    reflectors = tuple(
        Reflector(connection, resource, delayed, interner, clock=clock, work=work) for resource in resources
    )
    memo = Memo(host_priority)
    live = LiveFollower(
        store=store,
        checks=checks,
        evaluate=evaluate,
        memo=memo,
        settings=config.evaluation,
        reflectors=tuple(reflector.state for reflector in reflectors),
        clock=clock,
        stale_seconds=config.stale_seconds,
        decisive=config.decisive,
        gates=gates,
        delayed=delayed,
    )
    events = EventRecorder(connection)
    service = Service(
        store=store,
        settings=config.evaluation,
        metrics=metrics,
        memo=memo,
        binder=PodBinder(ApiBinder(connection), events, live),
        follower=live,
        recorder=NoRecorder() if recordings is None else recordings.recorder,
        default_policy=config.default_policy,
        interner=interner,
        events=events,
    )
    async with background(live, reflectors, events, metrics):
        await serve(make_app(service), service.lifecycle, config, announce)


@contextmanager
def _caught(metrics: Metrics, **doing: str) -> Iterator[None]:
    """Count and log an error of ours: what follows the cluster goes on without the one object."""
    try:
        yield
    except Exception as error:
        metrics.internal_error("other")
        log.exception("internal error", exc_info=error, **doing)
