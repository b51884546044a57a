"""
Consumable capacity: how much a request takes of a device, and whether it fits.

Amounts are in nano units. Source: k8s.io/dynamic-resource-allocation
structured/internal consumable_capacity.go, v0.35 to v0.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import NamedTuple

from extender.model import Capacity, DeviceTraits, RequestPolicy
from extender.model.quantity import MAX_INT64, MIN_INT64, NANOS, Quantity

from ..cluster.scoped_names import scoped
from ..releases.release import Release

_WRAP = 1 << 64
_MILLI = NANOS // 1000


def is_plain(traits: DeviceTraits) -> bool:
    """Whether a request without capacity surely fits while nobody has a share of the device."""
    return not traits.allow_multiple_allocations and all(
        capacity.policy is None for _, capacity in traits.capacity
    )


def plain_devices(devices: Iterable[DeviceTraits]) -> int:
    """How many plain devices there are before the first one that is not."""
    return sum(1 for _ in takewhile(is_plain, devices))


class CapacityFault(ValueError):
    """An amount that cannot be reckoned with, which aborts the attempt."""


class CapacityUnclear(ValueError):
    """A request that upstream refuses or passes over, as the random order of a map has it."""


class Arithmetic(NamedTuple):
    """
    ``wraps``: amounts beyond 64 bits wrap and negative ones pass, else both are a
    ``CapacityFault``. ``fractions``: ranges are stepped in milli units where they
    can be, else in whole units. ``rounds_negative``: negative requests are rounded as the policy
    says, else each is a ``CapacityFault``. ``scoped_names``: ``cap`` is ``<driver>/cap``.
    """

    wraps: bool
    fractions: bool
    rounds_negative: bool
    scoped_names: bool


def arithmetic_of(release: Release) -> Arithmetic:
    """How a release reckons."""
    rules = release.capacity
    fractions = release.features.fractional_capacity_range
    return Arithmetic(rules.wraps, fractions, rules.rounds_negative, rules.scoped_names)


Requested = tuple[tuple[str, Quantity], ...]
"""How much of each capacity a request wants, by the name that it uses."""


def requested_of(driver: str, requested: Requested | None, arithmetic: Arithmetic) -> Requested:
    """The request's amounts by the names that the driver's devices have in a layout."""
    requested = requested or ()
    return scoped(driver, requested) if arithmetic.scoped_names else requested


Demand = tuple[tuple[str, int, int], ...]
"""What one allocation takes of each capacity: (name, amount, total)."""


def demand(
    driver: str,
    capacity: tuple[tuple[str, Capacity], ...],
    requested: Requested | None,
    arithmetic: Arithmetic,
) -> Demand | None:
    """
    What one allocation takes of a device, whose ``capacity`` has the names of ``scoped`` where
    names are scoped.

    ``None`` if the request can never fit such a device: it names a capacity that
    the device lacks, or breaks a request policy. Raises ``CapacityFault`` and ``CapacityUnclear``.
    """
    wanted = dict(requested_of(driver, requested, arithmetic))
    published = {name for name, _ in capacity}
    spelled = {name for name, _ in requested or ()}
    twice = arithmetic.scoped_names and any(
        name in published and f"{driver}/{name}" in spelled for name in spelled
    )
    if not wanted.keys() <= published:
        if twice:
            raise CapacityUnclear("a capacity under two names beside one that the device lacks")
        return None
    if twice:
        raise CapacityFault("one capacity is requested under two names")
    amounts = [
        (name, consumed_amount(wanted.get(name), entry, arithmetic), entry) for name, entry in capacity
    ]
    if not arithmetic.wraps:
        for name, amount, _ in amounts:
            if amount.nanos < 0:
                raise CapacityFault(f"capacity {name}: {amount} is negative")
    if any(_violates(amount, entry.policy, arithmetic) for _, amount, entry in amounts):
        return None
    return tuple((name, amount.nanos, entry.value.nanos) for name, amount, entry in amounts)


def fits(amounts: Demand, consumed: Mapping[str, int], allocating: Mapping[str, int]) -> bool:
    """Whether each amount fits beside what is consumed and what this attempt has picked."""
    return all(
        consumed.get(name, 0) + amount + allocating.get(name, 0) <= total for name, amount, total in amounts
    )


def consumed_amount(requested: Quantity | None, capacity: Capacity, arithmetic: Arithmetic) -> Quantity:
    """
    What a request takes: the policy's default, or the request rounded as the policy says.

    Raises ``CapacityFault`` for what cannot be rounded.
    """
    policy = capacity.policy
    if requested is not None and requested.nanos < 0 and not arithmetic.rounds_negative:
        raise CapacityFault(f"request {requested} is negative")
    if requested is None:
        if policy is not None and policy.default is not None:
            return policy.default
        return capacity.value
    if policy is None:
        return requested
    if policy.has_range and policy.range_min is not None:
        return _round_to_range(requested, policy.range_min, policy, arithmetic)
    if policy.valid_values is not None:
        return next((value for value in policy.valid_values if requested.nanos <= value.nanos), requested)
    return requested


def _round_to_range(
    requested: Quantity, minimum: Quantity, policy: RequestPolicy, arithmetic: Arithmetic
) -> Quantity:
    step = policy.range_step
    if requested.nanos < minimum.nanos:
        return minimum
    if step is None:
        return requested
    if _in_milli(policy, arithmetic):
        return _round_in_milli(requested, minimum, step)
    if step.value == 0:
        return requested
    if not arithmetic.wraps and requested.nanos > MAX_INT64 * NANOS:
        raise CapacityFault(f"request {requested} does not fit 64 bits")
    added = _int64(requested.value - minimum.value)
    steps, rest = _divide(added, step.value)
    steps += rest != 0
    low = minimum.value
    if not arithmetic.wraps and low >= 0 and steps > _divide(MAX_INT64 - low, step.value)[0]:
        raise CapacityFault(f"request {requested} rounded up to the next step does not fit 64 bits")
    return Quantity(_int64(low + step.value * steps) * NANOS)


def _round_in_milli(requested: Quantity, minimum: Quantity, step: Quantity) -> Quantity:
    if not _is_milli(requested):
        raise CapacityFault(f"request {requested} is finer than a thousandth or does not fit 64 bits")
    low, size = minimum.nanos // _MILLI, step.nanos // _MILLI
    steps, rest = _divide(requested.nanos // _MILLI - low, size)
    steps += rest != 0
    if steps > _divide(MAX_INT64 - low, size)[0]:
        raise CapacityFault(f"request {requested} rounded up to the next step does not fit 64 bits")
    return Quantity((low + size * steps) * _MILLI)


def _violates(amount: Quantity, policy: RequestPolicy | None, arithmetic: Arithmetic) -> bool:
    if policy is None or (policy.default is not None and amount.identical(policy.default)):
        return False
    if policy.has_range:
        if policy.range_max is not None and amount.nanos > policy.range_max.nanos:
            return True
        return _off_step(amount, policy, arithmetic)
    if policy.valid_values:
        return all(amount.nanos != value.nanos for value in policy.valid_values)
    return False


def _off_step(amount: Quantity, policy: RequestPolicy, arithmetic: Arithmetic) -> bool:
    step, minimum = policy.range_step, policy.range_min
    if step is None:
        return False
    if _in_milli(policy, arithmetic):
        start = minimum.nanos // _MILLI if minimum is not None else 0
        return not _is_milli(amount) or (amount.nanos // _MILLI - start) % (step.nanos // _MILLI) != 0
    start = minimum.value if minimum is not None else 0
    return _divide(_int64(amount.value - start), step.value)[1] != 0


def _in_milli(policy: RequestPolicy, arithmetic: Arithmetic) -> bool:
    """Milli units serve if every end and the step are exact in them, whole numbers too."""
    ends = (policy.range_min, policy.range_max, policy.range_step)
    return (
        arithmetic.fractions
        and all(end is None or _is_milli(end) for end in ends)
        and (policy.range_step is None or policy.range_step.nanos >= _MILLI)
    )


def _is_milli(quantity: Quantity) -> bool:
    return quantity.nanos % _MILLI == 0 and MIN_INT64 <= quantity.nanos // _MILLI <= MAX_INT64


def _divide(number: int, by: int) -> tuple[int, int]:
    """Go's ``/`` and ``%``: towards zero. API validation keeps steps positive; 0 rounds nothing."""
    if by == 0:
        return number, 0
    quotient = abs(number) // abs(by) * (1 if (number < 0) == (by < 0) else -1)
    return quotient, number - quotient * by


def _int64(number: int) -> int:
    """Wrap as Go's int64 does."""
    return (number + _WRAP // 2) % _WRAP - _WRAP // 2
