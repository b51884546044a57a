"""``demo``: the main job on requests that a real kube-scheduler sent."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from itertools import islice

import aiohttp
import orjson

from extender.core.prediction.evaluate import Settings
from extender.kube.recording.reader import Recording, RecordingError, embedded_recording, open_recording
from extender.service import logs
from extender.service.config import MAX_BODY_MIB_LIMIT, Config, LogFormat, LogLevel
from extender.service.http.dependencies import Service
from extender.service.listeners import Address, everything
from extender.service.machine_facts import facts_notes
from extender.service.metrics.metrics import Metrics
from extender.service.process.run import ListenError, listening

from ..cluster_input import release_of
from ..exit_status import Exit, WrongInput
from ..options import add_output
from ..progress import Progress
from ..replay.timeline import Timeline
from ..site import Site, add_site, site_of
from ..text import terminal_width
from .decisions import Decision, compare_decision
from .document import demo_document
from .judges import Judges
from .table import demo_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recording",
        metavar="FILE",
        help="another recording, may be gzipped, '-' reads standard input "
        "(default: the embedded one, 60 pods on 24 nodes, Kubernetes 1.36.2)",
    )
    add_site(parser)
    add_output(parser)
    parser.add_argument("--pods", type=int, metavar="N", help="show only the first N pods (default: all)")


def run(args: argparse.Namespace) -> int:
    """Serve, replay over HTTP, show."""
    if args.pods is not None and args.pods < 1:
        raise WrongInput(f"--pods: expected at least 1, got {args.pods}")
    site = site_of(args)
    logs.configure(LogLevel.ERROR, LogFormat.TEXT)
    started = time.perf_counter()
    try:
        with open_recording(args.recording or embedded_recording()) as recording:
            release, note = release_of(None, recording.cluster.kubernetes)
            timeline = Timeline(recording.cluster, release, site.vocabulary, site.machines)
            notes = [*filter(None, [note]), *facts_notes(timeline.store.current).values()]
            decisions = asyncio.run(_compare_all(recording, timeline, site, args.pods))
    except (RecordingError, ListenError) as error:
        raise WrongInput(str(error)) from error
    seconds = time.perf_counter() - started
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    if args.output == "json":
        document = demo_document(decisions, release.version)
        print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    else:
        nodes = len(timeline.store.current.nodes)
        print("\n".join(demo_table(decisions, release.version, nodes, seconds, terminal_width())))
    return Exit.FINE


class _Client:
    """Posts over one connection, as kube-scheduler does."""

    def __init__(self, session: aiohttp.ClientSession, address: Address) -> None:
        self._session = session
        self._url = f"http://{address}"

    async def post(self, verb: str, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        async with self._session.post(f"{self._url}/{verb}", data=body, headers=headers) as response:
            answer = await response.read()
            if response.status != 200:
                raise WrongInput(f"the recorded {verb} is refused: {answer.decode(errors='replace')}")
            return answer


async def _compare_all(
    recording: Recording, timeline: Timeline, site: Site, limit: int | None
) -> list[Decision]:
    settings = Settings(worths=site.worths)
    metrics = Metrics(timeline.store.current.release.version)
    service = Service(store=timeline.store, settings=settings, metrics=metrics, patient=True)
    config = Config(
        listeners=(everything(Address("127.0.0.1", 0)),),
        drain_seconds=0,
        shutdown_seconds=0,
        max_body_mib=MAX_BODY_MIB_LIMIT,
    )
    decisions = []
    judges = Judges(timeline.store.current, site.worths)
    with Progress("asking for pod", limit) as progress:
        async with listening(service, config) as (listener,), aiohttp.ClientSession() as session:
            client = _Client(session, listener.address)
            for attempt in islice(recording.attempts, limit):
                decisions.append(await compare_decision(attempt, timeline, client, judges))
                progress.step(attempt.pod_name)
    return decisions
