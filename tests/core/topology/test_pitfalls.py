"""
The pitfalls of published topology that lie in what devices say, from the JSON of the slices to distances.

The others are in ``test_pitfalls_of_pools``; together they are twenty. Single rules have their tests beside
``published`` and ``locate``. Each docstring ends with the pitfall's number.
"""

from __future__ import annotations

import pytest

from extender.core.topology.locations import Distance, distance
from tests.published import (
    AMD,
    BUS_ID,
    CPU,
    INTEL,
    NET,
    NUMA,
    NVIDIA,
    ROOT,
    SRIOV,
    Values,
    apart,
    located,
    pool,
    published,
    world,
)


@pytest.mark.parametrize(
    ("driver", "name"),
    [(SRIOV, "dra.net/numaNode"), (AMD, "numaNode"), ("npu.rebellions.ai", NUMA), (NVIDIA, "numa")],
)
def test_minus_one_is_unknown(driver: str, name: str) -> None:
    """Two devices whose NUMA node the kernel does not know are not on one node (1)."""
    slice_ = published(driver, {"gpu": {name: -1}, "nic": {name: -1}})
    assert apart(slice_) is Distance.UNKNOWN
    assert {location.numa for location in located(world(slice_)).values()} == {-1}


@pytest.mark.parametrize("driver", [SRIOV, INTEL, "gaudi.intel.com", "npu.rebellions.ai"])
def test_empty_root_is_unknown(driver: str) -> None:
    """A root that could not be found is no root that two devices share (2)."""
    assert apart(published(driver, {"gpu": {ROOT: ""}, "nic": {ROOT: ""}})) is Distance.UNKNOWN


def test_absent_numa_is_that_of_the_root() -> None:
    """A NIC that nobody asked for tells the NUMA node of the GPU on its root (3)."""
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:15"}})
    nics = {
        "nic": {ROOT: "pci0000:37", "dra.net/numaNode": 0},
        "near": {ROOT: "pci0000:15", "dra.net/numaNode": 0},
    }
    assert apart(gpus, published(NET, nics)) is Distance.NUMA


def test_root_tells_no_numa_on_grace_and_azure() -> None:
    """Each GPU there has a root of its own, so nothing but its own word could tell its node (3)."""
    grace = published(NVIDIA, {"gpu": {ROOT: "pci0008:00", BUS_ID: "0008:06:00.0", "addressingMode": "ATS"}})
    grace_nic = {ROOT: "pci0000:00", "dra.net/numaNode": 0, "dra.net/pciAddress": "0000:03:00.0"}
    assert apart(grace, published(NET, {"nic": grace_nic})) is Distance.UNKNOWN
    azure = published(NVIDIA, {"gpu": {ROOT: "pci0001:00", BUS_ID: "0001:00:00.0"}})
    vf = {"dra.net/numaNode": 0, "dra.net/pciAddress": "0101:00:00.0"}
    assert apart(azure, published(NET, {"nic": vf})) is Distance.UNKNOWN


def test_memory_of_a_grace_gpu_is_no_node_of_a_cpu() -> None:
    """Its NUMA node counts where a CPU or a NIC is on it too, and not where it is its own memory (3)."""
    nics = published(NET, {"nic": {ROOT: "pci0000:00", "dra.net/numaNode": 0}})
    for node, expected in ((0, Distance.NUMA), (2, Distance.UNKNOWN)):
        gpu = {ROOT: "pci0008:00", NUMA: node, "addressingMode": "ATS"}
        assert apart(published(NVIDIA, {"gpu": gpu}), nics) is expected


def test_scalar_and_list_of_one_name() -> None:
    """One driver writes a list, another a scalar; the first of a list is where the device is (4)."""
    gpus = published(NVIDIA, {"gpu": {NUMA: [1]}, "far": {NUMA: [0, 1]}})
    nics = published(NET, {"nic": {"dra.net/numaNode": 1, NUMA: 1}})
    assert apart(gpus, nics) is Distance.NUMA
    assert apart(gpus, nics, a="far") is Distance.SOCKET
    roots = published(INTEL, {"gpu": {ROOT: ["pci0000:15"]}})
    assert apart(roots, published(NET, {"nic": {ROOT: "pci0000:15"}})) is Distance.PCIE_ROOT


@pytest.mark.parametrize("roots", [["pci0000:15", "pci0000:37"], ["pci0000:15"], "pci0000:15"])
def test_a_cpus_roots_are_its_numa_node_in_disguise(roots: object) -> None:
    """A CPU that lists a GPU's root is on its NUMA node, and shares no root with it (5)."""
    cpus = published(CPU, {"cpu": {ROOT: roots, "dra.cpu/numaNodeID": 0}})
    assert apart(published(NVIDIA, {"gpu": {ROOT: "pci0000:15"}}), cpus, z="cpu") is Distance.NUMA


def test_a_flat_root_says_nothing() -> None:
    """A virtual machine's one root is shared by all devices of both its NUMA nodes (6)."""
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:00", BUS_ID: "0000:00:16.0"}})
    nic = {ROOT: "pci0000:00", "dra.net/pciAddress": "0000:00:15.0"}
    cpus = published(CPU, {f"cpu{node}": {"dra.cpu/numaNodeID": node} for node in (0, 1)})
    assert apart(gpus, published(NET, {"nic": nic}), cpus) is Distance.UNKNOWN
    assert apart(gpus, published(NET, {"nic": nic})) is Distance.UNKNOWN


def test_a_root_for_each_device_is_no_distance() -> None:
    """Where no two devices share a root, different roots put nothing apart (6)."""
    gpus = published(AMD, {f"gpu{i}": {ROOT: f"pci000{i}:00", "numaNode": i // 3} for i in (1, 2, 3)})
    locations = located(world(gpus))
    assert distance(locations["gpu1"], locations["gpu2"]) is Distance.NUMA
    assert distance(locations["gpu1"], locations["gpu3"]) is Distance.REMOTE


def test_vfs_without_a_root_are_near_by_numa() -> None:
    """Azure's VFs have a NUMA node and no root: enough where the GPU has a node too (7)."""
    nics = published(NET, {"nic": {"dra.net/pciAddress": "0101:00:00.0", "dra.net/numaNode": 0}})
    gpu = {ROOT: "pci0001:00", BUS_ID: "0001:00:00.0"}
    assert apart(published(AMD, {"gpu": {**gpu, "numaNode": 0}}), nics) is Distance.NUMA
    assert apart(published(AMD, {"gpu": {**gpu, "numaNode": 1}}), nics) is Distance.REMOTE
    assert apart(published(NVIDIA, {"gpu": gpu}), nics) is Distance.UNKNOWN


@pytest.mark.parametrize(
    ("driver", "first", "second"),
    [
        (NVIDIA, {BUS_ID: "0000:65:00.0", "type": "gpu"}, {BUS_ID: "0000:65:00.0", "type": "vfio"}),
        (NVIDIA, {"uuid": "GPU-1", "type": "gpu"}, {"uuid": "MIG-1", "parentUUID": "GPU-1", "type": "mig"}),
        (NVIDIA, {"parentUUID": "GPU-1", "profile": "1g"}, {"parentUUID": "GPU-1", "profile": "2g"}),
        (AMD, {BUS_ID: "0000:1b:02.0", "type": "amdgpu"}, {"pciAddr": "0000:1b:02.0", "type": "vfio"}),
        (AMD, {BUS_ID: "0000:1b:00.0"}, {"pciAddr": "0000:1b:02.0", "parentPciAddr": "0000:1b:00.0"}),
        (SRIOV, {BUS_ID: "0000:1b:02.0", "PFName": "ens1"}, {BUS_ID: "0000:1b:02.1", "PFName": "ens1"}),
    ],
    ids=["gpu and vfio", "gpu and mig", "abstract migs", "amdgpu and vfio", "vf and pf", "vfs of a port"],
)
def test_entries_of_one_device_are_one(driver: str, first: Values, second: Values) -> None:
    """However often a card is published, its entries are at no distance from each other (8)."""
    assert apart(published(driver, {"gpu": first, "nic": second})) is Distance.DEVICE


def test_a_composite_is_where_its_parts_are() -> None:
    """A pair published as a device is its GPU, on the NIC's root; the parts stay two devices (8)."""
    gpus = published(NVIDIA, {"gpu": {ROOT: "pci0000:a0", BUS_ID: "0000:a4:00.0"}})
    nics = published(NET, {"nic": {ROOT: "pci0000:a0", "dra.net/pciAddress": "0000:a3:00.0"}})
    pair = {
        ROOT: "pci0000:a0",
        "gpu/pciBusID": "0000:a4:00.0",
        "gpu/pcieRoot": "pci0000:a0",
        "nic/pciAddress": "0000:a3:00.0",
        "nic/numaNode": 0,
    }
    slices = (gpus, nics, published("composite.dra.example.io", {"pair": pair}))
    assert apart(*slices, a="gpu", z="pair") is Distance.DEVICE
    assert apart(*slices, a="pair", z="nic") is Distance.PCIE_ROOT
    assert apart(*slices) is Distance.PCIE_ROOT


def test_cpus_grouped_by_socket_or_machine() -> None:
    """A group by socket is near what is known to be on that socket; a group by machine is anywhere (12)."""
    numa = published(CPU, {f"node{n}": {"dra.cpu/numaNodeID": n, "dra.cpu/socketID": n} for n in (0, 1)})
    by_socket = published(CPU, {"cpu": {"dra.cpu/socketID": 0}}, pool=pool("sockets"))
    nics = published(NET, {"nic": {"dra.net/numaNode": 0}, "far": {"dra.net/numaNode": 1}})
    assert apart(numa, by_socket, nics, a="cpu") is Distance.SOCKET
    assert apart(numa, by_socket, nics, a="cpu", z="far") is Distance.REMOTE
    machine = published(CPU, {"cpu": {ROOT: ["pci0000:15", "pci0000:97"]}}, pool=pool("machine"))
    assert apart(numa, machine, nics, a="cpu") is Distance.UNKNOWN


def test_within_a_socket_is_the_middle() -> None:
    """SNC and NPS put a GPU and its nearest NIC on two NUMA nodes of a socket (14)."""
    cpus = published(
        CPU, {f"cpu{n}": {"dra.cpu/numaNodeID": n, "dra.cpu/socketID": n // 2} for n in range(4)}
    )
    gpus = published(AMD, {"gpu": {"numaNode": 1}})
    nics = published(NET, {"nic": {"dra.net/numaNode": 0}, "far": {"dra.net/numaNode": 2}})
    assert apart(gpus, nics, cpus) is Distance.SOCKET
    assert apart(gpus, nics, cpus, z="far") is Distance.REMOTE
    lists = published(NVIDIA, {"gpu": {NUMA: [5, 4, 6, 7]}})
    assert apart(lists, published(NET, {"nic": {NUMA: [6, 4, 5, 7]}})) is Distance.SOCKET


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("00000000:1B:00.0", "0000:1b:00.0"),
        ("000A:00:00.0", "000a:00:00.0"),
        ("10000:01:00.0", "00010000:01:00.0"),
    ],
    ids=["NVML", "letters in the domain", "VMD"],
)
def test_one_address_in_two_spellings(first: str, second: str) -> None:
    """NVML writes eight digits and capitals, sysfs four and small letters, VMD domains have five (16)."""
    gpus = published(NVIDIA, {"gpu": {"pcieBusID": first}})
    assert apart(gpus, published(NVIDIA, {"nic": {BUS_ID: second}}, pool=pool("vfio"))) is Distance.DEVICE
    other = published(NVIDIA, {"nic": {BUS_ID: "0002" + second[-8:]}}, pool=pool("vfio"))
    assert apart(gpus, other) is Distance.UNKNOWN


def test_a_name_in_the_standard_domain_is_no_proof() -> None:
    """Early SR-IOV wrote -1 under it, and only of the NVMe driver a socket is read there (18)."""
    vfs = {"nic": {NUMA: -1, "dra.net/numaNode": 1}}
    gpus = published(AMD, {"gpu": {"numaNode": 1}})
    assert apart(gpus, published(SRIOV, vfs)) is Distance.NUMA
    socket = "resource.kubernetes.io/cpuSocketID"
    disks = published("dra.nvme", {"gpu": {NUMA: 0, socket: 0}, "nic": {NUMA: 1, socket: 0}})
    assert apart(disks) is Distance.SOCKET
    assert (
        apart(published(NET, {"gpu": {NUMA: 0, socket: 0}, "nic": {NUMA: 1, socket: 0}})) is Distance.REMOTE
    )
    memory = {
        f"resource.kubernetes.io/{name}": value for name, value in (("pageSize", "2Mi"), ("hugeTLB", True))
    }
    zones = published("dra.memory", {"gpu": {NUMA: 0, **memory}, "nic": {NUMA: 0, **memory}})
    assert apart(zones) is Distance.NUMA
