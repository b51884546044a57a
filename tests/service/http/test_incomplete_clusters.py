"""Clusters with something missing or broken: never the caller's fault, so 200, neutral, and counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from extender.model import (
    NO_DEVICES,
    Attribute,
    AttributeKind,
    Claim,
    Constraint,
    DeviceID,
    Devices,
    ExactRequest,
    Request,
)
from tests import builders as b


class Case(NamedTuple):
    """What the world holds instead, and what is answered for node ``near``."""

    changes: dict[str, Any]
    outcome: str
    reason: str | None
    score: int


def _broken(**changes: Any) -> dict[str, Any]:
    """A world whose GPU slice of ``near`` is changed."""
    node, slices = b.pair_node("near", ["pci0000:10"], ["pci0000:10"])
    return {"nodes": [node], "slices": [replace(slices[0], **changes), slices[1]]}


def _selecting(expression: str) -> dict[str, Any]:
    exact = ExactRequest("gpu", "gpu", selectors=(expression,))
    return {"claims": [b.claim("job-1-claim-0", b.spec(Request("gpu", exact), b.request("nic", "nic")))]}


def _held(*claims: Claim, **world: Any) -> dict[str, Any]:
    """A world whose pod's claim, or others, are allocated."""
    return {
        "claims": [*claims] if any(each.name == NAME for each in claims) else [b.claim(NAME), *claims]
    } | world


def _gpu(name: str, node: str = "near") -> DeviceID:
    return DeviceID("gpu.nvidia.com", node, name)


def _renewed() -> dict[str, Any]:
    """A pool of which one of two slices of the newest generation is there."""
    world = _broken()
    old = world["slices"][0]
    new = replace(old, name="new", generation=old.generation + 1, resource_slice_count=2)
    return {**world, "slices": [*world["slices"], new]}


def _unknown_kind() -> dict[str, Any]:
    """A constraint on an attribute of a kind that this release does not have."""
    node, slices = b.pair_node("near", ["pci0000:10"], ["pci0000:10"])
    future = Attribute(AttributeKind.UNKNOWN, None)
    slices = [
        replace(
            each,
            devices=Devices.of(
                tuple(replace(device, attributes={b.ROOT: future}) for device in each.devices)
            ),
        )
        for each in slices
    ]
    pair = b.spec(*b.PAIR.requests, constraints=[Constraint(match_attribute=b.ROOT)])
    return {"nodes": [node], "slices": slices, "claims": [b.claim(NAME, pair)]}


NAME = "job-1-claim-0"
CASES = {
    "holds devices that are not there": Case(
        _held(b.holding(NAME, _gpu("gpu-7"), _gpu("gpu-8"))), "allocated", None, 50
    ),
    "holds devices of another node": Case(
        _held(b.holding(NAME, _gpu("gpu-0", "far"), _gpu("gpu-1", "far"))), "allocated", None, 50
    ),
    "another claim holds devices that are not there": Case(
        _held(b.holding("edited", _gpu("gpu-7"), _gpu("gpu-0", "no such pool"))), "allocated", None, 100
    ),
    "two claims hold one device": Case(
        _held(b.holding("one", _gpu("gpu-0")), b.holding("two", _gpu("gpu-0"))), "unschedulable", "no-fit", 0
    ),
    "newest generation incomplete": Case(_renewed(), "unschedulable", "no-fit", 0),
    "attribute of a kind from the future": Case(_unknown_kind(), "error", "cel-error", 0),
    "claim missing": Case({"claims": []}, "unknown", "claim-missing", 50),
    "class gone": Case({"classes": [b.GPU_CLASS]}, "unschedulable", "class-missing", 0),
    "no nodes": Case({"nodes": [], "slices": []}, "unknown", "node-unknown", 50),
    "no slices": Case({"slices": []}, "unschedulable", "no-fit", 0),
    "nothing at all": Case(
        {"nodes": [], "slices": [], "classes": [], "claims": []}, "unknown", "claim-missing", 50
    ),
    "slice missing": Case(_broken(resource_slice_count=2), "unschedulable", "no-fit", 0),
    "device named twice": Case(
        _broken(devices=Devices.of((b.device("gpu-0"), b.device("gpu-0")))),
        "unschedulable",
        "invalid-pool",
        0,
    ),
    "slice without devices": Case(_broken(devices=NO_DEVICES), "unschedulable", "no-fit", 0),
    "slice of no node": Case(_broken(node_name=""), "unschedulable", "no-fit", 0),
    "selector does not compile": Case(_selecting("device.driver =="), "error", "cel-error", 0),
    "selector fails": Case(_selecting("device.attributes['a'].b == 1"), "error", "cel-error", 0),
}


@pytest.mark.parametrize("case", CASES)
async def test_it_is_answered_and_counted(frozen, world, args, metric, logged, case):
    """Filter passes, prioritize scores, explain says why; nothing is an error of the caller or of ours."""
    changes, outcome, reason, score = CASES[case]
    client = await frozen({**world, **changes})
    for alignment in (None, "required"):
        body = args("near", "node-z", alignment=alignment)
        filtered = await client.post("/filter", data=body)
        assert (filtered.status, (await filtered.json())["NodeNames"]) == (200, ["near", "node-z"])
        scored = await client.post("/prioritize", data=body)
        entries = {entry["Host"]: entry["Score"] for entry in await scored.json()}
        assert (scored.status, entries["near"]) == (200, score)
        assert entries.keys() == {"near", "node-z"}
    explained = await client.post("/explain", data=args("near"))
    node = (await explained.json())["nodes"]["near"]
    assert (node["outcome"], node["reason"], node["score"]) == (outcome, reason, score)
    assert bool(node["message"]) == (outcome != "allocated")
    for verb in ("filter", "prioritize", "explain"):
        assert metric("internal_errors_total", verb=verb) == 0
        assert metric("request_duration_seconds_count", verb=verb, result="ok") in {1, 2}
    assert all(line["log_level"] == "debug" for line in logged)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [({"slices": []}, "unschedulable"), (_selecting("device.driver =="), "error"), ({}, "allocated")],
    ids=["no slices", "selector does not compile", "nothing missing"],
)
async def test_what_was_predicted_is_a_metric(frozen, world, args, metric, changes, outcome):
    """Searches are counted by what they found, so that broken data shows in a graph."""
    client = await frozen({**world, **changes})
    await client.post("/prioritize", data=args("near"))
    assert metric("memo_lookups_total", result="miss") == 1
    assert metric("predictions_total", outcome=outcome, certainty="exact") == 1


@pytest.mark.parametrize("kind", ["claims", "classes", "slices"])
async def test_it_is_better_once_it_is_complete(frozen, world, args, kind):
    """The same request is answered well by a service of the whole cluster."""
    incomplete = await frozen({**world, kind: []})
    complete = await frozen(world)
    body = args("near", alignment="required")
    (before,) = await (await incomplete.post("/prioritize", data=body)).json()
    (after,) = await (await complete.post("/prioritize", data=body)).json()
    assert before["Score"] < after["Score"] == 100
