"""Real machines: what their slices show, and that no pair is taken for nearer than it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from extender.core.alignment import align
from extender.core.model import Attribute, AttributeKind, Device
from extender.core.places import Distance, Place, distance
from extender.core.topology import locate
from extender.core.vocabulary import DEFAULT_VOCABULARY, Kind

DATA = Path(__file__).parent.parent / "data"
MACHINES = {
    machine["name"]: machine for machine in json.loads((DATA / "machines.json").read_text())["machines"]
}
NEARNESS = {
    Distance.PCIE_ROOT: 0,
    Distance.NUMA: 1,
    Distance.SOCKET: 2,
    Distance.REMOTE: 3,
    Distance.UNKNOWN: 4,
}
STANDARD = "resource.kubernetes.io"
KINDS = {"string": AttributeKind.STRING, "int": AttributeKind.INT, "bool": AttributeKind.BOOL}
KINDS |= {"version": AttributeKind.VERSION, "strings": AttributeKind.STRINGS, "ints": AttributeKind.INTS}

Published = tuple[str, Device]
Machine = dict[str, Any]


def attribute(value: str | int) -> Attribute:
    return Attribute(AttributeKind.INT if isinstance(value, int) else AttributeKind.STRING, value)


def published(machine: Machine, *, gpu_driver: str, gpu_numa: str | None, cpus: bool) -> list[Published]:
    """The devices of *machine* as its drivers would publish them."""
    names = {
        "gpu": (gpu_driver, f"{STANDARD}/pciBusID", gpu_numa),
        "nic": ("dra.net", "dra.net/pciAddress", "dra.net/numaNode"),
        "nvme": ("dra.nvme", f"{STANDARD}/pciBusID", f"{STANDARD}/numaNode"),
    }
    devices = []
    for entry in machine["devices"]:
        driver, address, numa = names[entry["kind"]]
        values = {address: entry["bdf"], f"{STANDARD}/pcieRoot": entry["pcieRoot"], numa: entry["numaNode"]}
        attributes = {
            name: attribute(value) for name, value in values.items() if name is not None and value is not None
        }
        devices.append((driver, Device(entry["name"], attributes)))
    if cpus:
        for node, socket in machine["numaToSocket"].items():
            attributes = {"dra.cpu/numaNodeID": attribute(int(node)), "dra.cpu/socketID": attribute(socket)}
            devices.append(("dra.cpu", Device(f"cpudevnuma{node}", attributes)))
    return devices


def truth(machine: Machine, a: Machine, b: Machine) -> Distance:
    """How far two devices are apart by the machine's own record."""
    nodes = (a["numaNode"], b["numaNode"])
    known = all(node is not None and node >= 0 for node in nodes)
    if a["pcieRoot"] is not None and a["pcieRoot"] == b["pcieRoot"] and machine["name"] != "aws-g5.48xlarge":
        return Distance.PCIE_ROOT
    if not known:
        return Distance.UNKNOWN
    if nodes[0] == nodes[1]:
        return Distance.NUMA
    first, second = (machine["numaToSocket"][str(node)] for node in nodes)
    return Distance.SOCKET if first == second else Distance.REMOTE


def pairs(machine: Machine) -> Iterable[tuple[int, int]]:
    count = len(machine["devices"])
    return ((i, j) for i in range(count) for j in range(i))


@pytest.mark.parametrize("name", MACHINES)
def test_all_is_known_where_all_is_published(name: str) -> None:
    """With NUMA nodes on every device and CPUs with sockets, each distance is the true one."""
    machine = MACHINES[name]
    devices = published(machine, gpu_driver="gpu.amd.com", gpu_numa="gpu.amd.com/numaNode", cpus=True)
    places = locate(devices, DEFAULT_VOCABULARY)
    for i, j in pairs(machine):
        true = truth(machine, machine["devices"][i], machine["devices"][j])
        assert distance(places[i], places[j]) is true


@pytest.mark.parametrize("cpus", [True, False], ids=["with CPUs", "without CPUs"])
@pytest.mark.parametrize("name", [name for name in MACHINES if name != "aws-g5.48xlarge"])
def test_never_nearer_than_the_truth(name: str, cpus: bool) -> None:
    """With released NVIDIA slices, which have no NUMA node, a distance is true, unknown or pessimistic."""
    machine = MACHINES[name]
    devices = published(machine, gpu_driver="gpu.nvidia.com", gpu_numa=None, cpus=cpus)
    places = locate(devices, DEFAULT_VOCABULARY)
    for i, j in pairs(machine):
        found = distance(places[i], places[j])
        true = truth(machine, machine["devices"][i], machine["devices"][j])
        assert NEARNESS[found] >= NEARNESS[true]


def nearest_nics(places: Iterable[Place]) -> Counter[Distance]:
    """Count the GPUs by the distance of their nearest NIC."""
    found = list(places)
    nics = [place for place in found if place.kind is Kind.NIC]
    gpus = [place for place in found if place.kind is Kind.GPU]
    return Counter(min((distance(gpu, nic) for nic in nics), key=NEARNESS.__getitem__) for gpu in gpus)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("aws-p4d.24xlarge", {Distance.PCIE_ROOT: 8}),
        ("dgx-h100", {Distance.PCIE_ROOT: 8}),
        ("dell-xe9680-mi300x-snc-off", {Distance.PCIE_ROOT: 2, Distance.UNKNOWN: 6}),
        ("dell-xe8640-h100", {Distance.PCIE_ROOT: 1, Distance.NUMA: 1, Distance.UNKNOWN: 2}),
        ("dell-r760xa-a40", {Distance.UNKNOWN: 2}),
        ("azure-nd-h100-v5", {Distance.UNKNOWN: 8}),
        ("digitalocean-b300-vm", {Distance.PCIE_ROOT: 8}),
        ("aws-g5.48xlarge", {Distance.UNKNOWN: 8}),
    ],
)
def test_nearest_nic_without_gpu_numa(name: str, expected: dict[Distance, int]) -> None:
    """What a released NVIDIA driver lets one know on each machine."""
    devices = published(MACHINES[name], gpu_driver="gpu.nvidia.com", gpu_numa=None, cpus=True)
    assert nearest_nics(locate(devices, DEFAULT_VOCABULARY)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dell-xe9680-mi300x-snc-off", {Distance.PCIE_ROOT: 2, Distance.NUMA: 6}),
        ("dell-xe9680-mi300x-snc-on", {Distance.PCIE_ROOT: 2, Distance.NUMA: 2, Distance.SOCKET: 4}),
        ("dell-xe8640-h100", {Distance.PCIE_ROOT: 1, Distance.NUMA: 1, Distance.REMOTE: 2}),
        ("dell-r760xa-a40", {Distance.NUMA: 2}),
        ("dell-r7725-nps4", {Distance.SOCKET: 1}),
        ("azure-nd-h100-v5", {Distance.NUMA: 8}),
    ],
)
def test_nearest_nic_with_gpu_numa(name: str, expected: dict[Distance, int]) -> None:
    """What a driver that publishes NUMA nodes adds; SNC and NPS show as the middle distance (pitfall 14)."""
    devices = published(MACHINES[name], gpu_driver="gpu.amd.com", gpu_numa="gpu.amd.com/numaNode", cpus=True)
    assert nearest_nics(locate(devices, DEFAULT_VOCABULARY)) == expected


def slice_devices(*names: str) -> list[Published]:
    """The devices of sample ResourceSlices, bare names spelled in full."""
    devices = []
    for name in names:
        for document in yaml.safe_load_all((DATA / "slices" / f"{name}.yaml").read_text()):
            # Fragments of documentation name no driver; their file does.
            driver = document["spec"].get("driver", name.partition("-")[2].rpartition("-old")[0])
            for entry in document["spec"]["devices"]:
                attributes = {}
                for key, value in entry.get("basic", entry)["attributes"].items():
                    ((kind, content),) = value.items()
                    content = tuple(content) if isinstance(content, list) else content
                    attributes[key if "/" in key else f"{driver}/{key}"] = Attribute(KINDS[kind], content)
                devices.append((driver, Device(entry["name"], attributes)))
    return devices


@pytest.fixture
def located() -> Callable[..., dict[str, Place]]:
    def by_name(*names: str) -> dict[str, Place]:
        devices = slice_devices(*names)
        places = locate(devices, DEFAULT_VOCABULARY)
        return {device.name: place for (_, device), place in zip(devices, places, strict=True)}

    return by_name


def test_p4d_slices(located: Callable[..., dict[str, Place]]) -> None:
    """Two GPUs, an EFA and an ENA share each root; the NICs tell the GPUs' NUMA nodes."""
    places = located("aws-p4d-gpu.nvidia.com", "aws-p4d-dra.net")
    assert distance(places["gpu-0"], places["pci-0000-10-1b-0"]) is Distance.PCIE_ROOT
    assert distance(places["gpu-1"], places["pci-0000-20-1b-0"]) is Distance.NUMA
    assert distance(places["gpu-7"], places["pci-0000-10-1b-0"]) is Distance.REMOTE


def test_gb300_slices(located: Callable[..., dict[str, Place]]) -> None:
    """Azure's VFs have no root and its GPUs no NUMA node: unknown, neither good nor bad."""
    places = located("azure-gb300-gpu.nvidia.com", "azure-gb300-dra.net")
    apart = Counter(
        distance(gpu, nic)
        for gpu in places.values()
        if gpu.kind is Kind.GPU
        for nic in places.values()
        if nic.kind is Kind.NIC
    )
    assert apart == {Distance.UNKNOWN: 16}
    assert distance(places["pci-0101-00-00-0"], places["pci-0102-00-00-0"]) is Distance.NUMA


def test_gb200_slices(located: Callable[..., dict[str, Place]]) -> None:
    """Two ports of one card are two devices on one root; no GPU shares a root with them."""
    places = located("oci-gb200-gpu.nvidia.com", "oci-gb200-dra.net")
    assert distance(places["pci-0000-03-00-0"], places["pci-0000-03-00-1"]) is Distance.PCIE_ROOT
    assert distance(places["pci-0000-03-00-0"], places["pci-0010-03-00-0"]) is Distance.REMOTE
    assert distance(places["gpu-0"], places["pci-0000-03-00-0"]) is Distance.UNKNOWN


def test_gpu_mig_vfio_slice(located: Callable[..., dict[str, Place]]) -> None:
    """One card published three times is one device, and worth no more than itself."""
    places = located("gpu.nvidia.com-gpu-mig-vfio")
    assert {place.device for place in places.values()} == {0}
    assert [pair.distance for pair in align(list(places.values())).pairs] == [Distance.DEVICE] * 2


def test_intel_slices(located: Callable[..., dict[str, Place]]) -> None:
    """Intel's old and new names agree; Gaudi's address is in its name."""
    gpus = list(located("gpu.intel.com").values())
    assert distance(*gpus) is Distance.PCIE_ROOT
    gaudis = list(located("gaudi.intel.com").values())
    assert [place.kind for place in gaudis] == [Kind.ACCELERATOR] * 2
    assert distance(*gaudis) is Distance.UNKNOWN


def test_cpu_slices(located: Callable[..., dict[str, Place]]) -> None:
    """CPUs grouped by node list roots and sit on none; both nodes are on socket 0."""
    grouped = list(located("dra.cpu-grouped-numa").values())
    assert [place.root for place in grouped] == [-1, -1]
    assert distance(*grouped) is Distance.SOCKET
    assert distance(*located("dra.cpu-individual").values()) is Distance.NUMA


def test_old_dranet_slice() -> None:
    """The four-part address of 2024 names the same device as today's single attribute."""
    (old,) = slice_devices("gke-dra.net-old-format")
    new = ("dra.net", Device("n", {"dra.net/pciAddress": attribute("0000:c8:00.0")}))
    assert distance(*locate([old, new], DEFAULT_VOCABULARY)) is Distance.DEVICE
