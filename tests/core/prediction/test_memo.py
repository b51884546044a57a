"""The memo: what is forgotten, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from extender.cel import unlimited
from extender.core.allocator.budget import Budget
from extender.core.allocator.layout import UNUSED
from extender.core.claims.compiled_claims import compile_claims
from extender.core.cluster.changes import Changes
from extender.core.cluster.objects import Objects
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction import claims_memo as claims_memo_module
from extender.core.prediction import memo as memo_module
from extender.core.prediction.claims_memo import ClaimsMemo
from extender.core.prediction.memo import Memo, Table
from extender.core.prediction.predict import Prediction
from extender.core.prediction.settings import Settings
from extender.core.reasons import Outcome
from extender.core.releases.history import release_for
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from extender.model import DeviceID, Node
from extender.model.kinds import DEVICE_CLASS, NODE, Key
from tests import builders as b

NODES = ("a", "b", "c")
SETTINGS = Settings()
RELEASE = release_for("1.36.2")


def world() -> Snapshot:
    slices = [b.slice_of("gpu.nvidia.com", node, [b.device("gpu-0")]) for node in NODES]
    return b.snapshot(nodes=map(Node, NODES), slices=slices)


def make(capacity: int = 128) -> Memo[str]:
    return Memo(lambda names, score: [f"{name}={score}" for name in names], capacity)


def filled(memo: Memo[str], snapshot: Snapshot, key: str = "k") -> Table[str]:
    table = table_of(memo, snapshot, key)
    table.entries.update({name: f"{name}=1" for name in NODES})
    return table


def table_of(memo: Memo[str], snapshot: Snapshot, key: str = "k") -> Table[str]:
    return memo.plan(key, snapshot).table(SETTINGS)


def test_only_changed_nodes_are_forgotten():
    """They are stale: asked for before, and to be judged again."""
    snapshot, memo = world(), make()
    filled(memo, snapshot)
    after = snapshot.with_claims([b.holding("c", DeviceID("gpu.nvidia.com", "b", "gpu-0"))])
    table = table_of(memo, after)
    assert table.entries == {"a": "a=1", "c": "c=1"}
    assert table.stale == {"b"}


def test_a_changed_node_without_an_entry_is_not_stale():
    """Nobody asked for it, so nobody needs it judged again."""
    snapshot, memo = world(), make()
    filled(memo, snapshot).entries.pop("b")
    after = snapshot.with_claims([b.holding("c", DeviceID("gpu.nvidia.com", "b", "gpu-0"))])
    assert table_of(memo, after).stale == set()


def test_nothing_is_forgotten_without_a_change():
    """The same snapshot, and one that follows by claims without devices."""
    snapshot, memo = world(), make()
    table = filled(memo, snapshot)
    assert table_of(memo, snapshot) is table
    assert table_of(memo, snapshot.with_claims([b.claim("c")])) is table
    assert table.entries.keys() == set(NODES)


def test_a_table_that_is_too_far_behind_starts_afresh():
    """The history of changes is bounded."""
    snapshot, memo = world(), make()
    table = filled(memo, snapshot)
    table.stale.add("a")
    for number in range(300):
        held = [DeviceID("gpu.nvidia.com", "b", "gpu-0")] * (number % 2)
        snapshot = snapshot.with_claims([b.holding("c", *held)])
    assert table_of(memo, snapshot) is table
    assert (table.entries, table.stale) == ({}, set())


def test_an_older_snapshot_gets_a_table_of_its_own():
    """What was learnt since does not hold for it."""
    snapshot, memo = world(), make()
    newer = snapshot.with_claims([b.holding("c", DeviceID("gpu.nvidia.com", "b", "gpu-0"))])
    filled(memo, newer)
    table = table_of(memo, snapshot)
    assert table.entries == {}
    assert memo.plan("k", snapshot).number == snapshot.number


@pytest.mark.parametrize("change", ["lineage", "classes"])
def test_another_cluster_or_other_classes_forget_everything(change):
    """Shapes are compiled against the classes, and names mean other nodes elsewhere."""
    snapshot, memo = world(), make()
    filled(memo, snapshot)
    other = world() if change == "lineage" else _with_classes(snapshot)
    assert table_of(memo, other).entries == {}
    assert table_of(memo, other).stale == set()


def _with_classes(snapshot: Snapshot) -> Snapshot:
    classes: dict[Key, object] = dict(snapshot.classes.items())
    return replace(snapshot, objects=Objects({**snapshot.objects.by_kind, DEVICE_CLASS.name: classes}))


def test_the_least_recently_used_table_is_dropped():
    """Beyond the capacity; being asked for counts as use."""
    snapshot, memo = world(), make(capacity=2)
    one, two = filled(memo, snapshot, "one"), filled(memo, snapshot, "two")
    assert table_of(memo, snapshot, "one") is one
    filled(memo, snapshot, "three")
    assert table_of(memo, snapshot, "one") is one
    assert table_of(memo, snapshot, "two") is not two


def test_a_table_that_has_seen_too_much_starts_afresh(monkeypatch):
    """On the next snapshot, not between two nodes of one request."""
    monkeypatch.setattr(memo_module, "_SPARE", 0)
    snapshot, memo = world(), make()
    table = filled(memo, snapshot)
    seen = memo.plan("k", snapshot).memos[(b.PAIR,)] = claims_memo()
    seen.projector.project(snapshot.nodes["a"].inventory, Budget(0, 1_000))
    # Each slice; a type, a sight, a layout, a prediction and what that leaves of each node.
    most = 2 * (len(snapshot.published) + 5 * len(snapshot.nodes))
    for number in range(most - seen.size):
        seen.remember((number, UNUSED, ()), prediction(1))
    later = [snapshot.updated(Changes.of(NODE, [Node("c", {"changed": "once"})]))]
    later.append(later[0].updated(Changes.of(NODE, [Node("c", {"changed": "twice"})])))
    assert table_of(memo, later[0]) is table
    seen.remember((-1, UNUSED, ()), prediction(1))
    assert table_of(memo, later[0]) is table
    assert memo.plan("k", later[1]).memos == {}
    assert table_of(memo, later[1]) is not table


def test_keys_are_apart():
    """Each plan has its own entries."""
    snapshot, memo = world(), make()
    filled(memo, snapshot, "one")
    assert table_of(memo, snapshot, "two").entries == {}


def test_equal_entries_are_rendered_once():
    """By the score; every node of the snapshot has one."""
    rendered: list[str] = []

    def render(names: Sequence[str], score: int) -> list[str]:
        rendered.extend(names)
        return [f"{name}={score}" for name in names]

    memo, snapshot = Memo(render), world()
    table_of(memo, snapshot)
    for _ in range(2):
        assert memo.equal(50, snapshot) == {"a": "a=50", "b": "b=50", "c": "c=50"}
    assert memo.equal(0, snapshot)["a"] == "a=0"
    assert rendered == [*NODES, *NODES]


def test_equal_entries_follow_the_nodes():
    """Of one that went and one that came at once, too."""
    memo, snapshot = make(), world()
    memo.equal(50, snapshot)
    after = snapshot.updated(Changes.of(NODE, (Node("d"),), gone=("a",)))
    assert memo.equal(50, after) == {"b": "b=50", "c": "c=50", "d": "d=50"}
    assert memo.equal(50, snapshot) == {"a": "a=50", "b": "b=50", "c": "c=50"}


def test_equal_entries_are_of_one_cluster():
    """Another one with as many nodes gets its own."""
    memo = make()
    memo.equal(50, world())
    other = b.snapshot(nodes=map(Node, "xyz"))
    assert memo.equal(50, other).keys() == set("xyz")


def prediction(steps: int) -> Prediction:
    return Prediction(Outcome.UNSCHEDULABLE, None, None, steps)


def claims_memo() -> ClaimsMemo:
    classes = {each.name: each for each in b.CLASSES}
    compiled = compile_claims((b.PAIR,), classes, RELEASE, unlimited())
    return ClaimsMemo(compiled, RELEASE, DEFAULT_VOCABULARY)


def test_steps_add_up():
    """What a plan is charged at most is what all of its predictions took."""
    snapshot = world()
    plan = make().plan("k", snapshot)
    memo = claims_memo()
    plan.memos[(b.PAIR,)] = memo
    for number, steps in enumerate((3, 4)):
        memo.remember((number, UNUSED, ()), prediction(steps))
    assert plan.steps == 7


def test_predictions_are_bounded(monkeypatch):
    """Past the limit the memo starts afresh, its steps too."""
    monkeypatch.setattr(claims_memo_module, "_MAX_PREDICTIONS", 2)
    memo = claims_memo()
    for number in range(3):
        memo.remember((number, UNUSED, ()), prediction(5))
    assert [key[0] for key in memo.predictions] == [2]
    assert memo.steps == 5
