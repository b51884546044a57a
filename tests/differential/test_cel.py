"""
Generated selectors: what the comparison rests on, and a few of them against each oracle.

The long run is ``python -m tests.differential.cel``.
"""

from __future__ import annotations

import pytest

from tests.differential.cel import DEFAULT_FEATURES, Comparison, run
from tests.differential.cel_compare import End, Outcome, agree, dialect_of
from tests.differential.cel_generate import Selector, Term, literal, selector
from tests.differential.cel_shrink import shrink
from tests.oracle.client import Oracle
from tests.oracle.releases import MINORS, oracle_path

DEVICE = {"name": "d", "attributes": {"model": {"string": "a"}, "index": {"int": 1}}, "capacity": {}}


def test_same_seed_same_selector():
    """A seed names its selector, and seeds differ."""
    assert selector(7, list_attributes=True) == selector(7, list_attributes=True)
    assert len({selector(seed, list_attributes=False).text for seed in range(50)}) > 40


@pytest.mark.parametrize(
    ("probe", "their", "our", "agreed"),
    [
        (False, End(Outcome.MATCH), End(Outcome.MATCH), True),
        (False, End(Outcome.MATCH), End(Outcome.NO_MATCH), False),
        (False, End(Outcome.MATCH, cost=7), End(Outcome.MATCH, cost=7), True),
        (False, End(Outcome.MATCH, cost=7), End(Outcome.MATCH, cost=8), False),
        (False, End(Outcome.MATCH, cost=7), End(Outcome.MATCH), True),
        (False, End(Outcome.MATCH), End(Outcome.UNKNOWN, "why"), True),
        (False, End(Outcome.FAILURE, "panic"), End(Outcome.ERROR, "panic"), False),
        (False, End(Outcome.COMPILE_ERROR, "a"), End(Outcome.ERROR, "a"), False),
        (False, End(Outcome.ERROR, "a"), End(Outcome.ERROR, "b"), True),
        (True, End(Outcome.ERROR, "a"), End(Outcome.ERROR, "b"), True),
        (True, End(Outcome.ERROR, "no such key: 1|"), End(Outcome.ERROR, "no such key: 1|"), True),
        (True, End(Outcome.ERROR, "no such key: 1|"), End(Outcome.ERROR, "no such key: 2|"), False),
        (True, End(Outcome.ERROR, "no such key: 1|"), End(Outcome.ERROR, "overflow"), False),
    ],
)
def test_agreement(probe, their, our, agreed):
    """Outcomes count, texts of errors do not, except where a probe shows a value."""
    assert agree(Selector(literal("bool", "true"), DEVICE, probe=probe), their, our) is agreed


def test_shrinking():
    """What does not matter goes, from the expression and from the device."""
    product = Term("int", ("(", " * ", ")"), (literal("int", "7"), literal("int", "1000")))
    large = Term(
        "bool", ("(", " && ", ")"), (literal("bool", "true"), Term("bool", ("(", " > 3)"), (product,)))
    )
    small = shrink(
        Selector(large, DEVICE), lambda one: "7" in one.text and "index" in one.device["attributes"]
    )
    assert small.text == "7"
    assert small.device == {"name": "d", "attributes": {"index": {"int": 1}}, "capacity": {}}


@pytest.mark.parametrize("minor", MINORS)
def test_selectors(minor):
    """We say what Kubernetes says."""
    if oracle_path(minor) is None:
        pytest.skip(f"the oracle of {minor} is not built (make oracle; needs Go)")
    with Oracle(minor) as oracle:
        features = DEFAULT_FEATURES[minor]
        comparison = Comparison(oracle, dialect_of(oracle, features), features)
        report = run(comparison, range(150), out=None, seconds=60)
    assert report.disagreements == []
    assert report.ends[Outcome.MATCH] > 5
    assert report.ends[Outcome.NO_MATCH] > 5
    assert report.values > 5
