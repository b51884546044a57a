"""
Why nothing fits, found by asking the allocator again without what may be in the way.

``findings`` tells what each request finds and what it loses to each obstacle, ``ways`` which obstacles
to take away for the claims to fit. Here both become causes with the names that a person knows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from extender.model import DeviceID, PoolID

from ...allocator.budget import Budget
from ...allocator.shortage import Shortage, shortage_of
from ...claims.compiled_claims import Alternative
from ...claims.plan import Plan
from ...cluster.snapshot import NodeState, Snapshot
from ..node_view import NodeView
from .agreement import agreement, covered, is_distinct
from .causes import MOST_NAMED, Cause, CauseCode, Loss, NoFit, RequestFit
from .choices import agreeing_choices, too_many
from .class_counts import ClassCounts, devices_of
from .findings import Findings, Found, granted_counts, granted_together, stages_of
from .holders import Holders
from .obstacles import HELD, NOTHING, Obstacle, Obstacles
from .ways import TOTAL_STEPS, Counts, Ways, WaysOut, units_of
from .whole_slices import WholeSlices
from .without_obstacles import PastBudget, WithoutObstacles

TOTAL_UNITS = 400_000
"""Most units of work for judging devices for one pod. Nodes beyond go without an answer."""


class _Look(NamedTuple):
    """What is found on a node, before claims and pools get their names. ``together``: see ``NoFit``."""

    stages: tuple[Obstacle, ...]
    found: Sequence[Found]
    counts: Counts
    shortage: Shortage | None
    ways: Ways | None
    together: tuple[int, int] | None


class Diagnoses:
    """
    Tells for the nodes of one snapshot why the claims of one plan do not fit on them.

    What was found out for one node serves all that look the same.
    """

    def __init__(self, plan: Plan, snapshot: Snapshot) -> None:
        self._plan = plan
        self._snapshot = snapshot
        self._slices = WholeSlices(snapshot)
        self._classes = ClassCounts()
        self._budget = Budget(TOTAL_STEPS, TOTAL_UNITS)
        self._findings = Findings()
        self._ways = WaysOut()
        self._shortages: dict[Hashable, Shortage | None] = {}
        self._looks: dict[Hashable, tuple[tuple[DeviceID, ...], _Look]] = {}

    def of(self, view: NodeView, state: NodeState, *, judged: bool) -> NoFit | None:
        """
        Why the claims do not fit. ``judged``: it is known that they do not.

        Where it is not, there are causes only if counting devices suffices to know. ``None``: it takes
        too much work to tell.
        """
        node = WithoutObstacles(view, state, self._slices, self._budget)
        try:
            return self._diagnosed(node, view, judged=judged)
        except PastBudget:
            return None

    def _diagnosed(self, node: WithoutObstacles, view: NodeView, *, judged: bool) -> NoFit:
        looked = self._looked_at(node, view, judged=judged)
        stages, found, shortage = looked.stages, looked.found, looked.shortage
        holders = Holders(node.layout(frozenset(stages))[1], self._snapshot)
        causes = tuple(self._causes(node, found, looked.counts, looked.ways, holders))
        requests = [
            self._request(node, stages, each, of_it, holders)
            for each, of_it in zip(node.claims.alternatives, found, strict=True)
        ]
        combined = self._snapshot.release.order.combinations
        choices = 0 if shortage is None else shortage.most_steps
        disagree = any(cause.code is CauseCode.CONSTRAINT and cause.asks > cause.devices for cause in causes)
        if choices or disagree:
            left = [dict(zip(each.left, node.candidates(each.left), strict=True)) for each in found]
            choices = agreeing_choices(node.claims, left, combined=combined) or choices
        return NoFit(
            tuple(requests),
            causes,
            tuple(map(node.pool_slices, sorted(node.missing_pools))),
            looked.together,
            choices if too_many(choices, combined=combined) else 0,
            self._snapshot.release.plugin.timeout_aborts,
        )

    def _looked_at(self, node: WithoutObstacles, view: NodeView, *, judged: bool) -> _Look:
        """What is found on the node; where nothing but its view decides that, once for all equal views."""
        if not node.is_as_seen:
            return self._look(node, view, judged=judged)
        key, devices = (view.memo, view.key, judged), tuple(node.numbers(NOTHING))
        if key not in self._looks:
            self._looks[key] = (devices, self._look(node, view, judged=judged))
        its_devices, look = self._looks[key]
        if its_devices == devices:
            return look
        same = dict(zip(its_devices, devices, strict=True))
        return look._replace(found=[each.renamed(same) for each in look.found])

    def _look(self, node: WithoutObstacles, view: NodeView, *, judged: bool) -> _Look:
        stages = tuple(stages_of(node))
        found = [self._findings.of(node, stages, each) for each in node.claims.alternatives]
        counts = granted_counts(node, found)
        key = (view.memo, view.key)
        if key not in self._shortages:
            self._shortages[key] = shortage_of(view.problem)
        ways = None
        if judged or counts or self._shortages[key] is not None:
            lost = {stage for each in found for stage, _ in each.losses}
            ways = self._ways.of(node, units_of(node, stages), lost, counts)
        return _Look(stages, found, counts, self._shortages[key], ways, granted_together(node, found))

    def _causes(
        self,
        node: WithoutObstacles,
        found: Sequence[Found],
        counts: Counts,
        ways: Ways | None,
        holders: Holders,
    ) -> Iterator[Cause]:
        if ways is None:
            return
        for index, count in counts.items():
            alternative = node.claims.alternatives[index]
            asked = alternative.request.count if not alternative.all_devices else 1
            few = len(found[index].passing) < asked
            yield Cause(
                CauseCode.TOO_FEW_DEVICES if few else CauseCode.REQUESTS_COMPETE,
                alone=ways.alone == (NOTHING,) and len(counts) == 1,
                claim=self._plan.claim_names[alternative.claim],
                request=alternative.result_name,
                asks=len(found[index].passing) if alternative.all_devices else asked,
                devices=count,
            )
        for unit in ways.alone:
            yield from self._named(node, found, unit, holders, alone=not counts)
        yield from self._named(node, found, ways.together, holders, alone=False)

    def _named(
        self,
        node: WithoutObstacles,
        found: Sequence[Found],
        obstacles: Obstacles,
        holders: Holders,
        *,
        alone: bool,
    ) -> Iterator[Cause]:
        passing = list(dict.fromkeys(id_ for each in found for id_ in each.passing))
        held = []
        if obstacles >= HELD:
            by_code = (
                (CauseCode.HELD, holders.claims(passing)),
                (CauseCode.COUNTERS_SPENT, holders.consumers(passing)),
            )
            held = [(code, names) for code, names in by_code if names]
        if len(held) == 2 and set(held[1][1]) <= set(held[0][1]):
            held.pop()
        for code, names in held:
            yield Cause(code, alone and len(held) == 1, *_few(names))
        for obstacle in sorted(obstacles - HELD):
            lost = [id_ for each in found for stage, ids in each.losses if stage == obstacle for id_ in ids]
            names = self._names(node, obstacle, lost or passing, holders)
            cause = Cause(obstacle.code, alone, *_few(names))
            if obstacle.code is CauseCode.CONSTRAINT:
                claim, position = map(int, obstacle.detail.split("/"))
                left = [node.candidates(each.left) for each in found]
                asks, agreeing = agreement(node.claims, claim, position, left)
                name = self._plan.claim_names[claim]
                over = covered(node.claims, claim, position)[:MOST_NAMED]
                distinct = is_distinct(node.claims, claim, position)
                cause = replace(
                    cause, claim=name, requests=over, asks=asks, devices=agreeing, distinct=distinct
                )
            yield cause

    def _request(
        self,
        node: WithoutObstacles,
        stages: Sequence[Obstacle],
        alternative: Alternative,
        found: Found,
        holders: Holders,
    ) -> RequestFit:
        _, inventory = node.layout(frozenset(stages))
        asks = None if alternative.all_devices else alternative.request.count
        few = len(found.passing) < (1 if asks is None else asks)
        return RequestFit(
            claim=self._plan.claim_names[alternative.claim],
            request=alternative.result_name,
            asks=asks,
            prioritized=bool(alternative.parent),
            devices=sum(1 for _ in devices_of(inventory)),
            of_class=self._classes.count(alternative, inventory, self._snapshot.release) if few else None,
            passing=len(found.passing),
            left=len(found.left),
            losses=tuple(
                Loss(stage.code, len(lost), *_few(self._names(node, stage, lost, holders)))
                for stage, lost in found.losses
            ),
        )

    def _names(
        self, node: WithoutObstacles, stage: Obstacle, lost: Sequence[DeviceID], holders: Holders
    ) -> list[str]:
        """What took the devices; see ``Loss``."""
        match stage.code:
            case CauseCode.HELD | CauseCode.CAPACITY_SPENT:
                return holders.claims(lost)
            case CauseCode.COUNTERS_SPENT:
                return holders.consumers(lost)
            case CauseCode.TAINTED:
                return holders.taint_keys(lost)
            case CauseCode.COUNTERS_TOO_SMALL:
                return holders.counter_sets(lost)
            case CauseCode.POOL_INCOMPLETE:
                pools = {PoolID(id_.driver, id_.pool) for id_ in lost} & node.missing_pools
                return sorted(map(str, pools or node.missing_pools))
            case CauseCode.FEATURE_OFF:
                return list(node.gates(stage.detail))
            case CauseCode.CONSTRAINT:
                claim, _, position = stage.detail.partition("/")
                return [node.claims.claims[int(claim)].constraints[int(position)].attribute]
            case _:
                return []


def _few(names: Sequence[str]) -> tuple[tuple[str, ...], int]:
    return tuple(names[:MOST_NAMED]), max(0, len(names) - MOST_NAMED)
