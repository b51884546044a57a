"""
The allocator's own table cases, as data, with what the real allocator answered.

Each line of ``tests/data/allocator/*.jsonl`` is one case of Kubernetes'
allocatortesting table, run on the named implementation with exactly the features
listed: ``node``, ``classes``, ``slices``, ``claims`` (unallocated, in order),
``allocatedDevices``, ``allocatedSharedDeviceIDs``, ``allocatedCapacity`` and
``expect``: ``{"results": [AllocationResult per claim] | null}`` or ``{"error": text}``.
``allocateOneInvocations`` is how many steps the real search took.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extender.core.allocation import SHARE_ID, allocations
from extender.core.allocator import Fatal, Search
from extender.core.layout import Projector, usage_of
from extender.core.model import (
    Allocation,
    Claim,
    ClaimSpec,
    DeviceID,
    DeviceResult,
    Node,
)
from extender.core.quantity import parse_quantity
from extender.core.releases import RELEASES, features_named
from extender.core.shape import Refused, compile_shape
from extender.core.snapshot import Snapshot
from extender.kube import decode

DATA = Path(__file__).parents[1] / "data" / "allocator"
RELEASE_OF = {"allocator-1.36-incubating.jsonl": "1.36.2"}
CASES = [
    (file, json.loads(line)) for file in sorted(RELEASE_OF) for line in (DATA / file).read_text().splitlines()
]


def _allocated(case: Mapping[str, Any]) -> list[Claim]:
    """Claims that hold what the case says is allocated."""
    results = [DeviceResult("r", DeviceID(*text.split("/"))) for text in case.get("allocatedDevices") or ()]
    for text in case.get("allocatedSharedDeviceIDs") or ():
        driver, pool, device, share = text.split("/")
        results.append(DeviceResult("r", DeviceID(driver, pool, device), share_id=share))
    for text, amounts in (case.get("allocatedCapacity") or {}).items():
        consumed = tuple(sorted((name, parse_quantity(value)) for name, value in amounts.items()))
        results.append(
            DeviceResult("r", DeviceID(*text.split("/")), share_id="share", consumed_capacity=consumed)
        )
    return [
        Claim("ns", f"holder-{number}", f"uid-{number}", ClaimSpec("holder"), Allocation(results=(result,)))
        for number, result in enumerate(results)
    ]


def _comparable(allocation: Allocation) -> Allocation:
    """Share IDs are random; quantities compare by value."""
    return replace(
        allocation,
        results=tuple(
            replace(
                result,
                share_id=SHARE_ID if result.share_id else "",
                consumed_capacity=tuple(
                    sorted((name, replace(quantity, text="")) for name, quantity in result.consumed_capacity)
                ),
            )
            for result in allocation.results
        ),
    )


@pytest.mark.parametrize(("file", "case"), CASES, ids=[f"{case['name']}" for _, case in CASES])
def test_case(file: str, case: Mapping[str, Any]) -> None:
    """The search finds what the real allocator found, in as many steps."""
    interner = decode.Interner()
    raw = {
        kind: [json.dumps(item).encode() for item in case.get(kind) or ()]
        for kind in ("classes", "slices", "claims")
    }
    release = RELEASES[RELEASE_OF[file]].with_features(features_named(frozenset(case["features"])))
    node = decode.node(json.dumps(case["node"]).encode(), interner) if case["node"] else Node("")
    snapshot = Snapshot.of(
        release=release,
        nodes=[node],
        slices=[decode.resource_slice(item, interner) for item in raw["slices"]],
        classes=[decode.device_class(item, interner) for item in raw["classes"]],
        claims=_allocated(case),
    )
    specs = [decode.resource_claim(item, interner).spec for item in raw["claims"]]
    state = snapshot.nodes[node.name]
    search: Search | None = None
    answer: tuple[Allocation, ...] | str | None
    try:
        shape = compile_shape(specs, snapshot.classes, release)
        placed = Projector(shape).place(state.inventory)
        usage = usage_of(
            placed,
            state.inventory,
            state.usage,
            shares_consume_counters=release.shares_consume_counters,
        )
        search = Search(shape, placed.layout, usage, release, budget=1_000_000)
        solution = search.run()
        answer = None
        if solution is not None:
            answer = allocations(node.name, shape, solution, placed, state.inventory, release)
        elif any(pool.invalid for pool in state.inventory.pools):
            answer = "invalid resource pools were encountered"
    except (Refused, Fatal) as fatal:
        answer = str(fatal)

    expect = case["expect"]
    if "error" in expect:
        assert isinstance(answer, str)
        assert (answer == expect["error"]) == expect["error"].startswith("invalid resource pools")
    elif expect["results"] is None:
        assert answer is None
    else:
        expected = [decode.allocation(json.dumps(result).encode(), interner) for result in expect["results"]]
        assert not isinstance(answer, str | None)
        assert [_comparable(each) for each in answer] == [_comparable(each) for each in expected]
    if search is not None and search.steps:
        assert search.steps == case["allocateOneInvocations"]
