"""Real machines as their sample slices show them."""

from __future__ import annotations

from collections import Counter

import pytest
import yaml

from extender.core.alignment.pairs import align
from extender.core.topology.locate import locate
from extender.core.topology.locations import Distance, Location, distance
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, DeviceKind
from extender.model import Attribute, AttributeKind, Device
from tests.paths import DATA

KINDS = {"string": AttributeKind.STRING, "int": AttributeKind.INT, "bool": AttributeKind.BOOL}
KINDS |= {"version": AttributeKind.VERSION, "strings": AttributeKind.STRINGS, "ints": AttributeKind.INTS}

Published = tuple[str, Device]


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
def located():
    def by_name(*names: str) -> dict[str, Location]:
        devices = slice_devices(*names)
        locations = locate(devices, DEFAULT_VOCABULARY)
        return {device.name: location for (_, device), location in zip(devices, locations, strict=True)}

    return by_name


def test_p4d_slices(located):
    """Two GPUs, an EFA and an ENA share each root; the NICs tell the GPUs' NUMA nodes."""
    locations = located("aws-p4d-gpu.nvidia.com", "aws-p4d-dra.net")
    assert distance(locations["gpu-0"], locations["pci-0000-10-1b-0"]) is Distance.PCIE_ROOT
    assert distance(locations["gpu-1"], locations["pci-0000-20-1b-0"]) is Distance.NUMA
    assert distance(locations["gpu-7"], locations["pci-0000-10-1b-0"]) is Distance.REMOTE


def test_gb300_slices(located):
    """Azure's VFs have no root and its GPUs no NUMA node: unknown, neither good nor bad."""
    locations = located("azure-gb300-gpu.nvidia.com", "azure-gb300-dra.net")
    apart = Counter(
        distance(gpu, nic)
        for gpu in locations.values()
        if gpu.kind is DeviceKind.GPU
        for nic in locations.values()
        if nic.kind is DeviceKind.NIC
    )
    assert apart == {Distance.UNKNOWN: 16}
    assert distance(locations["pci-0101-00-00-0"], locations["pci-0102-00-00-0"]) is Distance.NUMA


def test_gb200_slices(located):
    """Two ports of one card are two devices on one root; no GPU shares a root with them."""
    locations = located("oci-gb200-gpu.nvidia.com", "oci-gb200-dra.net")
    assert distance(locations["pci-0000-03-00-0"], locations["pci-0000-03-00-1"]) is Distance.PCIE_ROOT
    assert distance(locations["pci-0000-03-00-0"], locations["pci-0010-03-00-0"]) is Distance.REMOTE
    assert distance(locations["gpu-0"], locations["pci-0000-03-00-0"]) is Distance.UNKNOWN


def test_gpu_mig_vfio_slice(located):
    """One card published three times is one device, and worth no more than itself."""
    locations = located("gpu.nvidia.com-gpu-mig-vfio")
    assert {location.device for location in locations.values()} == {0}
    assert [pair.distance for pair in align(list(locations.values())).pairs] == [Distance.DEVICE] * 2


def test_intel_slices(located):
    """Intel's old and new names agree; Gaudi's address is in its name."""
    gpus = list(located("gpu.intel.com").values())
    assert distance(*gpus) is Distance.PCIE_ROOT
    gaudis = list(located("gaudi.intel.com").values())
    assert [location.kind for location in gaudis] == [DeviceKind.ACCELERATOR] * 2
    assert distance(*gaudis) is Distance.UNKNOWN


def test_cpu_slices(located):
    """CPUs grouped by node list roots and sit on none; both nodes are on socket 0."""
    grouped = list(located("dra.cpu-grouped-numa").values())
    assert [location.root for location in grouped] == [-1, -1]
    assert distance(*grouped) is Distance.SOCKET
    assert distance(*located("dra.cpu-individual").values()) is Distance.NUMA


def test_old_dranet_slice():
    """The four-part address of 2024 names the same device as today's single attribute."""
    (old,) = slice_devices("gke-dra.net-old-format")
    new = ("dra.net", Device("n", {"dra.net/pciAddress": Attribute(AttributeKind.STRING, "0000:c8:00.0")}))
    assert distance(*locate([old, new], DEFAULT_VOCABULARY)) is Distance.DEVICE
