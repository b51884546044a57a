"""
The pitfalls of published topology that lie in pools, nodes, claims and classes, from JSON to verdicts.

The others are in ``test_pitfalls``. Each docstring ends with the pitfall's number.
"""

from __future__ import annotations

import json

import pytest

from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, NodeVerdict, Outcome, Settings, evaluate
from extender.core.topology.locations import Distance, distance
from extender.core.topology.published import does_rdma
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from extender.model import (
    Allocation,
    Claim,
    DeviceClass,
    DeviceID,
    DeviceResult,
    Pod,
    PodClaim,
    ResourceSlice,
)
from tests import builders as b
from tests.published import (
    AMD,
    BUS_ID,
    CPU,
    NET,
    NUMA,
    NVIDIA,
    ROOT,
    Values,
    apart,
    attributes,
    listed,
    located,
    pool,
    published,
    world,
)


def asked(name: str, *wanted: tuple[str, str], **allocated: DeviceID) -> Claim:
    """A claim of one device per (request, class); ``allocated`` gives the device of each request."""
    of = b.spec(*(b.request(request, device_class) for request, device_class in wanted))
    results = tuple(DeviceResult(request, device) for request, device in allocated.items())
    return b.claim(name, of, Allocation(results) if results else None)


def judged(snapshot: Snapshot, *claims: str) -> NodeVerdict:
    """What the pod with these claims gets on node n."""
    pod = Pod("default", "p", "uid-p", claims=tuple(PodClaim(name, name) for name in claims))
    evaluation = evaluate(snapshot, pod, Memo(lambda _, score: score), Settings())
    verdict = evaluation.verdicts(["n"])["n"]
    assert evaluation.entries(["n"]) == [verdict.score]
    return verdict


def pairs(verdict: NodeVerdict) -> list[tuple[str, Distance]]:
    assert verdict.alignment is not None
    return [(pair.kinds, pair.distance) for pair in verdict.alignment.pairs]


def test_absent_is_not_zero() -> None:
    """A GPU without a NUMA node is not on node 0, and unknown is worth neither the best nor the worst (3)."""
    snapshot = world(
        published(NVIDIA, {"gpu": {ROOT: "pci0000:15", BUS_ID: "0000:1b:00.0"}}),
        published(NET, {"nic": {ROOT: "pci0000:37", "dra.net/numaNode": 0}}),
        claims=[asked("c", ("g", NVIDIA), ("n", NET))],
    )
    verdict = judged(snapshot, "c")
    assert pairs(verdict) == [("gpu-nic", Distance.UNKNOWN)]
    assert 40 < verdict.score < 90


def test_only_the_newest_generation_of_a_pool_counts() -> None:
    """What an older slice of the pool says of a root is said no more (9)."""
    old = published(NET, {"old": {ROOT: "pci0000:15", "dra.net/numaNode": 0}}, pool=pool(generation=1))
    new = published(NET, {"nic": {ROOT: "pci0000:37", "dra.net/numaNode": 0}}, pool=pool(generation=2))
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:15"}})
    assert located(world(old, new, gpus)).keys() == {"nic", "gpu"}
    assert apart(old, new, gpus) is Distance.UNKNOWN


def test_a_missing_generation_is_zero() -> None:
    """Azure's sample has none; a slice of generation 1 replaces it (9)."""
    bare = published(NET, {"old": {}}, pool=pool())
    assert located(world(bare)).keys() == {"old"}
    assert located(world(bare, published(NET, {"nic": {}}, pool=pool(generation=1)))).keys() == {"nic"}


def test_a_pool_is_located_over_all_its_slices() -> None:
    """A large pool comes in several slices; one with counters only has no devices (9)."""
    counters = {"name": "c", "counters": {"memory": {"value": "80Gi"}}}
    slices = [
        published(NVIDIA, {"gpu": {BUS_ID: "0000:65:00.0", ROOT: "pci0000:64"}}, pool=pool(count=3)),
        published(NVIDIA, {"mig": {BUS_ID: "0000:65:00.0"}}, pool=pool(count=3)),
        published(NVIDIA, {}, pool=pool(count=3), sharedCounters=[counters]),
    ]
    assert apart(*slices, z="mig") is Distance.DEVICE


def test_an_incomplete_pool_is_neither_located_nor_allocated_from() -> None:
    """Until its last slice is there, a pool is about to change (9)."""
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:15"}})
    half = published(NET, {"nic": {ROOT: "pci0000:15", "dra.net/numaNode": 0}}, pool=pool(count=2))
    snapshot = world(gpus, half, claims=[asked("c", ("g", NVIDIA), ("n", NET))])
    assert located(snapshot).keys() == {"gpu"}
    assert judged(snapshot, "c").outcome is Outcome.UNSCHEDULABLE


def test_a_pool_need_not_be_named_for_its_node() -> None:
    """A pool per NUMA node or per device; a device is told by driver, pool and name together (9)."""
    slices = [published(AMD, {"gpu": {"numaNode": node}}, pool=pool(f"zone-{node}")) for node in (0, 1)]
    inventory = world(*slices).nodes["n"].inventory
    assert [pool.id.pool for pool in inventory.pools] == ["zone-0", "zone-1"]
    first, second = (signature.locations[0] for signature in inventory.signature.slices)
    assert distance(first, second) is Distance.REMOTE


@pytest.mark.parametrize(
    "where",
    [
        {"allNodes": True},
        {
            "nodeSelector": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "rack", "operator": "In", "values": ["n", "m"]}]}
                ]
            }
        },
    ],
    ids=["allNodes", "nodeSelector"],
)
def test_a_device_of_many_nodes_is_on_no_bus(where: dict[str, object]) -> None:
    """A device that another node reaches too is near nothing here, whatever it says of itself (10)."""
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:15", NUMA: 0, BUS_ID: "0000:1b:00.0"}})
    fabric = published(NET, {"nic": {ROOT: "pci0000:15", NUMA: 0, BUS_ID: "0000:1b:00.0"}}, **where)
    assert apart(gpus, fabric) is Distance.UNKNOWN


def test_devices_that_name_their_nodes_themselves() -> None:
    """With a node for each device, one of this node is on its bus, and one of all nodes is nowhere (10)."""
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:15"}})
    nics = published(
        NET,
        {
            "nic": {ROOT: "pci0000:15", "dra.net/numaNode": 0, "nodeName": "n"},
            "roaming": {ROOT: "pci0000:15", "dra.net/numaNode": 0, "allNodes": True},
        },
        perDeviceNodeSelection=True,
    )
    assert apart(gpus, nics) is Distance.PCIE_ROOT
    assert apart(gpus, nics, z="roaming") is Distance.UNKNOWN


def test_a_device_of_another_node_tells_nothing() -> None:
    """In a slice of several nodes, another node's card at the same address is not this node's card (10)."""
    gpu = {ROOT: "pci0000:15", BUS_ID: "0000:1b:00.0"}
    gpus = published(
        NVIDIA,
        {"gpu": {**gpu, "nodeName": "n"}, "other": {**gpu, NUMA: 1, "nodeName": "m"}},
        perDeviceNodeSelection=True,
    )
    nics = published(NET, {"nic": {ROOT: "pci0000:37", "dra.net/numaNode": 1}})
    assert apart(gpus, nics) is Distance.UNKNOWN


def test_a_place_follows_the_node_that_a_device_names() -> None:
    """A slice that changes only the node of its device changes where the device is (10)."""
    nic = {ROOT: "pci0000:15", "dra.net/numaNode": 0}
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:15"}})

    def nics(values: Values) -> ResourceSlice:
        return published(NET, {"nic": {**nic, **values}}, perDeviceNodeSelection=True)

    before = world(gpus, nics({"allNodes": True}))
    after = before.updated(Changes(slices=(nics({"nodeName": "n"}),)))
    assert located(before)["nic"].root == -1
    assert located(after)["nic"].root == located(after)["gpu"].root == 0


@pytest.mark.parametrize("basic", [False, True], ids=["v1", "v1beta1"])
def test_both_bodies_of_a_device_say_the_same(basic: bool) -> None:
    """v1beta1 nests the attributes in ``basic``, and some v1 slices of documentation do so too (11)."""
    (gpu,) = listed({"gpu": {ROOT: "pci0000:15"}})
    body = {"name": "gpu", "basic": {"attributes": gpu["attributes"]}} if basic else gpu
    gpus = published(NVIDIA, {}, devices=[body])
    assert apart(gpus, published(NET, {"nic": {ROOT: "pci0000:15"}})) is Distance.PCIE_ROOT


def test_a_consumable_device_is_not_taken_by_one_claim() -> None:
    """Two claims of a pod share a group of CPUs: one device, near itself (13)."""
    group = json.loads(
        '{"name": "cpu", "allowMultipleAllocations": true, "capacity": {"cpu": {"value": "8"}}}'
    )
    group["attributes"] = attributes({"dra.cpu/numaNodeID": 0})
    shared = published(CPU, {}, devices=[group])
    held = Allocation((DeviceResult("c", DeviceID(CPU, "n", "cpu"), share_id="1"),))
    first = b.claim("first", b.spec(b.request("c", CPU)), held)
    verdict = judged(world(shared, claims=[first, asked("second", ("c", CPU))]), "first", "second")
    assert verdict.outcome is Outcome.ALLOCATED
    assert pairs(verdict) == [("cpu-cpu", Distance.DEVICE)]


def test_a_nic_without_rdma_is_as_near_as_it_is() -> None:
    """On p4d each root carries an ENA too: only the claim can ask for RDMA, and only that counts (15)."""
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:20"}, "gpu2": {ROOT: "pci0000:10"}})
    nics = published(
        NET,
        {
            "ena": {ROOT: "pci0000:20", "dra.net/rdma": False},
            "efa": {ROOT: "pci0000:10", "dra.net/rdma": True},
        },
    )
    words = DEFAULT_VOCABULARY.attributes(NET)
    assert {device.name: does_rdma(words, device) for device in nics.devices} == {"ena": False, "efa": True}
    assert does_rdma(DEFAULT_VOCABULARY.attributes(NVIDIA), gpus.devices[0]) is None
    snapshot = world(
        gpus,
        nics,
        claims=[asked("any", ("g", NVIDIA), ("n", NET)), asked("asks", ("g", NVIDIA), ("n", "rdma"))],
    )
    rdma = DeviceClass("rdma", (f"device.driver == '{NET}' && device.attributes['{NET}'].rdma",))
    snapshot = snapshot.updated(Changes(classes=(rdma,)))
    assert pairs(judged(snapshot, "any")) == [("gpu-nic", Distance.PCIE_ROOT)]
    assert pairs(judged(snapshot, "asks")) == [("gpu-nic", Distance.UNKNOWN)]


def test_an_allocated_device_may_be_gone() -> None:
    """An interface that moved into its pod leaves the slice: the rest is judged without it (17)."""
    held = asked(
        "held", ("g", NVIDIA), ("n", NET), g=DeviceID(NVIDIA, "n", "gpu"), n=DeviceID(NET, "n", "gone")
    )
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:15"}, "gpu2": {ROOT: "pci0000:15"}})
    nics = published(NET, {"nic": {ROOT: "pci0000:15"}})
    snapshot = world(gpus, nics, claims=[held, asked("more", ("n", NET))])
    verdict = judged(snapshot, "held")
    assert (verdict.outcome, verdict.score) == (Outcome.ALLOCATED, 50)
    assert [device.result.id.device for device in verdict.devices] == ["gpu", "gone"]
    assert pairs(judged(snapshot, "held", "more")) == [("gpu-nic", Distance.PCIE_ROOT)]


def test_devices_of_two_claims_are_aligned_too() -> None:
    """No constraint reaches from one claim to another; the score does (19)."""
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:15"}})
    nics = published(NET, {"nic": {ROOT: "pci0000:15"}})
    one = asked("one", ("g", NVIDIA), ("n", NET))
    two = [asked("gpus", ("g", NVIDIA)), asked("nics", ("n", NET))]
    snapshot = world(gpus, nics, claims=[one, *two])
    assert pairs(judged(snapshot, "gpus", "nics")) == pairs(judged(snapshot, "one"))
    assert judged(snapshot, "gpus", "nics").score == 100


def test_class_names_say_nothing() -> None:
    """A class named gpu may select NICs: the driver of the slice tells what a device is (20)."""
    nics = published(NET, {"nic": {ROOT: "pci0000:15"}, "nic2": {ROOT: "pci0000:15"}})
    classes = [DeviceClass(name, (f"device.driver == '{NET}'",)) for name in ("gpu", "gpu.nvidia.com")]
    claim = asked("c", ("g", "gpu"), ("n", "gpu.nvidia.com"))
    snapshot = world(nics, claims=[claim]).updated(Changes(classes=tuple(classes)))
    assert pairs(judged(snapshot, "c")) == [("nic-nic", Distance.PCIE_ROOT)]
