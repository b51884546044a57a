"""When the random order of pools and slices up to 1.35 decides, and when it cannot."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import pytest

from extender.cel import unlimited
from extender.core.allocator.answer import find
from extender.core.allocator.budget import Budget
from extender.core.allocator.layout_usage import usage_of
from extender.core.allocator.picking import Fatal
from extender.core.allocator.problem import Problem
from extender.core.allocator.projection import Projector
from extender.core.claims.compiled_claims import compile_claims
from extender.core.reasons import Certainty
from extender.core.releases.history import release_for
from extender.core.releases.release import Release
from extender.model import (
    Constraint,
    Device,
    DeviceClass,
    DeviceID,
    Devices,
    DeviceTraits,
    ExactRequest,
    Node,
    Request,
    ResourceSlice,
)
from tests import builders as b

EXACT, BY_CHANCE = Certainty.EXACT, Certainty.ORDER_DEPENDENT
ANY = DeviceClass("any", ())
BROKEN = DeviceClass("broken", ("device.attributes['example.com'].missing == 1",))
CLASSES = (*b.CLASSES, ANY, BROKEN)


class Case(NamedTuple):
    """What is on the node, what is asked, what is taken, and what is certain about it."""

    slices: Sequence[ResourceSlice]
    requests: Sequence[Request]
    certainty: Certainty
    constraints: Sequence[Constraint] = ()
    taken: Sequence[DeviceID] = ()


def pool(driver: str, *devices: Device, name: str = "n", part: int = 0, parts: int = 1) -> ResourceSlice:
    return ResourceSlice(
        f"{driver}-{name}-{part}",
        driver,
        name,
        node_name="n",
        devices=Devices.of(devices),
        resource_slice_count=parts,
    )


def gpus(*names: str) -> list[Device]:
    return [b.device(name) for name in names]


GPU, NIC = "gpu.nvidia.com", "dra.net"
MATCH = Constraint(match_attribute=b.ROOT)
CASES = {
    "one pool per driver": Case(
        [pool(GPU, *gpus("g0", "g1")), pool(NIC, *gpus("n0"))],
        [b.request("gpu", "gpu", 2), b.request("nic", "nic")],
        EXACT,
    ),
    "two pools to choose from": Case(
        [pool(GPU, *gpus("g0"), name="p"), pool(GPU, *gpus("g1"), name="q")],
        [b.request("gpu", "gpu")],
        BY_CHANCE,
    ),
    "two slices to choose from": Case(
        [pool(GPU, *gpus("g0"), part=0, parts=2), pool(GPU, *gpus("g1"), part=1, parts=2)],
        [b.request("gpu", "gpu")],
        BY_CHANCE,
    ),
    "one of two pools is taken": Case(
        [pool(GPU, *gpus("g0"), name="p"), pool(GPU, *gpus("g1"), name="q")],
        [b.request("gpu", "gpu")],
        EXACT,
        taken=[DeviceID(GPU, "p", "g0")],
    ),
    "both of two pools are needed": Case(
        [pool(GPU, *gpus("g0"), name="p"), pool(GPU, *gpus("g1"), name="q")],
        [b.request("gpu", "gpu", 2)],
        BY_CHANCE,
    ),
    "too few in both pools": Case(
        [pool(GPU, *gpus("g0"), name="p"), pool(GPU, *gpus("g1"), name="q")],
        [b.request("gpu", "gpu", 3)],
        EXACT,
    ),
    "a constraint leaves one choice": Case(
        [
            pool(GPU, b.device("g0", "r0"), name="p"),
            pool(GPU, b.device("g1", "r1"), name="q"),
            pool(NIC, b.device("n1", "r1")),
        ],
        [b.request("gpu", "gpu"), b.request("nic", "nic")],
        EXACT,
        [MATCH],
    ),
    "a constraint leaves two choices": Case(
        [
            pool(GPU, b.device("g0", "r0"), name="p"),
            pool(GPU, b.device("g1", "r1"), name="q"),
            pool(NIC, b.device("n0", "r0"), b.device("n1", "r1")),
        ],
        [b.request("gpu", "gpu"), b.request("nic", "nic")],
        BY_CHANCE,
        [MATCH],
    ),
    "all devices of two pools, listed in either order": Case(
        [pool(GPU, *gpus("g0"), name="p"), pool(GPU, *gpus("g1"), name="q")],
        [Request("all", ExactRequest("all", "gpu", mode="All", count=0))],
        BY_CHANCE,
    ),
    "all devices of two pools, one taken": Case(
        [pool(GPU, *gpus("g0"), name="p"), pool(GPU, *gpus("g1"), name="q")],
        [Request("all", ExactRequest("all", "gpu", mode="All", count=0))],
        EXACT,
        taken=[DeviceID(GPU, "p", "g0")],
    ),
    "a selector that fails everywhere": Case(
        [pool(GPU, *gpus("g0"), name="p"), pool(GPU, *gpus("g1"), name="q")],
        [b.request("gpu", "broken")],
        EXACT,
    ),
    "a selector that fails on one of two pools": Case(
        [
            pool(GPU, Device("g0"), name="p"),
            pool(GPU, b.device("g1", missing=b.number(1)), name="q"),
        ],
        [b.request("gpu", "broken")],
        BY_CHANCE,
    ),
    "alternatives are tried in order, whatever the pools": Case(
        [pool(GPU, *gpus("g0")), pool(NIC, *gpus("n0"))],
        [
            Request(
                "either",
                first_available=(ExactRequest("nic", "nic"), ExactRequest("gpu", "gpu")),
            )
        ],
        EXACT,
    ),
    "an alternative is chosen by chance": Case(
        [pool(GPU, *gpus("g0"), name="p"), pool(GPU, *gpus("g1"), name="q")],
        [Request("either", first_available=(ExactRequest("nic", "nic"), ExactRequest("any", "any")))],
        BY_CHANCE,
    ),
}


def answer(case: Case, release: Release, slices: Iterable[ResourceSlice]) -> tuple[object, Certainty]:
    """What is found, as device names or ``"error"``, and how certain that is."""
    snapshot = b.snapshot(
        release=release,
        nodes=[Node("n")],
        slices=slices,
        classes=CLASSES,
        claims=[b.holding(f"h{number}", held) for number, held in enumerate(case.taken)],
    )
    state = snapshot.nodes["n"]
    compiled = compile_claims(
        [b.spec(*case.requests, constraints=case.constraints)], snapshot.classes, release, unlimited()
    )
    node_layout = Projector(compiled, release).project(state.inventory, Budget(0, 2**62))
    assert node_layout is not None
    usage = usage_of(node_layout, state.inventory, state.usage, release)
    found = find(Problem(compiled, node_layout.layout, usage, release), 10_000)
    if isinstance(found.answer, Fatal):
        return "error", found.certainty
    if found.answer is None:
        return None, found.certainty
    assert not isinstance(found.answer, Exception)
    names = []
    for pick in found.answer.picks[0]:
        slice_, device = node_layout.positions[pick.candidate]
        names.append(state.inventory.slices[slice_].devices[device].name)
    return tuple(names), found.certainty


def shuffled(slices: Sequence[ResourceSlice], seed: int) -> list[ResourceSlice]:
    """The same slices under names, and in pools, that sort in another order."""
    order = random.Random(seed).sample(range(len(slices)), len(slices))
    pools = {
        name: f"{seed_of:02}-{name}" for seed_of, name in zip(order, [s.pool for s in slices], strict=True)
    }
    return [
        replace(slice_, name=f"{number:02}", pool=pools[slice_.pool])
        for number, slice_ in zip(order, slices, strict=True)
    ]


@pytest.mark.parametrize("version", ["1.34.13", "1.35.10"])
@pytest.mark.parametrize("name", CASES)
def test_certainty(name, version):
    """Exact where, and only where, no order of pools and slices gives another answer."""
    case = CASES[name]
    release = release_for(version)
    _, certainty = answer(case, release, case.slices)
    assert certainty is case.certainty
    if not case.taken:
        answers = {answer(case, release, shuffled(case.slices, seed))[0] for seed in range(12)}
        assert (len(answers) == 1) is (case.certainty is EXACT)


@pytest.mark.parametrize("name", CASES)
def test_order_is_fixed_from_1_36_on(name):
    """Sorted pools and slices leave nothing to chance."""
    case = CASES[name]
    assert answer(case, release_for("1.36.2"), case.slices)[1] is EXACT


def test_pools_with_binding_conditions_have_their_place():
    """They come after all others, so there is nothing to choose by chance."""
    waiting = b.device("w", traits=DeviceTraits(binding_conditions=("ready",)))
    slices = [pool(GPU, waiting, name="a"), pool(GPU, *gpus("g0"), name="b")]
    case = Case(slices, [b.request("gpu", "gpu")], EXACT)
    release = release_for("1.35", {"DRADeviceBindingConditions": True})
    assert answer(case, release, slices) == (("g0",), EXACT)


def test_slices_that_disagree_on_their_number():
    """Upstream believes a random slice of the pool, in every release."""
    slices = [
        pool(GPU, *gpus("g0"), part=0, parts=2),
        replace(pool(GPU, *gpus("g1"), part=1, parts=2), resource_slice_count=3),
    ]
    case = Case(slices, [b.request("gpu", "gpu")], BY_CHANCE)
    for version in ("1.35", "1.36", "1.37"):
        assert answer(case, release_for(version), slices)[1] is BY_CHANCE
