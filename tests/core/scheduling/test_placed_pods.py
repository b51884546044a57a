"""Pods on nodes, wherever they go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from extender.core.scheduling.placed_pods import PlacedPods
from tests import builders as b

NODES = {name: b.scheduling_node(name) for name in "ab"}


def names(placed, node, without=None):
    return sorted(pod.name for pod in placed.info(NODES[node], without).pods)


steps = st.tuples(st.sampled_from("pqr"), st.sampled_from(["", "a", "b"]), st.booleans())


@given(st.lists(steps, max_size=12))
def test_a_pod_is_where_it_was_put_last(history):
    """Law: and nowhere else; what is told of a step is where it was and where it is."""
    placed, there = PlacedPods(b.NEWEST), dict[str, str]()
    for name, node, finished in history:
        key = "default", name
        before, now = placed.place(key, b.scheduling_pod(name, finished=finished), node)
        assert (before[0] if before else "") == there.get(name, "")
        there[name] = "" if finished else node
        assert (now[0] if now else "") == there[name] == placed.node_of(key)
        for each in NODES:
            assert names(placed, each) == sorted(pod for pod, where in there.items() if where == each)
            assert names(placed, each, key) == sorted(
                pod for pod, where in there.items() if where == each and pod != name
            )
        assert len(placed) == len(list(placed)) == sum(map(bool, there.values()))


def test_what_others_meet():
    """A change that they do not see is none."""
    placed = PlacedPods(b.NEWEST)
    key = "default", "p"
    placed.place(key, b.scheduling_pod("p", cpu="1"), "a")
    before, now = placed.place(key, b.scheduling_pod("p", cpu="1", uid="other"), "a")
    assert before == now
    before, now = placed.place(key, b.scheduling_pod("p", cpu="2"), "a")
    assert before != now
    assert placed.place(key, None, "")[1] is None
    assert placed.node_of(key) == ""
