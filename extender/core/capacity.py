"""
Consumable capacity: how much a request takes of a device, and whether it fits.

Amounts are in nano units. Source: k8s.io/dynamic-resource-allocation
structured/internal/incubating consumable_capacity.go, v0.36.2.
"""

from __future__ import annotations

from collections.abc import Mapping

from .model import Capacity, RequestPolicy
from .quantity import NANOS, Quantity

_WRAP = 1 << 64


def demand(
    capacity: tuple[tuple[str, Capacity], ...], requested: tuple[tuple[str, Quantity], ...] | None
) -> tuple[tuple[str, int, int], ...] | None:
    """
    What one allocation takes of each capacity: (name, amount, total), all in nano units.

    ``None`` if the request can never fit such a device: it names a capacity that
    the device lacks, or breaks a request policy.
    """
    wanted = dict(requested or ())
    if not wanted.keys() <= {name for name, _ in capacity}:
        return None
    amounts = []
    for name, entry in capacity:
        amount = consumed_amount(wanted.get(name), entry)
        if _violates(amount, entry.policy):
            return None
        amounts.append((name, amount.nanos, entry.value.nanos))
    return tuple(amounts)


def fits(
    amounts: tuple[tuple[str, int, int], ...], consumed: Mapping[str, int], allocating: Mapping[str, int]
) -> bool:
    """Whether each amount fits beside what is consumed and what this attempt has picked."""
    return all(
        consumed.get(name, 0) + amount + allocating.get(name, 0) <= total for name, amount, total in amounts
    )


def consumed_amount(requested: Quantity | None, capacity: Capacity) -> Quantity:
    """What a request takes: the policy's default, or the request rounded as the policy says."""
    policy = capacity.policy
    if requested is None:
        if policy is not None and policy.default is not None:
            return policy.default
        return capacity.value
    if policy is None:
        return requested
    if policy.has_range and policy.range_min is not None:
        return _round_to_range(requested, policy.range_min, policy.range_step)
    if policy.valid_values is not None:
        return next((value for value in policy.valid_values if requested.nanos <= value.nanos), requested)
    return requested


def _round_to_range(requested: Quantity, minimum: Quantity, step: Quantity | None) -> Quantity:
    if requested.nanos < minimum.nanos:
        return minimum
    if step is None:
        return requested
    if step.value == 0:
        return requested
    added = _int64(requested.value - minimum.value)
    steps, rest = _divide(added, step.value)
    return Quantity(_int64(minimum.value + step.value * (steps + (rest != 0))) * NANOS)


def _violates(amount: Quantity, policy: RequestPolicy | None) -> bool:
    if policy is None or (policy.default is not None and amount.identical(policy.default)):
        return False
    if policy.has_range:
        if policy.range_max is not None and amount.nanos > policy.range_max.nanos:
            return True
        if policy.range_step is None:
            return False
        start = policy.range_min.value if policy.range_min is not None else 0
        return _divide(_int64(amount.value - start), policy.range_step.value)[1] != 0
    if policy.valid_values:
        return all(amount.nanos != value.nanos for value in policy.valid_values)
    return False


def _divide(number: int, by: int) -> tuple[int, int]:
    """Go's ``/`` and ``%``: towards zero. API validation keeps steps positive; 0 rounds nothing."""
    if by == 0:
        return number, 0
    quotient = abs(number) // abs(by) * (1 if (number < 0) == (by < 0) else -1)
    return quotient, number - quotient * by


def _int64(number: int) -> int:
    """Wrap as Go's int64 does: upstream accepts such requests up to 1.36."""
    return (number + _WRAP // 2) % _WRAP - _WRAP // 2
