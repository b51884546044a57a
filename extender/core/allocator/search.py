"""
The structured allocator's search: the first full solution wins.

Depth first over claims, requests, alternatives and devices, in that order, with
the order of checks of upstream, because each decides which solution is first.
It reads a layout and its usage, nothing else. Reasons name claims, pools and
devices by their position; ``prediction.verdict`` puts in the names.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go
Allocate and allocateOne, v0.34 to v0.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple

from extender.model import MAX_RESULTS
from extender.model.quantity import MAX_INT64

from ..claims.compiled_claims import Alternative
from ..reasons import ALL_WITH_COUNTERS, Reason, ReasonCode, reason
from .layout import Candidate
from .picking import Fatal, Pick, Picks, Unpredictable
from .problem import Problem
from .selector_result import SelectorResult

MAX_DEPTH = 400
"""Deepest recursion we follow, of up to two frames each; Python stops at about 1,000 frames."""


class Solution(NamedTuple):
    """
    Picks by claim in allocation order.

    ``selected``: the alternative chosen for each request that has alternatives,
    by (claim, request) position.
    """

    picks: tuple[tuple[Pick, ...], ...]
    selected: tuple[tuple[tuple[int, int], int], ...]


class SearchScope(NamedTuple):
    """
    Narrows a search to a part of its tree.

    ``allowed``: for the first picks, counted over all claims, the candidates to try.
    ``alternatives``: the one to try, by (claim, request) position. ``skips_failing``:
    candidates that would abort the attempt are passed by.
    """

    allowed: tuple[frozenset[int], ...] = ()
    alternatives: Mapping[tuple[int, int], int] = MappingProxyType({})
    skips_failing: bool = False


OPEN = SearchScope()


def the_first(_solution: Solution) -> bool:
    """Accept whatever solution comes first, as upstream does."""
    return True


class Step(Enum):
    """What came of one level of the search."""

    DONE = auto()
    FAILED = auto()
    # Too many results for the claim: earlier requests of the claim give up too, and
    # the nearest firstAvailable tries its next alternative.
    EXCEEDED = auto()


class Search:
    """
    One search.

    ``accept`` is asked of each solution, in the order in which they are found, whether to
    stop there; else the search goes on. ``steps`` counts upstream's allocateOne calls, ``tried``
    the candidates looked at; their sum is held to ``budget``. Use once: ``run`` leaves the state
    of the accepted solution behind.
    """

    def __init__(
        self,
        problem: Problem,
        budget: int,
        scope: SearchScope = OPEN,
        accept: Callable[[Solution], bool] = the_first,
    ) -> None:
        self.steps = 0
        self.tried = 0
        self._claims = problem.claims.claims
        self._candidates = problem.layout.candidates
        self._pools = problem.layout.pools
        self._release = problem.release
        self._features = problem.release.features
        self._budget = budget
        self._scope = scope
        self._accept = accept
        self._accepted: Solution | None = None
        self._picks = Picks(problem)
        self._selected: dict[tuple[int, int], int] = {}
        self._eligible = [
            self._not_rejected(alternative.selectors_of) for alternative in problem.claims.alternatives
        ]
        self._counts: list[int] = []

    def run(self) -> Solution | None:
        """
        The first solution that is accepted, ``None`` if there is none.

        Raises ``Fatal`` where upstream aborts, ``Unpredictable`` where we cannot tell.
        """
        self._validate()
        step = self._allocate_one(0, 0, 0, 0, inside=False, start=0)
        if step is Step.EXCEEDED:
            raise Fatal(_too_many(0, MAX_RESULTS + 1))
        return self._accepted

    def picked(self) -> tuple[Pick, ...]:
        """The picks of all claims as the search stands, in order."""
        return tuple(pick for picks in self._picks.results for pick in picks)

    def chosen(self) -> Mapping[tuple[int, int], int]:
        """The alternatives as the search stands, by (claim, request) position."""
        return dict(self._selected)

    def _offer(self) -> Step:
        """Offer the solution just completed; one that is not accepted counts as none."""
        solution = self._solution()
        if not self._accept(solution):
            return Step.FAILED
        self._accepted = solution
        return Step.DONE

    def _solution(self) -> Solution:
        return Solution(
            tuple(tuple(picks) for picks in self._picks.results), tuple(sorted(self._selected.items()))
        )

    def _not_rejected(self, selectors_of: int) -> list[int]:
        """Candidates that the selectors of an alternative do not reject, in search order."""
        return [
            number
            for number, candidate in enumerate(self._candidates)
            if candidate.selector_results[selectors_of]
            and (self._features.binding or not candidate.traits.binding_conditions)
        ]

    def _validate(self) -> None:
        """Size every request, and refuse claims that can never stay within the limit."""
        depth = 1
        for number, claim in enumerate(self._claims):
            least = 0
            for request in claim.requests:
                try:
                    counts = [self._count(alternative) for alternative in request.alternatives]
                except Fatal as fatal:
                    # The requests before this one exceed the limit, which upstream sees first.
                    if fatal.node_only and least > MAX_RESULTS:
                        raise Fatal(_too_many(number, least)) from None
                    raise
                self._counts += counts
                least += min(counts)
                depth += min(max(counts), MAX_RESULTS + 1) + 2
                if least > MAX_INT64 and self._release.count_sum_wraps:
                    detail = "counts that add up beyond 64 bits, which crash this release"
                    raise Unpredictable(reason(ReasonCode.NOT_MODELLED, detail=detail))
            if least > MAX_RESULTS:
                raise Fatal(_too_many(number, least))
            depth += 1
        if depth > MAX_DEPTH:
            raise Unpredictable(
                reason(ReasonCode.NOT_MODELLED, detail=f"claims that need {depth} search levels")
            )

    def _count(self, alternative: Alternative) -> int:
        """Devices to allocate. For *all* devices: those that are selectable and have room."""
        if not alternative.all_devices:
            return alternative.request.count
        bad = next((index for index, pool in enumerate(self._pools) if pool.incomplete or pool.invalid), None)
        if bad is not None and self._release.gathering.all_mode_aborts:
            raise self._not_ready(bad, alternative)
        chosen = []
        for number in self._eligible[alternative.index]:
            if bad is not None and self._candidates[number].pool > bad:
                break
            self._check_selectors(number, alternative)
            if self._picks.counts_as_one_of_all(number, alternative):
                chosen.append(number)
        if bad is not None:
            # What fails on a device of a pool before that one aborts the attempt first.
            raise self._not_ready(bad, alternative)
        if self._release.counters.all_mode_crashes and any(
            self._candidates[number].traits.consumes_counters for number in chosen
        ):
            raise Unpredictable(reason(ReasonCode.NOT_MODELLED, detail=ALL_WITH_COUNTERS))
        self._eligible[alternative.index] = chosen
        return len(chosen)

    def _not_ready(self, index: int, alternative: Alternative) -> Fatal:
        """Why all devices cannot be asked for: a pool lacks slices, or contradicts itself."""
        pool, aborts = self._pools[index], self._release.gathering.all_mode_aborts
        state = "being updated" if pool.incomplete else f"invalid: {pool.invalid}"
        return Fatal(
            reason(
                ReasonCode.ALL_INCOMPLETE_POOL if aborts else ReasonCode.ALL_POOL_NOT_READY,
                claim=alternative.claim,
                request=alternative.result_name,
                pool=index,
                state=state,
            ),
            node_only=not aborts,
        )

    def _allocate_one(
        self, claim: int, request: int, sub: int, device: int, *, inside: bool, start: int
    ) -> Step:
        """
        Allocate device number ``device`` of a request and, recursively, all after it.

        ``inside``: alternative ``sub`` of a firstAvailable request is being tried.
        ``start``: position in the alternative's eligible devices; devices of one
        request are combined, not permuted.
        """
        self.steps += 1
        if self.steps + self.tried > self._budget:
            raise Unpredictable(reason(ReasonCode.SEARCH_BUDGET, steps=self._budget))
        if claim >= len(self._claims):
            return self._offer()
        requests = self._claims[claim].requests
        if request >= len(requests):
            step = self._allocate_one(claim + 1, 0, 0, 0, inside=False, start=0)
            return Step.FAILED if step is Step.EXCEEDED else step
        if requests[request].prioritized and not inside:
            return self._first_available(claim, request, device)
        alternative = requests[request].alternatives[sub]
        count = self._counts[alternative.index]
        if alternative.all_devices and count == 0:
            return Step.FAILED
        if device >= count:
            return self._allocate_one(claim, request + 1, 0, 0, inside=False, start=0)
        if len(self._picks.results[claim]) + count - device > MAX_RESULTS:
            return Step.EXCEEDED
        if alternative.all_devices:
            return self._allocate_all(alternative, request, sub, device, inside=inside)
        return self._allocate_any(alternative, request, sub, device, inside=inside, start=start)

    def _allocate_all(
        self, alternative: Alternative, request: int, sub: int, device: int, *, inside: bool
    ) -> Step:
        """Device number ``device`` of those that the request must all get: no other will do."""
        claim = alternative.claim
        undo = self._pick(self._eligible[alternative.index][device], alternative, device, must=True)
        if undo is None:
            return Step.FAILED
        following = 0 if self._release.all_mode_forgets_alternative else sub
        step = self._allocate_one(claim, request, following, device + 1, inside=inside, start=0)
        if step is not Step.DONE:
            undo()
        return step

    def _allocate_any(
        self, alternative: Alternative, request: int, sub: int, device: int, *, inside: bool, start: int
    ) -> Step:
        """The first eligible device with which everything after it works out too."""
        claim = alternative.claim
        eligible = self._eligible[alternative.index]
        allowed = self._allowed()
        for position in range(start, len(eligible)):
            number = eligible[position]
            if not self._picks.is_free(number, alternative):
                continue
            if allowed is not None and number not in allowed:
                continue
            if not self._is_selectable(number, alternative):
                continue
            if not self._picks.has_capacity(number, alternative):
                continue
            undo = self._pick(number, alternative, device, must=False)
            if undo is None:
                continue
            following = position + 1 if self._release.order.combinations else 0
            step = self._allocate_one(claim, request, sub, device + 1, inside=inside, start=following)
            if step is Step.DONE:
                return step
            undo()
            if step is Step.EXCEEDED:
                return step
        return Step.FAILED

    def _first_available(self, claim: int, request: int, device: int) -> Step:
        """Try the alternatives in order, each together with everything after it."""
        all_exceeded = True
        alternatives = range(len(self._claims[claim].requests[request].alternatives))
        only = self._scope.alternatives.get((claim, request))
        for sub in alternatives if only is None else (only,):
            # Only read once a solution is complete, so setting it early is the same.
            self._selected[claim, request] = sub
            step = self._allocate_one(claim, request, sub, device, inside=True, start=0)
            if step is Step.DONE:
                return step
            all_exceeded = all_exceeded and step is Step.EXCEEDED
        del self._selected[claim, request]
        return Step.EXCEEDED if all_exceeded else Step.FAILED

    def _allowed(self) -> frozenset[int] | None:
        """The candidates to try for the next pick, ``None`` for all."""
        if not self._scope.allowed:
            return None
        depth = sum(map(len, self._picks.results))
        return self._scope.allowed[depth] if depth < len(self._scope.allowed) else None

    def _is_selectable(self, number: int, alternative: Alternative) -> bool:
        """Whether the selectors match; false for a failing candidate that is to be skipped."""
        try:
            self._check_selectors(number, alternative)
        except Fatal:
            if self._scope.skips_failing:
                return False
            raise
        return True

    def _check_selectors(self, number: int, alternative: Alternative) -> None:
        candidate = self._candidates[number]
        result = candidate.selector_results[alternative.selectors_of]
        if result is SelectorResult.INVALID_POOL:
            why = reason(ReasonCode.INVALID_POOL_FATAL, pool=candidate.pool, detail=candidate.failure[1])
            raise Fatal(why, number)
        if result is SelectorResult.FAILED:
            raise Fatal(_cel_reason(ReasonCode.CEL_ERROR, candidate, number), number)
        if result is SelectorResult.UNPREDICTABLE:
            raise Unpredictable(_cel_reason(ReasonCode.CEL_UNKNOWN, candidate, number))

    def _pick(
        self, number: int, alternative: Alternative, index: int, *, must: bool
    ) -> Callable[[], None] | None:
        self.tried += 1
        return self._picks.pick(number, alternative, must=must, index=index)


def _too_many(claim: int, count: int) -> Reason:
    return reason(ReasonCode.TOO_MANY_DEVICES, claim=claim, count=count, limit=MAX_RESULTS)


def _cel_reason(code: ReasonCode, candidate: Candidate, number: int) -> Reason:
    where, detail = candidate.failure
    return reason(code, where=where, device=number, detail=detail)
