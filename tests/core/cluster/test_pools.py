"""Which pools and slices a node sees, in which order, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from extender.core.cluster.pools import Pool, gather_pools, is_usable, targets_node
from extender.core.releases.history import release_for
from extender.core.releases.release import Release
from extender.model import CounterConsumption, CounterSet, Devices, DeviceTraits, Node, PoolID, ResourceSlice
from extender.model.quantity import parse_quantity
from tests import builders as b

HERE = Node("here", labels={"zone": "a"})
DRIVER = "gpu.example.com"


def slice_(name: str, *devices: str, **fields: object) -> ResourceSlice:
    """A slice of the pool ``p`` on the node ``here``."""
    made = ResourceSlice(
        name, DRIVER, "p", node_name="here", devices=Devices.of(tuple(map(b.device, devices)))
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def gathered(slices: Sequence[ResourceSlice], version: str = "1.36.6") -> tuple[Pool, ...]:
    by_pool: dict[PoolID, list[ResourceSlice]] = {}
    for each in slices:
        by_pool.setdefault(each.pool_id, []).append(each)
    release = release_for(version)
    return gather_pools(filter(lambda each: seen(each, release), slices), by_pool, release)


def seen(slice_: ResourceSlice, release: Release) -> bool:
    """Whether a node finds the slice in the index."""
    return is_usable(slice_, release) and targets_node(slice_, HERE, release.gathering)


def devices(slices: Sequence[ResourceSlice], version: str = "1.36.6") -> list[str]:
    return [
        device.name for pool in gathered(slices, version) for each in pool.slices for device in each.devices
    ]


MINORS = ["1.34", "1.35", "1.36", "1.37"]


@pytest.mark.parametrize("minor", MINORS)
def test_the_newest_generation_counts(minor):
    """Slices of older generations are what the driver has not cleaned up yet."""
    slices = [slice_("s0", "old", generation=1), slice_("s1", "new", generation=2)]
    assert devices(slices, minor) == ["new"]


@pytest.mark.parametrize(("minor", "seen"), [("1.34", ["old"]), ("1.35", []), ("1.36", []), ("1.37", [])])
def test_a_newer_generation_elsewhere_hides_the_pool(minor, seen):
    """The driver is replacing the pool; 1.34 does not look at other nodes' slices."""
    slices = [
        slice_("s0", "old", generation=1, resource_slice_count=2),
        slice_("s1", "new", generation=2, node_name="elsewhere"),
    ]
    assert devices(slices, minor) == seen
    assert all(pool.slices for pool in gathered(slices, minor))


@pytest.mark.parametrize(
    ("minor", "usable"), [("1.34", True), ("1.35", False), ("1.36", False), ("1.37", False)]
)
def test_a_pool_that_lacks_slices(minor, usable):
    """Incomplete; only 1.34 still hands out its devices."""
    slices = [slice_("s0", "g0", resource_slice_count=2)]
    assert gathered(slices, minor)[0].incomplete
    assert bool(devices(slices, minor)) is usable


@pytest.mark.parametrize(
    ("minor", "complete"), [("1.34", False), ("1.35", True), ("1.36", True), ("1.37", True)]
)
def test_slices_elsewhere_complete_a_pool(minor, complete):
    """From 1.35 on all slices of the pool are counted, wherever their devices are."""
    slices = [
        slice_("s0", "g0", resource_slice_count=2),
        slice_("s1", "g1", resource_slice_count=2, node_name="elsewhere"),
    ]
    assert gathered(slices, minor)[0].incomplete is not complete
    assert "g1" not in devices(slices, minor)


def test_slices_go_by_name_and_devices_as_published():
    """The order of the search, from 1.36 on."""
    slices = [
        slice_("b", "g3", "g2", resource_slice_count=3),
        slice_("c", "g4", resource_slice_count=3),
        slice_("a", "g9", resource_slice_count=3),
    ]
    assert devices(slices) == ["g9", "g3", "g2", "g4"]


def test_pools_go_by_driver_and_name():
    """Those with binding conditions come after all others."""
    waiting = b.device("w", traits=DeviceTraits(binding_conditions=("ready",)))
    slices = [
        slice_("s0", "q", pool="q"),
        slice_("s1", "a", driver="zzz.example.com", pool="a"),
        slice_("s2", pool="a", devices=Devices.of((waiting,))),
        slice_("s3", "p"),
    ]
    assert devices(slices) == ["p", "q", "a", "w"]


def test_slices_with_binding_conditions_come_last_in_the_experimental_allocators():
    """Up to 1.35, where the gate brings the experimental allocator."""
    waiting = b.device("w", traits=DeviceTraits(binding_conditions=("ready",)))
    slices = [
        slice_("a", devices=Devices.of((waiting,)), resource_slice_count=2),
        slice_("b", "g", resource_slice_count=2),
    ]
    gates = {"DRADeviceBindingConditions": True}
    (pool,) = gather_pools(slices, {slices[0].pool_id: slices}, release_for("1.35", gates))
    assert [each.name for each in pool.slices] == ["b", "a"]
    assert devices(slices) == ["w", "g"]


TAKES = DeviceTraits(consumes_counters=(CounterConsumption("set", (("memory", parse_quantity("1")),)),))
SET = CounterSet("set", (("memory", parse_quantity("4")),))


@pytest.mark.parametrize(
    ("slices", "problem"),
    [
        ([slice_("s0", "g0", "g0")], "duplicate device name g0"),
        (
            [
                slice_("s0", devices=Devices.of((b.device("g0", traits=TAKES),)), resource_slice_count=2),
                slice_("s1", shared_counters=(SET, SET), resource_slice_count=2),
            ],
            "duplicate counter set name set",
        ),
        ([slice_("s0", devices=Devices.of((b.device("g0", traits=TAKES),)))], "counter set set not found"),
        (
            [
                slice_("s0", devices=Devices.of((b.device("g0", traits=TAKES),)), resource_slice_count=2),
                slice_("s1", shared_counters=(replace(SET, counters=()),), resource_slice_count=2),
            ],
            "counter memory not found in counter set set",
        ),
    ],
)
@pytest.mark.parametrize("minor", ["1.36", "1.37"])
def test_invalid_pools(slices, problem, minor):
    """Nothing of such a pool is handed out."""
    (pool,) = gathered(slices, minor)
    assert pool.invalid == problem
    assert pool.slices == ()


@pytest.mark.parametrize(("minor", "seen"), [("1.36", True), ("1.37", False)])
def test_counter_slices_of_another_node(minor, seen):
    """They count for every node up to 1.36, so a pool can show up that has no device here."""
    slices = [slice_("s0", shared_counters=(SET,), node_name="elsewhere", resource_slice_count=2)]
    assert bool(gathered(slices, minor)) is seen


def test_counter_slices_elsewhere_belong_to_the_pool():
    """1.37 fetches them when the node's own slices are not all."""
    slices = [
        slice_("s0", devices=Devices.of((b.device("g0", traits=TAKES),)), resource_slice_count=2),
        slice_("s1", shared_counters=(SET,), node_name="elsewhere", resource_slice_count=2),
    ]
    (pool,) = gathered(slices, "1.37")
    assert (pool.invalid, pool.counter_sets) == ("", (SET,))


@pytest.mark.parametrize(
    ("fields", "targets"),
    [
        ({"node_name": "here"}, True),
        ({"node_name": "elsewhere"}, False),
        ({"node_name": "", "all_nodes": True}, True),
        ({"node_name": ""}, False),
    ],
)
def test_which_node_a_slice_is_for(fields, targets):
    """A slice that says nothing about nodes is a future kind, and ignored."""
    assert bool(gathered([slice_("s0", "g0", **fields)])) is targets


def test_slices_that_use_compatibility_groups():
    """1.37 ignores them while the feature is off; the rest of the pool is incomplete."""
    grouped = DeviceTraits(consumes_counters=(CounterConsumption("set", (), ("mig",)),))
    slices = [
        slice_("s0", devices=Devices.of((b.device("g0", traits=grouped),)), resource_slice_count=2),
        slice_("s1", "g1", resource_slice_count=2),
    ]
    assert gathered(slices, "1.37")[0].incomplete
    assert not gathered(slices, "1.36")[0].incomplete
