"""What brings running pods nearer devices together, one move after the other."""

from __future__ import annotations

from dataclasses import replace

from extender.core.audit import planner
from extender.core.audit.auditor import Auditor
from extender.core.cluster.changes import Changes
from extender.core.releases.history import LATEST
from extender.model import Consumer, DeviceID
from extender.model.scheduling_kinds import SCHEDULING_NODE, SCHEDULING_POD
from tests import builders as b

NUMA = {"r0": 0, "r1": 1}


def far_pod(node):
    """A pod and its claim: the only GPU of the node, and a NIC on another NUMA node."""
    devices = (DeviceID("gpu.nvidia.com", node, "gpu-0"), DeviceID("dra.net", node, "nic-0"))
    return b.holding(f"p-{node}", *devices), replace(b.pod(f"p-{node}", f"p-{node}"), node_name=node)


def plan(far=(), near=(), more=(), change=lambda claim: claim, told=None):
    """
    ``far``: nodes with a pod whose devices are far apart. ``near``: free nodes with a near pair.
    ``more``: nodes of ``far`` that also have a near NIC.
    """
    machines = [b.pair_node(name, ["r0"], ["r1", "r0"] if name in more else ["r1"], NUMA) for name in far]
    machines += [b.pair_node(name, ["r0"], ["r0"], NUMA) for name in near]
    made = [far_pod(name) for name in far]
    snapshot = b.snapshot(
        *machines, release=LATEST, claims=[change(claim) for claim, _ in made], pods=[pod for _, pod in made]
    )
    if told is not None:
        snapshot = snapshot.updated(told)
    auditor = Auditor(snapshot)
    assert len(list(auditor.rate())) == len(auditor)
    return auditor.result()


def moves(audit):
    return [(move.finding.running.pod.name, move.node) for move in audit.plan.moves]


def test_the_same_devices_are_promised_once():
    """Two pods could be nearer now, each alone; together only one of them."""
    audit = plan(far=["a", "b"], near=["x"])
    assert sum(finding.avoidable > 0 for finding in audit.findings) == 2
    assert moves(audit) == [("p-a", "x")]
    assert [result.id.pool for _, result in audit.plan.moves[0].devices] == ["x", "x"]
    assert audit.plan.complete


def test_pods_are_spread_over_nodes():
    """Not one node for all."""
    assert moves(plan(far=["a", "b", "c"], near=["x", "y", "z"])) == [
        ("p-a", "x"),
        ("p-b", "y"),
        ("p-c", "z"),
    ]


def test_claims_that_read_more_of_a_node_leave_what_was_found_for_others():
    """Nodes that one claim tells apart and another does not did not change between two pods of the other."""

    def reads_numa(claim):
        if claim.name != "p-b":
            return claim
        selectors = ("device.attributes['resource.kubernetes.io'].numaNode >= 0",)
        return replace(
            claim, spec=b.spec(b.request("gpu", "gpu", selectors=selectors), b.request("nic", "nic"))
        )

    audit = plan(far=["a", "b", "c"], near=["x", "y", "z"], change=reads_numa)
    assert moves(audit) == [("p-a", "x"), ("p-b", "y"), ("p-c", "z")]


def test_a_claim_is_rewritten_where_the_scheduler_would_not_take_near_devices_by_itself():
    """The near NIC of its own node is the second one."""
    (move,) = plan(far=["a"], more=["a"]).plan.moves
    assert (move.node, move.rewritten, move.alignment) == ("a", ("p-a",), 1.0)
    assert [result.id.device for _, result in move.devices] == ["gpu-0", "nic-1"]


def test_a_pod_goes_only_where_it_is_accepted():
    """CPU that an earlier move takes is gone for the next."""
    machine = b.pair_node("x", ["r0", "r0"], ["r0", "r0"], NUMA)
    made = [far_pod(name) for name in "ab"]
    snapshot = b.snapshot(
        machine,
        *(b.pair_node(name, ["r0"], ["r1"], NUMA) for name in "ab"),
        release=LATEST,
        claims=[claim for claim, _ in made],
        pods=[pod for _, pod in made],
    )
    told = Changes.of(
        SCHEDULING_POD, [b.scheduling_pod(pod.name, cpu="3", node_name=pod.node_name) for _, pod in made]
    )
    for cpu, moved in (("8", 2), ("4", 1), ("2", 0)):
        nodes = [b.scheduling_node("a"), b.scheduling_node("b"), b.scheduling_node("x", cpu=cpu)]
        auditor = Auditor(snapshot.updated(told | Changes.of(SCHEDULING_NODE, nodes)))
        assert len(list(auditor.rate())) == 2
        assert len(auditor.result().plan.moves) == moved


def test_pods_that_share_a_claim_stay():
    """Others would have to move with them."""
    users = (Consumer("pods", "p-a", "uid-p-a"), Consumer("pods", "q", "uid-q"))
    assert not moves(plan(far=["a"], near=["x"], change=lambda claim: replace(claim, reserved_for=users)))


def test_a_spent_budget_ends_the_plan_and_is_said(monkeypatch):
    """What is promised until then holds."""
    monkeypatch.setattr(planner, "PLAN_UNITS", 1)
    audit = plan(far=["a", "b"], near=["x", "y"])
    assert not audit.plan.complete
    assert not audit.plan.moves
