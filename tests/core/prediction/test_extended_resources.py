"""Pods that get devices through extended resources."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.claims.extended_resources import made_up_claim
from extender.core.cluster.changes import Changes
from extender.core.prediction.evaluate import Outcome
from extender.model import (
    Container,
    Node,
    Pod,
)
from extender.model.kinds import NODE, RESOURCE_SLICE
from extender.model.quantity import Quantity, parse_quantity
from tests import builders as b
from tests.core.prediction.two_nodes import ask, world


def test_extended_resources_backed_by_dra():
    """The made-up claim is predicted on nodes without a device plugin, and only there."""
    gpu_class = replace(b.GPU_CLASS, extended_resource_name="example.com/gpu")
    snapshot = world(classes=(gpu_class, b.NIC_CLASS))
    plugin = Node("plugin", allocatable={"example.com/gpu": parse_quantity("4")})
    snapshot = b.snapshot(
        release=snapshot.release,
        nodes=[*(state.node for state in snapshot.nodes.values()), plugin],
        slices=[each for group in snapshot.slices.by_pool.values() for each in group],
        classes=[gpu_class],
    )
    requests = (("cpu", Quantity(10**9)), ("example.com/gpu", parse_quantity("1")))
    pod = Pod("default", "p", containers=(Container("main", requests),))
    verdicts = ask(snapshot, pod).verdicts(["far", "plugin"])
    assert [(each.claim, each.result.request) for each in verdicts["far"].devices] == [
        ("<extended-resources>", "container-0-request-1")
    ]
    assert verdicts["plugin"].outcome is Outcome.ALLOCATED
    assert verdicts["plugin"].devices == ()


@pytest.mark.parametrize("names", [(), ("c",)], ids=["alone", "beside a claim"])
def test_a_made_up_claim_is_allocated_like_any_other(names):
    """It comes last and has a name that no claim can have; nodes with a device plugin need none."""
    gpu_class = replace(b.GPU_CLASS, extended_resource_name="example.com/gpu")
    snapshot = world(b.claim("c"), classes=(gpu_class, b.NIC_CLASS))
    plugin, slices = b.pair_node("plugin", ["pci0000:10"], ["pci0000:10"])
    plugin = replace(plugin, allocatable={"example.com/gpu": parse_quantity("4")})
    snapshot = snapshot.updated(Changes.of(NODE, (plugin,)) | Changes.of(RESOURCE_SLICE, tuple(slices)))
    container = Container("main", (("example.com/gpu", parse_quantity("1")),))
    pod = replace(b.pod("p", *names), containers=(container,))
    evaluation = ask(snapshot, pod)
    made_up = made_up_claim(pod)
    assert [claim.key for claim in evaluation.pending] == [
        *(("default", name) for name in names),
        made_up.key,
    ]
    assert (made_up.key, made_up.owner_uid) == (("default", "<extended-resources>/uid-p"), "uid-p")
    *_, last = evaluation.allocated_on("far")
    assert last.allocation is not None
    assert [result.id.device for result in last.allocation.results] == [f"gpu-{len(names)}"]
    assert replace(last, allocation=None) == made_up
    assert [claim.name for claim in evaluation.allocated_on("plugin")] == list(names)
