"""
Why nothing fits, found by asking the allocator again without what may be in the way.

To a device that passes class and selectors, one obstacle after the other is given back, in the
order of ``_STAGES``; the first with which it cannot be picked any more is its loss. Then obstacles
are taken away one by one, and where none suffices alone, all of them but those that do not matter.
So what is named as a cause is known to be one.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from extender.model import DeviceID, PoolID

from ...allocator.budget import Budget
from ...allocator.picking import Fatal, Unpredictable
from ...allocator.problem import Problem
from ...allocator.search import Search, SearchScope
from ...allocator.shortage import Demand, Shortage, granted, passes, pickable, shortage_of
from ...claims.compiled_claims import Alternative
from ...claims.plan import Plan
from ...cluster.snapshot import NodeState, Snapshot
from ..node_view import NodeView
from .agreement import agreement, covered, is_distinct
from .causes import HOLDING, MOST_NAMED, Cause, CauseCode, Loss, NoFit, RequestFit
from .choices import agreeing_choices, too_many
from .class_counts import ClassCounts, devices_of
from .holders import Holders
from .obstacles import Obstacle, PastBudget, WholeSlices, WithoutObstacles

SEARCH_STEPS = 20_000
"""Most steps of one search without obstacles."""

TOTAL_STEPS = 400_000
"""Most steps of all of them for one pod. Nodes beyond go without causes."""

TOTAL_UNITS = 400_000
"""Most units of work for judging devices for one pod. Nodes beyond go without an answer."""

_STAGES = (
    CauseCode.POOL_INCOMPLETE,
    CauseCode.CAPACITY_TOO_SMALL,
    CauseCode.COUNTERS_TOO_SMALL,
    CauseCode.FEATURE_OFF,
    CauseCode.NODE_OPERATIONS,
    CauseCode.CONSTRAINT,
    CauseCode.TAINTED,
    CauseCode.HELD,
    CauseCode.COUNTERS_SPENT,
    CauseCode.CAPACITY_SPENT,
)

Obstacles = frozenset[Obstacle]
Counts = Mapping[int, int]

_AMOUNTS = frozenset({CauseCode.COUNTERS_TOO_SMALL, CauseCode.CAPACITY_TOO_SMALL})
_JOINT = _AMOUNTS | HOLDING | {CauseCode.CONSTRAINT, CauseCode.COUNTERS_LEAK}
_NOTHING: Obstacles = frozenset()
_HELD: Obstacles = frozenset(map(Obstacle, HOLDING))
_AS_ASKED: Counts = {}


class _Found(NamedTuple):
    """Of one alternative: the devices that pass, those left, and the losses in the order of stages."""

    passing: tuple[DeviceID, ...]
    left: tuple[DeviceID, ...]
    losses: tuple[tuple[Obstacle, tuple[DeviceID, ...]], ...]


class _Ways(NamedTuple):
    """Sets of obstacles each of which suffices to take away, or one whose obstacles all have to go."""

    alone: tuple[Obstacles, ...]
    together: Obstacles


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
        self._steps = TOTAL_STEPS
        self._budget = Budget(TOTAL_STEPS, TOTAL_UNITS)
        self._pickable: dict[Hashable, frozenset[int]] = {}
        self._fits: dict[Hashable, bool | None] = {}
        self._shortages: dict[Hashable, Shortage | None] = {}

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
        stages = tuple(_stages(node))
        found = [self._find(node, stages, each) for each in node.claims.alternatives]
        counts = _counts(node, found)
        key = (view.memo, view.key)
        if key not in self._shortages:
            self._shortages[key] = shortage_of(view.problem)
        shortage = self._shortages[key]
        holders = Holders(node.layout(frozenset(stages))[1], self._snapshot)
        causes: tuple[Cause, ...] = ()
        if judged or counts or shortage is not None:
            lost = {stage for each in found for stage, _ in each.losses}
            ways = self._ways(node, _units(node, stages), lost, counts)
            causes = tuple(self._causes(node, found, counts, ways, holders))
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
            _together(node, found),
            choices if too_many(choices, combined=combined) else 0,
            self._snapshot.release.plugin.timeout_aborts,
        )

    def _find(self, node: WithoutObstacles, stages: tuple[Obstacle, ...], alternative: Alternative) -> _Found:
        gone = frozenset(stages)
        numbers = node.numbers(gone)
        candidates = node.layout(gone)[0].layout.candidates
        remaining = [id_ for id_, number in numbers.items() if passes(candidates[number], alternative)]
        passing, losses = tuple(remaining), []
        for stage in stages:
            gone -= {stage}
            numbers = node.numbers(gone)
            there = tuple(numbers[id_] for id_ in remaining if id_ in numbers)
            left = self._ask_pickable(node, gone, alternative, there)
            lost = tuple(id_ for id_ in remaining if numbers.get(id_) not in left)
            if lost:
                losses.append((stage, lost))
                remaining = [id_ for id_ in remaining if numbers.get(id_) in left]
        return _Found(passing, tuple(remaining), tuple(losses))

    def _ask_pickable(
        self, node: WithoutObstacles, gone: Obstacles, alternative: Alternative, numbers: tuple[int, ...]
    ) -> frozenset[int]:
        key = (node.key(gone), gone, alternative.index, numbers)
        if key not in self._pickable:
            problem = node.problem(gone)
            reduced = problem.claims.alternatives[alternative.index]
            self._pickable[key] = frozenset(pickable(problem, reduced, numbers))
        return self._pickable[key]

    def _ask_fits(self, node: WithoutObstacles, gone: Obstacles, counts: Counts) -> bool | None:
        """Whether the claims fit then; ``None`` past the budget."""
        key = (node.key(gone), gone, tuple(sorted(counts.items())))
        if key not in self._fits:
            self._fits[key] = self._search(node.problem(gone, counts))
        return self._fits[key]

    def _search(self, problem: Problem) -> bool | None:
        search = Search(problem, min(SEARCH_STEPS, self._steps), SearchScope(skips_failing=True))
        try:
            return search.run() is not None
        except Fatal:
            return False
        except Unpredictable:
            return None
        finally:
            self._steps -= search.steps + search.tried

    def _ways(
        self,
        node: WithoutObstacles,
        units: Sequence[Obstacles],
        lost: Collection[Obstacle],
        counts: Counts,
    ) -> _Ways | None:
        """
        What to take away for the claims to fit, besides asking for no more than ``counts``.

        ``None``: no telling.
        """
        if counts and self._ask_fits(node, _NOTHING, counts):
            return _Ways((_NOTHING,), _NOTHING)
        # What took no device and cannot get in the way of several together is no cause alone.
        alone = tuple(
            unit
            for unit in units
            if any(stage in lost or stage.code in _JOINT for stage in unit)
            and self._ask_fits(node, unit, counts)
        )
        if _HELD in alone:
            # What others have taken is not what a device lacks.
            alone = tuple(unit for unit in alone if not {stage.code for stage in unit} <= _AMOUNTS)
        if alone:
            return _Ways(alone, _NOTHING)
        needed = _NOTHING.union(*units)
        if not self._ask_fits(node, needed, counts):
            return None
        for unit in units:
            if self._ask_fits(node, needed - unit, counts):
                needed -= unit
        return _Ways((), needed)

    def _causes(
        self,
        node: WithoutObstacles,
        found: Sequence[_Found],
        counts: Counts,
        ways: _Ways | None,
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
                alone=ways.alone == (_NOTHING,) and len(counts) == 1,
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
        found: Sequence[_Found],
        obstacles: Obstacles,
        holders: Holders,
        *,
        alone: bool,
    ) -> Iterator[Cause]:
        passing = list(dict.fromkeys(id_ for each in found for id_ in each.passing))
        held = [
            (code, names)
            for code, names in (
                (CauseCode.HELD, holders.claims(passing)),
                (CauseCode.COUNTERS_SPENT, holders.consumers(passing)),
            )
            if names and obstacles >= _HELD
        ]
        if len(held) == 2 and set(held[1][1]) <= set(held[0][1]):
            held.pop()
        for code, names in held:
            yield Cause(code, alone and len(held) == 1, *_few(names))
        for obstacle in sorted(obstacles - _HELD):
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
        found: _Found,
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


def _stages(node: WithoutObstacles) -> Iterator[Obstacle]:
    """The obstacles that there may be on the node, in order."""
    for code in _STAGES:
        if code is CauseCode.FEATURE_OFF:
            yield from (Obstacle(code, feature) for feature in node.off)
        elif code is CauseCode.CONSTRAINT:
            for number, claim in enumerate(node.claims.claims):
                for position in range(len(claim.constraints)):
                    yield Obstacle(code, f"{number}/{position}")
        elif code is not CauseCode.POOL_INCOMPLETE or node.missing_pools:
            yield Obstacle(code)


def _units(node: WithoutObstacles, stages: Sequence[Obstacle]) -> list[Obstacles]:
    """Sets of obstacles to take away as one, those that a person would change last first."""
    units = [frozenset((stage,)) for stage in stages if stage.code not in HOLDING]
    if node.leaks:
        units.insert(0, frozenset((Obstacle(CauseCode.COUNTERS_LEAK),)))
    if node.is_used(frozenset(stages)):
        units.append(_HELD)
    return units


def _counts(node: WithoutObstacles, found: Sequence[_Found]) -> dict[int, int]:
    """
    How many devices each request can have with no obstacle at all, where that is fewer than it asks for.

    By the index of the alternative; of alternatives, the one that comes nearest.
    """
    chosen = _chosen(node, found)
    demands = [
        Demand(_asked(each, found[each.index]), _owned(each, found[each.index].passing)) for each in chosen
    ]
    given = granted(demands, node.roomy)
    if given is None:
        return {}
    return {
        alternative.index: count
        for alternative, demand, count in zip(chosen, demands, given, strict=True)
        if count < demand.count
    }


def _together(node: WithoutObstacles, found: Sequence[_Found]) -> tuple[int, int] | None:
    """What all requests ask for and what they can have of the devices left, if that is fewer."""
    chosen = _chosen(node, found)
    demands = [
        Demand(_asked(each, found[each.index]), _owned(each, found[each.index].left)) for each in chosen
    ]
    given = granted(demands, node.roomy)
    asked = sum(demand.count for demand in demands)
    if given is None or sum(given) >= asked:
        return None
    if any(len(demand.devices) < demand.count for demand in demands):
        return None
    return asked, sum(given)


def _chosen(node: WithoutObstacles, found: Sequence[_Found]) -> list[Alternative]:
    """Of the alternatives of each request the one that comes nearest to what it asks for."""
    return [
        max(request.alternatives, key=lambda each: _enough(each, found[each.index]))
        for claim in node.claims.claims
        for request in claim.requests
    ]


def _asked(alternative: Alternative, found: _Found) -> int:
    return max(1, len(found.passing)) if alternative.all_devices else alternative.request.count


def _enough(alternative: Alternative, found: _Found) -> int:
    return min(0, len(found.passing) - _asked(alternative, found))


def _owned(alternative: Alternative, devices: Iterable[DeviceID]) -> list[tuple[DeviceID, int]]:
    """The devices as demands see them: for admin access they are not taken but within the claim."""
    owner = alternative.claim if alternative.admin else -1
    return [(id_, owner) for id_ in devices]


def _few(names: Sequence[str]) -> tuple[tuple[str, ...], int]:
    return tuple(names[:MOST_NAMED]), max(0, len(names) - MOST_NAMED)
