"""
The cluster as one frozen value, and how one snapshot follows from another.

A request reads one snapshot and nothing else. Successors share what did not
change, and each carries the names of the nodes that did, so that predictions
for the others stay valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from extender.model import Claim, DeviceClass, DeviceTaintRule, Namespace, Node, Pod, PoolID, ResourceSlice

from ..releases.release import Release
from ..topology.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from .changes import Changes, Difference, applied, differences
from .inventory import EMPTY
from .node_state import ClusterContext, NodeState, state_of
from .signature import Lineage
from .slice_index import SliceIndex, index_after, index_slices
from .snapshot_update import nodes_after, slices_changed, sweep
from .taint_rules import with_taint_rules
from .usage import PoolUsage, holders_after, pool_usage, usage_differences

ClaimKey = tuple[str, str]
"""Namespace and name."""

_HISTORY = 256
# Enough for any burst of events between two scheduling requests; a memo that
# is further behind starts afresh.


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """
    Everything that answers depend on, and what the next snapshot is made from.

    ``published``: the slices by name as drivers publish them; ``slices`` has them
    with the taints of ``taint_rules``. ``holders``: allocated claims by the pools they
    hold devices of, ``usage`` what that adds up to. ``pool_nodes``: names of the nodes
    that have a pool. ``number`` counts the snapshots of one ``lineage`` that changed
    nodes; ``changes`` holds the names that each of the last ones changed, newest last.
    """

    release: Release
    vocabulary: Vocabulary
    nodes: Mapping[str, NodeState]
    classes: Mapping[str, DeviceClass]
    claims: Mapping[ClaimKey, Claim]
    pods: Mapping[tuple[str, str], Pod]
    taint_rules: Mapping[str, DeviceTaintRule]
    namespaces: Mapping[str, Namespace]
    published: Mapping[str, ResourceSlice]
    slices: SliceIndex
    holders: Mapping[PoolID, tuple[Claim, ...]]
    usage: Mapping[PoolID, PoolUsage]
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
        namespaces: Iterable[Namespace] = (),
        vocabulary: Vocabulary = DEFAULT_VOCABULARY,
    ) -> Snapshot:
        """Freeze a world. The order of the inputs does not matter; names are unique."""
        lineage = Lineage()
        offered = tuple(slices)
        rules = sorted(taint_rules, key=lambda rule: rule.name)
        index = index_slices(with_taint_rules(offered, rules, release), release)
        by_key = {claim.key: claim for claim in claims}
        holders = holders_after({}, {key: Difference(None, claim) for key, claim in by_key.items()})
        shared = release.features.consumable_capacity
        usage = {pool: pool_usage(pool, group, consumable_capacity=shared) for pool, group in holders.items()}
        context = ClusterContext(release, vocabulary, index, usage, lineage)
        states: dict[str, NodeState] = {}
        pool_nodes: dict[PoolID, list[str]] = {}
        for node in sorted(nodes, key=lambda node: node.name):
            state = states[node.name] = state_of(node, context)
            for pool in state.inventory.pools:
                pool_nodes.setdefault(pool.id, []).append(node.name)
        return cls(
            release=release,
            vocabulary=vocabulary,
            nodes=states,
            classes={device_class.name: device_class for device_class in classes},
            claims=by_key,
            pods={_pod_key(pod): pod for pod in pods},
            taint_rules={rule.name: rule for rule in rules},
            namespaces={namespace.name: namespace for namespace in namespaces},
            published={slice_.name: slice_ for slice_ in offered},
            slices=index,
            holders=holders,
            usage=usage,
            pool_nodes={pool: tuple(names) for pool, names in pool_nodes.items()},
            lineage=lineage,
        )

    def updated(self, changes: Changes) -> Snapshot:
        """
        The snapshot of the world after ``changes``; the same object if they change nothing.

        Costs what the nodes cost that the changes concern, and a copy of each mapping
        that differs. ``classes`` stays the same mapping unless a class differs.
        """
        classes = differences(
            self.classes.get, ((each.name, each) for each in changes.classes), changes.gone_classes
        )
        pods = differences(
            self.pods.get, ((_pod_key(each), each) for each in changes.pods), changes.gone_pods
        )
        claims = differences(
            self.claims.get, ((each.key, each) for each in changes.claims), changes.gone_claims
        )
        rules = differences(
            self.taint_rules.get,
            ((each.name, each) for each in changes.taint_rules),
            changes.gone_taint_rules,
        )
        slices = differences(
            self.published.get, ((each.name, each) for each in changes.slices), changes.gone_slices
        )
        namespaces = differences(
            self.namespaces.get, ((each.name, each) for each in changes.namespaces), changes.gone_namespaces
        )
        nodes = differences(self._node, ((each.name, each) for each in changes.nodes), changes.gone_nodes)
        if not (classes or pods or claims or rules or slices or nodes or namespaces):
            return self
        holders = holders_after(self.holders, claims)
        shared = self.release.features.consumable_capacity
        used = usage_differences(self.usage, holders, claims.values(), consumable_capacity=shared)
        published = applied(self.published, slices)
        taint_rules = applied(self.taint_rules, rules)
        tainted = slices_changed(self.slices, published, slices, taint_rules, rules.values(), self.release)
        before = ClusterContext(self.release, self.vocabulary, self.slices, self.usage, self.lineage)
        context = replace(
            before,
            slices=index_after(self.slices, tainted, self.release),
            usage=applied(self.usage, used),
        )
        then = nodes_after(self.nodes, self.pool_nodes, before, context, nodes, tainted, used)
        sweep(self.lineage, then.nodes)
        after = replace(
            self,
            nodes=then.nodes,
            classes=applied(self.classes, classes),
            claims=applied(self.claims, claims),
            pods=applied(self.pods, pods),
            taint_rules=taint_rules,
            namespaces=applied(self.namespaces, namespaces),
            published=published,
            slices=context.slices,
            holders=holders,
            usage=context.usage,
            pool_nodes=then.pool_nodes,
        )
        if not then.changed:
            return after
        return replace(after, number=self.number + 1, changes=(*self.changes[-_HISTORY + 1 :], then.changed))

    def with_claims(self, upserts: Iterable[Claim] = (), deletions: Iterable[ClaimKey] = ()) -> Snapshot:
        """The next snapshot after claims appeared, changed or went."""
        return self.updated(Changes(claims=tuple(upserts), gone_claims=tuple(deletions)))

    def changed_since(self, number: int) -> frozenset[str] | None:
        """Names of nodes changed after snapshot ``number``; ``None`` if too long ago."""
        behind = self.number - number
        if behind == 0:
            return frozenset()
        if not 0 < behind <= len(self.changes):
            return None
        return frozenset().union(*self.changes[-behind:])

    def _node(self, name: str) -> Node | None:
        state = self.nodes.get(name)
        return None if state is None else state.node


def _pod_key(pod: Pod) -> tuple[str, str]:
    return (pod.namespace, pod.name)


__all__ = ["EMPTY", "ClaimKey", "Lineage", "NodeState", "Snapshot"]
