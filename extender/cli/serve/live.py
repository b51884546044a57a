"""``serve`` on a live cluster: everything between a connection and the listening service."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING

import structlog

from extender.core.prediction.evaluate import Memo, evaluate
from extender.kube.api.binder import ApiBinder
from extender.kube.api.connection import Connection, connect
from extender.kube.api.errors import LiveError
from extender.kube.api.event_recorder import EventRecorder
from extender.kube.decode import Interner
from extender.kube.watch.events import Sink
from extender.kube.watch.reflector import Reflector
from extender.kube.watch.resources import RESOURCES, Resource
from extender.kube.watch.time_slice import TimeSlice
from extender.service.config import Address, Config
from extender.service.http.dependencies import Service
from extender.service.http.frozen import NoRecorder
from extender.service.http.web import make_app
from extender.service.live.delayed_releases import DelayedReleases
from extender.service.live.follower import LiveFollower
from extender.service.live.in_flight import InFlight
from extender.service.live.pod_binder import PodBinder
from extender.service.live.prediction_check import PredictionCheck
from extender.service.live.store import LiveStore
from extender.service.metrics.metrics import Metrics
from extender.service.process.background import background
from extender.service.process.run import serve
from extender.service.wire import host_priority

from ..cluster_input import release_of
from ..exit_status import WrongInput
from .recording import Recordings, recording

if TYPE_CHECKING:
    from extender.core.topology.vocabulary import Vocabulary
    from extender.model import Claim, Pod

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.serve")


async def serve_live(args: argparse.Namespace, config: Config, vocabulary: Vocabulary) -> None:
    """
    Serve the cluster of the kubeconfig, or that the process runs in, until a signal.

    Raises ``WrongInput`` where the cluster cannot be reached at all or is of an unknown release.
    """
    try:
        async with connect(args.context, args.kubeconfig) as connection:
            await _prepare(connection, args, config, vocabulary)
    except LiveError as error:
        raise WrongInput(str(error)) from error


async def _prepare(
    connection: Connection, args: argparse.Namespace, config: Config, vocabulary: Vocabulary
) -> None:
    """Make the store, and the recording in front of it if there is to be one."""
    release, about_release = release_of(args.kubernetes, connection.kubernetes, args.feature_gates)
    if about_release:
        log.warning("about the cluster", note=about_release)
    metrics = Metrics(release.version)
    clock = time.monotonic
    store = LiveStore(release, InFlight(config.in_flight_seconds), clock, vocabulary=vocabulary, apart=True)
    async with AsyncExitStack() as stack:
        recordings: Recordings | None = None
        if config.recording is not None:
            kubernetes = args.kubernetes or connection.kubernetes
            recordings = await stack.enter_async_context(
                recording(config.recording, store, kubernetes, args.feature_gates, clock, metrics)
            )
        await _serve(
            connection, config, store, metrics, recordings, args.feature_gates, decisive=args.decisive
        )


async def _serve(
    connection: Connection,
    config: Config,
    store: LiveStore,
    metrics: Metrics,
    recordings: Recordings | None,
    gates: Mapping[str, bool],
    *,
    decisive: bool,
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
        decisive=decisive,
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
        await serve(
            make_app(service),
            service.lifecycle,
            config,
            _announcement(connection, store.current.release.version),
        )


@contextmanager
def _caught(metrics: Metrics, **doing: str) -> Iterator[None]:
    """Count and log an error of ours: what follows the cluster goes on without the one object."""
    try:
        yield
    except Exception as error:
        metrics.internal_error("other")
        log.exception("internal error", exc_info=error, **doing)


def _announcement(connection: Connection, release: str) -> Callable[[Address], None]:
    def announce(address: Address) -> None:
        print(f"serving {connection.host} of Kubernetes {release} on http://{address}", flush=True)

    return announce
