"""``replay``: every recorded attempt on the state it saw, our answers against what happened."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from extender.core.evaluate import Settings, evaluate
from extender.kube.recording import Attempt, RecordedRequest, Recording, RecordingError, open_recording
from extender.service import logs, verbs
from extender.service.config import LogFormat, LogLevel
from extender.service.dependencies import Service
from extender.service.metrics import Metrics
from extender.service.verb import Result
from extender.service.wire import BadRequest

from .agreement import Agreement, Comparison, compare
from .cluster_input import release_of
from .failure import WrongInput
from .options import add_kubernetes, add_output
from .progress import Progress
from .protocol_check import check_bind, check_filter, check_preempt, check_prioritize, node_names
from .timeline import Timeline, pod_of
from .wording import counted


@dataclass(frozen=True, slots=True)
class Replayed:
    """One attempt: what came of the comparison, and how our answers to its requests break the protocol."""

    attempt: Attempt
    comparison: Comparison
    answers: int
    breaches: tuple[str, ...]

    @property
    def finding(self) -> bool:
        return self.comparison.agreement is Agreement.WRONG or bool(self.breaches)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "recording", metavar="RECORDING", help="JSON lines, gzipped or not, '-' for standard input"
    )
    add_kubernetes(parser, "the recording's")
    add_output(parser)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show every attempt, not only those with a finding"
    )


def run(args: argparse.Namespace) -> int:
    """Replay and report; 1 if an exact prediction differs or an answer breaks the protocol."""
    logs.configure(LogLevel.ERROR, LogFormat.TEXT)
    started = time.perf_counter()
    try:
        with open_recording(args.recording) as recording:
            release, note = release_of(args.kubernetes, recording.cluster.kubernetes)
            timeline = Timeline(recording.cluster, release)
            replayed = list(_replay(recording, timeline))
    except RecordingError as error:
        raise WrongInput(str(error)) from error
    seconds = time.perf_counter() - started
    if note:
        print(f"note: {note}", file=sys.stderr)
    if args.output == "json":
        document = _document(args.recording, recording.cluster.kubernetes, release.version, replayed, seconds)
        print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    else:
        for each in replayed:
            if each.finding or args.verbose:
                print("\n".join(_lines(each)))
        print("\n".join(_summary(replayed, release.version, seconds)))
    return 1 if any(each.finding for each in replayed) else 0


def _replay(recording: Recording, timeline: Timeline) -> Iterator[Replayed]:
    settings = Settings()
    metrics = Metrics(timeline.store.current.release.version)
    service = Service(store=timeline.store, settings=settings, metrics=metrics)
    with Progress("replaying attempt") as progress:
        for attempt in recording.attempts:
            timeline.move_to(attempt)
            snapshot = timeline.store.current
            evaluation = evaluate(snapshot, pod_of(attempt), service.memo, settings)
            verdicts = evaluation.verdicts(tuple(snapshot.nodes))
            breaches = [problem for request in attempt.requests for problem in _answer(service, request)]
            comparison = compare(attempt, verdicts, _offered(attempt))
            yield Replayed(attempt, comparison, len(attempt.requests), tuple(breaches))
            progress.step(attempt.pod_name)


def _answer(service: Service, request: RecordedRequest) -> list[str]:
    """Answer a recorded request; return how the answer breaks the protocol."""
    body = request.body
    try:
        match request.verb:
            case "filter":
                answer = verbs.filter_(service, body)
                problems = check_filter(body, answer.body)
            case "prioritize":
                answer = verbs.prioritize(service, body)
                problems = check_prioritize(body, answer.body)
            case "bind":
                answer = asyncio.run(verbs.bind(service, body))
                problems = check_bind(answer.body)
            case "preempt":
                answer = verbs.preempt(service, body)
                problems = check_preempt(body, answer.body)
            case _:
                return []
    except BadRequest as error:
        return [f"{request.verb}: the recorded request is refused: {error}"]
    if answer.result is Result.NEUTRAL:
        problems.append(f"{request.verb}: answered without an opinion because of an internal error")
    return problems


def _offered(attempt: Attempt) -> list[str]:
    return [
        name
        for request in attempt.requests
        if request.verb == "filter"
        for name in node_names(orjson.loads(request.body))
    ]


def _landing(attempt: Attempt) -> str:
    """Where the pod went, or what kept it."""
    condition = attempt.outcome.condition
    return attempt.outcome.node or (condition.reason if condition is not None else "") or "no node"


def _lines(each: Replayed) -> Iterator[str]:
    attempt = each.attempt
    yield f"line {attempt.line}  {attempt.pod_name}  {_landing(attempt)}: {each.comparison.agreement}"
    yield from (f"    {remark}" for remark in each.comparison.remarks)
    yield from (f"    protocol: {breach}" for breach in each.breaches)


def _summary(replayed: Sequence[Replayed], version: str, seconds: float) -> Iterator[str]:
    placed = [each for each in replayed if each.attempt.outcome.node]
    others = [each for each in replayed if not each.attempt.outcome.node]
    breaches = sum(len(each.breaches) for each in replayed)
    attempts = counted(len(replayed), "attempt")
    yield f"{attempts} replayed in {seconds:.1f} s, predicted for Kubernetes {version}"
    yield f"pods that got a node, devices: {_counts(placed)}"
    yield f"pods that got none, outcome:   {_counts(others)}"
    yield f"answers: {sum(each.answers for each in replayed)}, breaches of the protocol: {breaches}"


def _counts(replayed: Sequence[Replayed]) -> str:
    counts = Counter(each.comparison.agreement for each in replayed)
    right = f"{counts[Agreement.RIGHT]}/{len(replayed)} right, {counts[Agreement.WRONG]} wrong"
    if counts[Agreement.UNDECIDED]:
        right += f", {counts[Agreement.UNDECIDED]} undecided"
    if counts[Agreement.NOTHING]:
        right += f", {counts[Agreement.NOTHING]} with nothing to compare"
    return right


def _document(
    path: str, recorded: str, predicted: str, replayed: Sequence[Replayed], seconds: float
) -> dict[str, object]:
    counts = Counter(each.comparison.agreement for each in replayed)
    return {
        "apiVersion": "dra-extender.io/v1alpha1",
        "kind": "Replay",
        "recording": path,
        "recorded": recorded,
        "kubernetes": predicted,
        "attempts": [
            {
                "line": each.attempt.line,
                "pod": each.attempt.pod_name,
                "node": each.attempt.outcome.node or None,
                "condition": None
                if each.attempt.outcome.condition is None
                else each.attempt.outcome.condition.reason or None,
                "agreement": each.comparison.agreement,
                "remarks": each.comparison.remarks,
                "answers": each.answers,
                "protocol": each.breaches,
            }
            for each in replayed
        ],
        "totals": {
            **{agreement.value: counts[agreement] for agreement in Agreement},
            "protocol": sum(len(each.breaches) for each in replayed),
        },
        "seconds": round(seconds, 3),
    }
