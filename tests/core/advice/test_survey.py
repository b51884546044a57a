"""Surveys: nodes that look alike share a search, and the budget leaves the rest unknown."""

from __future__ import annotations

import pytest

from extender.core.advice.survey import outcomes, reason_of, survey
from extender.core.allocator.budget import Budget
from extender.core.claims.plan import Plan
from extender.core.claims.pod_claims import PodClaims
from extender.core.reasons import Outcome, ReasonCode
from extender.model import Devices, Node, NodeRequirement, NodeSelector, NodeSelectorTerm, ResourceSlice
from tests import builders as b
from tests.core.advice.judging import judge_of, surveyed

PLAN = Plan(b.pod("p", "c"), PodClaims((b.claim("c"),)), (b.PAIR,), (None,))


@pytest.fixture
def snapshot():
    """Three nodes with a pair each, of which two are of one look; one node without devices."""
    gpus = {"a": 1, "b": 1, "c": 2}
    machines = [b.pair_node(name, ["pci0000:10"] * count, ["pci0000:10"]) for name, count in gpus.items()]
    return b.snapshot(*machines, nodes=[Node("z-bare")])


def test_alike_nodes_are_searched_once(snapshot):
    """Nodes are grouped by look, in the order of their names."""
    told: list[str] = []
    found = survey(judge_of(PLAN, snapshot), Budget(1_000, 1_000_000), told.append)
    assert [each.nodes for each in found] == [("a", "b"), ("c",), ("z-bare",)]
    assert outcomes(found) == {Outcome.ALLOCATED: 3, Outcome.UNSCHEDULABLE: 1}
    assert told == ["a", "b", "c", "z-bare"]


def test_what_is_over_budget_is_unknown(snapshot):
    """Once the steps are spent no search is begun; what was found before still counts."""
    judge, whole = judge_of(PLAN, snapshot), Budget(1_000, 1_000_000)
    found = survey(judge, whole.part(1, 1_000), lambda _: None)
    assert outcomes(found) == {Outcome.ALLOCATED: 2, Outcome.UNKNOWN: 2}
    reason = found[1].prediction.reason
    assert reason is not None
    assert reason.code is ReasonCode.REQUEST_BUDGET
    again = survey(judge, whole.part(1, 1_000), lambda _: None)
    assert outcomes(again)[Outcome.ALLOCATED] == 3


def test_reasons_have_names():
    """A reason names the device of the first of the nodes."""
    snapshot = b.snapshot(b.pair_node("a", ["pci0000:10"], ["pci0000:10"]))
    spec = b.spec(b.request("gpu", "gpu", selectors=("device.attributes['example.com'].mark",)))
    plan = Plan(b.pod("p", "c"), PodClaims((b.claim("c", spec),)), (spec,), (None,))
    (group,) = surveyed(plan, snapshot)
    reason = reason_of(group, plan, snapshot)
    assert reason is not None
    assert reason.values["device"] == "gpu.nvidia.com/a/gpu-0"


def test_a_node_whose_slices_cannot_be_gathered():
    """Such a node needs no search, and aborts the attempt."""
    broken = NodeSelector((NodeSelectorTerm((NodeRequirement("zone", "Wrong"),)),))
    slice_ = ResourceSlice(
        "s", "gpu.nvidia.com", "p", node_selector=broken, devices=Devices.of((b.device("gpu-0"),))
    )
    snapshot = b.snapshot(nodes=[Node("a")], slices=[slice_])
    (group,) = surveyed(PLAN, snapshot)
    assert (group.nodes, group.view, group.prediction.outcome) == (("a",), None, Outcome.ERROR)
