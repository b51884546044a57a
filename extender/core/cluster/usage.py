"""
What is already allocated: the scheduler's allocated state, pool by pool.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources
allocateddevices.go foreachAllocatedDevice, v1.36.2 and v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from extender.model import Claim, DeviceID, DeviceResult, PoolID

from ..releases.release import Release
from .differences import Difference, differences, regrouped
from .scoped_names import scoped

Amounts = tuple[tuple[str, int], ...]
"""Capacities by name with their sums in nano units, sorted by name."""


@dataclass(frozen=True, slots=True)
class PoolUsage:
    """
    Allocated devices of one pool, by device name.

    ``shared`` have at least one share; ``consumed`` holds the capacity that
    shares have taken, only for shares that recorded any. ``unclear``: the first claim, as
    ``namespace/name``, of which it cannot be read what it holds here; empty: there is none.
    """

    exclusive: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    consumed: Mapping[str, Amounts] = field(default_factory=dict, hash=False)
    unclear: str = ""


NO_USAGE = PoolUsage()


def pools_held(claim: Claim | None) -> frozenset[PoolID]:
    """Pools in which the claim holds devices."""
    if claim is None or claim.allocation is None:
        return frozenset()
    return frozenset(
        PoolID(result.id.driver, result.id.pool)
        for result in claim.allocation.results
        if not result.admin_access
    )


def holders_after(
    holders: Mapping[PoolID, tuple[Claim, ...]], changed: Mapping[tuple[str, str], Difference[Claim]]
) -> Mapping[PoolID, tuple[Claim, ...]]:
    """Claims by the pools they hold devices of, once some changed; in the order of their keys."""
    return regrouped(holders, changed, pools_held, lambda claim: claim.key)


def usage_differences(
    usage: Mapping[PoolID, PoolUsage],
    holders: Mapping[PoolID, tuple[Claim, ...]],
    changed: Iterable[Difference[Claim]],
    release: Release,
) -> dict[PoolID, Difference[PoolUsage]]:
    """What of ``usage`` differs once claims changed and ``holders`` are those after it."""
    pools: set[PoolID] = set()
    for before, after in changed:
        if before is None or after is None or _held(before) != _held(after):
            pools |= pools_held(before) | pools_held(after)
    wanted = {pool: pool_usage(pool, holders[pool], release) if pool in holders else None for pool in pools}
    return differences(usage, wanted)


def _held(claim: Claim) -> tuple[object, ...]:
    return claim.allocation, claim.unclear_pools


def pool_usage(pool: PoolID, claims: Collection[Claim], release: Release) -> PoolUsage:
    """Sum up what ``claims`` (any order) hold in ``pool``; admin access does not count."""
    exclusive: set[str] = set()
    shared: set[str] = set()
    consumed: dict[str, dict[str, int]] = {}
    scopes = release.capacity.scoped_names
    for result in _results_in(pool, claims):
        if not (release.features.consumable_capacity and result.share_id):
            exclusive.add(result.id.device)
            continue
        shared.add(result.id.device)
        if result.consumed_capacity:
            sums = consumed.setdefault(result.id.device, {})
            recorded = result.consumed_capacity
            for name, quantity in scoped(pool.driver, recorded) if scopes else recorded:
                sums[name] = sums.get(name, 0) + quantity.nanos
    return PoolUsage(
        frozenset(exclusive),
        frozenset(shared),
        {device: tuple(sorted(sums.items())) for device, sums in consumed.items()},
        next((f"{claim.namespace}/{claim.name}" for claim in claims if pool in claim.unclear_pools), ""),
    )


def held_twice(claims: Iterable[Claim]) -> tuple[DeviceID, ...]:
    """Devices that several of ``claims`` hold although each wants them for itself, sorted."""
    held: set[DeviceID] = set()
    twice: set[DeviceID] = set()
    for claim in claims:
        if claim.allocation is None:
            continue
        mine = {
            result.id
            for result in claim.allocation.results
            if not result.admin_access and not result.share_id
        }
        twice |= held & mine
        held |= mine
    return tuple(sorted(twice, key=str))


def _results_in(pool: PoolID, claims: Iterable[Claim]) -> Iterable[DeviceResult]:
    for claim in claims:
        if claim.allocation is not None:
            for result in claim.allocation.results:
                if not result.admin_access and (result.id.driver, result.id.pool) == pool:
                    yield result
