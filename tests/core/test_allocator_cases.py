"""
The allocator's own table cases, as data, with what the real allocator answered.

Each line of ``tests/data/allocator/*.jsonl`` is one case of Kubernetes'
allocatortesting table (see ``tests/allocator_case.py``), run on the named
implementation. ``expect`` is ``{"results": [AllocationResult per claim] | null}``
or ``{"error": text}``; ``allocateOneInvocations`` is how many steps the real
search took.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from extender.core.prediction import Outcome
from extender.core.releases import RELEASES
from tests.allocator_case import comparable, expected_allocations, predict_case

DATA = Path(__file__).parents[1] / "data" / "allocator"
RELEASE_OF = {"allocator-1.36-incubating.jsonl": "1.36.2"}
CASES = [
    (file, json.loads(line)) for file in sorted(RELEASE_OF) for line in (DATA / file).read_text().splitlines()
]


@pytest.mark.parametrize(("file", "case"), CASES, ids=[f"{case['name']}" for _, case in CASES])
def test_case(file: str, case: Mapping[str, Any]) -> None:
    """The search finds what the real allocator found, in as many steps."""
    answer = predict_case(case, RELEASES[RELEASE_OF[file]])
    expect = case["expect"]
    if "error" in expect:
        node_fails = expect["error"].startswith("invalid resource pools")
        assert answer.outcome is (Outcome.UNSCHEDULABLE if node_fails else Outcome.ERROR)
        assert answer.node_fails is node_fails
    elif expect["results"] is None:
        assert answer.outcome is Outcome.UNSCHEDULABLE
        assert not answer.node_fails
    else:
        assert answer.outcome is Outcome.ALLOCATED
        assert comparable(answer.allocations) == comparable(expected_allocations(expect["results"]))
    if answer.steps:
        assert answer.steps == case["allocateOneInvocations"]
