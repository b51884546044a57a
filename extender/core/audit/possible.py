"""
What a running pod could have instead of what it has.

Three questions, each answered on one frozen snapshot: the best devices of its node with
nothing else on it, the best of its node as things stand with its own devices put back,
and the devices that the scheduler would take on another node. Nodes that look alike
to a pod share one search, and all searches share one budget in steps.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from extender.model import Claim, ClaimSpec

from ..alignment.bounds import lowest
from ..alignment.worths import DEFAULT_WORTHS, Worths
from ..allocator.budget import Budget
from ..allocator.layout import UNUSED, LayoutUsage, NodeLayout
from ..allocator.layout_usage import usage_of
from ..allocator.problem import Problem
from ..allocator.search import Solution
from ..allocator.solutions import best_of
from ..claims.preferences import passed_over
from ..cluster.snapshot import NodeState, Snapshot
from ..cluster.usage import NO_USAGE, PoolUsage, pool_usage, pools_held
from ..prediction.claims_memo import ClaimsMemo, ClaimsMemos, Ratings, memo_of
from ..prediction.judge import NodeJudge
from ..prediction.pod_alignment import Placed, aligned
from ..prediction.predict import Prediction
from ..reasons import Certainty
from ..scheduling import Accepted, AcceptingNodes, FilterReason, Unchecked
from .anew import alternatives_missed, plan_anew
from .choices import Choice, Numbers, form_of, renumbered
from .limit import alignment_limit
from .node_kinds import NodeKinds
from .running_pod import RunningPod

STEPS_PER_NODE = 10_000
"""Search steps for one node and pod."""

AUDIT_STEPS = 200_000
"""Search steps and choices of devices rated, for all pods together."""

AUDIT_UNITS = 20_000_000
"""Units of work for selectors, for all pods together: seconds."""

_ROUNDING = 1e-9

# Distinct choices of devices whose rating is remembered.
_MOST_RATED = 200_000


class Bound(NamedTuple):
    """
    A best alignment, ``None`` where none is known.

    Not ``complete``: the search was given up, and there may be better.
    """

    alignment: float | None
    complete: bool


class Elsewhere(NamedTuple):
    """A node, and the alignment of the devices that the scheduler would take there."""

    node: str
    alignment: float


@dataclass(frozen=True, slots=True)
class Possible:
    """
    What one pod could have. Alignments are 0..1, with pairs of unknown distance counted as far apart.

    ``empty``: on its node if nothing else ran there. ``here``: on its node as things
    stand; what it has where its node would not accept it again, with ``refused_here`` as the reason.
    ``elsewhere``: the best of the other nodes that accept the pod; ``None`` where none can take it, or
    where it has the best there is. ``unchecked``: what is not known of the nodes that accept it; empty
    where that makes no difference.
    """

    empty: Bound
    here: Bound
    elsewhere: Elsewhere | None
    refused_here: FilterReason | None = None
    unchecked: tuple[Unchecked, ...] = ()


_NOTHING_KNOWN = Possible(Bound(None, complete=False), Bound(None, complete=False), None)


class Possibilities:
    """
    Answers for pods of one ``snapshot``, in any order; equal questions are asked once.

    ``kinds``: of its nodes as they stand. ``memos``: what is remembered of the pods' claims, for other judges
    of the same lineage.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        kinds: NodeKinds,
        worths: Worths = DEFAULT_WORTHS,
        steps: int = AUDIT_STEPS,
    ) -> None:
        self._snapshot = snapshot
        self._kinds = kinds
        self._budget = Budget(steps, AUDIT_UNITS)
        self._worths = worths
        self.memos: ClaimsMemos = {}
        self._ratings = Ratings(worths)
        self._layouts: dict[tuple[ClaimsMemo, int], NodeLayout] = {}
        self._bests: dict[tuple[ClaimsMemo, int, LayoutUsage, Choice, int, float], Bound] = {}
        self._tops: dict[tuple[tuple[ClaimSpec, ...], int, Hashable], tuple[Elsewhere, ...]] = {}
        self._rated: dict[tuple[Numbers, ...] | Choice, float | None] = {}

    @property
    def spent(self) -> bool:
        """Whether the budget is spent, so that answers may have missed something."""
        return self._budget.spent

    def of(self, running: RunningPod) -> Possible:
        """
        What the pod could have; never less than it has.

        Claims that pods with other claims use too keep their devices, and bind the pod to its node.
        """
        free = running.free
        specs = tuple([claim.spec for claim in free])
        memo = memo_of(specs, self._snapshot, self.memos, self._budget)
        if isinstance(memo, Prediction):
            return _NOTHING_KNOWN
        state = self._snapshot.nodes[running.pod.node_name]
        node_layout = self._layout(memo, state)
        if node_layout is None:
            return _NOTHING_KNOWN
        fixed: Choice = ()
        usage, has = UNUSED, running.lowest
        if running.kept:
            fixed = _fixed(running)
            usage = self._restricted(node_layout, state, self._usage_by(running, state))
        missed = alternatives_missed(running, free, specs, memo.preferring)
        empty = _at_least(has, self._best(memo, node_layout, usage, fixed, missed, enough=1.0))
        here = Bound(has, empty.complete)
        if not empty.complete or has < (empty.alignment or 0.0):
            usage = self._restricted(node_layout, state, self._usage_without(free, state))
            enough = (empty.alignment or 1.0) if empty.complete else 1.0
            here = _at_least(has, self._best(memo, node_layout, usage, fixed, missed, enough=enough))
        if running.highest >= 1.0:
            return Possible(empty, here, None)
        accepted = self.accepting.accepted(self.accepting.pod((running.pod.namespace, running.pod.name)))
        refused_here = accepted.refusal(running.pod.node_name)
        if refused_here is not None:
            here = Bound(has, here.complete)
        elsewhere = None
        if len(free) == len(running.claims):
            elsewhere = self._elsewhere(running, specs, missed, accepted)
        return Possible(empty, here, elsewhere, refused_here, accepted.unchecked)

    @cached_property
    def accepting(self) -> AcceptingNodes:
        """Which nodes accept the pods, as things stand."""
        return AcceptingNodes(self._snapshot.objects, self._snapshot.release)

    def _layout(self, memo: ClaimsMemo, state: NodeState) -> NodeLayout | None:
        """How a node and all of its kind look to the claims; ``None`` where the budget does not suffice."""
        self._kinds.follow(memo.projector)
        key = memo, self._kinds.of(state.node.name)
        layout = self._layouts.get(key)
        if layout is None:
            layout = memo.projector.project(state.inventory, self._budget)
            if layout is not None:
                self._layouts[key] = layout
        return layout

    def _elsewhere(
        self, running: RunningPod, specs: tuple[ClaimSpec, ...], missed: int, accepted: Accepted
    ) -> Elsewhere | None:
        key = (specs, missed, accepted.question)
        top = self._tops.get(key)
        if top is None:
            top = self._tops[key] = self._best_predicted(running, missed, accepted)
        return next((option for option in top if option.node != running.pod.node_name), None)

    def _restricted(
        self, node_layout: NodeLayout, state: NodeState, usage: Sequence[PoolUsage]
    ) -> LayoutUsage:
        return usage_of(node_layout, state.inventory, usage, self._snapshot.release)

    def _usage_by(self, running: RunningPod, state: NodeState) -> list[PoolUsage]:
        """The node's usage if there were no pods but those whose claims keep their devices."""
        shared = [claim for claim in running.claims if claim.name in running.kept]
        release = self._snapshot.release
        held = {pool for claim in shared for pool in pools_held(claim)}
        return [
            pool_usage(pool.id, shared, release) if pool.id in held else NO_USAGE
            for pool in state.inventory.pools
        ]

    def _usage_without(self, gone: Sequence[Claim], state: NodeState) -> list[PoolUsage]:
        """The node's usage once some claims have given back their devices."""
        keys = {claim.key for claim in gone}
        held = {pool for claim in gone for pool in pools_held(claim)}
        return [
            pool_usage(
                pool.id,
                [claim for claim in self._snapshot.holders.get(pool.id, ()) if claim.key not in keys],
                self._snapshot.release,
            )
            if pool.id in held
            else usage
            for pool, usage in zip(state.inventory.pools, state.usage, strict=True)
        ]

    def _best(
        self,
        memo: ClaimsMemo,
        node_layout: NodeLayout,
        usage: LayoutUsage,
        fixed: Choice,
        missed: int,
        enough: float,
    ) -> Bound:
        """
        The best of all choices of devices that pass over no more alternatives than ``missed``.

        It is not looked further once ``enough`` is reached.
        """
        key = (memo, node_layout.number, usage, fixed, missed, enough)
        best = self._bests.get(key)
        if best is None:
            problem = Problem(memo.compiled, node_layout.layout, usage, memo.release)
            best = self._bests[key] = self._search_best(problem, memo, fixed, missed, enough)
        return best

    def _search_best(
        self, problem: Problem, memo: ClaimsMemo, fixed: Choice, missed: int, enough: float
    ) -> Bound:
        if self.spent:
            return Bound(None, complete=False)
        enough = min(enough, alignment_limit(problem, fixed, memo.askers, self._worths))

        def rate(solution: Solution) -> float | None:
            if passed_over(solution.selected, memo.preferring) > missed:
                return None
            return self._rating((*fixed, *_chosen(problem, memo.askers, solution)))

        best = best_of(problem, min(STEPS_PER_NODE, self._budget.left), rate, enough - _ROUNDING)
        self._budget.spend(best.visits if best.complete else STEPS_PER_NODE)
        return Bound(best.rating, best.complete)

    def _rating(self, choice: Choice) -> float | None:
        if len(choice) < 2:
            return None
        form: tuple[Numbers, ...] | Choice | None = form_of(choice)
        if form is None:
            form = tuple(sorted(choice))
        if form not in self._rated:
            if len(self._rated) >= _MOST_RATED:
                self._rated.clear()
            alignment = aligned(renumbered(choice), self._worths)
            self._rated[form] = lowest(alignment, self._worths) if alignment.pairs else None
        return self._rated[form]

    def _best_predicted(self, running: RunningPod, missed: int, accepted: Accepted) -> tuple[Elsewhere, ...]:
        """
        The two nodes with the best devices that the scheduler is certain to take for the pod's claims,
        best first, of those that accept the pod and pass over no more alternatives than ``missed``. The
        pod's name is of no consequence: pods with equal claims that the same nodes accept share the answer.
        """
        plan = plan_anew(running, running.claims)
        judge = NodeJudge(plan, self._snapshot, self.memos, self._ratings, STEPS_PER_NODE)
        options: list[Elsewhere] = []
        for first, *more in self._accepting_by_kind(accepted):
            perfect = sorted(option.node for option in options if option.alignment >= 1.0)
            if len(perfect) > 1 and perfect[1] < first:
                break
            judgement = judge.judge(first, self._budget)
            alignment = judgement.alignment
            certain = judgement.prediction.certainty is Certainty.EXACT and judgement.passed_over <= missed
            if certain and alignment is not None and alignment.pairs:
                options += [Elsewhere(name, lowest(alignment, self._worths)) for name in (first, *more)]
        return tuple(sorted(options, key=lambda option: (-option.alignment, option.node))[:2])

    def _accepting_by_kind(self, accepted: Accepted) -> list[list[str]]:
        """Of each kind the first two nodes that accept the pod, in the order of the first ones' names."""
        # Its own node is no other for this pod, but for the next one that shares the answer.
        refusals = accepted.refusals
        found = []
        for kind in self._kinds.appeared:
            names = (name for _, name in self._kinds.places(kind) if refusals.get(name) is None)
            if first := list(islice(names, 2)):
                found.append(first)
        return sorted(found)


def _at_least(has: float, bound: Bound) -> Bound:
    return Bound(max(has, bound.alignment or 0.0), bound.complete)


def _fixed(running: RunningPod) -> Choice:
    """The devices that the pod uses of claims that keep theirs."""
    return tuple(
        Placed(device.location, device.asker)
        for device in running.devices
        if device.claim in running.kept and device.location is not None and not device.result.admin_access
    )


def _chosen(problem: Problem, askers: Sequence[int], solution: Solution) -> list[Placed]:
    """A solution's devices; those with admin access watch, they do not work."""
    return [
        Placed(problem.layout.candidates[pick.candidate].location, askers[pick.alternative])
        for picks in solution.picks
        for pick in picks
        if not problem.claims.alternatives[pick.alternative].admin
    ]
