"""
The structured allocator's search: the first full solution wins.

Depth first over claims, requests, alternatives and devices, in that order, with
the order of checks of upstream, because each decides which solution is first.
It reads a layout and its usage, nothing else. Reasons name claims, pools and
devices by their position; ``evaluate`` puts in the names.

Source: k8s.io/dynamic-resource-allocation structured/internal/incubating
allocator_incubating.go allocateOne and allocateDevice, v0.36.2.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

from .capacity import consumed_amount, demand, fits
from .constraints import constraint_of
from .counters import CounterBooks
from .layout import FAILED, REJECTED, UNDECIDED, Candidate, Layout, LayoutUsage
from .model import MAX_RESULTS
from .quantity import Quantity
from .reasons import Reason, ReasonCode, reason
from .releases import Release
from .shape import Alternative, Shape
from .taints import taints_block
from .usage import Amounts

MAX_DEPTH = 400
"""Deepest recursion we follow, of up to two frames each; Python stops at about 1,000 frames."""


class Pick(NamedTuple):
    """One allocated device. ``consumed`` is set for devices that allow several allocations."""

    candidate: int
    alternative: int
    consumed: tuple[tuple[str, Quantity], ...] | None


class Solution(NamedTuple):
    """
    Picks by claim in allocation order.

    ``selected``: the alternative chosen for each request that has alternatives,
    by (claim, request) position.
    """

    picks: tuple[tuple[Pick, ...], ...]
    selected: tuple[tuple[tuple[int, int], int], ...]


class Fatal(Exception):
    """Upstream aborts the scheduling attempt."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why.code)
        self.reason = why


class Undecided(Exception):
    """We cannot tell what upstream does."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why.code)
        self.reason = why


class _Step(Enum):
    DONE = auto()
    FAILED = auto()
    # Too many results for the claim: earlier requests of the claim give up too, and
    # the nearest firstAvailable tries its next alternative.
    EXCEEDED = auto()


class Search:
    """
    One search on one layout.

    ``steps`` counts upstream's allocateOne calls, ``tried`` the candidates looked
    at; their sum is held to ``budget``. Use once: ``run`` leaves the state of the
    solution behind.
    """

    def __init__(
        self, shape: Shape, layout: Layout, usage: LayoutUsage, release: Release, budget: int
    ) -> None:
        self.steps = 0
        self.tried = 0
        self._shape = shape
        self._candidates = layout.candidates
        self._pools = layout.pools
        self._release = release
        self._features = release.features
        self._budget = budget
        self._in_use = usage.in_use
        self._consumed = {number: dict(amounts) for number, amounts in usage.consumed}
        self._books = CounterBooks(layout, usage, by_pool_name=release.counter_books_by_pool_name)
        self._constraints = [[constraint_of(each) for each in claim.constraints] for claim in shape.claims]
        self._allocating = [0] * len(layout.candidates)
        self._allocating_capacity: dict[int, dict[str, int]] = {}
        self._results: list[list[Pick]] = [[] for _ in shape.claims]
        self._selected: dict[tuple[int, int], int] = {}
        self._demands: dict[tuple[int, int], tuple[tuple[str, int, int], ...] | None] = {}
        self._eligible = [
            [
                number
                for number, candidate in enumerate(layout.candidates)
                if candidate.verdicts[alternative.index] != REJECTED
                and (self._features.binding_conditions or not candidate.traits.binding_conditions)
            ]
            for alternative in shape.alternatives
        ]
        self._counts: list[int] = []
        self._on_solution: Callable[[Solution], bool] | None = None

    def run(self) -> Solution | None:
        """
        The first solution, ``None`` if the claims do not fit.

        Raises ``Fatal`` where upstream aborts, ``Undecided`` where we cannot tell.
        """
        self._validate()
        step = self._allocate_one(0, 0, 0, 0, inside=False, start=0)
        if step is _Step.EXCEEDED:
            raise Fatal(_too_many(0, MAX_RESULTS + 1))
        return self._solution() if step is _Step.DONE else None

    def each(self, visit: Callable[[Solution], bool]) -> bool:
        """
        Visit solutions in search order until ``visit`` returns true.

        Returns whether all were visited or ``visit`` stopped; false: budget spent.
        """
        self._on_solution = visit
        try:
            self.run()
        except Undecided:
            return False
        return True

    def _solution(self) -> Solution:
        return Solution(tuple(tuple(picks) for picks in self._results), tuple(sorted(self._selected.items())))

    def _validate(self) -> None:
        """Size every request, and refuse claims that can never stay within the limit."""
        depth = 1
        for number, claim in enumerate(self._shape.claims):
            least = 0
            for request in claim.requests:
                counts = [self._count(alternative) for alternative in request.alternatives]
                self._counts += counts
                least += min(counts)
                depth += max(counts) + 2
            if least > MAX_RESULTS:
                raise Fatal(_too_many(number, least))
            depth += 1
        if depth > MAX_DEPTH:
            raise Undecided(reason(ReasonCode.NOT_MODELLED, detail=f"claims that need {depth} search levels"))

    def _count(self, alternative: Alternative) -> int:
        """Devices to allocate. For *all* devices: those that are selectable and have room."""
        if not alternative.all_devices:
            return min(alternative.request.count, MAX_RESULTS + 1)
        for index, pool in enumerate(self._pools):
            if pool.incomplete or pool.invalid:
                state = "being updated" if pool.incomplete else f"invalid: {pool.invalid}"
                raise Fatal(
                    reason(
                        ReasonCode.ALL_INCOMPLETE_POOL,
                        claim=alternative.claim,
                        request=alternative.result_name,
                        pool=index,
                        state=state,
                    )
                )
        chosen = []
        for number in self._eligible[alternative.index]:
            self._check_verdict(number, alternative)
            if self._has_capacity(number, alternative):
                chosen.append(number)
        if self._release.all_mode_with_counters_crashes and any(
            self._candidates[number].traits.consumes_counters for number in chosen
        ):
            raise Undecided(
                reason(ReasonCode.NOT_MODELLED, detail="all devices with counters: this release crashes")
            )
        self._eligible[alternative.index] = chosen
        return len(chosen)

    def _allocate_one(
        self, claim: int, request: int, sub: int, device: int, *, inside: bool, start: int
    ) -> _Step:
        """
        Allocate device number ``device`` of a request and, recursively, all after it.

        ``inside``: alternative ``sub`` of a firstAvailable request is being tried.
        ``start``: position in the alternative's eligible devices; devices of one
        request are combined, not permuted.
        """
        self.steps += 1
        if self.steps + self.tried > self._budget:
            raise Undecided(reason(ReasonCode.SEARCH_BUDGET, steps=self._budget))
        if claim >= len(self._shape.claims):
            if self._on_solution is not None and not self._on_solution(self._solution()):
                return _Step.FAILED
            return _Step.DONE
        requests = self._shape.claims[claim].requests
        if request >= len(requests):
            step = self._allocate_one(claim + 1, 0, 0, 0, inside=False, start=0)
            return _Step.FAILED if step is _Step.EXCEEDED else step
        if requests[request].prioritized and not inside:
            return self._first_available(claim, request, device)
        alternative = requests[request].alternatives[sub]
        count = self._counts[alternative.index]
        if alternative.all_devices and count == 0:
            return _Step.FAILED
        if device >= count:
            return self._allocate_one(claim, request + 1, 0, 0, inside=False, start=0)
        if len(self._results[claim]) + count - device > MAX_RESULTS:
            return _Step.EXCEEDED
        if alternative.all_devices:
            return self._allocate_all(alternative, request, sub, device, inside=inside)
        return self._allocate_any(alternative, request, sub, device, inside=inside, start=start)

    def _allocate_all(
        self, alternative: Alternative, request: int, sub: int, device: int, *, inside: bool
    ) -> _Step:
        """Device number ``device`` of those that the request must all get: no other will do."""
        claim = alternative.claim
        undo = self._allocate_device(self._eligible[alternative.index][device], alternative, must=True)
        if undo is None:
            return _Step.FAILED
        step = self._allocate_one(claim, request, sub, device + 1, inside=inside, start=0)
        if step is not _Step.DONE:
            undo()
        return step

    def _allocate_any(
        self, alternative: Alternative, request: int, sub: int, device: int, *, inside: bool, start: int
    ) -> _Step:
        """The first eligible device with which everything after it works out too."""
        claim = alternative.claim
        eligible = self._eligible[alternative.index]
        for position in range(start, len(eligible)):
            number = eligible[position]
            if not self._is_free(number, alternative):
                continue
            self._check_verdict(number, alternative)
            if not self._has_capacity(number, alternative):
                continue
            undo = self._allocate_device(number, alternative, must=False)
            if undo is None:
                continue
            step = self._allocate_one(claim, request, sub, device + 1, inside=inside, start=position + 1)
            if step is _Step.DONE:
                return step
            undo()
            if step is _Step.EXCEEDED:
                return step
        return _Step.FAILED

    def _is_free(self, number: int, alternative: Alternative) -> bool:
        """Admin access shares with everyone but its own claim; all others share with no one."""
        if alternative.admin:
            return not self._allocating[number] >> alternative.claim & 1
        return not (self._in_use >> number & 1 or self._allocating[number])

    def _first_available(self, claim: int, request: int, device: int) -> _Step:
        """Try the alternatives in order, each together with everything after it."""
        all_exceeded = True
        for sub in range(len(self._shape.claims[claim].requests[request].alternatives)):
            # Only read once a solution is complete, so setting it early is the same.
            self._selected[claim, request] = sub
            step = self._allocate_one(claim, request, sub, device, inside=True, start=0)
            if step is _Step.DONE:
                return step
            all_exceeded = all_exceeded and step is _Step.EXCEEDED
        del self._selected[claim, request]
        return _Step.EXCEEDED if all_exceeded else _Step.FAILED

    def _check_verdict(self, number: int, alternative: Alternative) -> None:
        candidate = self._candidates[number]
        verdict = candidate.verdicts[alternative.index]
        if verdict == FAILED:
            raise Fatal(_cel_reason(ReasonCode.CEL_ERROR, candidate, number))
        if verdict == UNDECIDED:
            raise Undecided(_cel_reason(ReasonCode.CEL_UNKNOWN, candidate, number))

    def _has_capacity(self, number: int, alternative: Alternative) -> bool:
        if not self._features.consumable_capacity:
            return True
        key = (number, alternative.index)
        if key in self._demands:
            amounts = self._demands[key]
        else:
            traits = self._candidates[number].traits
            amounts = self._demands[key] = demand(traits.capacity, alternative.request.capacity)
        if amounts is None:
            return False
        return fits(amounts, self._consumed.get(number, {}), self._allocating_capacity.get(number, {}))

    def _allocate_device(
        self, number: int, alternative: Alternative, *, must: bool
    ) -> Callable[[], None] | None:
        """
        Pick a selectable device if it is free and everything holds.

        ``must``: no other device will do, so a broken constraint is fatal. Returns
        how to undo the pick, ``None`` if the device cannot be had.
        """
        self.tried += 1
        candidate = self._candidates[number]
        traits = candidate.traits
        shareable = self._features.consumable_capacity and traits.allow_multiple_allocations
        if not (self._is_free(number, alternative) or (alternative.admin and shareable)):
            return None
        if traits.consumes_counters and not self._features.partitionable_devices:
            return None
        shared_already = shareable and (number in self._consumed or number in self._allocating_capacity)
        counted = bool(traits.consumes_counters) and not shared_already
        if counted and not self._books.take(candidate.pool, traits.consumes_counters):
            return None
        satisfied = self._satisfies(number, alternative, must=must)
        if not satisfied or not self._has_capacity(number, alternative):
            # Room can only have vanished for *all* devices, whose list was made up front.
            if not self._release.counters_leak:
                if satisfied:
                    self._leave_constraints(alternative, len(alternative.constraints))
                if counted:
                    self._books.give_back(candidate.pool, traits.consumes_counters)
            return None
        return self._pick(number, alternative, shareable=shareable, counted=counted)

    def _satisfies(self, number: int, alternative: Alternative, *, must: bool) -> bool:
        """Check taints, then add the device to each constraint of the claim that applies."""
        candidate = self._candidates[number]
        if self._features.device_taints and taints_block(
            candidate.traits.taints, alternative.request.tolerations
        ):
            return False
        constraints = self._constraints[alternative.claim]
        name = alternative.base_name
        for position, each in enumerate(alternative.constraints):
            constraint = constraints[each]
            if constraint.add(name, candidate.classes[constraint.attribute]):
                continue
            if must:
                raise Fatal(
                    reason(
                        ReasonCode.ALL_CONSTRAINT,
                        claim=alternative.claim,
                        request=alternative.result_name,
                        device=number,
                    )
                )
            self._leave_constraints(alternative, position)
            return False
        return True

    def _leave_constraints(self, alternative: Alternative, count: int) -> None:
        """Remove the device added last from the first ``count`` constraints that apply."""
        constraints = self._constraints[alternative.claim]
        for each in alternative.constraints[:count]:
            constraints[each].remove(alternative.base_name)

    def _pick(
        self, number: int, alternative: Alternative, *, shareable: bool, counted: bool
    ) -> Callable[[], None]:
        claim = alternative.claim
        candidate = self._candidates[number]
        consumed: tuple[tuple[str, Quantity], ...] | None = None
        amounts: Amounts = ()
        if shareable:
            requested = dict(alternative.request.capacity or ())
            consumed = tuple(
                (name, consumed_amount(requested.get(name), capacity))
                for name, capacity in candidate.traits.capacity
            )
            amounts = tuple((name, quantity.nanos) for name, quantity in consumed)
            allocating = self._allocating_capacity.setdefault(number, {})
            for name, nanos in amounts:
                allocating[name] = allocating.get(name, 0) + nanos
        else:
            self._allocating[number] |= 1 << claim
        self._results[claim].append(Pick(number, alternative.index, consumed))

        def undo() -> None:
            self._leave_constraints(alternative, len(alternative.constraints))
            self._allocating[number] &= ~(1 << claim)
            if amounts:
                self._release_capacity(number, amounts)
            # Leaking releases forget the counters of shareable devices.
            if counted and not (shareable and self._release.counters_leak):
                self._books.give_back(candidate.pool, candidate.traits.consumes_counters)
            self._results[claim].pop()

        return undo

    def _release_capacity(self, number: int, amounts: Amounts) -> None:
        allocating = self._allocating_capacity[number]
        for name, nanos in amounts:
            allocating[name] -= nanos
        if not any(allocating.values()):
            del self._allocating_capacity[number]


def _too_many(claim: int, count: int) -> Reason:
    return reason(ReasonCode.TOO_MANY_DEVICES, claim=claim, count=count, limit=MAX_RESULTS)


def _cel_reason(code: ReasonCode, candidate: Candidate, number: int) -> Reason:
    where, detail = candidate.failure
    return reason(code, where=where, device=number, detail=detail)
