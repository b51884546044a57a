"""``replay``: every recorded attempt on the state it saw, our answers against what happened."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

import orjson

from extender.core.prediction.evaluate import Settings, evaluate
from extender.kube.recording.reader import Attempt, Recording, RecordingError, open_recording
from extender.service import logs
from extender.service.config import LogFormat, LogLevel
from extender.service.http.dependencies import Service
from extender.service.metrics.metrics import Metrics

from ..cluster_input import release_of
from ..exit_status import Exit, WrongInput
from ..options import add_kubernetes, add_output
from ..progress import Progress
from ..protocol_check import offered_nodes
from ..site import add_site, site_of
from .agreement import compare
from .answering import answer_again
from .report import Replay, ReplayedAttempt, replay_document, replay_lines
from .timeline import Timeline, pod_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "recording",
        metavar="RECORDING",
        help="recording (JSON lines), may be gzipped, '-' reads standard input",
    )
    add_kubernetes(parser, "the recording's")
    add_site(parser)
    add_output(parser)
    parser.add_argument(
        "--attempt",
        type=int,
        metavar="N",
        help="replay only the attempt with this number, which /debug/mismatches shows",
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show every attempt, not only those with a finding"
    )


def run(args: argparse.Namespace) -> int:
    """
    Replay and report; 1 if an exact prediction differs or an answer breaks the protocol.

    Predictions for another release than the recorded one may differ. What comes before a line that
    cannot be read is reported all the same.
    """
    logs.configure(LogLevel.ERROR, LogFormat.TEXT)
    started = time.perf_counter()
    site = site_of(args)
    try:
        with open_recording(args.recording) as recording:
            gates = recording.gates if args.kubernetes is None else {}
            release, note = release_of(
                args.kubernetes, recording.cluster.kubernetes, {**gates, **args.feature_gates}
            )
            timeline = Timeline(recording.cluster, release, site.vocabulary, site.machines)
            settings = Settings(worths=site.worths)
            attempts, damage = _replay_all(recording, timeline, settings, args.attempt)
    except RecordingError as error:
        raise WrongInput(str(error)) from error
    if args.attempt is not None and not attempts:
        raise WrongInput(
            f"{args.recording}: has no attempt {args.attempt}; an older file of the recording may"
        )
    replay = Replay(
        recording=args.recording,
        recorded=recording.cluster.kubernetes,
        kubernetes=release.version,
        other_release=args.kubernetes is not None and release.version != recording.cluster.kubernetes,
        attempts=attempts,
        seconds=time.perf_counter() - started,
    )
    if note:
        print(f"note: {note}", file=sys.stderr)
    if args.output == "json":
        print(orjson.dumps(replay_document(replay), option=orjson.OPT_INDENT_2).decode())
    else:
        print("\n".join(replay_lines(replay, verbose=args.verbose or args.attempt is not None)))
    if damage:
        raise WrongInput(damage)
    return Exit.FINDING if any(map(replay.failure, attempts)) else Exit.FINE


def _replay_all(
    recording: Recording, timeline: Timeline, settings: Settings, number: int | None
) -> tuple[list[ReplayedAttempt], str]:
    """
    Replay to the end, or to a line that cannot be read; also what is wrong with that line.

    A recorder that was killed leaves half a line, and what comes before it is sound. Raises
    ``RecordingError`` where nothing does.
    """
    attempts: list[ReplayedAttempt] = []
    try:
        attempts.extend(_replay(recording, timeline, settings, number))
    except RecordingError as error:
        if not attempts:
            raise
        return attempts, str(error)
    return attempts, ""


def _replay(
    recording: Recording, timeline: Timeline, settings: Settings, number: int | None
) -> Iterator[ReplayedAttempt]:
    metrics = Metrics(timeline.store.current.release.version)
    service = Service(store=timeline.store, settings=settings, metrics=metrics, patient=True)
    with Progress("replaying attempt") as progress:
        for attempt in recording.attempts:
            timeline.move_to(attempt)
            if number is not None and attempt.number != number:
                continue
            snapshot = timeline.store.current
            evaluation = evaluate(snapshot, pod_of(attempt), service.memo, settings)
            verdicts = evaluation.verdicts(tuple(snapshot.nodes))
            answers = (answer_again(service, request) for request in attempt.requests)
            yield ReplayedAttempt(
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
