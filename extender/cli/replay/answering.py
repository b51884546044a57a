"""Answering recorded requests again, in this process, through the service's own handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass

import orjson

from extender.kube.recording.reader import RecordedRequest
from extender.service.http import verbs
from extender.service.http.dependencies import Service
from extender.service.verb import Result
from extender.service.wire import BadRequest

from ..protocol_check import check_bind, check_filter, check_preempt, check_prioritize, offered_nodes
from ..text import counted


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """
    ``ours`` and ``recorded`` are JSON; ours is ``null`` where the request was refused.

    ``problems``: how our answer breaks the protocol.
    """

    verb: str
    ours: bytes
    recorded: bytes
    problems: tuple[str, ...]


def answer_again(service: Service, request: RecordedRequest) -> AnswerPair | None:
    """Answer a recorded request and check the answer; ``None`` for a verb that does not exist."""
    body = request.body
    try:
        match request.verb:
            case "filter":
                answer = _at_once(verbs.filter_(service, body))
                problems = check_filter(body, answer.body)
            case "prioritize":
                answer = _at_once(verbs.prioritize(service, body))
                problems = check_prioritize(body, answer.body)
            case "bind":
                answer = asyncio.run(verbs.bind(service.binder, service.metrics, body))
                problems = check_bind(answer.body)
            case "preempt":
                answer = verbs.preempt(body)
                problems = check_preempt(body, answer.body)
            case _:
                return None
    except BadRequest as error:
        refused = f"{request.verb}: the recorded request is refused: {error}"
        return AnswerPair(request.verb, b"null", request.answer, (refused,))
    if answer.result is Result.NEUTRAL:
        problems.append(f"{request.verb}: answered without an opinion because of an internal error")
    return AnswerPair(request.verb, answer.body, request.answer, tuple(problems))


def _at_once(answering: Coroutine[object, None, verbs.Answer]) -> verbs.Answer:
    """What a handler of a patient service answers: it awaits nothing, so that it needs no event loop."""
    try:
        answering.send(None)
    except StopIteration as done:
        answer: verbs.Answer = done.value
        return answer
    raise RuntimeError("the service is not patient")


def answer_in_short(verb: str, answer: bytes) -> str:
    """What an answer says, in a few words; it may be any JSON."""
    value = orjson.loads(answer)
    if verb == "filter":
        return f"{counted(len(offered_nodes(answer)), 'node')} pass"
    if verb == "prioritize" and isinstance(value, list):
        scores = [
            entry["Score"]
            for entry in value
            if isinstance(entry, dict) and isinstance(entry.get("Score"), (int, float))
        ]
        if scores and min(scores) == max(scores):
            return f"all {scores[0]}"
        if scores:
            return (
                f"{min(scores)} to {max(scores)}, the highest on {counted(scores.count(max(scores)), 'node')}"
            )
    if isinstance(value, dict) and value.get("Error"):
        return f"error: {value['Error']}"
    return "no error" if isinstance(value, dict) else answer.decode(errors="replace")[:80]
