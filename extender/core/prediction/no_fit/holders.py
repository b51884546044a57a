"""Which claims hold the devices of a node, and what the devices say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from extender.model import Claim, DeviceID, DeviceTraits, PoolID

from ...cluster.inventory import Inventory
from ...cluster.snapshot import Snapshot
from ...cluster.taint_rules import rules_on, with_taints


class Holders:
    """The devices of one inventory, and the claims that hold devices of its pools, by device."""

    def __init__(self, inventory: Inventory, snapshot: Snapshot) -> None:
        self._pools, self._snapshot = inventory.pools, snapshot

    @cached_property
    def _traits(self) -> Mapping[DeviceID, DeviceTraits]:
        """With the taints of rules."""
        rules = self._snapshot.rules
        return {
            DeviceID(pool.id.driver, pool.id.pool, name): traits
            for pool in self._pools
            for slice_ in (*pool.slices, *pool.other_slices)
            for name, traits in zip(
                slice_.devices.names.values,
                with_taints(slice_.devices, rules_on(rules, pool.id)).values,
                strict=True,
            )
        }

    @cached_property
    def _claims(self) -> Mapping[DeviceID, Sequence[Claim]]:
        held: dict[DeviceID, list[Claim]] = {}
        for pool in self._pools:
            for claim in self._snapshot.holders.get(pool.id, ()):
                for result in claim.allocation.results if claim.allocation is not None else ():
                    of_device = held.setdefault(result.id, [])
                    if not result.admin_access and claim not in of_device[-1:]:
                        of_device.append(claim)
        return held

    def claims(self, devices: Iterable[DeviceID]) -> list[str]:
        """The claims that hold one of the devices, as ``namespace/name``, sorted."""
        claims = {claim.key for id_ in devices for claim in self._claims.get(id_, ())}
        return ["/".join(key) for key in sorted(claims)]

    def consumers(self, devices: Iterable[DeviceID]) -> list[str]:
        """The claims that hold devices with counters in the pools of the devices, sorted."""
        pools = {PoolID(id_.driver, id_.pool) for id_ in devices}
        return self.claims(
            id_
            for id_ in self._claims
            if PoolID(id_.driver, id_.pool) in pools
            and id_ in self._traits
            and self._traits[id_].consumes_counters
        )

    def taint_keys(self, devices: Iterable[DeviceID]) -> list[str]:
        """The keys of the devices' taints, sorted."""
        return sorted({taint.key for id_ in devices for taint in self._traits[id_].taints})

    def counter_sets(self, devices: Iterable[DeviceID]) -> list[str]:
        """The counter sets that the devices consume, sorted."""
        consumed = (each for id_ in devices for each in self._traits[id_].consumes_counters)
        return sorted({consumption.counter_set for consumption in consumed})
