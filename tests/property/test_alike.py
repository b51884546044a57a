"""Nodes that look the same, judged together, get what each gets one after the other."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.alignment.worths import DEFAULT_WORTHS
from extender.core.allocator.budget import Budget
from extender.core.claims.plan import Plan, plan_of
from extender.core.prediction.claims_memo import Ratings
from extender.core.prediction.judge import Judgement, NodeJudge
from tests.property.test_laws import RELEASES, snapshot_of
from tests.property.worlds import worlds

STEPS = 20_000


def said(judgement: Judgement) -> tuple[object, ...]:
    """All of a judgement that becomes part of an answer."""
    prediction = judgement.prediction
    return (
        prediction.outcome,
        prediction.reason,
        prediction.solution,
        prediction.certainty,
        judgement.alignment,
        judgement.fragmentation,
        judgement.passed_over,
        judgement.has_unlisted,
    )


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=60, deadline=None)
@given(
    world=worlds(),
    seed=st.integers(),
    steps=st.sampled_from((1, 20, 200, 400_000)),
    units=st.sampled_from((0, 1, 10, 40, 100, 500_000)),
)
def test_nodes_judged_together_get_what_they_get_one_by_one(version, world, seed, steps, units):
    """Also where steps or units end before the last node, whatever the order of names."""
    snapshot = snapshot_of(world, version)
    plan = plan_of(world.pod, snapshot)
    names = [node.name for node in world.nodes] + ["absent", "b-absent"]
    asked = random.Random(seed).sample(names, len(names))
    if not isinstance(plan, Plan):
        return

    def judge() -> NodeJudge:
        return NodeJudge(plan, snapshot, {}, Ratings(DEFAULT_WORTHS), STEPS)

    alone = {name: said(judgement) for name, judgement in judge().judge_all(names, Budget(steps, units))}
    together = judge().judge_alike(asked, Budget(steps, units))
    assert {name: said(judgement) for judgement, alike in together for name in alike} == alone
    assert sorted(name for _, alike in together for name in alike) == sorted(names)
