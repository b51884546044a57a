"""Which node a pod will land on, if that can be known."""

from __future__ import annotations

from collections import Counter

import pytest

from extender.core.evaluate import Memo, Settings, evaluate
from extender.core.model import DeviceID
from extender.core.release_history import release_for
from extender.core.snapshot import Snapshot
from extender.service.landing import landing_node
from tests import builders as b

ALIGNED, APART = (["a"], ["a"]), (["a"], ["b"])


@pytest.fixture
def evaluation():
    """A pod on three nodes with its devices on one root and one with them apart, entries known."""
    nodes, slices = [], []
    for name, roots in {"x": ALIGNED, "far": APART, "y": ALIGNED, "z": ALIGNED}.items():
        node, of_node = b.pair_node(name, *roots, numa={"a": 0, "b": 1})
        nodes.append(node)
        slices += of_node
    snapshot = Snapshot.of(
        release=release_for("1.36"), nodes=nodes, slices=slices, classes=b.CLASSES, claims=[b.claim("c")]
    )
    found = evaluate(snapshot, b.pod("job", "c"), Memo(lambda name, score: b""), Settings())
    found.entries(["x", "far", "y", "z"])
    return found


def test_a_single_node_has_no_rival(evaluation):
    """However bad it is."""
    assert landing_node(b.pod("job"), evaluation, ["far"], decisive=False) == "far"


def test_others_may_win_unless_we_decide(evaluation):
    """The scheduler adds scores that we do not see."""
    assert landing_node(b.pod("job"), evaluation, ["x", "far"], decisive=False) is None


@pytest.mark.parametrize("names", [["far", "x"], ["x", "far"]])
def test_the_best_node_wins(evaluation, names):
    """In any order."""
    assert landing_node(b.pod("job"), evaluation, names, decisive=True) == "x"


def test_equal_nodes_share_the_pods(evaluation):
    """One pod always lands on the same node, whatever their order; many spread."""
    names = ["x", "far", "y", "z"]
    landed: Counter[str | None] = Counter()
    for number in range(90):
        pod = b.pod(f"job-{number}", "c")
        node = landing_node(pod, evaluation, names, decisive=True)
        assert node == landing_node(pod, evaluation, names[::-1], decisive=True)
        landed[node] += 1
    assert set(landed) == {"x", "y", "z"}
    assert min(landed.values()) > 15


def test_of_equally_aligned_nodes_the_one_that_breaks_least_wins():
    """A GPU alone goes where its NIC is gone already."""
    nodes, slices = [], []
    for name in ("x", "y", "z"):
        node, of_node = b.pair_node(name, *ALIGNED)
        nodes.append(node)
        slices += of_node
    gpu = b.claim("c", b.spec(b.request("gpu", "gpu")))
    snapshot = Snapshot.of(
        release=release_for("1.36"),
        nodes=nodes,
        slices=slices,
        classes=b.CLASSES,
        claims=[gpu, b.holding("h", DeviceID("dra.net", "y", "nic-0"))],
    )
    found = evaluate(snapshot, b.pod("job", "c"), Memo(lambda name, score: b""), Settings())
    found.entries(["x", "y", "z"])
    for number in range(5):
        assert landing_node(b.pod(f"job-{number}", "c"), found, ["x", "y", "z"], decisive=True) == "y"


@pytest.mark.parametrize("names", [[], ["x", "a node that we do not know"]])
def test_without_knowing_all_nodes_nothing_is_decided(evaluation, names):
    """An unknown node may be the better one."""
    evaluation.entries(names)
    assert landing_node(b.pod("job"), evaluation, names, decisive=True) is None
