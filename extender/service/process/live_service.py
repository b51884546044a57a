"""
The service on a live cluster: everything between a connection and the listening service.

This is the one place where its parts are put together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extender.core.prediction.evaluate import Memo, evaluate
from extender.kube.api.binder import ApiBinder
from extender.kube.api.connection import Connection
from extender.kube.api.event_recorder import EventRecorder
from extender.kube.decode import Interner
from extender.kube.decode.readings import NOMINATION_READINGS
from extender.kube.decode.resources import FOLLOWED
from extender.kube.watch.reflector import Reflector
from extender.kube.watch.time_slice import TimeSlice

from ..config import Config
from ..http.dependencies import Service
from ..http.frozen import BIND_IS_OFF, NoBinder, NoRecorder
from ..judging import NoOpinion
from ..live.awaited import claims_asked_about, claims_that_wait, events_that_wait
from ..live.delayed_releases import DelayedReleases
from ..live.dropped import Dropped
from ..live.event_handler import EventHandler
from ..live.follower import LiveFollower
from ..live.in_flight import InFlight
from ..live.offered_nodes import OfferedNodes
from ..live.pod_binder import PodBinder
from ..live.prediction_check import PredictionCheck
from ..live.store import LiveStore
from ..live.unconfirmed_pods import UnconfirmedPods
from ..metrics.metrics import Metrics
from ..wire import ArgsDecoder, host_priorities
from .background import background
from .live_recording import recording
from .nominating import Nominating, check_release, in_step, nominating
from .run import serve

if TYPE_CHECKING:
    from extender.core.prediction.evaluate import Evaluation
    from extender.core.releases.release import Release
    from extender.core.topology.machine_facts import MachineFacts
    from extender.core.topology.vocabulary import Vocabulary
    from extender.kube.watch.events import ReflectorState
    from extender.model import Pod

    from ..recording.recorder import Recorder


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


@dataclass(frozen=True, slots=True)
class Hardware:
    """What is known of the cluster's hardware before it is listed: names of attributes, facts of machines."""

    vocabulary: Vocabulary
    machines: MachineFacts


async def serve_live(
    connection: Connection,
    scheduler: Scheduler,
    config: Config,
    hardware: Hardware,
    announce: Callable[[str], None],
) -> None:
    """
    Serve the cluster behind ``connection`` until a signal.

    ``announce`` is told the addresses once requests are accepted. Raises ``ConfigError`` and
    ``ListenError``.
    """
    if config.nominate is not None:
        check_release(scheduler.release)
    metrics = Metrics(scheduler.release.version)
    clock = time.monotonic
    store = LiveStore(
        scheduler.release,
        InFlight(config.in_flight_seconds),
        clock,
        hardware.vocabulary,
        hardware.machines,
        apart=True,
    )
    async with AsyncExitStack() as stack:
        recorder: Recorder | None = None
        if config.recording is not None:
            recorder = await stack.enter_async_context(
                recording(config.recording, store, scheduler.kubernetes, scheduler.gates, clock, metrics)
            )
        await _serve(connection, config, store, metrics, recorder, scheduler.gates, announce)


async def _serve(
    connection: Connection,
    config: Config,
    store: LiveStore,
    metrics: Metrics,
    recorder: Recorder | None,
    gates: Mapping[str, bool],
    announce: Callable[[str], None],
) -> None:
    clock = time.monotonic
    delayed = DelayedReleases(clock)
    checks = PredictionCheck(
        evaluate,
        config.evaluation,
        time.time,
        metrics.match,
        metrics.placement,
        recorded=(lambda _: None) if recorder is None else recorder.number_of,
        delayed=delayed.lately,
        dropped=metrics.dropped,
    )
    awaited_pods, awaited_claims = claims_that_wait(clock), claims_asked_about(clock)
    awaited_events = events_that_wait(clock)
    memo = Memo(host_priorities)
    states: list[ReflectorState] = []
    events = EventRecorder(connection, metrics.event)
    act: Nominating | None = None

    async def prepare(pod: Pod, evaluation: Evaluation[bytes], nodes: Sequence[str]) -> None:
        with suppress(NoOpinion):
            await service.judging.entries(pod, evaluation, nodes)

    if config.nominate is not None:
        act = nominating(
            connection,
            config,
            store,
            checks,
            metrics,
            clock,
            lambda pod: evaluate(store.current, pod, memo, config.evaluation),
            events=events,
            trusted=lambda: in_step(states) and not follower.stale,
            prepare=prepare,
        )
    handler = EventHandler(
        store,
        delayed,
        checks,
        recorder,
        lambda: metrics.internal_error("other"),
        unconfirmed=UnconfirmedPods(clock, metrics.dropped),
        awaited=(awaited_pods, awaited_claims, awaited_events),
        nominator=None if act is None else act.loop,
    )
    interner, work = Interner(), TimeSlice()
    reflectors = tuple(
        Reflector(
            connection,
            resource,
            handler,
            interner,
            clock=clock,
            work=work,
            keep_json=recorder is not None,
            readings=[]
            if act is None
            else [each for each in NOMINATION_READINGS if each.of is resource.kind],
            reader=None if act is None else act.loop,
        )
        for resource in FOLLOWED
    )
    states += [reflector.state for reflector in reflectors]
    offered = OfferedNodes(clock, lambda: metrics.dropped(Dropped.OFFERED_NODES)) if config.bind else None
    follower = LiveFollower(
        store=store,
        handler=handler,
        checks=checks,
        evaluate=evaluate,
        memo=memo,
        settings=config.evaluation,
        reflectors=tuple(states),
        clock=clock,
        stale_seconds=config.stale_seconds,
        decisive=config.decisive,
        gates=gates,
        offered=offered,
        nominated=None if act is None else act.nominator.asked,
    )
    service = Service(
        store=store,
        settings=config.evaluation,
        metrics=metrics,
        memo=memo,
        binder=NoBinder(BIND_IS_OFF)
        if offered is None
        else PodBinder(ApiBinder(connection), events, follower, offered),
        follower=follower,
        recorder=NoRecorder() if recorder is None else recorder,
        default_policy=config.default_policy,
        route_to=config.route_to,
        args=ArgsDecoder(config.max_nodes),
        events=events,
        awaited_pods=awaited_pods,
        awaited_claims=awaited_claims,
        awaited_events=awaited_events,
        nomination=(lambda _: None) if act is None else act.nominator.explained,
    )
    async with background(follower, reflectors, events, metrics, *(() if act is None else act.tasks)):
        await serve(service, config, announce)
    if act is not None:
        await act.lease.release()
