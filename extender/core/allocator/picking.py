"""
Picking devices: what one search has taken so far, and whether it can take one more.

How upstream picks a device, in this order. A step that rejects the device ends the pick:

1. free: nobody holds the device, this search included. Admin access ignores other holders;
   devices that allow several allocations are never "held".
   From 1.38 on, one that somebody has a share of is not had whole (``shares_block``).
2. usable: the node knows what the device needs; devices with counters need their feature.
3. compatibility groups, then counters: the device joins its groups and takes its counters,
   unless it is shared already, when an earlier share did so.
4. taints.
5. constraints, in the order of the claim: each that applies takes the device in, up to the first
   that refuses it. That one leaves those before it.
6. capacity: room for one more share. It was there when the search chose the device, unless *all*
   devices are asked for: their list was made before the first was picked. 1.34 looks at another
   device here, see ``_recheck``.

The order matters, because a step leaves marks that a later one may fail to remove. What holds
after every pick, whatever came of it:

- A pick that is refused leaves nothing behind, and neither does one that is undone, with
  ``counters.leak`` off. In releases with that fault it is on: a pick refused at 4 to 6 keeps its
  groups and counters, one refused at 6 its constraints too, and undoing a share does not return
  its counters. What is found then depends on what was tried before; see ``order``.
- Picks are undone in the reverse order of picking, the last one first. Constraints and
  ``results`` rely on that: they remove what was added last.
- ``Fatal`` and ``Unpredictable`` leave the state as it is: no search goes on after them.

Undoing goes: constraints, the mark that the device is taken or its capacity, groups, counters,
the result.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go
allocateDevice, deviceInUse, CmpRequestOverCapacity, v0.34 to v0.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from extender.model.quantity import Quantity

from ..claims.compiled_claims import Alternative
from ..cluster.taints import taints_block
from ..cluster.usage import Amounts
from ..reasons import CONSUMABLE_CAPACITY, Reason, ReasonCode, reason
from .capacity import (
    CapacityFault,
    CapacityUnclear,
    Demand,
    arithmetic_of,
    consumed_amount,
    demand,
    fits,
    is_plain,
    requested_of,
)
from .compared_values import FAILED_VALUE, UNDECIDED_VALUE, UNUSABLE_VALUE, ValueClass
from .compatibility_groups import AvailableGroups
from .constraints import constraint_of
from .counters import AvailableCounters
from .layout import Candidate
from .problem import Problem


class Pick(NamedTuple):
    """One allocated device. ``consumed`` is set for devices that allow several allocations."""

    candidate: int
    alternative: int
    consumed: tuple[tuple[str, Quantity], ...] | None


_Joined = Mapping[tuple[int, str], object]
_NO_GROUPS: _Joined = MappingProxyType({})


class Fatal(Exception):
    """
    Upstream aborts the scheduling attempt; ``candidate``: on coming to this one, if so.

    ``node_only``: the allocation on this node only, and the attempt goes on.
    """

    def __init__(self, why: Reason, candidate: int | None = None, *, node_only: bool = False) -> None:
        super().__init__(why.code)
        self.reason = why
        self.candidate = candidate
        self.node_only = node_only


class Unpredictable(Exception):
    """We cannot tell what upstream does."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why.code)
        self.reason = why


class Picks:
    """
    The devices that one search has picked, by claim in allocation order, and their traces.

    ``results`` are the picks; all else is private.
    """

    def __init__(self, problem: Problem) -> None:
        compiled, layout, usage, release = problem
        self.results: list[list[Pick]] = [[] for _ in compiled.claims]
        self._candidates = layout.candidates
        self._pools = layout.pools
        self._blocks = layout.blocks
        self._release = release
        self._features = release.features
        self._rechecks_wrong_device = release.rechecks_wrong_device
        self._in_use = usage.in_use
        self._shared = usage.shared
        self._consumed = {number: dict(amounts) for number, amounts in usage.consumed}
        self._counters = AvailableCounters(layout, usage, release.counters.scope)
        self._groups = AvailableGroups(usage) if self._features.compatibility_groups else None
        self._constraints = [
            [constraint_of(constraint, release) for constraint in claim.constraints]
            for claim in compiled.claims
        ]
        self._arithmetic = arithmetic_of(release)
        self._demands: dict[tuple[int, int, int], tuple[Demand | None, bool]] = {}
        self._allocating = [0] * len(layout.candidates)
        self._allocating_capacity: dict[int, dict[str, int]] = {}

    def is_free(self, number: int, alternative: Alternative) -> bool:
        """Admin access shares with everyone but its own claim; all others share with no one."""
        if alternative.admin:
            return not self._allocating[number] >> alternative.claim & 1
        return not (self._in_use >> number & 1 or self._allocating[number])

    def has_capacity(self, number: int, alternative: Alternative) -> bool:
        if not self._features.consumable_capacity:
            return True
        if self._rechecks_wrong_device:
            self._demand_plain(number, alternative)
        amounts, alone = self._demand(number, alternative)
        if amounts is None or not (number in self._consumed or number in self._allocating_capacity):
            return alone
        return fits(amounts, self._consumed.get(number, {}), self._allocating_capacity.get(number, {}))

    def counts_as_one_of_all(self, number: int, alternative: Alternative) -> bool:
        """Whether the capacity suffices to be one of *all* devices: what is left of it, or the whole."""
        if self._release.capacity.all_mode_by_room or not self._features.consumable_capacity:
            return self.has_capacity(number, alternative)
        return self._demand(number, alternative)[1]

    def _demand(self, number: int, alternative: Alternative) -> tuple[Demand | None, bool]:
        """What an allocation takes of the device, and whether a device of which nothing is taken has it."""
        candidate = self._candidates[number]
        key = (id(candidate.traits), candidate.pool, alternative.index)
        found = self._demands.get(key)
        if found is None:
            capacity, requested = candidate.traits.capacity, alternative.request.capacity
            try:
                amounts = demand(self._driver(number), capacity, requested, self._arithmetic)
            except CapacityUnclear as unclear:
                raise Unpredictable(reason(ReasonCode.NOT_MODELLED, detail=unclear)) from None
            except CapacityFault as fault:
                raise Fatal(
                    reason(
                        ReasonCode.CAPACITY,
                        request=alternative.result_name,
                        device=number,
                        detail=fault,
                    )
                ) from None
            found = self._demands[key] = amounts, amounts is not None and fits(amounts, {}, {})
        return found

    def _driver(self, number: int) -> str:
        return self._pools[self._candidates[number].pool].driver

    def _demand_plain(self, number: int, alternative: Alternative) -> None:
        """Refuse to tell where 1.34 looks at a capacity that can be short."""
        plain = is_plain(self._candidates[number].traits) and number not in self._consumed
        if not plain or alternative.request.capacity:
            raise Unpredictable(reason(ReasonCode.NOT_MODELLED, detail=CONSUMABLE_CAPACITY))

    def _recheck(self, number: int, index: int) -> None:
        """
        What 1.34 does of a device that is the ``index``-th of its request: it looks for room on the
        ``index``-th device of the slice, and crashes where there is none.
        """
        block = self._blocks[self._candidates[number].block]
        if index >= block.plain:
            raise Unpredictable(reason(ReasonCode.NOT_MODELLED, detail=CONSUMABLE_CAPACITY))

    def pick(
        self, number: int, alternative: Alternative, *, must: bool, index: int = 0
    ) -> Callable[[], None] | None:
        """
        Pick a selectable device if it is free and everything holds.

        ``must``: no other device will do, so a broken constraint is fatal. ``index``: how many devices
        the request has already. Returns
        how to undo the pick, ``None`` if the device cannot be had.
        """
        candidate = self._candidates[number]
        traits = candidate.traits
        shareable = self._features.consumable_capacity and traits.allow_multiple_allocations
        if not (self.is_free(number, alternative) or (alternative.admin and shareable)):
            return None
        blocked = self._release.capacity.shares_block and not (shareable or alternative.admin)
        if blocked and self._is_shared(number):
            return None
        if candidate.unusable:
            return None
        if traits.consumes_counters and not self._features.partitionable_devices:
            return None
        counted = bool(traits.consumes_counters) and not (shareable and self._is_shared(number))
        joined = self._take_counters(candidate) if counted else _NO_GROUPS
        if joined is None:
            return None
        satisfied = self._satisfies(number, alternative, must=must)
        if satisfied and self._rechecks_wrong_device:
            self._recheck(number, index)
        if satisfied and self.has_capacity(number, alternative):
            return self._take(number, alternative, shareable=shareable, counted=counted, joined=joined)
        if not self._release.counters.leak:
            if satisfied:
                self._leave_constraints(alternative, len(alternative.constraints))
            self._leave_groups(joined)
            if counted:
                self._counters.give_back(candidate)
        return None

    def _is_shared(self, number: int) -> bool:
        """Whether somebody has a share of the device already, an allocated claim or this search."""
        return (
            number in self._consumed
            or number in self._allocating_capacity
            or bool(self._shared >> number & 1)
        )

    def _take_counters(self, candidate: Candidate) -> _Joined | None:
        """
        Join the device's groups and take its counters.

        Returns what to hand to ``_leave_groups`` later, ``None`` if the device cannot have both.
        """
        joined = _NO_GROUPS if self._groups is None else self._groups.join(candidate)
        if joined is None or self._counters.take(candidate):
            return joined
        self._leave_groups(joined)
        return None

    def _leave_groups(self, joined: _Joined) -> None:
        if self._groups is not None:
            self._groups.leave(joined)

    def _satisfies(self, number: int, alternative: Alternative, *, must: bool) -> bool:
        """Check taints, then add the device to each constraint of the claim that applies."""
        candidate = self._candidates[number]
        if self._features.device_taints and taints_block(
            candidate.traits.taints,
            alternative.request.tolerations,
            any_effect=self._release.any_taint_blocks,
        ):
            return False
        constraints = self._constraints[alternative.claim]
        name = alternative.base_name
        for position, (each, compared) in enumerate(
            zip(alternative.constraints, alternative.compared, strict=True)
        ):
            value = candidate.classes[compared]
            if value in (FAILED_VALUE, UNDECIDED_VALUE, UNUSABLE_VALUE):
                raise self._no_value(number, alternative, value)
            if constraints[each].add(name, value):
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

    def _no_value(self, number: int, alternative: Alternative, value: ValueClass) -> Fatal | Unpredictable:
        """Why a value that constraints cannot compare ends the search."""
        detail = self._candidates[number].derived_failure
        if value == UNDECIDED_VALUE:
            return Unpredictable(reason(ReasonCode.NOT_MODELLED, detail=f"a derived attribute: {detail}"))
        if value == UNUSABLE_VALUE:
            return Fatal(reason(ReasonCode.UNUSABLE_VALUE, request=alternative.result_name, device=number))
        return Fatal(
            reason(
                ReasonCode.DERIVED_ATTRIBUTE,
                request=alternative.result_name,
                device=number,
                detail=detail,
            )
        )

    def _leave_constraints(self, alternative: Alternative, count: int) -> None:
        """Remove the device added last from the first ``count`` constraints that apply."""
        constraints = self._constraints[alternative.claim]
        for position in reversed(alternative.constraints[:count]):
            constraints[position].remove(alternative.base_name)

    def _take(
        self,
        number: int,
        alternative: Alternative,
        *,
        shareable: bool,
        counted: bool,
        joined: _Joined,
    ) -> Callable[[], None]:
        claim = alternative.claim
        candidate = self._candidates[number]
        consumed: tuple[tuple[str, Quantity], ...] | None = None
        amounts: Amounts = ()
        first_share = False
        if shareable:
            requested = dict(
                requested_of(self._driver(number), alternative.request.capacity, self._arithmetic)
            )
            consumed = tuple(
                (name, consumed_amount(requested.get(name), capacity, self._arithmetic))
                for name, capacity in candidate.traits.capacity
            )
            amounts = tuple((name, quantity.nanos) for name, quantity in consumed)
            first_share = number not in self._allocating_capacity
            allocating = self._allocating_capacity.setdefault(number, {})
            for name, nanos in amounts:
                allocating[name] = allocating.get(name, 0) + nanos
        else:
            self._allocating[number] |= 1 << claim
        self.results[claim].append(Pick(number, alternative.index, consumed))

        def undo() -> None:
            self._leave_constraints(alternative, len(alternative.constraints))
            self._allocating[number] &= ~(1 << claim)
            if shareable:
                self._release_capacity(number, amounts, first_share=first_share)
            self._leave_groups(joined)
            # Leaking releases forget the counters of shareable devices.
            if counted and not (shareable and self._release.counters.leak):
                self._counters.give_back(candidate)
            self.results[claim].pop()

        return undo

    def _release_capacity(self, number: int, amounts: Amounts, *, first_share: bool) -> None:
        """
        Give back what a share took, and with the last share the mark that the device is shared.

        With ``marks_by_amount`` that mark goes when nothing is taken any more, and
        stays for good where shares take nothing at all.
        """
        allocating = self._allocating_capacity.get(number)
        if allocating is None:
            # Negative amounts can cancel out the mark while shares remain.
            return
        for name, nanos in amounts:
            allocating[name] -= nanos
        if self._release.counters.marks_by_amount:
            if amounts and not any(allocating.values()):
                del self._allocating_capacity[number]
        elif first_share:
            del self._allocating_capacity[number]
