"""Which nodes of a frozen cluster accept a pod, as far as the input tells."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock

from hypothesis import given
from hypothesis import strategies as st

from extender.core.cluster.changes import Changes
from extender.core.cluster.objects import Objects
from extender.core.releases.history import LATEST
from extender.core.scheduling import (
    AcceptingNodes,
    FilterCode,
    NotModelledCode,
    NotToldCode,
    accepting_nodes,
    not_modelled,
)
from extender.core.scheduling.node_info import nodes_of
from extender.model import Node, Taint
from extender.model.kinds import NODE
from extender.model.scheduling import AffinityTerm, HostPort, LabelRequirement, LabelSelector, PodAffinity
from extender.model.scheduling_kinds import SCHEDULING_NODE, SCHEDULING_POD
from tests import builders as b

HOST = "kubernetes.io/hostname"


def objects(nodes, pods=(), untold=()):
    names = [*(node.name for node in nodes), *untold]
    changes = (
        Changes.of(NODE, [Node(name) for name in names])
        | Changes.of(SCHEDULING_NODE, nodes)
        | Changes.of(SCHEDULING_POD, pods)
    )
    return Objects().updated(changes)


def accepting(nodes, pods=(), **options):
    return AcceptingNodes(objects(nodes, pods), LATEST, **options)


def codes(accepted):
    return {name: refusal.code for name, refusal in accepted.refusals.items()}


def node(name, cpu="4", **fields):
    return replace(b.scheduling_node(name, cpu=cpu), labels={HOST: name}, **fields)


def avoiding(label):
    """Anti-affinity to pods with a label, host by host."""
    selector = LabelSelector((LabelRequirement("app", "In", (label,)),))
    return PodAffinity(required_anti=(AffinityTerm(HOST, selector),))


def test_nodes_refuse_by_the_rules_of_the_default_scheduler():
    """A taint and too little CPU beside what runs there; the others accept."""
    tainted = node("tainted", taints=(Taint("gpu", "NoSchedule"),))
    busy = b.scheduling_pod("busy", cpu="3", node_name="full")
    found = accepting([node("free"), node("full"), tainted], [busy]).accepted(b.scheduling_pod("p", cpu="2"))
    assert codes(found) == {"tainted": FilterCode.TAINT, "full": FilterCode.INSUFFICIENT_RESOURCE}
    assert not found.unchecked


def test_a_running_pod_is_taken_from_its_node_first():
    """What it has there is its own; that a node is full of it matters to others only."""
    running = b.scheduling_pod("p", cpu="3", node_name="n")
    nodes = accepting([node("n"), node("other")], [running])
    assert not nodes.accepted(running).refusals.keys() - {"n"}
    assert nodes.accepted(running).refusal("n") is None
    assert nodes.accepted(b.scheduling_pod("q", cpu="3")).refusal("n") is not None


AMOUNTS = ("-3", "-1", "0", "1", "2", "5", "46116860184273878")
"""CPUs; of the last one two are beyond upstream's arithmetic."""


@given(
    st.lists(st.tuples(st.sampled_from(AMOUNTS), st.booleans()), min_size=1, max_size=4),
    st.sampled_from(("3", "5")),
)
def test_its_own_node_is_asked_as_if_the_pod_were_not_there(pods, cpu):
    """A law, also where amounts are below nothing or beyond all bounds: equal to a cluster without it."""
    port = (HostPort(80),)
    all_pods = [
        b.scheduling_pod(f"p-{number}", cpu=amount, node_name="n", host_ports=port if with_port else ())
        for number, (amount, with_port) in enumerate(pods)
    ]
    nodes = [node("n", cpu=cpu), node("other", cpu=cpu)]
    there = accepting(nodes, all_pods)
    for pod in all_pods:
        others = [each for each in all_pods if each is not pod]
        gone = accepting(nodes, others).accepted(replace(pod, node_name=""))
        assert there.accepted(pod).refusal("n") == gone.refusal("n")


def test_moves_in_a_copy_leave_the_original_as_it_is():
    """And the other way round."""
    busy, asker = b.scheduling_pod("busy", cpu="4", node_name="a"), b.scheduling_pod("p", cpu="1")
    nodes = accepting([node("a"), node("b")], [busy])
    copied = nodes.copied()
    copied.move(("default", "busy"), "b")
    assert codes(nodes.accepted(asker)).keys() == {"a"}
    assert codes(copied.accepted(asker)).keys() == {"b"}
    nodes.move(("default", "busy"), "")
    assert not nodes.accepted(asker).refusals
    assert codes(copied.accepted(asker)).keys() == {"b"}


def test_a_cordoned_node_does_not_take_its_own_pod_again():
    """It runs there, and would not come back."""
    running = b.scheduling_pod("p", node_name="n")
    found = accepting([node("n", unschedulable=True)], [running]).accepted(running)
    assert found.refusal("n").code is FilterCode.NODE_UNSCHEDULABLE


def test_finished_pods_take_nothing():
    """Their requests are free again."""
    done = b.scheduling_pod("done", cpu="4", node_name="n", finished=True)
    assert not accepting([node("n")], [done]).accepted(b.scheduling_pod()).refusals


def test_an_empty_cluster_accepts_by_what_nodes_are():
    """Without the pods there is room, and nobody to be near or away from; taints stay."""
    busy = b.scheduling_pod("busy", cpu="4", node_name="n", labels={"app": "a"})
    nodes = [node("n"), node("tainted", taints=(Taint("gpu", "NoSchedule"),))]
    shy = b.scheduling_pod("p", affinity=avoiding("a"))
    assert codes(accepting(nodes, [busy], occupied=False).accepted(shy)) == {"tainted": FilterCode.TAINT}


def test_what_is_not_told_refuses_nothing_and_is_said():
    """A pod without its spec, a node that is not read, and one without amounts."""
    blank = replace(node("blank"), allocatable=())
    nodes = AcceptingNodes(objects([node("small", cpu="1"), blank], untold=["untold"]), LATEST)
    assert [each.code for each in nodes.accepted(None).unchecked] == [NotToldCode.POD]
    found = nodes.accepted(b.scheduling_pod(cpu="2"))
    assert codes(found) == {"small": FilterCode.INSUFFICIENT_RESOURCE}
    assert [(each.code, each.values) for each in found.unchecked] == [(NotToldCode.AMOUNTS, {"nodes": "2"})]


def test_other_rules_hold_for_nodes_without_amounts():
    """That the amounts are not known does not hide a rule that comes after them."""
    blank = replace(node("blank"), allocatable=())
    other = b.scheduling_pod("other", node_name="blank", labels={"app": "a"})
    found = accepting([blank], [other]).accepted(b.scheduling_pod("p", affinity=avoiding("a")))
    assert codes(found) == {"blank": FilterCode.POD_ANTI_AFFINITY}


def test_pods_that_are_not_modelled_are_not_checked():
    """The reason is handed on, and no node refuses."""
    found = accepting([node("n", cpu="0")]).accepted(b.scheduling_pod(cpu="1", volumes=("ephemeral",)))
    assert not found.refusals
    assert [each.code for each in found.unchecked] == [NotModelledCode.VOLUMES]


def test_pods_beyond_the_limit_of_work_are_not_checked(monkeypatch):
    """Whoever asks too much gets a reason, not a wait."""
    monkeypatch.setattr(accepting_nodes, "MOST_CONDITIONS", 3)
    found = accepting([node("n", cpu="0")]).accepted(b.scheduling_pod(cpu="1"))
    assert [each.code for each in found.unchecked] == [NotModelledCode.TOO_MUCH_WORK]


def test_beyond_the_limit_no_view_is_built(monkeypatch):
    """Each pod with terms about others needs a view of all nodes of its own."""
    views = Mock(side_effect=nodes_of)
    monkeypatch.setattr(accepting_nodes, "nodes_of", views)
    monkeypatch.setattr(accepting_nodes, "MOST_CONDITIONS", 3)
    shy = b.scheduling_pod("shy", node_name="n", affinity=avoiding("a"))
    nodes = accepting([node("n", cpu="0")], [shy])
    codes_of = [[each.code for each in nodes.accepted(shy).unchecked] for _ in range(5)]
    assert codes_of == [[NotModelledCode.TOO_MUCH_WORK]] * 5
    assert views.call_count == 1


def test_a_move_does_not_hide_that_nodes_were_beyond_the_limit_of_work(monkeypatch):
    """One node that changes is little work; the others were not looked at nevertheless."""
    monkeypatch.setattr(not_modelled, "WORK_LIMIT", 5)
    mover, asker = b.scheduling_pod("mover", node_name="a"), b.scheduling_pod("p")
    nodes = accepting([node(name, cpu="0") for name in "abcd"], [mover])
    assert [each.code for each in nodes.accepted(asker).unchecked] == [NotModelledCode.TOO_MUCH_WORK]
    nodes.move(("default", "mover"), "")
    found = nodes.accepted(asker)
    assert [each.code for each in found.unchecked] == [NotModelledCode.TOO_MUCH_WORK]
    assert not found.refusals


def test_a_question_leaves_out_what_nobody_reads():
    """Indexed pods of one job ask once, unless a pod on a node minds the label."""
    first, second = (
        b.scheduling_pod(f"p-{number}", labels={"app": "a", "index": str(number)}) for number in range(2)
    )
    nodes = accepting([node("n")])
    assert nodes.question(first) == nodes.question(second)
    shy = b.scheduling_pod("shy", node_name="n", affinity=avoiding("a"))
    minded = accepting([node("n")], [shy])
    assert minded.question(first) != minded.question(replace(first, labels={"app": "b"}))


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc")), max_size=8))
def test_moves_leave_what_a_new_look_would_find(moves):
    """A law: after any moves, the answers are those of a cluster where the pods are there already."""
    nodes = [node(name, cpu="5") for name in "abc"]
    pods = [
        b.scheduling_pod("p-0", cpu="1", node_name="a"),
        b.scheduling_pod("p-1", cpu="2", node_name="b", labels={"app": "x"}),
        b.scheduling_pod("p-2", cpu="2", node_name="c", affinity=avoiding("y")),
        b.scheduling_pod("p-3", cpu="3", node_name="a", affinity=avoiding("x")),
    ]
    askers = [b.scheduling_pod("q", cpu="2"), b.scheduling_pod("r", cpu="1", labels={"app": "y"}), *pods]
    moved = accepting(nodes, pods)
    for number, name in moves:
        for asker in askers:
            moved.accepted(asker)
        moved.move(("default", f"p-{number}"), name)
        pods[number] = replace(pods[number], node_name=name)
    anew = accepting(nodes, pods)
    for asker in askers:
        for name in "abc":
            assert moved.accepted(asker).refusal(name) == anew.accepted(asker).refusal(name)
