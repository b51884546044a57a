"""A snapshot that follows from events is the snapshot of the cluster after them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings

from extender.core.cluster import layered
from extender.core.cluster.changes import Changes
from extender.core.cluster.pools import targets_node
from extender.core.cluster.slice_index import is_offered
from extender.core.cluster.snapshot import NodeState, Snapshot
from extender.core.prediction.evaluate import Evaluation, Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.model import Pod
from extender.model.device_columns import Values
from extender.model.kinds import POD, RESOURCE_CLAIM
from tests import builders as b
from tests.property.histories import NODES, histories

Entry = tuple[str, int]

_PARTITIONED = {
    "DRAPartitionableDevices": True,
    "DRADeviceTaints": True,
    "DRADeviceTaintRules": True,
    "DRADeviceBindingConditions": True,
}
_STABLE = {"DRADeviceBindingConditions": False, "DRAConsumableCapacity": False}
RELEASES = {
    "1.34": release_for("1.34"),
    "1.34 partitioned": release_for("1.34", {"DRAPartitionableDevices": True, "DRADeviceTaints": True}),
    "1.35": release_for("1.35"),
    "1.35 partitioned": release_for("1.35", _PARTITIONED),
    "1.36": release_for("1.36.2", {"DRADeviceTaintRules": True}),
    "1.36 stable": release_for("1.36", {**_STABLE, "DRAResourceClaimDeviceStatus": False}),
    "1.36 undivided": release_for("1.36", {"DRAPartitionableDevices": False}),
    "1.37": release_for("1.37"),
    "1.37 experimental": release_for(
        "1.37", {"DRAOptionalNodeOperations": True, "DRADeviceCompatibilityGroups": True}
    ),
}
"""Every way to gather pools; counters for all nodes, taint rules and hidden slices among them."""


@pytest.fixture(autouse=True, scope="module")
def share_small_mappings():
    """Clusters of a few objects follow from each other as large ones do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layered, "COPIED", 0)
        yield


def ask(snapshot: Snapshot, pod: Pod, memo: Memo[Entry] | None = None) -> Evaluation[Entry]:
    fresh: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    return evaluate(snapshot, pod, memo or fresh, Settings(search_steps=2_000))


def assert_same(followed: Snapshot, fresh: Snapshot) -> None:
    """Everything but the lineage."""
    assert list(followed.nodes) == list(fresh.nodes)
    for name, state in fresh.nodes.items():
        assert parts(followed.nodes[name]) == parts(state)
        assert_finds_its_slices(followed, state)
    assert followed.slices == fresh.slices
    for kind in (
        "published",
        "taint_rules",
        "rules",
        "classes",
        "claims",
        "pods",
        "holders",
        "usage",
        "pool_nodes",
    ):
        assert getattr(followed, kind) == getattr(fresh, kind), kind
    assert_columns_are_known(followed)


def assert_finds_its_slices(snapshot: Snapshot, state: NodeState) -> None:
    """The slices that are for a node are among those that are offered to it, each once."""
    release, node = snapshot.release, state.node
    offered = [each.name for each in snapshot.slices.offered_to(node)]
    assert len(offered) == len(set(offered))
    if state.inventory.failure is None:
        shared = [each for each in snapshot.published.values() if is_offered(each, release)]
        missing = [each for each in shared if each.name not in offered]
        assert not any(targets_node(each, node, release.gathering) for each in missing)


def assert_columns_are_known(snapshot: Snapshot) -> None:
    """A type knows each column in which two of its nodes differ: else unlike nodes would look alike."""
    known: dict[int, list[tuple[Values, ...]]] = {}
    for state in snapshot.nodes.values():
        type_ = state.inventory.type
        columns = [slice_.devices.columns for slice_ in state.inventory.slices]
        first = known.setdefault(type_.number, columns)
        assert {
            (place, position)
            for place, pair in enumerate(zip(columns, first, strict=True))
            for position, (own, other) in enumerate(zip(*pair, strict=True))
            if own != other
        } <= type_.columns.differing


def parts(state: NodeState) -> tuple[object, ...]:
    return state.node, state.inventory, state.usage, state.inventory.pairable, state.free, state.pairs


def assert_names_what_changed(before: Snapshot, after: Snapshot) -> None:
    """Exactly the nodes that differ; all others are the very same objects."""
    changed = after.changed_since(before.number)
    names = before.nodes.keys() | after.nodes.keys()
    assert changed == frozenset(name for name in names if not _alike(before.nodes, after.nodes, name))
    for name in names - changed:
        assert after.nodes[name] is before.nodes[name]


def _alike(before: Mapping[str, NodeState], after: Mapping[str, NodeState], name: str) -> bool:
    return name in before and name in after and parts(before[name]) == parts(after[name])


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
@settings(max_examples=40, deadline=None)
@given(history=histories())
def test_it_is_the_snapshot_of_the_result(release, history):
    """Value by value after every batch, and the changed nodes are named."""
    cluster, batches = history
    snapshot = cluster.snapshot(release)
    for batch in batches:
        before, snapshot = snapshot, snapshot.updated(batch)
        cluster.apply(batch)
        assert_same(snapshot, cluster.snapshot(release))
        assert_names_what_changed(before, snapshot)
        assert snapshot.updated(batch) is snapshot


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
@settings(max_examples=15, deadline=None)
@given(history=histories())
def test_what_is_remembered_stays_right(release, history):
    """A memo that lives through the events gives what a fresh one gives, for pods of both kinds."""
    cluster, batches = history
    cluster.apply(Changes.of(POD, [b.pod("fixed", "wanted-0", "wanted-1")]))
    cluster.apply(Changes.of(RESOURCE_CLAIM, [b.claim("wanted-0"), b.claim("wanted-1")]))
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    names = (*NODES, "absent")
    snapshot = cluster.snapshot(release)
    for batch in (Changes(), *batches):
        snapshot = snapshot.updated(batch)
        cluster.apply(batch)
        fresh = cluster.snapshot(release)
        for pod in cluster.listed()[POD].values():
            assert ask(snapshot, pod, memo).entries(names) == ask(fresh, pod).entries(names)
            assert ask(snapshot, pod, memo).verdicts(names) == ask(fresh, pod).verdicts(names)
