"""Judges and surveys of whole snapshots, with nothing remembered and a budget that suffices."""

from __future__ import annotations

from extender.core.advice.survey import NodeGroup, survey
from extender.core.alignment.worths import DEFAULT_WORTHS
from extender.core.allocator.budget import Budget
from extender.core.claims.plan import Plan
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.claims_memo import Ratings
from extender.core.prediction.judge import NodeJudge


def judge_of(plan: Plan, snapshot: Snapshot) -> NodeJudge:
    return NodeJudge(plan, snapshot, {}, Ratings(DEFAULT_WORTHS), search_steps=100_000)


def surveyed(plan: Plan, snapshot: Snapshot) -> tuple[NodeGroup, ...]:
    return survey(judge_of(plan, snapshot), Budget(400_000, 1_000_000), lambda _: None)
