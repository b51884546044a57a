"""
Compare what we say of a case with what the real allocator answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from extender.core.reasons import Certainty, Outcome
from tests.allocator_case import Answer, comparable, expected_allocations, predict_case
from tests.oracle.client import Oracle

VERSIONS = {"1.34": "1.34.13", "1.35": "1.35.10", "1.36": "1.36.2", "1.37": "1.37.2", "1.38": "1.38.0"}
"""The versions that the oracles are built from."""

RUNS, MORE_RUNS = 30, (400, 10_000)
"""
How often an allocator that walks pools in random order is asked. Before a possible answer of
ours counts as wrong, it is asked more often, and again: some cases have a hundred answers.
"""

BUDGET = 100_000
"""Search steps, as in the product's default."""

End = tuple[object, ...]
"""How an attempt ended, comparable by ``==``; the first item is its kind."""


class Finding(StrEnum):
    """
    ``vague``: we said order-dependent of a case that had one answer in all runs. ``refused``: we refuse
    the claims for all nodes, where from 1.38 on an earlier request, for all devices of a pool that is
    not ready, makes this node fail first.
    """

    AGREED = "agreed"
    VAGUE = "vague"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNDECIDED = "oracle undecided"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Comparison:
    """``theirs``: the distinct ends of all runs."""

    finding: Finding
    ours: Answer
    theirs: frozenset[End]


def compare(case: Mapping[str, Any], minor: str, oracle: Oracle) -> Comparison:
    """
    Ask both sides.

    An exact answer must be the only one there is, an order-dependent one must occur. Steps are
    compared where both count them, error texts never.
    """
    ours = predict_case(case, VERSIONS[minor], budget=BUDGET)
    unsorted = not ours.fixed_order
    answers = ask(case, oracle, RUNS if unsorted else 1)
    theirs = frozenset(map(end_of, answers))
    if ours.outcome is Outcome.UNKNOWN:
        return Comparison(Finding.UNKNOWN, ours, theirs)
    if any(end[0] == "undecided" for end in theirs):
        return Comparison(Finding.UNDECIDED, ours, theirs)
    if ours.refused and theirs == {("node fails",)} and minor >= "1.38":
        return Comparison(Finding.REFUSED, ours, theirs)
    mine = end_of_ours(ours)
    if ours.certainty is Certainty.EXACT:
        agreed = theirs == {mine} and (unsorted or _same_steps(ours, answers[0]))
        return Comparison(Finding.AGREED if agreed else Finding.DIFFERENT, ours, theirs)
    for runs in MORE_RUNS:
        if mine not in theirs:
            theirs = frozenset(map(end_of, ask(case, oracle, runs)))
    if mine not in theirs:
        timed_out = any(end[0] == "undecided" for end in theirs)
        return Comparison(Finding.UNDECIDED if timed_out else Finding.DIFFERENT, ours, theirs)
    vague = unsorted and len(theirs) == 1
    return Comparison(Finding.VAGUE if vague else Finding.AGREED, ours, theirs)


def ask(case: Mapping[str, Any], oracle: Oracle, runs: int) -> list[Mapping[str, Any]]:
    """The distinct answers of the real allocator."""
    answer = oracle.allocate(case, runs=runs, timeoutSeconds=max(5.0, runs / 200))
    answers: list[Mapping[str, Any]] = answer.get("answers", [answer])
    return answers


def end_of(answer: Mapping[str, Any]) -> End:
    """How an attempt of the real allocator ended."""
    if "error" in answer:
        # Of this node only; every other error aborts the attempt.
        node_fails = answer.get("onNode", False)
        return ("node fails",) if node_fails else ("error",)
    if "panic" in answer:
        return ("panic",)
    if "results" not in answer:
        return ("undecided", *answer.keys())
    if answer["results"] is None:
        return ("does not fit",)
    return ("allocated", *comparable(expected_allocations(answer["results"])))


def end_of_ours(answer: Answer) -> End:
    """How we say that it ends."""
    if answer.outcome is Outcome.ERROR:
        return ("error",)
    if answer.outcome is Outcome.UNSCHEDULABLE:
        return ("node fails",) if answer.node_fails else ("does not fit",)
    return ("allocated", *comparable(answer.allocations))


def _same_steps(ours: Answer, theirs: Mapping[str, Any]) -> bool:
    return ours.steps is None or theirs.get("steps") in (None, ours.steps) or "error" in theirs
