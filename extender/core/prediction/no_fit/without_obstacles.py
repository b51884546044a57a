"""
One node with obstacles taken away: the same claims, and what the node could offer without them.

Each obstacle can be taken away alone, so that the allocator itself tells which are in the way.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from extender.model import DeviceID, Node, PoolID, ResourceSlice

from ...allocator.budget import Budget
from ...allocator.layout import NOWHERE, UNUSED, Candidate, LayoutUsage, NodeLayout
from ...allocator.layout_usage import usage_of
from ...allocator.problem import Problem
from ...allocator.results import device_id
from ...allocator.shortage import without_leaks
from ...cluster.context import ClusterContext
from ...cluster.inventory import Inventory, inventory_of
from ...cluster.node_selection import NodeSelectorError
from ...cluster.pools import targets_node
from ...cluster.signature import Lineage
from ...cluster.slice_index import SliceIndex, index_slices
from ...cluster.snapshot import NodeState
from ...cluster.usage import NO_USAGE
from ...releases.history import implementation_for, release_with
from ...releases.release import Release
from ..node_view import NodeView
from .causes import HOLDING, CauseCode, PoolSlices
from .obstacles import FEATURES, NOTHING, Obstacle, Obstacles, fields_of
from .reduced import Stripped, reduced_claims
from .whole_slices import WholeSlices

# Whether pools are completed, and the features that are turned on: what decides about the inventory.
_Where = tuple[bool, frozenset[str]]

_ACTUAL: _Where = (False, frozenset())
_ABOUT_POOLS = (CauseCode.POOL_INCOMPLETE, CauseCode.FEATURE_OFF)


def _where(gone: Obstacles) -> _Where:
    if not any(each.code in _ABOUT_POOLS for each in gone):
        return _ACTUAL
    complete = any(each.code is CauseCode.POOL_INCOMPLETE for each in gone)
    return complete, frozenset(each.detail for each in gone if each.code is CauseCode.FEATURE_OFF)


class PastBudget(Exception):
    """Judging devices takes more work than is left."""


class WithoutObstacles:
    """
    The problems of one node, by the obstacles that are taken away.

    ``actual`` is the inventory as the release sees it. Candidates have other numbers where pools are
    completed or features turned on; ``numbers`` tells who they are. Judging devices that the node does
    not have as it is takes of ``budget``.
    """

    def __init__(self, view: NodeView, state: NodeState, slices: WholeSlices, budget: Budget) -> None:
        self.claims = view.memo.compiled
        self.actual = state.inventory
        self._view = view
        self._state = state
        self._slices = slices
        self._budget = budget
        self._release = view.memo.release
        self._layouts: dict[_Where, tuple[NodeLayout, Inventory]] = {
            _ACTUAL: (view.node_layout, state.inventory)
        }
        self._numbers: dict[_Where, Mapping[DeviceID, int]] = {}
        self._keys: dict[_Where, Hashable] = {}

    @property
    def off(self) -> tuple[str, ...]:
        """The features without which devices are passed over and that are off, by their first field."""
        features = self._release.features
        off = []
        if not features.partitionable_devices:
            off.append("partitionable_devices")
        if not features.binding:
            off.append("binding_conditions")
        if self._release.gathering.hides_compatibility_groups and not features.compatibility_groups:
            off.append("compatibility_groups")
        return tuple(name for name in off if name in self._slices.used())

    @property
    def leaks(self) -> bool:
        """Whether the release keeps counters of devices that it rejects, and devices have some."""
        candidates = self._view.node_layout.layout.candidates
        return self._release.counters.leak and any(each.traits.consumes_counters for each in candidates)

    def is_used(self, gone: Obstacles) -> bool:
        """Whether others hold some of the candidates that there are then."""
        node_layout, inventory = self.layout(gone)
        return self._usage(set(), node_layout, inventory, self._release_without(gone)) != UNUSED

    @property
    def is_as_seen(self) -> bool:
        """Whether it has no other devices with any obstacle away: its view decides all but names."""
        return not self.off and not self.missing_pools

    @cached_property
    def missing_pools(self) -> frozenset[PoolID]:
        """
        The pools that lack slices, or are passed over for newer slices elsewhere, with all features on.

        Without partitions, upstream does not look at the counters of other nodes, where some may be
        missing.
        """
        if not self._release.gathering.looks_elsewhere:
            return frozenset()
        features = frozenset(Obstacle(CauseCode.FEATURE_OFF, each) for each in self.off)
        release = self._release_without(features)
        pools = self.layout(features)[1].pools
        whole = {pool.id for pool in pools if not pool.incomplete}
        index = self._slices.index(release, frozenset(self.off))
        try:
            seen = {slice_.pool_id for slice_ in _seen(self._state.node, index, release)}
        except NodeSelectorError:
            return frozenset()
        return frozenset(seen | {pool.id for pool in pools}) - whole

    def pool_slices(self, pool: PoolID) -> PoolSlices:
        """How many slices of the pool's newest generation there are, and how many there should be."""
        group = self._slices.snapshot.slices.by_pool.get(pool, ())
        newest = max((slice_.generation for slice_ in group), default=0)
        current = [slice_ for slice_ in group if slice_.generation == newest]
        expected = current[0].resource_slice_count if current else 0
        return PoolSlices(str(pool), len(current), expected)

    def candidates(self, devices: Iterable[DeviceID]) -> list[Candidate]:
        """The candidates that devices are as the release sees the node."""
        numbers, candidates = self.numbers(NOTHING), self._view.node_layout.layout.candidates
        return [candidates[numbers[id_]] for id_ in devices]

    @property
    def roomy(self) -> list[tuple[DeviceID, int]]:
        """The devices that several requests can share, as nobody's own."""
        if not self._release.features.consumable_capacity:
            return []
        candidates = self._view.node_layout.layout.candidates
        return [
            (id_, -1)
            for id_, number in self.numbers(NOTHING).items()
            if candidates[number].traits.allow_multiple_allocations
        ]

    def key(self, gone: Obstacles) -> Hashable:
        """Equal for nodes that leave equal problems without what is ``gone``."""
        where = _where(gone)
        if where not in self._keys:
            node_layout, inventory = self.layout(gone)
            usage = self._usage(set(), node_layout, inventory, self._release)
            self._keys[where] = (self._view.memo, node_layout.number, usage)
        return self._keys[where]

    def gates(self, feature: str) -> tuple[str, ...]:
        """The gates to turn on for a feature of ``off``."""
        features = self._release.features
        return tuple(FEATURES[name] for name in fields_of(feature) if not getattr(features, name))

    def problem(self, gone: Obstacles, counts: Mapping[int, int] | None = None) -> Problem:
        """
        What is to be searched without the obstacles that are ``gone``.

        ``counts``: of the alternatives by index, where fewer devices are asked for.
        """
        codes = {obstacle.code for obstacle in gone}
        node_layout, inventory = self.layout(gone)
        release = self._release_without(gone)
        layout = node_layout.layout
        if not release.features.partitionable_devices:
            # Without the feature nobody counts, and devices with counters are passed over.
            codes.discard(CauseCode.COUNTERS_TOO_SMALL)
        strip = Stripped(codes)
        if strip.changes:
            layout = layout._replace(candidates=tuple(map(strip.candidate, layout.candidates)))
        usage = self._usage(codes, node_layout, inventory, release)
        constraints = frozenset(each.detail for each in gone if each.code is CauseCode.CONSTRAINT)
        claims = reduced_claims(self.claims, constraints, counts or {}, capacity=strip.capacity)
        problem = Problem(claims, layout, usage, release)
        return without_leaks(problem) if CauseCode.COUNTERS_LEAK in codes else problem

    def layout(self, gone: Obstacles) -> tuple[NodeLayout, Inventory]:
        """
        The node's layout and inventory without the obstacles that decide which pools there are.

        Raises ``PastBudget``.
        """
        where = _where(gone)
        if where not in self._layouts:
            complete, features = where
            inventory = self._inventory(self._release_without(gone), features, complete=complete)
            node_layout = self._view.memo.projector.project(inventory, self._budget)
            if node_layout is None:
                raise PastBudget
            self._layouts[where] = (node_layout, inventory)
        return self._layouts[where]

    def numbers(self, gone: Obstacles) -> Mapping[DeviceID, int]:
        """The candidates of a layout: who they are, and their numbers."""
        where = _where(gone)
        if where not in self._numbers:
            node_layout, inventory = self.layout(gone)
            self._numbers[where] = {
                device_id(number, node_layout, inventory): number
                for number, position in enumerate(node_layout.positions)
                if position != NOWHERE
            }
        return self._numbers[where]

    def _release_without(self, gone: Obstacles) -> Release:
        on = {
            name: True
            for each in gone
            if each.code is CauseCode.FEATURE_OFF
            for name in fields_of(each.detail)
        }
        if not on:
            return self._release
        features = replace(self._release.features, **on)
        minor = self._release.minor
        return release_with(self._release.version, features, implementation_for(minor, features))

    def _inventory(self, release: Release, features: frozenset[str], *, complete: bool) -> Inventory:
        node, snapshot = self._state.node, self._slices.snapshot
        index = self._slices.index(release, features)
        if complete:
            try:
                seen = list(_seen(node, index, release))
            except NodeSelectorError:
                return self.actual
            newest: dict[PoolID, int] = {}
            for slice_ in seen:
                newest[slice_.pool_id] = max(slice_.generation, newest.get(slice_.pool_id, 0))
            whole = [each for pool, last in newest.items() for each in self._slices.complete(pool, last)]
            index = index_slices(whole, release)
        context = ClusterContext(
            release,
            snapshot.vocabulary,
            index,
            snapshot.usage,
            # Types of its own, told from those of the cluster: the projector knows them by number.
            Lineage(numbers=snapshot.lineage.numbers),
            snapshot.machines,
            snapshot.rules,
        )
        return inventory_of(node, context)

    def _usage(
        self, codes: set[CauseCode], node_layout: NodeLayout, inventory: Inventory, release: Release
    ) -> LayoutUsage:
        if codes >= HOLDING:
            return UNUSED
        if inventory is self.actual:
            usage = self._view.usage
        else:
            of_pool = self._slices.snapshot.usage
            held = [of_pool.get(pool.id, NO_USAGE) for pool in inventory.pools]
            usage = usage_of(node_layout, inventory, held, release)
        if CauseCode.HELD in codes:
            usage = usage._replace(in_use=0)
        if CauseCode.COUNTERS_SPENT in codes:
            usage = usage._replace(consumed_counters=(), groups=())
        if CauseCode.CAPACITY_SPENT in codes:
            usage = usage._replace(consumed=())
        return usage


def _seen(node: Node, index: SliceIndex, release: Release) -> Iterator[ResourceSlice]:
    for slice_ in index.offered_to(node):
        if targets_node(slice_, node, release.gathering):
            yield slice_
