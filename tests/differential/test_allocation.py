"""
A bounded share of the comparison with Kubernetes' allocator, and the comparison itself.

The share needs the oracles (``make oracle``); everything else runs anywhere.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from extender.core.reasons import Certainty, Outcome
from tests.allocator_case import Answer
from tests.differential import allocation, allocation_case, allocation_compare
from tests.differential.allocation_case import case
from tests.differential.allocation_compare import VERSIONS, Finding, compare
from tests.differential.allocation_rules import RULES, rules_of
from tests.differential.allocation_shrink import shrink
from tests.oracle.client import Oracle
from tests.oracle.releases import oracle_path

MINORS = sorted(VERSIONS)
CASES = {"1.34": 150, "1.35": 150, "1.36": 500, "1.37": 500, "1.38": 500}
NODE_ONLY = {"error": "invalid resource pools were encountered", "onNode": True}


@pytest.mark.parametrize("minor", MINORS)
def test_a_share(minor):
    """Generated cases end as the real allocator says; the seeds are the first ones, so runs repeat."""
    if oracle_path(minor) is None:
        pytest.skip(f"the oracle of {minor} is not built: run 'make oracle' (needs Go)")
    with Oracle(minor) as oracle:
        report = allocation.run(minor, range(1, CASES[minor] + 1), oracle)
    assert report.minimal == []
    assert report.findings[Finding.AGREED] > 0.9 * report.cases
    assert report.findings[Finding.UNKNOWN] <= 0.02 * report.cases


def test_what_we_predict_of_consumable_capacity_of_1_34(monkeypatch):
    """Where its code crashes we do not know; a good part does not come to that, and is right."""
    if oracle_path("1.34") is None:
        pytest.skip("the oracle of 1.34 is not built: run 'make oracle' (needs Go)")
    monkeypatch.setattr(allocation_case, "CRASHING", 1.0)
    with Oracle("1.34") as oracle:
        report = allocation.run("1.34", range(1, 301), oracle)
    assert report.minimal == []
    assert report.ends["panic"]
    assert report.findings[Finding.AGREED] > 0.2 * report.cases


@pytest.mark.parametrize("minor", MINORS)
def test_a_seed_is_a_case(minor):
    """The same seed gives the same case, another seed another."""
    assert case(minor, 7) == case(minor, 7)
    assert case(minor, 7) != case(minor, 8)


def test_rules_have_names_of_their_own():
    """Each rule once; a minor has those that exist in it."""
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert {rule.name for rule in rules_of("1.38")} < set(names)


class Scripted:
    """An oracle that answers by a function of the case and the number of runs."""

    def __init__(self, answers: list[Mapping[str, Any]]) -> None:
        self.answers = answers
        self.runs: list[int] = []

    def allocate(self, case: Mapping[str, Any], *, runs: int, **_: float) -> Mapping[str, Any]:
        del case
        self.runs.append(runs)
        return {"answers": self.answers} if len(self.answers) > 1 else self.answers[0]


def found(
    monkeypatch: pytest.MonkeyPatch, minor: str, ours: Answer, *theirs: Mapping[str, Any]
) -> tuple[Finding, list[int]]:
    ours = replace(ours, fixed_order=minor >= "1.36")
    monkeypatch.setattr(allocation_compare, "predict_case", lambda *_, **__: ours)
    scripted = Scripted(list(theirs))
    return compare({}, minor, cast("Oracle", scripted)).finding, scripted.runs


FITS_NOT = Answer(Outcome.UNSCHEDULABLE)
BY_CHANCE = Answer(Outcome.UNSCHEDULABLE, Certainty.ORDER_DEPENDENT)


@pytest.mark.parametrize(
    ("ours", "theirs", "finding"),
    [
        (FITS_NOT, [{"results": None}], Finding.AGREED),
        (FITS_NOT, [{"error": "boom"}], Finding.DIFFERENT),
        (FITS_NOT, [NODE_ONLY], Finding.DIFFERENT),
        (Answer(Outcome.UNSCHEDULABLE, node_fails=True), [NODE_ONLY], Finding.AGREED),
        (Answer(Outcome.ERROR), [{"error": "boom"}], Finding.AGREED),
        (Answer(Outcome.ERROR), [NODE_ONLY], Finding.DIFFERENT),
        (FITS_NOT, [{"results": None}, {"error": "boom"}], Finding.DIFFERENT),
        (BY_CHANCE, [{"results": None}, {"error": "boom"}], Finding.AGREED),
        (BY_CHANCE, [{"error": "boom"}, {"results": []}], Finding.DIFFERENT),
        (BY_CHANCE, [{"results": None}], Finding.VAGUE),
        (Answer(Outcome.UNKNOWN), [{"results": None}], Finding.UNKNOWN),
        (FITS_NOT, [{"timeout": True}], Finding.UNDECIDED),
        (FITS_NOT, [{"panic": "boom"}], Finding.DIFFERENT),
        (BY_CHANCE, [{"results": None}, {"panic": "boom"}], Finding.AGREED),
    ],
)
def test_what_counts_as_different(monkeypatch, ours, theirs, finding):
    """Exact: the only answer of all runs. Order-dependent: one of them."""
    assert found(monkeypatch, "1.35", ours, *theirs)[0] is finding


def test_a_possible_answer_is_looked_for_longer(monkeypatch):
    """An order that is rare does not make us wrong."""
    _, runs = found(monkeypatch, "1.34", BY_CHANCE, {"error": "boom"})
    assert runs == [allocation_compare.RUNS, *allocation_compare.MORE_RUNS]


def test_steps_are_compared_where_both_count(monkeypatch):
    """The same result by another way is a difference."""
    ours = Answer(Outcome.UNSCHEDULABLE, steps=3)
    assert found(monkeypatch, "1.36", ours, {"results": None, "steps": 3})[0] is Finding.AGREED
    assert found(monkeypatch, "1.36", ours, {"results": None, "steps": 4})[0] is Finding.DIFFERENT


def test_shrinking():
    """What a planted fault does not need goes; what makes an object one stays."""
    full = next(
        made
        for made in (case("1.36", seed) for seed in range(100))
        if len(made["slices"]) > 2 and len(made["claims"]) > 1
    )
    wanted = full["slices"][1]["spec"]["driver"]
    before = copy.deepcopy(full)

    def fault(candidate: Mapping[str, Any]) -> bool:
        return any(each["spec"]["driver"] == wanted for each in candidate["slices"])

    small = shrink(full, fault)
    assert full == before
    assert len(small["slices"]) == 1
    assert small["claims"] == small["classes"] == []
    assert small["slices"][0]["spec"]["pool"]["name"]
