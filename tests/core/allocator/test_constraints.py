"""Constraints: what each takes in, and that removing restores what was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.core.allocator.compared_values import INCOMPARABLE, MISSING, ValueClass
from extender.core.allocator.constraints import (
    DeviceConstraint,
    DistinctByDevice,
    DistinctByRequest,
    MatchAnyValue,
    MatchAttribute,
    constraint_of,
)
from extender.core.claims.compiled_claims import CompiledConstraint, ConstraintKind
from extender.core.releases.history import release_for
from extender.core.releases.release import DistinctRule


def some(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


REMOVE = "remove"
Step = tuple[str, ValueClass, bool] | tuple[str, str]
"""(request, value, whether it is taken in), or (request, REMOVE)."""


class Case(NamedTuple):
    make: Callable[[], DeviceConstraint]
    steps: Sequence[Step]


def narrow() -> MatchAnyValue:
    return MatchAnyValue(stays_narrow=True)


def wide() -> MatchAnyValue:
    return MatchAnyValue(stays_narrow=False)


def distinct() -> DistinctByDevice:
    return DistinctByDevice(sets=False)


def distinct_sets() -> DistinctByDevice:
    return DistinctByDevice(sets=True)


def by_request() -> DistinctByRequest:
    return DistinctByRequest(never_equal=False)


def never_equal() -> DistinctByRequest:
    return DistinctByRequest(never_equal=True)


CASES = {
    "match: one value": Case(MatchAttribute, [("r", 0, True), ("s", 0, True), ("r", 1, False)]),
    "match: no value": Case(MatchAttribute, [("r", MISSING, False), ("r", 1, True), ("r", MISSING, False)]),
    "match: the last to go frees the value": Case(
        MatchAttribute,
        [("r", 0, True), ("s", 0, True), ("s", REMOVE), ("s", 1, False), ("r", REMOVE), ("r", 1, True)],
    ),
    "match: the first may be incomparable, the second not": Case(
        MatchAttribute, [("r", INCOMPARABLE, True), ("s", INCOMPARABLE, False), ("s", 0, False)]
    ),
    "match any: narrows down": Case(
        wide, [("r", some(0, 1), True), ("s", some(1, 2), True), ("s", some(0), False), ("s", some(1), True)]
    ),
    "match any: a refused device changes nothing": Case(
        wide, [("r", some(0, 1), True), ("s", some(2), False), ("s", some(0), True)]
    ),
    "match any: nothing to share": Case(
        wide, [("r", MISSING, False), ("r", INCOMPARABLE, False), ("r", some(), False), ("r", some(0), True)]
    ),
    "match any: removing widens again": Case(
        wide, [("r", some(0, 1), True), ("s", some(1), True), ("s", REMOVE), ("s", some(0), True)]
    ),
    "match any, staying narrow: it does not": Case(
        narrow, [("r", some(0, 1), True), ("s", some(1), True), ("s", REMOVE), ("s", some(0), False)]
    ),
    "match any, staying narrow: removing all forgets": Case(
        narrow,
        [("r", some(0, 1), True), ("s", some(1), True), ("s", REMOVE), ("r", REMOVE), ("r", some(0), True)],
    ),
    "distinct: all differ": Case(distinct, [("r", 0, True), ("r", 1, True), ("s", 0, False), ("s", 2, True)]),
    "distinct: no value": Case(distinct, [("r", MISSING, False), ("r", 0, True), ("s", MISSING, False)]),
    "distinct: an incomparable first passes": Case(
        distinct, [("r", INCOMPARABLE, True), ("s", INCOMPARABLE, False), ("s", 0, True)]
    ),
    "distinct: removing frees the value": Case(
        distinct, [("r", 0, True), ("s", 1, True), ("s", REMOVE), ("s", 1, True), ("s", 0, False)]
    ),
    "distinct sets: disjoint": Case(
        distinct_sets, [("r", some(0, 1), True), ("s", some(1, 2), False), ("s", some(2), True)]
    ),
    "distinct sets: never incomparable": Case(
        distinct_sets, [("r", INCOMPARABLE, False), ("r", some(0), True)]
    ),
    "by request: of a request the last counts": Case(
        by_request, [("r", 0, True), ("r", 1, True), ("s", 1, False), ("s", 0, True)]
    ),
    "by request: removing forgets the request's others too": Case(
        by_request, [("r", 0, True), ("r", 1, True), ("r", REMOVE), ("s", 0, True)]
    ),
    "by request: no value": Case(by_request, [("r", MISSING, False), ("r", 0, True), ("s", MISSING, False)]),
    "by request: incomparable only first": Case(
        by_request, [("r", INCOMPARABLE, True), ("s", INCOMPARABLE, False), ("s", 0, True)]
    ),
    "never equal: all pass that have a value": Case(
        never_equal,
        [("r", 0, True), ("s", 0, True), ("t", 0, True), ("t", INCOMPARABLE, False), ("t", MISSING, False)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_steps(case):
    """Each step is taken in or refused as upstream's constraint does."""
    make, steps = CASES[case]
    constraint = make()
    for number, step in enumerate(steps):
        if len(step) == 2:
            constraint.remove(step[0])
        else:
            request, value, expected = step
            assert constraint.add(request, value) is expected, f"step {number}"


VALUES = st.one_of(st.integers(-2, 3), st.frozensets(st.integers(0, 3), max_size=3))


@pytest.mark.parametrize("make", [MatchAttribute, wide, distinct, distinct_sets])
@given(values=st.lists(VALUES, max_size=6), probes=st.lists(VALUES, max_size=4))
def test_what_is_added_and_removed_leaves_no_trace(make, values, probes):
    """After a detour the same devices are taken in as without."""
    straight, detoured = make(), make()
    for value in values:
        straight.add("r", value)
        detoured.add("r", value)
    added = [probe for probe in probes if detoured.add("d", probe)]
    for _ in added:
        detoured.remove("d")
    for probe in (*probes, *values):
        assert straight.add("p", probe) is detoured.add("p", probe)


LISTS = {"DRAListTypeAttributes": True}
MATCH, DISTINCT = (
    CompiledConstraint(kind, "a/b") for kind in (ConstraintKind.MATCH, ConstraintKind.DISTINCT)
)


@pytest.mark.parametrize(
    ("version", "gates", "kind", "expected"),
    [
        ("1.34", {}, MATCH, MatchAttribute),
        ("1.36.2", {}, MATCH, MatchAttribute),
        ("1.37", LISTS, MATCH, MatchAnyValue),
        ("1.36.2", {}, DISTINCT, DistinctByRequest),
        ("1.37", LISTS, DISTINCT, DistinctByDevice),
    ],
)
def test_which_rule_a_release_has(version, gates, kind, expected):
    """By the release's switches, a fresh one each time."""
    release = release_for(version, gates)
    assert type(constraint_of(kind, release)) is expected
    assert constraint_of(kind, release) is not constraint_of(kind, release)


def test_never_equal_is_a_switch():
    """1.34 compares pointers, so nothing collides."""
    release = replace(release_for("1.36.2"), distinct=DistinctRule.NEVER_EQUAL)
    constraint = constraint_of(DISTINCT, release)
    assert constraint.add("r", 0)
    assert constraint.add("s", 0)
