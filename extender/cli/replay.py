"""``replay``: every recorded attempt on the state it saw, our answers against what happened."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

import orjson

from extender.core.evaluate import Settings, evaluate
from extender.kube.recording import Attempt, Recording, RecordingError, open_recording
from extender.service import logs
from extender.service.config import LogFormat, LogLevel
from extender.service.dependencies import Service
from extender.service.metrics import Metrics

from .agreement import compare
from .answering import answer_again
from .cluster_input import release_of
from .failure import WrongInput
from .options import add_kubernetes, add_output
from .progress import Progress
from .protocol_check import offered_nodes
from .replay_report import Replay, Replayed, replay_document, replay_lines
from .site import add_site, site_of
from .timeline import Timeline, pod_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "recording", metavar="RECORDING", help="JSON lines, gzipped or not, '-' for standard input"
    )
    add_kubernetes(parser, "the recording's")
    add_site(parser)
    add_output(parser)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show every attempt, not only those with a finding"
    )


def run(args: argparse.Namespace) -> int:
    """Replay and report; 1 if an exact prediction differs or an answer breaks the protocol."""
    logs.configure(LogLevel.ERROR, LogFormat.TEXT)
    started = time.perf_counter()
    site = site_of(args)
    try:
        with open_recording(args.recording) as recording:
            release, note = release_of(
                args.kubernetes,
                recording.cluster.kubernetes,
                {**(recording.gates if args.kubernetes is None else {}), **args.feature_gates},
            )
            timeline = Timeline(recording.cluster, release, site.vocabulary)
            attempts = list(_replay(recording, timeline, Settings(worths=site.worths)))
    except RecordingError as error:
        raise WrongInput(str(error)) from error
    replay = Replay(
        recording=args.recording,
        recorded=recording.cluster.kubernetes,
        kubernetes=release.version,
        attempts=attempts,
        seconds=time.perf_counter() - started,
    )
    if note:
        print(f"note: {note}", file=sys.stderr)
    if args.output == "json":
        print(orjson.dumps(replay_document(replay), option=orjson.OPT_INDENT_2).decode())
    else:
        print("\n".join(replay_lines(replay, verbose=args.verbose)))
    return 1 if any(each.finding for each in attempts) else 0


def _replay(recording: Recording, timeline: Timeline, settings: Settings) -> Iterator[Replayed]:
    metrics = Metrics(timeline.store.current.release.version)
    service = Service(store=timeline.store, settings=settings, metrics=metrics)
    with Progress("replaying attempt") as progress:
        for attempt in recording.attempts:
            timeline.move_to(attempt)
            snapshot = timeline.store.current
            evaluation = evaluate(snapshot, pod_of(attempt), service.memo, settings)
            verdicts = evaluation.verdicts(tuple(snapshot.nodes))
            answers = (answer_again(service, request) for request in attempt.requests)
            yield Replayed(
                attempt,
                compare(attempt, verdicts, _offered(attempt)),
                tuple(answer for answer in answers if answer is not None),
            )
            progress.step(attempt.pod_name)


def _offered(attempt: Attempt) -> list[str]:
    return [
        name
        for request in attempt.requests
        if request.verb == "filter"
        for name in offered_nodes(request.body)
    ]
