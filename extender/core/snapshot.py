"""
The cluster as one frozen value, and how one snapshot follows from another.

A request reads one snapshot and nothing else. Successors share what did not
change, and each carries the names of the nodes that did, so that predictions
for the others stay valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .inventory import EMPTY, Frame, Inventory, SliceIndex, index_slices, inventory_of
from .model import Claim, DeviceClass, DeviceTaintRule, Node, Pod, PoolID, ResourceSlice
from .releases import Release
from .taint_rules import with_taint_rules
from .usage import NO_USAGE, PoolUsage, pool_usage, pools_held
from .vocabulary import DEFAULT_VOCABULARY, Vocabulary

ClaimKey = tuple[str, str]
"""Namespace and name."""

_HISTORY = 256
# Enough for any burst of claim events between two scheduling requests; a memo that
# is further behind starts afresh.


@dataclass(frozen=True, slots=True, eq=False)
class NodeState:
    """One node: ``usage`` is parallel to ``inventory.pools``."""

    node: Node
    inventory: Inventory
    usage: tuple[PoolUsage, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """Identity of a chain of snapshots; ``frames`` interns frames along it."""

    frames: dict[Frame, Frame] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """
    Everything that predictions read.

    ``number`` counts the snapshots of one ``lineage``; ``changes`` holds the
    names of the nodes that each of the last snapshots changed, newest last.
    ``holders``: allocated claims by the pools they hold devices of.
    """

    release: Release
    vocabulary: Vocabulary
    nodes: Mapping[str, NodeState]
    classes: Mapping[str, DeviceClass]
    claims: Mapping[ClaimKey, Claim]
    pods: Mapping[tuple[str, str], Pod]
    slices: SliceIndex
    holders: Mapping[PoolID, tuple[Claim, ...]]
    pool_nodes: Mapping[PoolID, tuple[str, ...]]
    lineage: Lineage = field(default_factory=Lineage)
    number: int = 0
    changes: tuple[frozenset[str], ...] = ()

    @classmethod
    def of(
        cls,
        *,
        release: Release,
        nodes: Iterable[Node] = (),
        slices: Iterable[ResourceSlice] = (),
        classes: Iterable[DeviceClass] = (),
        claims: Iterable[Claim] = (),
        pods: Iterable[Pod] = (),
        taint_rules: Iterable[DeviceTaintRule] = (),
        vocabulary: Vocabulary = DEFAULT_VOCABULARY,
    ) -> Snapshot:
        """Freeze a world. The order of the inputs does not matter; names are unique."""
        lineage = Lineage()
        ordered = sorted(taint_rules, key=lambda rule: rule.name)
        index = index_slices(with_taint_rules(tuple(slices), ordered, release), release)
        by_key = {claim.key: claim for claim in claims}
        holders: dict[PoolID, list[Claim]] = {}
        for claim in by_key.values():
            for pool in pools_held(claim):
                holders.setdefault(pool, []).append(claim)
        frozen = {pool: tuple(group) for pool, group in holders.items()}
        shared = release.features.consumable_capacity
        usage = {pool: pool_usage(pool, group, consumable_capacity=shared) for pool, group in frozen.items()}
        states: dict[str, NodeState] = {}
        pool_nodes: dict[PoolID, list[str]] = {}
        for node in sorted(nodes, key=lambda node: node.name):
            inventory = inventory_of(node, index, release, vocabulary, lineage.frames)
            for pool_ in inventory.pools:
                pool_nodes.setdefault(pool_.id, []).append(node.name)
            states[node.name] = NodeState(
                node, inventory, tuple(usage.get(pool_.id, NO_USAGE) for pool_ in inventory.pools)
            )
        return cls(
            release=release,
            vocabulary=vocabulary,
            nodes=states,
            classes={device_class.name: device_class for device_class in classes},
            claims=by_key,
            pods={(pod.namespace, pod.name): pod for pod in pods},
            slices=index,
            holders=frozen,
            pool_nodes={pool: tuple(names) for pool, names in pool_nodes.items()},
            lineage=lineage,
        )

    def with_claims(self, upserts: Iterable[Claim] = (), deletions: Iterable[ClaimKey] = ()) -> Snapshot:
        """The next snapshot after claims appeared, changed or went."""
        claims = dict(self.claims)
        holders = dict(self.holders)
        touched: set[PoolID] = set()
        updates: list[tuple[ClaimKey, Claim | None]] = [(claim.key, claim) for claim in upserts]
        updates += [(key, None) for key in deletions]
        for key, claim in updates:
            before = claims.pop(key, None)
            if claim is not None:
                claims[key] = claim
            if before is not None and claim is not None and before.allocation == claim.allocation:
                _replace_holder(holders, pools_held(before), key, claim)
                continue
            touched |= pools_held(before) | pools_held(claim)
            _replace_holder(holders, pools_held(before), key, None)
            for pool in pools_held(claim):
                if claim is not None:
                    holders[pool] = (*holders.get(pool, ()), claim)
        nodes, changed = self._with_usage(touched, holders)
        return replace(
            self,
            claims=claims,
            holders=holders,
            nodes=nodes,
            number=self.number + 1,
            changes=(*self.changes[-_HISTORY + 1 :], changed),
        )

    def _with_usage(
        self, pools: set[PoolID], holders: Mapping[PoolID, tuple[Claim, ...]]
    ) -> tuple[Mapping[str, NodeState], frozenset[str]]:
        """Nodes with the usage of ``pools`` brought up to date, and which they are."""
        changed = frozenset(name for pool in pools for name in self.pool_nodes.get(pool, ()))
        if not changed:
            return self.nodes, changed
        shared = self.release.features.consumable_capacity
        usage = {pool: pool_usage(pool, holders.get(pool, ()), consumable_capacity=shared) for pool in pools}
        nodes = dict(self.nodes)
        for name in changed:
            state = nodes[name]
            fresh = tuple(
                usage.get(pool.id, before)
                for pool, before in zip(state.inventory.pools, state.usage, strict=True)
            )
            nodes[name] = replace(state, usage=fresh)
        return nodes, changed

    def changed_since(self, number: int) -> frozenset[str] | None:
        """Names of nodes changed after snapshot ``number``; ``None`` if too long ago."""
        behind = self.number - number
        if behind == 0:
            return frozenset()
        if not 0 < behind <= len(self.changes):
            return None
        return frozenset().union(*self.changes[-behind:])


def _replace_holder(
    holders: dict[PoolID, tuple[Claim, ...]],
    pools: Iterable[PoolID],
    key: ClaimKey,
    claim: Claim | None,
) -> None:
    for pool in pools:
        kept = tuple(held for held in holders.get(pool, ()) if held.key != key)
        if claim is not None:
            kept = (*kept, claim)
        if kept:
            holders[pool] = kept
        else:
            holders.pop(pool, None)


__all__ = ["EMPTY", "ClaimKey", "Lineage", "NodeState", "Snapshot"]
