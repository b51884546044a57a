"""Consumable capacity of 1.34, which looks for room on the wrong device of the slice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.cel import unlimited
from extender.core.allocator.answer import find
from extender.core.allocator.budget import Budget
from extender.core.allocator.layout_usage import usage_of
from extender.core.allocator.picking import Unpredictable
from extender.core.allocator.problem import Problem
from extender.core.allocator.projection import Projector
from extender.core.allocator.search import Solution
from extender.core.claims.compiled_claims import compile_claims
from extender.core.reasons import CONSUMABLE_CAPACITY
from extender.core.releases.history import release_for
from extender.model import Allocation, Capacity, DeviceID, DeviceResult, DeviceTraits, RequestPolicy
from extender.model.quantity import parse_quantity
from tests import builders as b

EIGHT = parse_quantity("8")
GATES = {"DRAConsumableCapacity": True}
WHOLE = DeviceTraits(capacity=(("memory", Capacity(EIGHT)),))
POLICY = DeviceTraits(capacity=(("memory", Capacity(EIGHT, RequestPolicy(default=EIGHT))),))
SHARED = DeviceTraits(allow_multiple_allocations=True)
ONE, TWO = b.request("r", "gpu"), b.request("r", "gpu", count=2)
MEMORY = b.request("r", "gpu", capacity=(("memory", EIGHT),))


def gpus(*traits):
    return [b.device(f"gpu-{number}", traits=each) for number, each in enumerate(traits)]


def search(devices, *requests, claims=(), slices=()):
    """Search one claim on node n, whose GPUs are in one slice."""
    release = release_for("1.34", GATES)
    machine = b.machine("n", devices, ())
    snapshot = b.snapshot(machine, release=release, claims=claims, slices=slices)
    state = snapshot.nodes["n"]
    compiled = compile_claims([b.spec(*requests)], snapshot.classes, release, unlimited())
    placed = Projector(compiled, release).project(state.inventory, Budget(0, 2**62))
    assert placed is not None
    usage = usage_of(placed, state.inventory, state.usage, release)
    return find(Problem(compiled, placed.layout, usage, release), 1_000).answer


@pytest.mark.parametrize(
    ("devices", "requests"),
    [
        (gpus(WHOLE), [ONE]),
        (gpus(WHOLE, WHOLE), [TWO]),
        (gpus(WHOLE, WHOLE), [b.request("r", "gpu", mode="All")]),
        (gpus(WHOLE, WHOLE), [ONE, b.request("s", "gpu")]),
        (gpus(WHOLE, SHARED), [ONE]),
    ],
    ids=["one", "two of a slice", "all", "two requests", "a later device of the slice"],
)
def test_what_meets_no_capacity_that_can_be_short_is_predicted(devices, requests):
    """As many devices as are asked for; capacity that is only published takes no part."""
    answer = search(devices, *requests)
    assert isinstance(answer, Solution)


@pytest.mark.parametrize(
    ("devices", "requests"),
    [
        (gpus(WHOLE), [MEMORY]),
        (gpus(SHARED), [ONE]),
        (gpus(POLICY), [ONE]),
        (gpus(WHOLE, SHARED), [TWO]),
    ],
    ids=["asked for", "shared", "policy", "among the first of the slice"],
)
def test_a_capacity_that_can_be_short_is_not_ours_to_tell(devices, requests):
    """The scheduler looks at the room of another device than the one it takes."""
    answer = search(devices, *requests)
    assert isinstance(answer, Unpredictable)
    assert answer.reason.values["detail"] == CONSUMABLE_CAPACITY


def test_the_second_device_of_a_request_needs_a_slice_of_two():
    """The scheduler reads a slice of one beyond its end, and crashes. Two requests get by."""
    more = [replace(b.slice_of("gpu.nvidia.com", "n", gpus(WHOLE), "more"), pool="more")]
    assert isinstance(search(gpus(WHOLE), TWO, slices=more), Unpredictable)
    assert isinstance(search(gpus(WHOLE), ONE, b.request("s", "gpu"), slices=more), Solution)


def test_a_share_of_any_device_of_the_pool_is_not_ours_to_tell():
    """Whose room the scheduler looks at hangs on the slice; a device whole again can still have shares."""
    share = DeviceResult(
        "r", DeviceID("gpu.nvidia.com", "n", "gpu-1"), share_id="s", consumed_capacity=(("memory", EIGHT),)
    )
    taken = b.claim("taken", allocation=Allocation((share,)))
    assert isinstance(search(gpus(WHOLE, WHOLE), ONE, claims=[taken]), Unpredictable)
