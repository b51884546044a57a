"""Groups of devices near each other: which there are, and what a pod leaves of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.core.cluster.free_pairs import FreePairs, Pairable
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Evaluation, Memo, Settings, evaluate
from extender.core.prediction.fragmentation import Fragmentation, fragmentation_of
from extender.model import (
    Attribute,
    AttributeKind,
    Claim,
    Device,
    DeviceID,
    DeviceTraits,
    ExactRequest,
    Request,
    Taint,
)
from tests import builders as b

GPU = b.spec(b.request("gpu", "gpu"))
NIC = b.spec(b.request("nic", "nic"))
RDMA = "dra.net/rdma"
PARENT = "gpu.nvidia.com/parentUUID"


def world(gpus: Sequence[Device], nics: Sequence[Device], *claims: Claim) -> Snapshot:
    """One node, ``n``."""
    return b.snapshot(b.machine("n", gpus, nics), claims=claims)


def on_roots(prefix: str, *roots: str | None, traits: DeviceTraits | None = None) -> list[Device]:
    return [b.device(f"{prefix}-{number}", root, traits=traits) for number, root in enumerate(roots)]


def held(device: str) -> Claim:
    driver = "gpu.nvidia.com" if device.startswith("gpu") else "dra.net"
    return b.holding(f"holds-{device}", DeviceID(driver, "n", device))


def pairs(snapshot: Snapshot) -> FreePairs:
    return snapshot.nodes["n"].pairs


def left_by(snapshot: Snapshot, spec: Claim) -> Fragmentation | None:
    asked: Evaluation[int] = evaluate(
        snapshot.with_claims([spec]),
        b.pod("p", spec.name),
        Memo(lambda names, score: [score] * len(names)),
        Settings(),
    )
    return asked.verdicts(["n"])["n"].fragmentation


@pytest.mark.parametrize(
    ("gpus", "nics", "found"),
    [
        ("ab", "ab", FreePairs(2, 2)),
        ("ab", "ba", FreePairs(2, 0)),
        ("aab", "ab", FreePairs(2, 1)),
        ("ab", "aab", FreePairs(2, 1)),
        ("aa", "a", FreePairs(1, 1)),
        ("a", "b", FreePairs(0, 0)),
    ],
)
def test_a_group_is_a_gpu_and_a_nic_on_one_root(gpus, nics, found):
    """Each device is in one group at most; first fit reaches those whose devices have the same turn."""
    assert pairs(world(on_roots("gpu", *gpus), on_roots("nic", *nics))) == found


def test_numa_nodes_count_where_roots_say_nothing():
    """NICs without a root are as near as their NUMA node; with one shared root on the node, roots count."""
    gpus = [b.device("gpu-0", "a", 0), b.device("gpu-1", "b", 1)]
    nics = [b.device("nic-0", None, 0), b.device("nic-1", None, 1)]
    assert pairs(world(gpus, nics)) == FreePairs(2, 2)
    assert pairs(world(gpus, [b.device("nic-0", "a", 0), nics[1]])) == FreePairs(1, 1)


def test_held_devices_are_in_no_group():
    """The NIC of the first group is gone, so the others have other turns."""
    snapshot = world(on_roots("gpu", *"abc"), on_roots("nic", *"abc"), held("nic-0"))
    assert pairs(snapshot) == FreePairs(2, 0)
    assert pairs(snapshot.with_claims([held("gpu-0")])) == FreePairs(2, 2)


def test_shared_and_tainted_devices_are_in_no_group():
    """The former are never used up, the latter are not for later pods."""
    shared = DeviceTraits(allow_multiple_allocations=True)
    tainted = DeviceTraits(taints=(Taint("broken", "NoSchedule"),))
    for traits in (shared, tainted):
        assert pairs(world(on_roots("gpu", "a"), on_roots("nic", "a", traits=traits))) == FreePairs(0, 0)


def test_a_nic_without_rdma_counts_where_no_nic_has_it():
    """On an AWS p4d each root carries a NIC for the host beside those that the GPUs talk to."""

    def nics(*rdma: bool) -> list[Device]:
        return [
            Device(
                f"nic-{number}",
                {b.ROOT: b.text("a"), RDMA: Attribute(AttributeKind.BOOL, value=value)},
                DeviceTraits(),
            )
            for number, value in enumerate(rdma)
        ]

    gpus = on_roots("gpu", "a", "a")
    assert pairs(world(gpus, nics(False, True))) == FreePairs(1, 1)
    assert pairs(world(gpus, nics(False, False))) == FreePairs(2, 2)


def test_parts_of_one_device_are_one_unit():
    """Whoever holds a partition of a GPU leaves no whole GPU; functions of a NIC stay to be had."""

    def part(name: str) -> Device:
        return Device(name, {b.ROOT: b.text("a"), PARENT: b.text("card")}, DeviceTraits())

    gpus = [part("gpu-0"), part("gpu-0-mig")]
    nics = on_roots("nic", "a", "a")
    assert pairs(world(gpus, nics)) == FreePairs(1, 1)
    assert pairs(world(gpus, nics, held("gpu-0-mig"))) == FreePairs(0, 0)


def test_a_gpu_alone_breaks_a_group():
    """It takes the first GPU, and with it the turn of all others."""
    found = left_by(world(on_roots("gpu", *"abc"), on_roots("nic", *"abc")), b.claim("c", GPU))
    assert found == Fragmentation(FreePairs(3, 3), FreePairs(2, 0), own=0)
    assert (found.broken, found.delayed) == (1, 3)


def test_a_gpu_whose_nic_is_gone_breaks_nothing():
    """It even puts the others back into step."""
    snapshot = world(on_roots("gpu", *"abc"), on_roots("nic", *"abc"), held("nic-0"))
    found = left_by(snapshot, b.claim("c", GPU))
    assert found == Fragmentation(FreePairs(2, 0), FreePairs(2, 2), own=0)
    assert (found.broken, found.delayed) == (0, -2)


def test_a_pod_may_use_up_its_own_group():
    """That is what groups are for."""
    found = left_by(world(on_roots("gpu", *"ab"), on_roots("nic", *"ab")), b.claim("c"))
    assert found == Fragmentation(FreePairs(2, 2), FreePairs(1, 1), own=1)
    assert (found.broken, found.delayed) == (0, 1)


def test_a_misaligned_pair_breaks_two_groups():
    """Its GPU is of one and its NIC of another."""
    found = left_by(world(on_roots("gpu", *"ab"), on_roots("nic", *"ba")), b.claim("c"))
    assert found == Fragmentation(FreePairs(2, 0), FreePairs(0, 0), own=0)
    assert (found.broken, found.delayed) == (2, 0)


def test_admin_access_takes_nothing():
    """The device stays for others."""
    watch = Request("gpu", ExactRequest("gpu", "gpu", admin_access=True))
    found = left_by(world(on_roots("gpu", "a"), on_roots("nic", "a")), b.claim("c", b.spec(watch)))
    assert found is None or found.before == found.after


def test_no_devices_no_fragmentation():
    """A pod that fits nowhere leaves everything as it is, and there is nothing to tell."""
    assert left_by(world([], on_roots("nic", "a")), b.claim("c", GPU)) is None


@given(
    st.lists(st.integers(-1, 3), max_size=6),
    st.lists(st.integers(-1, 3), max_size=6),
    st.integers(0, 2**12),
    st.integers(0, 2**12),
)
def test_a_pod_breaks_at_least_what_it_gets(gpus, nics, free, taken):
    """So nothing that the pod had to break counts as broken; and first fit never reaches more than all."""
    count = len(gpus) + len(nics)
    pairable = Pairable(tuple(gpus), tuple(nics), tuple((0, unit, unit) for unit in range(count)))
    free &= (1 << count) - 1
    before = pairable.pairs(free)
    found = fragmentation_of(
        pairable, free, before, [(0, unit) for unit in range(count) if taken >> unit & 1]
    )
    assert found.own >= 0
    assert 0 <= found.broken <= before.intact - found.own
    assert found.before.first_fit <= found.before.intact
    assert found.after.first_fit <= found.after.intact
