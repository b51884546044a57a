"""
Whether the random order of pools and slices can change what a search finds.

Up to 1.35 (and in the stable allocator) pools come in the order of a Go map and
slices in that of an informer's list. Candidates of one slice keep their order, so
only candidates of different slices can swap positions.

The search visits solutions in lexicographic order of its choices. So the first
solution F in our order is first in every order unless another solution differs from
it first in a choice that can come before F's in some order. ``check_order`` looks
for such a solution: for each pick of F it searches once more with F's picks before
it, and instead of it those later candidates that may come earlier. If there is one,
some order yields it or another; if there is none, every order yields F. An attempt
that aborts is a solution in this sense, and where no solution exists at all, no order
can make one.

That holds while what can be picked depends on the picks before only. Where it also
depends on what was tried, or where *all* devices are spread over slices (their order
in the result changes), all orders are tried instead, if they are few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations, product
from math import factorial, prod
from typing import NamedTuple

from ..claims.compiled_claims import Alternative, ConstraintKind
from ..releases.release import DistinctRule
from .layout import Layout, LayoutUsage
from .picking import Fatal, Unpredictable
from .problem import Problem
from .search import OPEN, Search, SearchScope, Solution

MAX_ORDERS = 24
"""Most orders of slices that are tried one by one."""


class OrderCheck(NamedTuple):
    """``matters``: some order may give another answer. ``steps``: what the check took."""

    matters: bool
    steps: int = 0


def check_order(problem: Problem, budget: int, search: Search, found: Solution | Fatal | None) -> OrderCheck:
    """
    Whether some order of pools and slices may give another answer than ``found``.

    ``search`` is the one that found it, as it was left. Past ``budget`` search steps
    the answer is yes.
    """
    if any(pool.ambiguous for pool in problem.layout.pools):
        return OrderCheck(matters=True)
    if problem.release.order.fixed:
        return OrderCheck(matters=False)
    scattered = [
        alternative
        for alternative in problem.claims.alternatives
        if _is_scattered(alternative, problem.layout, problem.usage)
    ]
    if not scattered:
        return OrderCheck(matters=False)
    again = _Again(problem, budget)
    if _depends_on_attempts(problem) or any(alternative.all_devices for alternative in scattered):
        return OrderCheck(again.differs_in_some_order(found), again.steps)
    if found is None:
        return OrderCheck(matters=False)
    if isinstance(found, Fatal) and found.candidate is None:
        return OrderCheck(matters=bool(search.picked()))
    return OrderCheck(again.is_beaten_somewhere(search, found), again.steps)


def combinations_suffice(problem: Problem) -> bool:
    """
    Whether trying the devices of a request in one order finds the first solution of all orders.

    So it is where whatever can be had in some order can be had in every order; no share
    of one device twice, no constraint to which the order matters, no traces of attempts.
    """
    return (
        not problem.release.features.consumable_capacity
        and not _depends_on_attempts(problem)
        and not _wants_distinct(problem)
    )


def _is_scattered(alternative: Alternative, layout: Layout, usage: LayoutUsage) -> bool:
    """Whether two candidates of the alternative can swap positions."""
    blocks = {
        candidate.block
        for number, candidate in enumerate(layout.candidates)
        if candidate.selector_results[alternative.selectors_of]
        # A single device that is in use is never looked at, but to watch it.
        and (alternative.all_devices or alternative.admin or not usage.in_use >> number & 1)
    }
    return any(_can_swap(layout, first, second) for first in blocks for second in blocks if first < second)


def _can_swap(layout: Layout, first: int, second: int) -> bool:
    a, b = layout.blocks[first], layout.blocks[second]
    if a.pool == b.pool:
        return a.late_slice == b.late_slice
    return a.late == b.late


def _depends_on_attempts(problem: Problem) -> bool:
    """Whether failed attempts leave traces that later ones run into."""
    release = problem.release
    leaks = release.counters.leak and release.features.partitionable_devices
    if leaks and any(candidate.traits.consumes_counters for candidate in problem.layout.candidates):
        return True
    return release.distinct is DistinctRule.BY_REQUEST and _wants_distinct(problem)


def _wants_distinct(problem: Problem) -> bool:
    return any(
        constraint.kind is ConstraintKind.DISTINCT
        for claim in problem.claims.claims
        for constraint in claim.constraints
    )


class _Again:
    """Further searches of the same problem; ``steps`` is what they took."""

    def __init__(self, problem: Problem, budget: int) -> None:
        self.steps = 0
        self._problem = problem
        self._budget = budget

    def is_beaten_somewhere(self, search: Search, found: Solution | Fatal) -> bool:
        """Whether another solution comes first in some order."""
        aborts = isinstance(found, Fatal)
        picked = search.picked()
        path = [pick.candidate for pick in picked]
        if isinstance(found, Fatal) and found.candidate is not None:
            path.append(found.candidate)
        requests = {
            alternative.index: (claim, number)
            for claim, each in enumerate(self._problem.claims.claims)
            for number, request in enumerate(each.requests)
            for alternative in request.alternatives
        }
        chosen = search.chosen()
        for depth, pick in enumerate(path):
            rivals = self._rivals(pick)
            if not rivals:
                continue
            reached = requests[picked[depth].alternative] if depth < len(picked) else max(requests.values())
            scope = SearchScope(
                allowed=(*(frozenset((candidate,)) for candidate in path[:depth]), rivals),
                alternatives={request: sub for request, sub in chosen.items() if request <= reached},
                skips_failing=aborts,
            )
            try:
                if self._run(self._problem, scope) is not None:
                    return True
            except (Fatal, Unpredictable):
                return True
        return False

    def _rivals(self, pick: int) -> frozenset[int]:
        """Candidates after this one that come before it in some order."""
        layout = self._problem.layout
        candidates = layout.candidates
        block = candidates[pick].block
        return frozenset(
            number
            for number in range(pick + 1, len(candidates))
            if candidates[number].block != block and _can_swap(layout, block, candidates[number].block)
        )

    def differs_in_some_order(self, found: Solution | Fatal | None) -> bool:
        """Whether a search in another order finds something else."""
        layout = self._problem.layout
        if _count_orders(layout) > MAX_ORDERS:
            return True
        for order in _orders(layout):
            numbers = [
                number
                for block in order
                for number, candidate in enumerate(layout.candidates)
                if candidate.block == block
            ]
            shuffled = self._problem._replace(
                layout=layout._replace(candidates=tuple(layout.candidates[number] for number in numbers)),
                usage=_renumbered(self._problem.usage, numbers),
            )
            other: Solution | Fatal | None
            try:
                other = _original(self._run(shuffled, OPEN), numbers)
            except Fatal as fatal:
                other = fatal
            except Unpredictable:
                return True
            if other != found and not (isinstance(other, Fatal) and isinstance(found, Fatal)):
                return True
        return False

    def _run(self, problem: Problem, scope: SearchScope) -> Solution | None:
        search = Search(problem, self._budget - self.steps, scope)
        try:
            return search.run()
        finally:
            self.steps += search.steps + search.tried


def _count_orders(layout: Layout) -> int:
    groups = Counter(layout.pools[pool].late for pool in {block.pool for block in layout.blocks})
    within = Counter((block.pool, block.late_slice) for block in layout.blocks)
    return prod(map(factorial, (*groups.values(), *within.values())))


def _orders(layout: Layout) -> Iterator[tuple[int, ...]]:
    """Orders of the blocks: pools in any order, slices within their pools too, the late ones last."""
    pools = sorted({block.pool for block in layout.blocks})
    slices = {
        pool: [number for number, block in enumerate(layout.blocks) if block.pool == pool] for pool in pools
    }
    for order, *within in product(
        _split_orders(pools, [layout.pools[pool].late for pool in pools]),
        *(
            _split_orders(numbers, [layout.blocks[number].late_slice for number in numbers])
            for numbers in slices.values()
        ),
    ):
        by_pool = dict(zip(slices, within, strict=True))
        yield tuple(number for pool in order for number in by_pool[pool])


def _split_orders(items: Sequence[int], late: Sequence[bool]) -> Iterator[tuple[int, ...]]:
    early = [item for item, last in zip(items, late, strict=True) if not last]
    rest = [item for item, last in zip(items, late, strict=True) if last]
    for first in permutations(early):
        for last in permutations(rest):
            yield (*first, *last)


def _renumbered(usage: LayoutUsage, numbers: Sequence[int]) -> LayoutUsage:
    new = {old: position for position, old in enumerate(numbers)}
    return usage._replace(
        in_use=_renumbered_bits(usage.in_use, new),
        shared=_renumbered_bits(usage.shared, new),
        consumed=tuple(sorted((new[old], amounts) for old, amounts in usage.consumed)),
    )


def _renumbered_bits(bits: int, new: Mapping[int, int]) -> int:
    return sum(1 << position for old, position in new.items() if bits >> old & 1)


def _original(solution: Solution | None, numbers: Sequence[int]) -> Solution | None:
    if solution is None:
        return None
    picks = tuple(
        tuple(pick._replace(candidate=numbers[pick.candidate]) for pick in claim) for claim in solution.picks
    )
    return Solution(picks, solution.selected)
