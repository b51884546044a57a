"""
Record what Kubernetes answers: ``python -m tests.cel.record``, after ``make oracle``.

Asks the oracles again for every case of ``tests/data/cel`` (``test_cases`` describes the files), and
replaces the cases of the families in ``tests/cel/questions`` by what these ask now. What is asked
depends on Kubernetes' answers alone: of a condition at the cost limit, on which side of it one is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

from tests.cel.golden import CASES_FILE, DERIVED_FILE, DEVICES_FILE, SOURCES, word
from tests.cel.questions import derived, formats, limits, lists, text, times
from tests.cel.questions.question import Limit, Question
from tests.oracle.client import Oracle

RELEASE = "1.36"
"""The release whose answers are recorded; of the others only what differs."""

OTHERS = ("1.35", "1.37", "1.38")
FAMILIES = ("limit-", "times-", "durations-", "text-", "formats-", "urls-", "quantities-", "lists-")
SHOWN = "no such key: "
EXCEEDED = "cost limit exceeded"
TRIES = 30
"""So often a case is asked: answers and costs may depend on the random order of a Go map."""

Case = dict[str, Any]


class Recorder:
    """The oracles of all releases, and the devices by name."""

    def __init__(self, oracles: Mapping[str, Oracle], devices: Mapping[str, Mapping[str, Any]]) -> None:
        self._oracles = oracles
        self._devices = devices

    def selector(self, case: Case) -> Case:
        """The case with Kubernetes' answers, cost and shown value."""
        source = SOURCES[case.get("dialect", "")]
        device = self._devices[case["device"]]
        answers = [
            self._oracles[source.release].cel(case["expression"], device, device["driver"], source.features)
            for _ in range(TRIES)
        ]
        words = sorted({word(answer) for answer in answers})
        recorded: Case = {
            key: case[key] for key in ("name", "expression", "device", "dialect") if key in case
        }
        recorded["expect"] = words[0] if len(words) == 1 else words
        shown = {answer.get("error", "") for answer in answers}
        if len(shown) == 1 and (value := _shown(*shown)) is not None:
            recorded["value"] = value
        costs = {answer.get("cost") for answer in answers}
        if len(costs) == 1 and None not in costs and not any(EXCEEDED in text for text in shown):
            (recorded["cost"],) = costs
        if case.get("unknown"):
            recorded["unknown"] = True
        return recorded

    def generated(self, question: Question) -> Iterator[Case]:
        """The case of a question, and one for each release that answers otherwise."""
        case: Case = {"name": question.name, "expression": question.expression, "device": question.device}
        if question.unknown:
            case |= {"unknown": True}
        recorded = self.selector(case)
        yield recorded
        for release in OTHERS:
            other = self.selector({**case, "name": f"{question.name}-{release}", "dialect": release})
            if any(other.get(key) != recorded.get(key) for key in ("expect", "value", "cost")):
                yield other

    def at_the_limit(self, limit: Limit) -> Iterator[Question]:
        """The two questions on both sides of the limit, found by bisection."""
        within, beyond = 0, limit.most
        if self._exceeds(limit, within) or not self._exceeds(limit, beyond):
            raise ValueError(f"{limit.name}: the limit is not between {within} and {beyond} steps")
        while beyond - within > 1:
            middle = (within + beyond) // 2
            within, beyond = (within, middle) if self._exceeds(limit, middle) else (middle, beyond)
        yield limit.question(within, "within")
        yield limit.question(beyond, "beyond")

    def _exceeds(self, limit: Limit, steps: int) -> bool:
        question = limit.question(steps, "")
        device = self._devices[question.device]
        answer = self._oracles[RELEASE].cel(
            question.expression, device, device["driver"], SOURCES[""].features
        )
        if "compile_error" in answer or "timeout" in answer:
            raise ValueError(f"{limit.name}: {answer}")
        return EXCEEDED in answer.get("error", "")

    def derived(self, question: Question) -> Case:
        """The case of a derived attribute, in 1.37, which has them first."""
        device = self._devices[question.device]
        source = SOURCES["1.37"]
        answer = self._oracles[source.release].derive(
            question.expression, device, device["driver"], source.features
        )
        case: Case = {"name": question.name, "expression": question.expression, "device": question.device}
        if "attribute" in answer:
            return case | {"attribute": answer["attribute"], "cost": answer["cost"]}
        return case | {"expect": word(answer)}


def _shown(error: str) -> str | None:
    """The value that a question shows, as ``questions.question.showing`` asks for it."""
    return error[len(SHOWN) : -1] if error.startswith(SHOWN) and error.endswith("|") else None


def _written(cases: Iterator[Case], path: Path) -> None:
    lines = [json.dumps(case) for case in cases]
    path.write_text("\n".join(lines) + "\n")
    sys.stdout.write(f"{len(lines)} cases in {path.name}\n")


def _selectors(recorder: Recorder) -> Iterator[Case]:
    for line in CASES_FILE.read_text().splitlines():
        case = json.loads(line)
        if not case["name"].startswith(FAMILIES):
            yield recorder.selector(case)
    for limit in limits.limits():
        for question in recorder.at_the_limit(limit):
            yield from recorder.generated(question)
    for question in chain([limits.RANDOM], *(module.questions() for module in (times, text, formats, lists))):
        yield from recorder.generated(question)


def main() -> None:
    """Record all."""
    devices = json.loads(DEVICES_FILE.read_text())
    with ExitStack() as stack:
        oracles = {release: stack.enter_context(Oracle(release)) for release in (RELEASE, *OTHERS)}
        recorder = Recorder(oracles, devices)
        _written(_selectors(recorder), CASES_FILE)
        _written(map(recorder.derived, derived.questions()), DERIVED_FILE)


if __name__ == "__main__":
    main()
