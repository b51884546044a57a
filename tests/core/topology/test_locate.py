"""Where the devices of a node are: every trap of the published attributes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from extender.core.topology.locate import locate
from extender.core.topology.locations import Distance, Location, distance
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, DeviceKind
from extender.model import Attribute, AttributeKind, Device

ROOT = "resource.kubernetes.io/pcieRoot"
BUS_ID = "resource.kubernetes.io/pciBusID"
NUMA = "resource.kubernetes.io/numaNode"
SRIOV = "sriovnetwork.k8snetworkplumbingwg.io"

Published = tuple[str, Device]


def attribute(value: object) -> Attribute:
    if isinstance(value, tuple):
        kind = AttributeKind.INTS if isinstance(value[0], int) else AttributeKind.STRINGS
        return Attribute(kind, value)
    if isinstance(value, int):
        return Attribute(AttributeKind.INT, value)
    return Attribute(AttributeKind.STRING, str(value))


def published(driver: str, name: str = "d", /, **attributes: object) -> Published:
    """A device; root, bus_id and std_numa stand for the standard names, other bare names are the driver's."""
    standard = {"root": ROOT, "bus_id": BUS_ID, "std_numa": NUMA}
    names = [standard.get(key) or (key if "/" in key else f"{driver}/{key}") for key in attributes]
    return driver, Device(name, dict(zip(names, map(attribute, attributes.values()), strict=True)))


def gpu(**attributes: object) -> Published:
    return published("gpu.nvidia.com", **attributes)


def nic(**attributes: object) -> Published:
    return published("dra.net", **attributes)


def cpu(**attributes: object) -> Published:
    return published("dra.cpu", **attributes)


def location(*devices: Published) -> tuple[Location, ...]:
    return locate(devices, DEFAULT_VOCABULARY)


def apart(devices: Sequence[Published], a: int = 0, b: int = 1) -> Distance:
    locations = location(*devices)
    assert distance(locations[a], locations[b]) is distance(locations[b], locations[a])
    return distance(locations[a], locations[b])


def test_two_unknown_numa_nodes_are_not_one() -> None:
    """kube-scheduler lets -1 match -1; two devices nobody can locate are not together (pitfall 1)."""
    vfs = [published(SRIOV, bus_id=f"0000:0{i}:00.1", root="", **{"dra.net/numaNode": -1}) for i in (1, 2)]
    assert apart(vfs) is Distance.UNKNOWN
    amd = [published("gpu.amd.com", numaNode=-1), published("gpu.amd.com", numaNode=-1)]
    assert apart(amd) is Distance.UNKNOWN


def test_two_empty_roots_are_not_one() -> None:
    """kube-scheduler lets an empty root match an empty root (pitfall 2)."""
    assert apart([published("gpu.intel.com", root=""), published(SRIOV, root="")]) is Distance.UNKNOWN


def test_absent_numa_is_unknown_and_not_node_zero() -> None:
    """A GPU without NUMA node is not on the node of a NIC that names 0 (pitfall 3)."""
    assert apart([gpu(root="pci0000:15"), nic(root="pci0000:37", numaNode=0)]) is Distance.UNKNOWN


@pytest.mark.parametrize(
    "witness",
    [
        nic(root="pci0000:15", numaNode=1),
        published("dra.nvme", root="pci0000:15", std_numa=1),
        cpu(root=("pci0000:15", "pci0000:16"), numaNodeID=1),
    ],
    ids=["nic", "nvme", "cpu list"],
)
def test_numa_of_a_gpu_is_that_of_its_root(witness: Published) -> None:
    """A NIC, an NVMe or a CPU list on the GPU's root closes the gap in its slice (pitfall 3)."""
    devices = [gpu(root="pci0000:15"), nic(root="pci0000:37", numaNode=1), witness]
    assert apart(devices) is Distance.NUMA


def test_nothing_is_inferred_from_a_root_that_spans_nodes() -> None:
    """Where the node's own data put one root on two NUMA nodes, the root tells neither."""
    devices = [
        gpu(root="pci0000:00"),
        cpu(numaNodeID=0),
        nic(root="pci0000:00", numaNode=0),
        nic(root="pci0000:00", numaNode=1),
        nic(root="pci0000:80", numaNode=1),
    ]
    assert apart(devices, 0, 1) is Distance.UNKNOWN
    assert apart(devices, 0, 2) is Distance.PCIE_ROOT
    assert apart(devices, 2, 3) is Distance.REMOTE


def test_scalar_and_list_numa_compare() -> None:
    """One driver writes a list, the next a scalar; the first element is the node (pitfall 4)."""
    assert apart([gpu(std_numa=(1,)), nic(numaNode=1)]) is Distance.NUMA


def test_lists_with_a_node_in_common_share_the_socket() -> None:
    """EPYC NPS4 slots differ in their node; their lists meet within the socket (pitfalls 4 and 14)."""
    assert apart([gpu(std_numa=(5, 4, 6, 7)), nic(std_numa=(6, 4, 5, 7))]) is Distance.SOCKET
    assert apart([gpu(std_numa=(5, 4)), nic(std_numa=(6, 4))]) is Distance.SOCKET
    assert apart([gpu(std_numa=(5, 4)), nic(std_numa=4)]) is Distance.SOCKET
    assert apart([gpu(std_numa=(5, 4, 6, 7)), nic(std_numa=(2, 0, 1, 3))]) is Distance.REMOTE


def test_a_cpu_never_shares_a_root() -> None:
    """A CPU that lists the GPU's root shares its NUMA node, no more (pitfall 5)."""
    devices = [gpu(root="pci0000:15"), cpu(root=("pci0000:15", "pci0000:16"), numaNodeID=0)]
    assert apart(devices) is Distance.NUMA
    assert apart([gpu(root="pci0000:15"), cpu(root=("pci0000:15",), numaNodeID=0)]) is Distance.NUMA
    assert apart([cpu(root=("pci0000:15",), numaNodeID=0), cpu(numaNodeID=0)]) is Distance.NUMA


def flat(*more: Published) -> list[Published]:
    return [gpu(root="pci0000:00"), nic(root="pci0000:00", numaNode=-1), cpu(numaNodeID=0), *more]


def test_a_flat_root_says_nothing() -> None:
    """A VM's one root holds every device of two NUMA nodes: all would share it (pitfall 6)."""
    assert apart(flat(cpu(numaNodeID=1))) is Distance.UNKNOWN
    assert apart(flat(cpu(root=("pci0000:00",), numaNodeID=1))) is Distance.UNKNOWN
    assert apart(flat(cpu(socketID=0), cpu(socketID=1))) is Distance.UNKNOWN


def test_a_root_with_all_devices_on_its_own_bus_says_nothing() -> None:
    """Hardware has a port and a bus for each card; a hypervisor puts all on bus 00 (pitfall 6)."""
    flat_bus = [
        gpu(root="pci0000:00", bus_id="0000:00:1e.0", uuid="GPU-1"),
        gpu(root="pci0000:00", bus_id="0000:00:1f.0", uuid="GPU-2"),
        nic(root="pci0000:00", pciAddress="0000:00:05.0", numaNode=-1),
    ]
    assert apart(flat_bus, 0, 1) is Distance.UNKNOWN
    assert apart(flat_bus, 0, 2) is Distance.UNKNOWN
    assert apart([*flat_bus, cpu(numaNodeID=0)], 0, 2) is Distance.PCIE_ROOT
    behind_a_port = nic(root="pci0000:00", pciAddress="0000:04:00.0")
    assert apart([*flat_bus, behind_a_port], 0, 2) is Distance.PCIE_ROOT
    second_root = nic(root="pci0000:10", pciAddress="0000:10:01.0")
    assert apart([*flat_bus, second_root], 0, 2) is Distance.PCIE_ROOT


def test_roaming_devices_are_nowhere_and_tell_nothing() -> None:
    """A device that other nodes can reach lends neither its address nor its root to those of this node."""
    devices = [
        gpu(root="pci0000:15", bus_id="0000:1b:00.0"),
        nic(root="pci0000:37", numaNode=1),
        gpu(root="pci0000:15", bus_id="0000:1b:00.0", std_numa=1, uuid="GPU-9"),
        gpu(uuid="MIG-1", parentUUID="GPU-9"),
    ]
    locations = locate(devices, DEFAULT_VOCABULARY, {2, 3})
    assert distance(locations[0], locations[1]) is Distance.UNKNOWN
    assert distance(locations[0], locations[2]) is Distance.UNKNOWN
    assert locations[2] == Location(DeviceKind.GPU, locations[2].device)
    assert distance(locations[2], locations[3]) is Distance.DEVICE


def test_a_flat_root_infers_nothing() -> None:
    """On a flat root a NIC's NUMA node is not the GPU's."""
    devices = [gpu(root="pci0000:00"), nic(root="pci0000:00", numaNode=0), cpu(numaNodeID=1)]
    assert apart(devices) is Distance.UNKNOWN


def test_on_a_flat_root_numa_decides() -> None:
    """What the devices say of their NUMA node still counts."""
    gpus = [gpu(root="pci0000:00", std_numa=node) for node in (0, 1)]
    devices = [*gpus, nic(root="pci0000:00", numaNode=1)]
    assert apart(devices, 0, 2) is Distance.REMOTE
    assert apart(devices, 1, 2) is Distance.NUMA


@pytest.mark.parametrize(
    "more",
    [
        [],
        [cpu(numaNodeID=1), nic(root="pci0000:80")],
        [cpu(numaNodeID=1), nic(bus_id="0101:00:00.0")],
        [cpu(root=("pci0000:80",), numaNodeID=1)],
    ],
    ids=["one NUMA node", "second root", "a device elsewhere", "a CPU serves another root"],
)
def test_a_root_is_not_flat(more: list[Published]) -> None:
    """One root on one NUMA node is a small machine; several roots tell devices apart."""
    assert apart(flat(*more)) is Distance.PCIE_ROOT


def test_vfs_without_a_root_are_near_by_numa_only() -> None:
    """Azure: each GPU has a root of its own, the VFs have none (pitfalls 6 and 7)."""
    vfs = [nic(pciAddress=f"010{i}:00:00.0", numaNode=i // 3) for i in (1, 3)]
    gpus = [gpu(root="pci0001:00", std_numa=0), gpu(root="pci0002:00")]
    locations = location(*gpus, *vfs)
    assert distance(locations[0], locations[2]) is Distance.NUMA
    assert distance(locations[0], locations[3]) is Distance.REMOTE
    assert distance(locations[1], locations[2]) is Distance.UNKNOWN


@pytest.mark.parametrize(
    "twins",
    [
        [gpu(bus_id="0000:65:00.0"), gpu(pcieBusID="00000000:65:00.0")],
        [gpu(uuid="GPU-1"), gpu(uuid="MIG-1", parentUUID="GPU-1")],
        [gpu(uuid="GPU-1", bus_id="0000:65:00.0"), gpu(uuid="MIG-1", parentUUID="GPU-1")],
        [gpu(uuid="MIG-1", parentUUID="GPU-1"), gpu(uuid="MIG-2", parentUUID="GPU-1")],
        [published("gpu.amd.com", bus_id="0000:1b:02.0"), published("gpu.amd.com", pciAddr="0000:1b:02.0")],
        [
            published("gpu.amd.com", pciAddr="0000:1b:02.0", parentPciAddr="0000:1b:00.0"),
            published("gpu.amd.com", pciAddr="0000:1b:00.0"),
        ],
        [
            published(SRIOV, bus_id="0000:1b:02.0", pfPciAddress="0000:1b:00.0"),
            published(SRIOV, bus_id="0000:1b:02.1", pfPciAddress="0000:1b:00.0"),
        ],
        [
            published(SRIOV, bus_id="0000:1b:02.0", PFName="ens1"),
            published(SRIOV, bus_id="0000:1b:02.1", PFName="ens1"),
        ],
        [
            published(SRIOV, bus_id="0000:1b:02.0", pfPciAddress="0000:1b:00.0"),
            nic(pciAddress="0000:1b:00.0"),
        ],
    ],
    ids=[
        "gpu and vfio",
        "mig and gpu by uuid",
        "mig and gpu with address",
        "two migs",
        "amdgpu and vfio",
        "amd vf and pf",
        "vfs of one pf",
        "vfs of one pf by name",
        "vf and pf of two drivers",
    ],
)
def test_entries_of_one_physical_device_are_one(twins: list[Published]) -> None:
    """GPU, MIG and VFIO entries, or a PF and its VFs, are one device (pitfalls 8 and 16)."""
    assert apart(twins) is Distance.DEVICE


def test_a_device_knows_what_its_twin_says() -> None:
    """The NUMA node of a VFIO entry and the root of a GPU entry belong to the same card."""
    devices = [
        gpu(bus_id="0000:65:00.0", root="pci0000:64"),
        gpu(bus_id="0000:65:00.0", numa=0),
        nic(root="pci0000:64"),
        cpu(numaNodeID=0),
        cpu(numaNodeID=1),
        nic(root="pci0000:80"),
    ]
    assert apart(devices, 0, 3) is Distance.NUMA
    assert apart(devices, 1, 2) is Distance.PCIE_ROOT
    assert apart(devices, 2, 3) is Distance.NUMA


def test_a_vf_without_a_root_knows_what_its_twin_says() -> None:
    """Two drivers list one VF, and only one of them knows the NUMA node."""
    devices = [
        published(SRIOV, bus_id="0101:00:00.0", root="", **{"dra.net/numaNode": -1}),
        nic(pciAddress="0101:00:00.0", numaNode=1),
        cpu(numaNodeID=1),
    ]
    assert apart(devices, 0, 2) is Distance.NUMA


def test_devices_without_a_name_are_different_devices() -> None:
    """Grouped CPUs have no address; each is its own, and one taken twice is itself (pitfall 13)."""
    locations = location(cpu(numaNodeID=0), cpu(numaNodeID=0))
    assert distance(*locations) is Distance.NUMA
    assert distance(locations[0], locations[0]) is Distance.DEVICE


def test_identities_are_the_drivers_own() -> None:
    """An equal text under another driver is no proof of the same device."""
    assert apart([gpu(uuid="1"), published(SRIOV, PFName="1")]) is Distance.UNKNOWN


def test_grouped_cpus_without_numa_go_by_socket() -> None:
    """CPUs grouped by socket are near what is known to be on it, else anywhere (pitfall 12)."""
    by_socket = [cpu(socketID=0), cpu(socketID=1)]
    disks = [published("disk.example.com", std_numa=n, **{"dra.cpu/socketID": n}) for n in (0, 1)]
    assert apart([*by_socket, *disks], 0, 2) is Distance.SOCKET
    assert apart([*by_socket, *disks], 0, 3) is Distance.REMOTE
    assert apart(by_socket) is Distance.REMOTE
    assert apart([*by_socket, nic(numaNode=0)], 0, 2) is Distance.UNKNOWN
    assert apart([cpu(), nic(numaNode=0)]) is Distance.UNKNOWN


def test_cpus_grouped_by_socket_tell_the_socket_of_their_roots() -> None:
    """A CPU's root list carries its socket to the devices below."""
    devices = [
        gpu(root="pci0000:15"),
        cpu(root=("pci0000:15", "pci0000:16"), socketID=0),
        cpu(root=("pci0000:97", "pci0000:98"), socketID=1),
    ]
    assert apart(devices, 0, 1) is Distance.SOCKET
    assert apart(devices, 0, 2) is Distance.REMOTE


def test_within_a_socket_is_nearer_than_across() -> None:
    """SNC and NPS split a socket: the middle distance (pitfall 14)."""
    cpus = [cpu(numaNodeID=node, socketID=node // 2) for node in range(4)]
    devices = [gpu(std_numa=0), nic(numaNode=1), nic(numaNode=2), *cpus]
    assert apart(devices, 0, 1) is Distance.SOCKET
    assert apart(devices, 0, 2) is Distance.REMOTE
    assert apart(devices, 0, 4) is Distance.SOCKET


def test_virtual_cpus_with_many_sockets_per_node_share_the_node() -> None:
    """A VM may show one socket per CPU; its NUMA node still holds them together."""
    cpus = [cpu(numaNodeID=number // 2, socketID=number) for number in range(4)]
    assert apart(cpus, 0, 1) is Distance.NUMA
    assert apart(cpus, 0, 2) is Distance.REMOTE


def test_memory_of_a_coherent_gpu_is_not_a_cpu_node() -> None:
    """On GB200 the GPU's NUMA node is its own memory: far from nobody, near nobody."""
    hbm = [gpu(addressingMode="ATS", std_numa=node) for node in (2, 10)]
    devices = [*hbm, nic(numaNode=0), cpu(numaNodeID=0, socketID=0)]
    assert apart(devices, 0, 2) is Distance.UNKNOWN
    assert apart(devices, 0, 3) is Distance.UNKNOWN
    assert apart(devices, 0, 1) is Distance.UNKNOWN


def test_memory_of_a_coherent_gpu_makes_no_root_flat() -> None:
    """A machine with one CPU node has one NUMA node, however many memories its GPUs have."""
    devices = [gpu(addressingMode="ATS", std_numa=1, root="pci0009:00"), nic(root="pci0009:00", numaNode=0)]
    assert apart(devices) is Distance.PCIE_ROOT


def test_a_memory_zone_on_the_gpus_own_memory_is_no_cpu() -> None:
    """A memory driver may list the GPU's memory as a zone: that does not make it a CPU's node."""
    zone = published("dra.memory", std_numa=2)
    devices = [gpu(addressingMode="ATS", std_numa=2), nic(numaNode=0, pciAddress="0000:03:00.0"), zone]
    assert apart(devices) is Distance.UNKNOWN


def test_coherent_gpu_on_a_cpu_node_is_believed() -> None:
    """Where another device names the same node, it is a CPU's; a list may hold one."""
    nics = [nic(numaNode=node, pciAddress=f"000{node}:03:00.0") for node in (0, 1)]
    devices = [gpu(addressingMode="ATS", std_numa=0), *nics]
    assert apart(devices) is Distance.NUMA
    assert apart(devices, 0, 2) is Distance.REMOTE
    assert apart([gpu(addressingMode="ATS", std_numa=0), cpu(numaNodeID=0)]) is Distance.NUMA
    listed = [gpu(addressingMode="ATS", std_numa=(2, 0)), *nics]
    assert apart(listed) is Distance.NUMA


def test_old_bus_root_joins_the_standard_one() -> None:
    """An old Intel GPU slice shares a root with a NIC once its domain is known."""
    old = published("gpu.intel.com", pciRoot="15", pciAddress="0000:1b:00.0")
    assert apart([old, nic(root="pci0000:15")]) is Distance.PCIE_ROOT
    other_domain = published("gpu.intel.com", pciRoot="15", pciAddress="0001:1b:00.0")
    assert apart([other_domain, nic(root="pci0000:15")]) is Distance.UNKNOWN


def test_unknown_driver_with_standard_names_just_works() -> None:
    """A driver nobody listed is located by the standard attributes."""
    npu = published("npu.example.com", root="pci0000:15", std_numa=0)
    assert apart([npu, nic(root="pci0000:15")]) is Distance.PCIE_ROOT
    assert location(npu)[0].kind is DeviceKind.OTHER


def test_two_claims_are_no_obstacle() -> None:
    """Devices are compared whatever claim asked for them (pitfall 19): claims are not even given."""
    locations = location(gpu(root="pci0000:15"), nic(root="pci0000:15"))
    assert locations == (
        Location(DeviceKind.GPU, device=0, root=0),
        Location(DeviceKind.NIC, device=1, root=0),
    )


def test_equal_machines_have_equal_places() -> None:
    """Names, addresses and node numbers of a machine do not show in its locations."""

    def machine(bus: str, first: int) -> tuple[Location, ...]:
        return location(
            gpu(root=f"pci0000:{bus}", bus_id=f"0000:{bus}:00.0"),
            nic(root=f"pci0000:{bus}", numaNode=first),
            nic(root="pci0000:f0", numaNode=first + 1),
        )

    assert machine("15", 0) == machine("97", 4)


def test_no_devices_no_places() -> None:
    """A node without devices has no locations."""
    assert location() == ()
