"""
The nodes of a frozen cluster while claims give back their devices and get others, one after the other.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Sequence
from dataclasses import replace

from extender.model import Claim, PoolID

from ..cluster.context import ClusterContext
from ..cluster.node_state import state_after
from ..cluster.snapshot import ClaimKey, NodeState, Snapshot
from ..cluster.usage import NO_USAGE, PoolUsage, pool_usage, pools_held


class ChangingNodes:
    """
    The nodes of ``snapshot``, which stays as it is.

    A change costs what the nodes cost that it concerns, where a snapshot costs a copy of each mapping: no
    request reads what was before, so nothing needs to be kept of it. ``changes``: names of nodes, in the
    order in which they changed.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.changes: list[str] = []
        self._pool_nodes = snapshot.pool_nodes
        self._states = dict(snapshot.nodes)
        self._holders = dict(snapshot.holders)
        self._usage = dict(snapshot.usage)
        # Where the same is taken it is one value, which is quick to compare.
        self._same = {each: each for each in snapshot.usage.values()}
        self._context = ClusterContext(
            snapshot.release,
            snapshot.vocabulary,
            snapshot.slices,
            self._usage,
            snapshot.lineage,
            snapshot.machines,
            snapshot.rules,
        )

    def state(self, name: str) -> NodeState:
        """The node as things stand. Raises ``KeyError`` for one that the snapshot does not have."""
        return self._states[name]

    def states(self) -> ItemsView[str, NodeState]:
        """All nodes by name, as things stand."""
        return self._states.items()

    def state_without(self, name: str, gone: Sequence[Claim]) -> NodeState:
        """The node if the claims ``gone``, with the allocations they have, gave back their devices."""
        keys, state = {claim.key for claim in gone}, self._states[name]
        usage = {pool.id: self._usage.get(pool.id, NO_USAGE) for pool in state.inventory.pools}
        for pool in _pools(gone):
            usage[pool] = self._usage_of(self._rest(pool, keys), pool)
        return state_after(state, state.node, replace(self._context, usage=usage))

    def allocate(self, before: Sequence[Claim], after: Sequence[Claim]) -> None:
        """Claims get other allocations: ``after`` are those of ``before``, as they are then."""
        keys = {claim.key for claim in before}
        come = [(claim, pools_held(claim)) for claim in after]
        pools = _pools(before).union(*[held for _, held in come])
        for pool in pools:
            new = [claim for claim, held in come if pool in held]
            holders = self._holders[pool] = (*self._rest(pool, keys), *new)
            self._usage[pool] = self._usage_of(holders, pool)
        for name in sorted({name for pool in pools for name in self._pool_nodes.get(pool, ())}):
            state = self._states[name]
            self._states[name] = state_after(state, state.node, self._context)
            if self._states[name] is not state:
                self.changes.append(name)

    def _rest(self, pool: PoolID, gone: set[ClaimKey]) -> tuple[Claim, ...]:
        return tuple([claim for claim in self._holders.get(pool, ()) if claim.key not in gone])

    def _usage_of(self, holders: Sequence[Claim], pool: PoolID) -> PoolUsage:
        usage = pool_usage(pool, holders, self._context.release) if holders else NO_USAGE
        return self._same.setdefault(usage, usage)


def _pools(claims: Iterable[Claim]) -> frozenset[PoolID]:
    return frozenset().union(*map(pools_held, claims))
