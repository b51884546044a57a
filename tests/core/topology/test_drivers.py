"""The sample slices of every driver, old versions included: what is read of them, what stays unknown."""

from __future__ import annotations

import ast

import pytest

from extender.core.topology.drivers import DRIVERS
from extender.core.topology.locate import locate
from extender.core.topology.published import does_rdma, read_published
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from extender.model import Device, ResourceSlice
from tests.paths import DATA, ROOT
from tests.samples import read_sample

SLICES = DATA / "slices"
FRAGMENTS = {
    "gke-dra.net-old-format": "dra.net",
    "gpu.amd.com-2025-10": "gpu.amd.com",
    "gpu.amd.com-2026-04": "gpu.amd.com",
}
"""Samples cut out of documentation, which name no driver."""

EXPECTED = {
    "ascend.project-hami.io": {
        "npu-0-0": "accelerator | - | - | - | - | -",
    },
    "aws-p4d-dra.net": {
        "pci-0000-10-1b-0": "nic | 0000:10:1b.0 | pci0000:10 | 0 | - | rdma",
        "pci-0000-20-01-0": "nic | 0000:20:01.0 | pci0000:20 | 0 | - | no rdma",
        "pci-0000-20-1b-0": "nic | 0000:20:1b.0 | pci0000:20 | 0 | - | rdma",
        "pci-0000-90-01-0": "nic | 0000:90:01.0 | pci0000:90 | 1 | - | no rdma",
        "pci-0000-90-1b-0": "nic | 0000:90:1b.0 | pci0000:90 | 1 | - | rdma",
        "pci-0000-a0-01-0": "nic | 0000:a0:01.0 | pci0000:a0 | 1 | - | no rdma",
        "pci-0000-a0-1b-0": "nic | 0000:a0:1b.0 | pci0000:a0 | 1 | - | rdma",
    },
    "aws-p4d-gpu.nvidia.com": {
        "gpu-0": "gpu | 0000:10:1c.0 =GPU-8a10b6f7 | pci0000:10 | - | - | -",
        "gpu-1": "gpu | 0000:10:1d.0 =GPU-a498ba79 | pci0000:10 | - | - | -",
        "gpu-2": "gpu | 0000:20:1c.0 =GPU-f3aac87a | pci0000:20 | - | - | -",
        "gpu-3": "gpu | 0000:20:1d.0 =GPU-55d5f6e7 | pci0000:20 | - | - | -",
        "gpu-4": "gpu | 0000:90:1c.0 =GPU-bea92d99 | pci0000:90 | - | - | -",
        "gpu-5": "gpu | 0000:90:1d.0 =GPU-4a6c805f | pci0000:90 | - | - | -",
        "gpu-6": "gpu | 0000:a0:1c.0 =GPU-b1b289f2 | pci0000:a0 | - | - | -",
        "gpu-7": "gpu | 0000:a0:1d.0 =GPU-65978bba | pci0000:a0 | - | - | -",
    },
    "azure-gb300-dra.net": {
        "pci-0101-00-00-0": "nic | 0101:00:00.0 | - | 0 | - | rdma",
        "pci-0102-00-00-0": "nic | 0102:00:00.0 | - | 0 | - | rdma",
        "pci-0103-00-00-0": "nic | 0103:00:00.0 | - | 1 | - | rdma",
        "pci-0104-00-00-0": "nic | 0104:00:00.0 | - | 1 | - | rdma",
    },
    "azure-gb300-gpu.nvidia.com": {
        "gpu-0": "gpu | 0008:06:00.0 =GPU-ad11da28 | pci0008:00 | - | - | -",
        "gpu-1": "gpu | 0009:06:00.0 =GPU-5f0db007 | pci0009:00 | - | - | -",
        "gpu-2": "gpu | 0018:06:00.0 =GPU-893a4f93 | pci0018:00 | - | - | -",
        "gpu-3": "gpu | 0019:06:00.0 =GPU-6a3c2cfe | pci0019:00 | - | - | -",
    },
    "azure-mi300x-dra.net": {
        "pci-0101-00-00-0": "nic | 0101:00:00.0 | - | 0 | - | rdma",
        "pci-0102-00-00-0": "nic | 0102:00:00.0 | - | 0 | - | rdma",
        "pci-0103-00-00-0": "nic | 0103:00:00.0 | - | 0 | - | rdma",
        "pci-0104-00-00-0": "nic | 0104:00:00.0 | - | 0 | - | rdma",
        "pci-0105-00-00-0": "nic | 0105:00:00.0 | - | 1 | - | rdma",
        "pci-0106-00-00-0": "nic | 0106:00:00.0 | - | 1 | - | rdma",
        "pci-0107-00-00-0": "nic | 0107:00:00.0 | - | 1 | - | rdma",
        "pci-0108-00-00-0": "nic | 0108:00:00.0 | - | 1 | - | rdma",
    },
    "cohdi": {
        "a100-gpu1": "other | - | - | - | - | -",
    },
    "composite.dra.example.io": {
        "gpu-7--pci-0000-a3-00-0": "gpu | 0000:a4:00.0 | pci0000:a0 | 0 | - | rdma",
    },
    "compute-domain.nvidia.com": {
        "channel-0": "virtual | - | - | - | - | -",
        "daemon-0": "virtual | - | - | - | - | -",
    },
    "dra.cpu-grouped-machine": {
        "cpudevmachine": "cpu | - | serves pci0000:00 pci0000:97 | - | - | -",
    },
    "dra.cpu-grouped-numa": {
        "cpudevnuma000": "cpu | - | serves pci0000:00 pci0000:10 | 0 | 0 | -",
        "cpudevnuma001": "cpu | - | serves pci0000:40 pci0000:50 | 1 | 0 | -",
    },
    "dra.cpu-grouped-socket": {
        "cpudevsocket000": "cpu | - | serves pci0000:00 pci0000:15 | - | 0 | -",
        "cpudevsocket001": "cpu | - | - | - | 1 | -",
    },
    "dra.cpu-individual": {
        "cpudev000": "cpu | - | serves pci0000:00 | 0 | 0 | -",
        "cpudev001": "cpu | - | serves pci0000:00 | 0 | 0 | -",
    },
    "dra.cpu-kind-ci": {
        "cpudevnuma000": "cpu | - | serves pci0000:00 | 0 | 0 | -",
    },
    "dra.memory": {
        "memory-xnxmvm": "memory | - | - | 0 | - | -",
        "hugepages-2m-kq7xh2": "memory | - | - | 1 | - | -",
        "memory-b5x9wz": "memory | - | - | 1 | - | -",
    },
    "dra.net-virtual": {
        "pci-0000-10-1b-0": "nic | 0000:10:1b.0 | pci0000:10 | 0 | - | rdma",
        "veth3": "nic | - | - | - | - | no rdma",
        "pci-0000-81-00-2": "nic | 0000:81:00.2 | pci0000:80 | 1 | - | no rdma",
    },
    "dra.nvme": {
        "nvme0": "nvme | 0000:18:00.0 | pci0000:15 | 0 | 0 | -",
        "nvme1": "nvme | - | - | 1 | - | -",
    },
    "gaudi.intel.com": {
        "0000-a0-00-0-0x1020": "accelerator | 0000:a0:00.0 | pci0000:01 | - | - | -",
        "0000-b0-00-0-0x1020": "accelerator | 0000:b0:00.0 | pci0000:02 | - | - | -",
    },
    "gke-dra.net-old-format": {
        "gpu7rdma0": "nic | 0000:c8:00.0 | - | 1 | - | rdma",
    },
    "gpu.amd.com-2025-10": {
        "gpu-0-128": "gpu | 0003:00:02.0 | pci0003:00 | - | - | -",
    },
    "gpu.amd.com-2026-04": {
        "gpu-0-128": "gpu | 0003:00:02.0 | pci0003:00 | 0 | - | -",
    },
    "gpu.amd.com-vfio": {
        "gpu-1b-02-0": "gpu | 0000:1b:02.0 | pci0000:15 | 0 | - | -",
        "gpu-vfio-1b-02-0": "gpu | 0000:1b:02.0 0000:1b:00.0 | pci0000:15 | - | - | -",
    },
    "gpu.example.com": {
        "gpu-0": "gpu | - | - | - | - | -",
        "gpu-1": "gpu | - | - | - | - | -",
        "gpu-2": "gpu | - | - | - | - | -",
        "gpu-3": "gpu | - | - | - | - | -",
        "gpu-4": "gpu | - | - | - | - | -",
        "gpu-5": "gpu | - | - | - | - | -",
        "gpu-6": "gpu | - | - | - | - | -",
        "gpu-7": "gpu | - | - | - | - | -",
    },
    "gpu.intel.com-old": {
        "0000-03-00-0-0x56c0": "gpu | 0000:03:00.0 | pci0000:01 | - | - | -",
        "0000-00-02-0-0x7d67": "gpu | 0000:00:02.0 | pci0000:00 | - | - | -",
    },
    "gpu.intel.com": {
        "0000-00-02-0-0x7d67": "gpu | 0000:00:02.0 | pci0000:00 | - | - | -",
        "0000-04-00-0-0xe211": "gpu | 0000:04:00.0 | pci0000:00 | - | - | -",
    },
    "gpu.nvidia.com-gpu-mig-vfio": {
        "gpu-0": "gpu | 0000:65:00.0 =GPU-2fa81118 | pci0000:64 | - | - | -",
        "gpu-0-mig-1g.5gb-0": "gpu | 0000:65:00.0 =MIG-1a2b3c4d =GPU-2fa81118 | pci0000:64 | - | - | -",
        "gpu-0-vfio": "gpu | 0000:65:00.0 =GPU-2fa81118 | pci0000:64 | 0 | - | -",
    },
    "gpu.nvidia.com-main": {
        "gpu-0": "gpu | 0000:65:00.0 =GPU-0a1b | pci0000:64 | 0 | - | -",
        "gpu-1": "gpu | 0000:98:00.0 =GPU-1a2b | pci0000:97 | 1 | - | -",
        "gpu-2": "gpu | 0008:06:00.0 =GPU-2a3b | pci0008:00 | 2 | - | -",
        "gpu-3-mig-1g5gb-19-0": "gpu | 0000:1b:00.0 =GPU-3a4b | pci0000:15 | - | - | -",
        "gpu-vfio-0": "gpu | 0000:65:00.0 =GPU-0000-65 | pci0000:64 | 0 | - | -",
    },
    "gpu.nvidia.com-v25.3": {
        "gpu-0": "gpu | 0000:65:00.0 =GPU-0a1b | pci0000:64 | - | - | -",
        "gpu-0-mig-1g5gb-19-0": "gpu | 0000:65:00.0 =MIG-0a1b =GPU-0a1b | pci0000:64 | - | - | -",
    },
    "hami-core-gpu.project-hami.io": {
        "gpu-0": "gpu | 0000:65:00.0 =GPU-0a1b | pci0000:64 | - | - | -",
        "gpu-0-mig-19-0-1": "gpu | 0000:65:00.0 =MIG-0a1b =GPU-0a1b | - | - | - | -",
        "gpu-vfio-1": "gpu | 0000:98:00.0 =GPU-1a2b | - | 1 | - | -",
    },
    "mock-accel.example.com": {
        "mock0-vf1": "accelerator | 0000:11:00.1 0000:11:00.0 | - | 1 | - | -",
        "mock1": "accelerator | 0000:12:00.0 | - | 0 | - | -",
    },
    "neuron.aws.com": {
        "neuron-device-0": "accelerator | - | - | - | - | -",
        "neuron-device-1": "accelerator | - | - | - | - | -",
    },
    "npu.furiosa.ai": {
        "npu0": "accelerator | - | - | - | - | -",
        "npu1": "accelerator | - | - | 1 | - | -",
    },
    "npu.rebellions.ai": {
        "rbln0": "accelerator | 0000:3b:00.0 | pci0000:3a | 0 | - | -",
        "rbln1": "accelerator | 0000:b1:00.0 | - | - | - | -",
    },
    "oci-gb200-dra.net": {
        "pci-0000-03-00-0": "nic | 0000:03:00.0 | pci0000:00 | 0 | - | rdma",
        "pci-0000-03-00-1": "nic | 0000:03:00.1 | pci0000:00 | 0 | - | rdma",
        "pci-0002-03-00-0": "nic | 0002:03:00.0 | pci0002:00 | 0 | - | rdma",
        "pci-0002-03-00-1": "nic | 0002:03:00.1 | pci0002:00 | 0 | - | rdma",
        "pci-0010-03-00-0": "nic | 0010:03:00.0 | pci0010:00 | 1 | - | rdma",
        "pci-0010-03-00-1": "nic | 0010:03:00.1 | pci0010:00 | 1 | - | rdma",
        "pci-0012-03-00-0": "nic | 0012:03:00.0 | pci0012:00 | 1 | - | rdma",
        "pci-0012-03-00-1": "nic | 0012:03:00.1 | pci0012:00 | 1 | - | rdma",
    },
    "oci-gb200-gpu.nvidia.com": {
        "gpu-0": "gpu | 0008:06:00.0 =GPU-5d1d46ee | pci0008:00 | - | - | -",
        "gpu-1": "gpu | 0009:06:00.0 =GPU-7d9b3513 | pci0009:00 | - | - | -",
        "gpu-2": "gpu | 0018:06:00.0 =GPU-42d06ef2 | pci0018:00 | - | - | -",
        "gpu-3": "gpu | 0019:06:00.0 =GPU-6d140208 | pci0019:00 | - | - | -",
    },
    "ovsdpdk.k8snetworkplumbingwg.io": {
        "br-dpdk0": "nic | - | - | - | - | -",
    },
    "qat.intel.com": {
        "0000-6b-00-1": "accelerator | 0000:6b:00.1 | - | - | - | -",
    },
    "spyre.ibm.com": {
        "0000-1e-00-0": "accelerator | 0000:1e:00.0 | - | 0 | - | -",
        "0000-3d-00-0": "accelerator | 0000:3d:00.0 | - | 1 | - | -",
        "0000-3f-00-0": "accelerator | 0000:3f:00.0 | - | 1 | - | -",
        "0000-40-00-0": "accelerator | 0000:40:00.0 | - | 1 | - | -",
        "0000-41-00-0": "accelerator | 0000:41:00.0 | - | 1 | - | -",
        "0000-1a-00-0": "accelerator | 0000:1a:00.0 | - | 0 | - | -",
        "0000-1c-00-0": "accelerator | 0000:1c:00.0 | - | 0 | - | -",
        "0000-1d-00-0": "accelerator | 0000:1d:00.0 | - | 0 | - | -",
    },
    "sriovnetwork.k8snetworkplumbingwg.io": {
        "0000-9f-01-2": "nic | 0000:9f:01.2 0000:9f:00.0 =ens8np0 | pci0000:97 | 1 | - | rdma",
        "0000-9f-01-3": "nic | 0000:9f:01.3 0000:9f:00.0 =ens8np0 | - | - | - | no rdma",
    },
    "tenstorrent.com": {
        "chip0": "accelerator | 0000:01:00.0 | - | - | - | -",
    },
    "tpu.google.com": {
        "accel0": "accelerator | - | - | - | - | -",
        "accel1": "accelerator | - | - | - | - | -",
    },
}


def slices(name: str) -> tuple[ResourceSlice, ...]:
    return read_sample("slices", name).slices


def named(device: Device, driver: str) -> Device:
    """The device with its bare names in the driver's domain, which a fragment lacks."""
    attributes = {
        key if "/" in key else f"{driver}/{key}": attribute for key, attribute in device.attributes.items()
    }
    return Device(device.name, attributes, device.traits)


def as_read(driver: str, device: Device) -> str:
    """
    What is read of a device: kind, keys, root, NUMA node, socket, RDMA; ``-`` is unknown.

    Of a key that is no address, the first 12 letters after ``=``.
    """
    names = DEFAULT_VOCABULARY.attributes(driver)
    published = read_published(names, driver, device)
    keys = [key if "=" not in key else f"={key.partition('=')[2][:12]}" for key in published.keys]
    serves = f"serves {' '.join(published.reach)}" if published.reach else ""
    parts = [
        published.kind,
        " ".join(keys),
        published.root or serves,
        ",".join(map(str, published.numa)),
        str(published.socket) if published.socket >= 0 else "",
        {None: "", True: "rdma", False: "no rdma"}[does_rdma(names, device)],
    ]
    return " | ".join(part or "-" for part in parts)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_read_of_a_sample(name):
    """Each device of the sample, and nothing of what it does not say."""
    found = {
        device.name: as_read(
            slice_.driver or FRAGMENTS[name], named(device, slice_.driver or FRAGMENTS[name])
        )
        for slice_ in slices(name)
        for device in slice_.devices
    }
    assert found == EXPECTED[name]


def test_every_sample_of_a_driver_is_read():
    """All but the examples of Kubernetes' own design documents."""
    assert {path.stem for path in SLICES.glob("*.yaml") if not path.stem.startswith("kep")} == EXPECTED.keys()


def test_every_driver_has_a_sample():
    """And one driver that is not listed: devices of a fabric, of which nothing is known."""
    drivers = {slice_.driver or FRAGMENTS[name] for name in EXPECTED for slice_ in slices(name)}
    assert drivers == DRIVERS.keys() | {"composable.example.com"}


def test_nothing_else_names_a_driver():
    """
    A driver is one row: no other code of the layers that predict and serve depends on its name.

    Two modules name drivers for other ends: the checks of spelling list mistakes of published
    samples, and the reader of a site's vocabulary shows an example in a message.
    """
    naming = set()
    for path in sorted((ROOT / "extender").rglob("*.py")):
        layer, *_ = path.relative_to(ROOT / "extender").parts
        if layer not in ("core", "kube", "service"):
            continue
        tree = ast.parse(path.read_text())
        texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        naming |= {
            path.relative_to(ROOT / "extender").as_posix()
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts
            if any(driver in node.value for driver in DRIVERS)
        }
    assert naming == {
        "core/topology/drivers.py",
        "core/advice/spelling_checks.py",
        "kube/files/vocabulary_file.py",
    }


def test_samples_written_by_hand_say_so():
    """A sample names its source; what no driver printed is not passed off as that."""
    for path in SLICES.glob("*.yaml"):
        first, second, *_ = path.read_text().splitlines()
        verbatim = first.startswith("# source: github.com/")
        assert verbatim or first.startswith("# written by hand after "), path.name
        assert ("made up" in second) is not verbatim, path.name


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("gpu.nvidia.com-v25.3", 1),
        ("gpu.nvidia.com-main", 4),
        ("gpu.amd.com-vfio", 1),
        ("hami-core-gpu.project-hami.io", 2),
        ("sriovnetwork.k8snetworkplumbingwg.io", 1),
        ("tpu.google.com", 2),
        ("spyre.ibm.com", 8),
        ("oci-gb200-dra.net", 8),
    ],
)
def test_physical_devices_of_a_sample(name, groups):
    """Entries of one card or port are one; chips that share a uuid, and ports of one card, are not."""
    (slice_,) = slices(name)
    locations = locate([(slice_.driver, device) for device in slice_.devices], DEFAULT_VOCABULARY)
    assert len({location.device for location in locations}) == groups


def test_a_driver_that_names_devices_by_uuid_of_the_node_has_no_identity():
    """Ascend's uuid counts per node, TPUs of one host may share theirs: neither tells cards apart."""
    for driver in ("ascend.project-hami.io", "tpu.google.com", "npu.furiosa.ai"):
        assert DRIVERS[driver].identity == ()


def test_neuron_devices_are_in_groups():
    """Of one and of four; groups that span NUMA nodes are not read."""
    (slice_,) = slices("neuron.aws.com")
    names = DEFAULT_VOCABULARY.attributes(slice_.driver)
    assert [
        [group.rpartition("/")[2] for group, _ in read_published(names, slice_.driver, device).groups]
        for device in slice_.devices
    ] == [
        ["devicegroup1_id=0000:b1:00.0", "devicegroup4_id=0a0a0a0a0a0a0a0a"],
        ["devicegroup1_id=0000:b2:00.0", "devicegroup4_id=0a0a0a0a0a0a0a0a"],
    ]


def test_parts_of_a_card_say_so():
    """A MIG slice names its card, and the entries of the whole card do not."""
    (slice_,) = slices("gpu.nvidia.com-gpu-mig-vfio")
    names = DEFAULT_VOCABULARY.attributes(slice_.driver)
    parts = {device.name: read_published(names, slice_.driver, device).is_part for device in slice_.devices}
    assert parts == {"gpu-0": False, "gpu-0-mig-1g.5gb-0": True, "gpu-0-vfio": False}
