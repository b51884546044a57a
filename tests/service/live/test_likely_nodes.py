"""Where a pod will land, as far as that can be known."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.model import DeviceID
from extender.service.live.likely_nodes import MOST_LIKELY, SHARE, LikelyNodes, likely_nodes, nudge
from tests import builders as b

ALIGNED, APART = (["a"], ["a"]), (["a"], ["b"])


def evaluated(roots):
    """A pod on nodes with these roots of their GPU and NIC, entries known."""
    nodes, slices = [], []
    for name, (gpus, nics) in roots.items():
        node, of_node = b.pair_node(name, gpus, nics, numa={"a": 0, "b": 1})
        nodes.append(node)
        slices += of_node
    snapshot = Snapshot.of(
        release=release_for("1.36"), nodes=nodes, slices=slices, classes=b.CLASSES, claims=[b.claim("c")]
    )
    found = evaluate(snapshot, b.pod("job", "c"), Memo(lambda names, score: [b""] * len(names)), Settings())
    found.entries(list(roots))
    return found


@pytest.fixture
def evaluation():
    """Three nodes with the pod's devices on one root and one with them apart."""
    return evaluated({"x": ALIGNED, "far": APART, "y": ALIGNED, "z": ALIGNED})


@pytest.fixture(scope="module")
def many():
    """A hundred equal nodes and one with the devices apart."""
    names = [f"node-{number:03}" for number in range(100)]
    return evaluated(dict.fromkeys(names, ALIGNED) | {"far": APART}), [*names, "far"]


def likely(evaluation, names, *, pod="job", group="", decisive=False, taken_nodes=()):
    asking = replace(b.pod(pod), pod_group=group)
    return likely_nodes(asking, evaluation, names, score_max=100, decisive=decisive, taken_nodes=taken_nodes)


@pytest.mark.parametrize("decisive", [False, True])
def test_a_single_node_has_no_rival(evaluation, decisive):
    """However bad it is; no score is asked for."""
    found = likely(evaluation, ["far"], decisive=decisive)
    assert found == LikelyNodes(("far",), 0)
    assert found.node == "far"


@pytest.mark.parametrize("names", [["far", "x"], ["x", "far"]])
@pytest.mark.parametrize(("decisive", "points"), [(True, 100), (False, 3)])
def test_the_best_node_is_preferred(evaluation, names, decisive, points):
    """In any order; with all our weight only if we decide."""
    assert likely(evaluation, names, decisive=decisive) == LikelyNodes(("x",), points)


@pytest.mark.parametrize(("score_max", "points"), [(1, 1), (10, 1), (100, 3), (1000, 30)])
def test_a_place_gets_little_but_something(score_max, points):
    """Scores are integers."""
    assert nudge(score_max) == points


def test_equal_nodes_share_the_pods(evaluation):
    """One pod always lands on the same node, whatever their order; many spread."""
    names = ["x", "far", "y", "z"]
    landed: Counter[str | None] = Counter()
    for number in range(90):
        found = likely(evaluation, names, pod=f"job-{number}", decisive=True)
        assert found == likely(evaluation, names[::-1], pod=f"job-{number}", decisive=True)
        landed[found.node] += 1
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
    found = evaluate(snapshot, b.pod("job", "c"), Memo(lambda names, score: [b""] * len(names)), Settings())
    found.entries(["x", "y", "z"])
    for number in range(5):
        assert likely(found, ["x", "y", "z"], pod=f"job-{number}", decisive=True).node == "y"


def test_a_share_of_many_nodes_are_places(many):
    """The scheduler's scores choose among them; all are of the best, and another pod has others."""
    evaluation, names = many
    found = {likely(evaluation, names, pod=f"job-{number}").nodes for number in range(60)}
    assert {len(nodes) for nodes in found} == {100 // SHARE, 100 // SHARE + 1}
    assert len(found) == SHARE
    assert len({node for nodes in found for node in nodes}) == 100
    assert all(likely(evaluation, names, pod=f"job-{number}").node is None for number in range(3))


def test_places_are_not_more_than_their_cost_allows(many, monkeypatch):
    """The share of a large fleet is smaller."""
    monkeypatch.setattr("extender.service.live.likely_nodes.MOST_LIKELY", 4)
    evaluation, names = many
    assert {len(likely(evaluation, names, pod=f"job-{number}").nodes) for number in range(30)} == {4}
    assert SHARE * MOST_LIKELY < 1000


def test_places_of_pods_before_are_left_alone(many):
    """As long as there are others; of a few nodes a pod prefers one."""
    evaluation, names = many
    occupied: list[str] = []
    sizes = []
    for number in range(40):
        nodes = likely(evaluation, names, pod=f"job-{number}", taken_nodes=occupied).nodes
        assert not set(nodes) & set(occupied)
        occupied += nodes
        sizes.append(len(nodes))
        if len(occupied) == 100:
            break
    assert sorted(occupied) == names[:-1]
    assert sizes[-1] == 1
    assert len(sizes) > 2 * SHARE


def test_without_a_free_node_the_best_are_shared(evaluation):
    """Alignment comes before a prediction that depends on nobody."""
    assert likely(evaluation, ["x", "far"], taken_nodes=["x"]) == LikelyNodes(("x",), 3)


@pytest.mark.parametrize("names", [[], ["x", "a node that we do not know"]])
@pytest.mark.parametrize("decisive", [False, True])
def test_without_knowing_all_nodes_nothing_is_preferred(evaluation, names, decisive):
    """An unknown node may be the better one."""
    evaluation.entries(names)
    assert likely(evaluation, names, decisive=decisive) == LikelyNodes()


def test_every_pod_of_a_large_group_has_likely_nodes_of_its_own(many):
    """Nothing is known of where they land until the last of them was asked about."""
    evaluation, names = many
    occupied: list[str] = []
    for number in range(64):
        nodes = likely(evaluation, names, pod=f"job-{number}", group="crew", taken_nodes=occupied).nodes
        assert len(nodes) in (1, 2)
        assert not set(nodes) & set(occupied)
        occupied += nodes
