"""A replay as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from extender.core.prediction.evaluate import Certainty
from extender.kube.recording.reader import Attempt

from ..text import counted
from .agreement import Agreement, Comparison
from .answering import AnswerPair, answer_in_short

JSON = dict[str, object]


@dataclass(frozen=True, slots=True)
class ReplayedAttempt:
    """One attempt: what came of the comparison, and our answers to its requests."""

    attempt: Attempt
    comparison: Comparison
    answers: tuple[AnswerPair, ...]

    @property
    def breaches(self) -> tuple[str, ...]:
        """How our answers break the protocol."""
        return tuple(problem for answer in self.answers for problem in answer.problems)

    @property
    def finding(self) -> bool:
        """Whether there is something to show."""
        return self.comparison.agreement is Agreement.WRONG or bool(self.breaches)


@dataclass(frozen=True, slots=True)
class Replay:
    """
    ``recorded`` is the Kubernetes version of the recording, ``kubernetes`` the one predicted for.

    ``other_release``: they are meant to differ, so that other devices are an answer, not a failure.
    """

    recording: str
    recorded: str
    kubernetes: str
    other_release: bool
    attempts: Sequence[ReplayedAttempt]
    seconds: float

    def failure(self, replayed: ReplayedAttempt) -> bool:
        """Whether an attempt shows a defect of ours."""
        return bool(replayed.breaches) or (replayed.finding and not self.other_release)


def replay_lines(replay: Replay, *, verbose: bool) -> Iterator[str]:
    """Yield the attempts with a finding, or all of them, and the sums."""
    for replayed in replay.attempts:
        if replayed.finding or verbose:
            yield from _attempt(replayed, verbose=verbose, other_release=replay.other_release)
    attempts = counted(len(replay.attempts), "attempt")
    placed = [replayed for replayed in replay.attempts if replayed.attempt.outcome.node]
    others = [replayed for replayed in replay.attempts if not replayed.attempt.outcome.node]
    answers = sum(len(replayed.answers) for replayed in replay.attempts)
    breaches = sum(len(replayed.breaches) for replayed in replay.attempts)
    yield f"{attempts} replayed in {replay.seconds:.1f} s, predicted for Kubernetes {replay.kubernetes}"
    if replay.other_release:
        yield f"recorded on {replay.recorded}: what differs is what {replay.kubernetes} would have done there"
    yield f"pods that got a node, devices: {_counts(placed, other_release=replay.other_release)}"
    yield f"pods that got none, outcome:   {_counts(others, other_release=replay.other_release)}"
    yield f"answers: {answers}, breaches of the protocol: {breaches}"


def replay_document(replay: Replay) -> JSON:
    """Every attempt and the sums."""
    counts = Counter(replayed.comparison.agreement for replayed in replay.attempts)
    return {
        "apiVersion": "dra-extender.io/v1alpha1",
        "kind": "Replay",
        "recording": replay.recording,
        "recorded": replay.recorded,
        "kubernetes": replay.kubernetes,
        "otherRelease": replay.other_release,
        "attempts": [_attempt_document(replayed) for replayed in replay.attempts],
        "totals": {
            **{agreement.value: counts[agreement] for agreement in Agreement},
            "protocol": sum(len(replayed.breaches) for replayed in replay.attempts),
        },
        "seconds": round(replay.seconds, 3),
    }


def _attempt(replayed: ReplayedAttempt, *, verbose: bool, other_release: bool) -> Iterator[str]:
    attempt = replayed.attempt
    condition = attempt.outcome.condition
    destination = attempt.outcome.node or (condition.reason if condition is not None else "") or "no node"
    agreement: str = replayed.comparison.agreement
    if other_release and replayed.comparison.agreement is Agreement.WRONG:
        agreement = "differs"
    yield f"line {attempt.line}  {attempt.pod_name}  {destination}: {agreement}"
    yield from (f"    {remark}" for remark in replayed.comparison.remarks)
    if verbose:
        for answer in replayed.answers:
            ours, recorded = (answer_in_short(answer.verb, text) for text in (answer.ours, answer.recorded))
            yield f"    {answer.verb}: {ours} (recorded: {recorded})"
    yield from (f"    protocol: {breach}" for breach in replayed.breaches)


def _counts(attempts: Sequence[ReplayedAttempt], *, other_release: bool) -> str:
    counts = Counter(attempt.comparison.agreement for attempt in attempts)
    words = ("the same", "differ") if other_release else ("right", "wrong")
    right = f"{counts[Agreement.RIGHT]}/{len(attempts)} {words[0]}, {counts[Agreement.WRONG]} {words[1]}"
    by_chance = sum(attempt.comparison.certainty is Certainty.ORDER_DEPENDENT for attempt in attempts)
    if by_chance:
        right += f", {by_chance} not exact"
    if counts[Agreement.UNDECIDED]:
        right += f", {counts[Agreement.UNDECIDED]} undecided"
    if counts[Agreement.NOTHING]:
        right += f", {counts[Agreement.NOTHING]} with nothing to compare"
    return right


def _attempt_document(replayed: ReplayedAttempt) -> JSON:
    outcome = replayed.attempt.outcome
    return {
        "line": replayed.attempt.line,
        "attempt": replayed.attempt.number,
        "pod": replayed.attempt.pod_name,
        "node": outcome.node or None,
        "condition": (outcome.condition.reason or None) if outcome.condition is not None else None,
        "agreement": replayed.comparison.agreement,
        "certainty": replayed.comparison.certainty,
        "remarks": replayed.comparison.remarks,
        "requests": [
            {
                "verb": answer.verb,
                "answer": orjson.Fragment(answer.ours),
                "recorded": orjson.Fragment(answer.recorded),
            }
            for answer in replayed.answers
        ],
        "protocol": replayed.breaches,
    }
