"""What running pods lose, what could be done about it, and what it adds up to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.audit.auditor import Audit, Auditor
from extender.core.audit.findings import KnownDistances, Option
from extender.core.audit.running_pod import Unrated
from extender.core.audit.totals import SilentDriver, totals_of
from extender.core.releases.history import LATEST
from extender.core.topology.locations import Distance
from extender.model import Consumer, Device, DeviceID
from tests import builders as b

NUMA = {"r0": 0, "r1": 1}


def on(node, nic="nic-0"):
    return (DeviceID("gpu.nvidia.com", node, "gpu-0"), DeviceID("dra.net", node, nic))


def audit(nodes, claims, *, namespaces=(), extra_slices=()):
    """``nodes``: NIC roots by name; each has a GPU on r0. A claim p-NODE is that of a pod bound to NODE."""
    pairs = [b.pair_node(name, ["r0"], roots, NUMA) for name, roots in nodes.items()]
    pods = [
        replace(b.pod(claim.name, claim.name), node_name=claim.name.removeprefix("p-"))
        for claim in claims
        if claim.name.startswith("p-")
    ]
    snapshot = b.snapshot(*pairs, release=LATEST, slices=extra_slices, claims=claims, pods=pods)
    auditor = Auditor(snapshot, namespaces)
    assert len(list(auditor.rate())) == len(auditor)
    return auditor.result()


def only(found: Audit):
    (finding,) = found.findings
    return finding


def test_a_near_pod_loses_nothing():
    """Nothing lost, nothing to do."""
    finding = only(audit({"n": ["r0", "r1"]}, [b.holding("p-n", *on("n"))]))
    assert (finding.achieved, finding.best, finding.lost, finding.avoidable) == (1.0, 1.0, 0.0, 0.0)
    assert finding.option is None
    assert finding.judgement is KnownDistances.KNOWN


def test_nearer_devices_on_the_own_node_have_to_be_asked_for():
    """First fit would take the far ones again."""
    finding = only(audit({"n": ["r1", "r0"]}, [b.holding("p-n", *on("n"))]))
    assert finding.option is Option.HERE
    assert finding.lost == finding.avoidable == pytest.approx(0.6)


def test_another_node_is_the_better_option_where_it_is_as_good():
    """It takes no change of the claim."""
    finding = only(audit({"m": ["r0"], "n": ["r1", "r0"]}, [b.holding("p-n", *on("n"))]))
    assert finding.option is Option.ELSEWHERE
    assert finding.possible.elsewhere.node == "m"


def test_devices_that_others_hold_are_lost_but_not_avoidable():
    """Nothing can be done about this pod alone."""
    taken = b.holding("other", DeviceID("dra.net", "n", "nic-1"))
    finding = only(audit({"n": ["r1", "r0"]}, [b.holding("p-n", *on("n")), taken]))
    assert (finding.lost, finding.avoidable) == (pytest.approx(0.6), 0.0)
    assert finding.option is Option.EMPTIER_NODE


def test_hardware_that_has_nothing_nearer_is_nobodys_loss():
    """The only NIC is far from the only GPU, and so it stays."""
    finding = only(audit({"n": ["r1"]}, [b.holding("p-n", *on("n"))]))
    assert (finding.achieved, finding.lost, finding.option) == (0.4, 0.0, None)


def test_an_unknown_distance_is_no_loss():
    """The pod gets the benefit of the doubt, although a near pair is known to be possible."""
    mute = b.slice_of("example.com", "n", [Device("x-0")])
    claims = [b.holding("p-n", DeviceID("gpu.nvidia.com", "n", "gpu-0"), DeviceID("example.com", "n", "x-0"))]
    found = audit({"n": ["r0"]}, claims, extra_slices=[mute])
    finding = only(found)
    assert finding.judgement is KnownDistances.UNKNOWN
    assert finding.lost == 0.0
    totals = totals_of(found)
    assert totals.all.unknown == 1
    assert totals.all.achieved is None
    assert totals.silent == (SilentDriver("example.com", 1),)
    assert [(each.kinds, each.unknown, each.lost) for each in totals.kinds] == [("gpu-other", 1, None)]


def test_those_that_lose_most_come_first():
    """Equal losses by name."""
    nodes = {"a": ["r1", "r0"], "b": ["r0", "r1"], "c": ["r1", "r0"]}
    found = audit(nodes, [b.holding(f"p-{name}", *on(name)) for name in nodes])
    assert [finding.name for finding in found.losing] == ["default/p-a", "default/p-c"]


def test_namespaces_limit_who_is_rated():
    """The rest of the cluster stays as it is."""
    claims = [b.holding("p-n", *on("n"))]
    assert audit({"n": ["r0"]}, claims, namespaces=["other"]).findings == ()
    assert len(audit({"n": ["r0"]}, claims, namespaces=["default"]).findings) == 1


def test_totals_add_up_by_shape_driver_namespace_and_kinds():
    """Nodes that are built alike are one row, with the node whose pods lose most."""
    nodes = {"a": ["r1", "r0"], "b": ["r1", "r0"], "c": ["r0"]}
    claims = [
        b.holding("p-a", *on("a", "nic-1")),
        b.holding("p-b", *on("b")),
        b.holding("p-c", DeviceID("gpu.nvidia.com", "c", "gpu-0")),
    ]
    found = audit(nodes, claims)
    totals = totals_of(found)
    assert found.unrated == {Unrated.FEW_DEVICES: 1}
    assert (totals.all.pods, totals.all.losing, totals.all.avoidable) == (2, 1, 1)
    assert totals.all.achieved == pytest.approx(0.7)
    assert totals.all.lost == pytest.approx(0.6)
    assert [(row.machine_type.nodes, row.worst, row.tally.pods) for row in totals.machine_types] == [
        (("a", "b"), "b", 2),
        (("c",), "c", 0),
    ]
    assert [key for key, _ in totals.drivers] == [("dra.net", "gpu.nvidia.com")]
    assert [key for key, _ in totals.namespaces] == ["default"]
    (kinds,) = totals.kinds
    assert kinds.distances == ((Distance.PCIE_ROOT, 1), (Distance.REMOTE, 1))
    assert kinds.lost == pytest.approx(0.3)


def test_the_pairs_of_a_shared_claim_count_once():
    """Two pods that share a claim have the same pair; a pod with its own claim has another."""
    nodes = [b.pair_node(name, ["r0"], ["r0"], NUMA) for name in ("m", "n")]
    shared = replace(
        b.holding("shared", *on("n")),
        reserved_for=tuple(Consumer("pods", name, f"uid-{name}") for name in ("one", "two")),
    )
    pods = [replace(b.pod(name, "shared"), node_name="n") for name in ("one", "two")]
    pods.append(replace(b.pod("own", "own"), node_name="m"))
    snapshot = b.snapshot(*nodes, release=LATEST, claims=[shared, b.holding("own", *on("m"))], pods=pods)
    auditor = Auditor(snapshot)
    assert len(list(auditor.rate())) == 3
    (kinds,) = totals_of(auditor.result()).kinds
    assert kinds.distances == ((Distance.PCIE_ROOT, 2),)


def test_a_spent_budget_is_told():
    """What was not searched may be lost too."""
    found = audit({"n": ["r1", "r0"]}, [b.holding("p-n", *on("n"))])
    assert found.complete
    auditor = Auditor(found.snapshot, steps=0)
    assert list(auditor.rate()) == ["p-n"]
    assert not auditor.result().complete
    assert only(auditor.result()).lost == 0.0
