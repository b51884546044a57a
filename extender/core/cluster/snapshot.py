"""
The cluster as one frozen value, and how one snapshot follows from another.

A request reads one snapshot and nothing else. Successors share what did not
change, and each carries the names of the nodes that did, so that predictions
for the others stay valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter

from extender.model import Claim, DeviceClass, DeviceTaintRule, Namespace, Node, Pod, PoolID, ResourceSlice
from extender.model.kinds import (
    DEVICE_CLASS,
    DEVICE_TAINT_RULE,
    NAMESPACE,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
)

from ..releases.release import Release
from ..topology.machine_facts import NO_FACTS, MachineFacts
from ..topology.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from .changes import Changes
from .context import ClusterContext
from .differences import Difference, applied
from .inventory import EMPTY
from .negative_amounts import ClaimKey, negative_after
from .node_state import NodeState, state_of
from .objects import Objects
from .signature import Lineage
from .slice_index import SliceIndex, index_after, index_slices
from .snapshot_update import nodes_after
from .taint_rules import Rules, counting_rules
from .usage import PoolUsage, holders_after, pool_usage, usage_differences

# Enough for any burst of events between two scheduling requests; a memo that
# is further behind starts afresh.
_HISTORY = 256

_type_of = attrgetter("inventory.type")


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """
    Everything that answers depend on, and what the next snapshot is made from.

    ``objects``: those of every kind, slices as drivers publish them. ``nodes``: the nodes by name in that
    order. ``slices``: those of ``objects`` by how nodes find them. ``rules``: those that put taints on
    devices, which the nodes' types have. ``holders``: allocated claims by the pools they hold devices of,
    ``usage`` what that adds up to. ``pool_nodes``: names of the nodes that have a pool. ``negative``: the
    claims that hold a negative amount. ``number`` counts the snapshots of one ``lineage`` that changed
    nodes; ``changes`` holds the names that each of the last ones changed, newest last. ``machines``: facts of
    machine types.
    """

    release: Release
    vocabulary: Vocabulary
    objects: Objects
    nodes: Mapping[str, NodeState]
    slices: SliceIndex
    holders: Mapping[PoolID, tuple[Claim, ...]]
    usage: Mapping[PoolID, PoolUsage]
    pool_nodes: Mapping[PoolID, tuple[str, ...]]
    negative: frozenset[ClaimKey] = frozenset()
    lineage: Lineage = field(default_factory=Lineage)
    machines: MachineFacts = NO_FACTS
    rules: Rules = ()
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
        namespaces: Iterable[Namespace] = (),
        vocabulary: Vocabulary = DEFAULT_VOCABULARY,
        machines: MachineFacts = NO_FACTS,
    ) -> Snapshot:
        """Freeze a world made by hand. The order of the inputs does not matter; names are unique."""
        changes = (
            Changes.of(NODE, nodes)
            | Changes.of(RESOURCE_SLICE, slices)
            | Changes.of(DEVICE_CLASS, classes)
            | Changes.of(RESOURCE_CLAIM, claims)
            | Changes.of(POD, pods)
            | Changes.of(DEVICE_TAINT_RULE, taint_rules)
            | Changes.of(NAMESPACE, namespaces)
        )
        return cls.of_objects(Objects().updated(changes), release, vocabulary, machines)

    @classmethod
    def of_objects(
        cls,
        objects: Objects,
        release: Release,
        vocabulary: Vocabulary = DEFAULT_VOCABULARY,
        machines: MachineFacts = NO_FACTS,
    ) -> Snapshot:
        """Freeze a cluster. The order of the objects does not matter."""
        lineage = Lineage()
        rules = counting_rules(objects[DEVICE_TAINT_RULE].values(), release)
        index = index_slices(objects[RESOURCE_SLICE].values(), release)
        claims = {key: Difference(None, claim) for key, claim in objects[RESOURCE_CLAIM].items()}
        holders = holders_after({}, claims)
        # Where the same is taken it is one value, which is quick to compare.
        same: dict[PoolUsage, PoolUsage] = {}
        sums = {pool: pool_usage(pool, group, release) for pool, group in holders.items()}
        usage = {pool: same.setdefault(each, each) for pool, each in sums.items()}
        context = ClusterContext(release, vocabulary, index, usage, lineage, machines, rules)
        states: dict[str, NodeState] = {}
        pool_nodes: dict[PoolID, list[str]] = {}
        for name, node in sorted(objects[NODE].items()):
            state = states[name] = state_of(node, context)
            for pool in state.inventory.pools:
                pool_nodes.setdefault(pool.id, []).append(name)
        return cls(
            release=release,
            vocabulary=vocabulary,
            objects=objects,
            nodes=states,
            slices=index,
            holders=holders,
            usage=usage,
            pool_nodes={pool: tuple(names) for pool, names in pool_nodes.items()},
            negative=negative_after(frozenset(), claims),
            lineage=lineage,
            machines=machines,
            rules=rules,
        )

    @property
    def classes(self) -> Mapping[str, DeviceClass]:
        """The same mapping in all snapshots between which no class changes."""
        return self.objects[DEVICE_CLASS]

    @property
    def claims(self) -> Mapping[ClaimKey, Claim]:
        return self.objects[RESOURCE_CLAIM]

    @property
    def pods(self) -> Mapping[tuple[str, str], Pod]:
        return self.objects[POD]

    @property
    def taint_rules(self) -> Mapping[str, DeviceTaintRule]:
        return self.objects[DEVICE_TAINT_RULE]

    @property
    def namespaces(self) -> Mapping[str, Namespace]:
        return self.objects[NAMESPACE]

    @property
    def published(self) -> Mapping[str, ResourceSlice]:
        """The slices by name, as drivers publish them."""
        return self.objects[RESOURCE_SLICE]

    def updated(self, changes: Changes) -> Snapshot:
        """
        The snapshot of the world after ``changes``; the same object if they change nothing.

        Costs what the nodes cost that the changes concern; mappings share the rest (``layered``).
        """
        changed = self.objects.differences(changes)
        if not changed:
            return self
        objects = self.objects.after(changed)
        claims, slices = changed[RESOURCE_CLAIM], changed[RESOURCE_SLICE]
        holders = holders_after(self.holders, claims)
        used = usage_differences(self.usage, holders, claims.values(), self.release)
        rules = self.rules
        if changed[DEVICE_TAINT_RULE]:
            rules = counting_rules(objects[DEVICE_TAINT_RULE].values(), self.release)
        before = ClusterContext(
            self.release, self.vocabulary, self.slices, self.usage, self.lineage, self.machines, self.rules
        )
        context = replace(
            before,
            slices=index_after(self.slices, slices, self.release),
            usage=applied(self.usage, used),
            rules=rules,
        )
        then = nodes_after(self.nodes, self.pool_nodes, before, context, changed[NODE], slices, used)
        self.lineage.sweep(map(_type_of, then.nodes.values()))
        after = replace(
            self,
            objects=objects,
            nodes=then.nodes,
            slices=context.slices,
            holders=holders,
            usage=context.usage,
            pool_nodes=then.pool_nodes,
            negative=negative_after(self.negative, claims),
            rules=rules,
        )
        if not then.changed:
            return after
        return replace(after, number=self.number + 1, changes=(*self.changes[-_HISTORY + 1 :], then.changed))

    def with_claims(self, upserts: Iterable[Claim] = (), deletions: Iterable[ClaimKey] = ()) -> Snapshot:
        """The next snapshot after claims appeared, changed or went."""
        return self.updated(Changes.of(RESOURCE_CLAIM, upserts, deletions))

    def changed_since(self, number: int) -> frozenset[str] | None:
        """Names of nodes changed after snapshot ``number``; ``None`` if too long ago."""
        behind = self.number - number
        if behind == 0:
            return frozenset()
        if not 0 < behind <= len(self.changes):
            return None
        return frozenset().union(*self.changes[-behind:])


__all__ = ["EMPTY", "ClaimKey", "Lineage", "NodeState", "Snapshot"]
