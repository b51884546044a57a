"""What has to be searched for a pod, and what a node cannot use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.claims.plan import Plan, plan_of
from extender.core.reasons import ReasonCode
from extender.model import (
    Allocation,
    Container,
    DeviceID,
    DeviceResult,
    ExactRequest,
    Node,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
    Request,
)
from extender.model.quantity import parse_quantity
from tests import builders as b

GPU = DeviceID("gpu.nvidia.com", "n", "gpu-0")


def plan(pod, *claims, **objects):
    found = plan_of(pod, b.snapshot(claims=claims, **objects))
    assert isinstance(found, Plan)
    return found


def on_nodes(key, *values):
    """A claim allocated for nodes with one of these values of a label."""
    selector = NodeSelector((NodeSelectorTerm((NodeRequirement(key, "In", values),)),))
    return b.claim("c", allocation=Allocation((DeviceResult("r", GPU),), node_selector=selector))


def test_an_allocated_claim_pins_the_pod():
    """To the nodes that its allocation selects; a selector that cannot be read is an error there."""
    asking = b.pod("p", "c")
    release = b.snapshot().release
    here = plan(asking, on_nodes("zone", "a"))
    assert here.bound_elsewhere(Node("n", {"zone": "a"}), release) is None
    assert here.bound_elsewhere(Node("n", {"zone": "b"}), release).code is ReasonCode.CLAIM_ELSEWHERE
    broken = plan(asking, on_nodes("zone"))
    assert broken.bound_elsewhere(Node("n", {"zone": "a"}), release).code is ReasonCode.NODE_SELECTOR


def test_an_extended_resource_that_a_node_lacks():
    """Neither a class nor a device plugin of the node provides it."""
    one = parse_quantity("1")
    container = Container("main", (("example.com/gpu", one), ("example.com/other", one)))
    asking = replace(b.pod("p"), containers=(container,))
    gpu = replace(b.GPU_CLASS, extended_resource_name="example.com/gpu")
    found = plan(asking, classes=[gpu])
    missing = found.resources_on(Node("n"), {"gpu": gpu})
    assert (missing.code, missing.values) == (
        ReasonCode.EXTENDED_RESOURCE_MISSING,
        {"resource": "example.com/other"},
    )
    resources = found.resources_on(Node("n", allocatable={"example.com/other": one}), {"gpu": gpu})
    (spec,) = found.specs_for(resources, {"gpu": gpu})
    assert [request.name for request in spec.requests] == ["container-0-request-0"]


ADMIN = Request("r", ExactRequest("r", "gpu", admin_access=True))
EITHER = Request("r", first_available=(ExactRequest("a", "gpu", count=2), ExactRequest("b", "gpu")))


@pytest.mark.parametrize(
    ("requests", "nothing_to_align", "takes_nothing"),
    [
        ([b.request("r", "gpu")], True, False),
        ([b.request("r", "gpu", 2)], False, False),
        ([b.request("r", "gpu", mode="All")], False, False),
        ([b.request("r", "gpu"), b.request("s", "nic")], False, False),
        ([EITHER], False, False),
        ([ADMIN], True, True),
        ([ADMIN, b.request("s", "nic")], True, False),
        ([], True, True),
    ],
)
def test_what_a_pod_can_get(requests, nothing_to_align, takes_nothing):
    """At most one device needs no alignment; admin access takes none from others."""
    found = plan(b.pod("p", "c"), b.claim("c", b.spec(*requests)))
    assert (found.nothing_to_align, found.takes_nothing) == (nothing_to_align, takes_nothing)


def test_pods_with_equal_claims_have_one_key():
    """Whatever they and their claims are called; other requests or held devices make another."""
    claims = [
        b.claim("a"),
        b.claim("b"),
        b.claim("other", b.spec(b.request("r", "gpu"))),
        b.holding("h", GPU),
    ]
    keys = [plan(b.pod(f"p-{each.name}", each.name), *claims).key for each in claims]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
