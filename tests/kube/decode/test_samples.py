"""What drivers and users published is read whole, by count of what each file holds."""

from __future__ import annotations

import pytest

from extender.kube.files import cluster_file
from extender.model import Attribute, AttributeKind, DeviceID
from tests.paths import DATA
from tests.samples import read_sample

SLICES = {  # file: (driver of its slices, how many slices, how many devices)
    "aws-p4d-dra.net": ({"dra.net"}, 1, 7),
    "aws-p4d-gpu.nvidia.com": ({"gpu.nvidia.com"}, 1, 8),
    "azure-gb300-dra.net": ({"dra.net"}, 1, 4),
    "azure-gb300-gpu.nvidia.com": ({"gpu.nvidia.com"}, 1, 4),
    "azure-mi300x-dra.net": ({"dra.net"}, 1, 8),
    "dra.cpu-grouped-numa": ({"dra.cpu"}, 1, 2),
    "dra.cpu-individual": ({"dra.cpu"}, 1, 2),
    "dra.cpu-kind-ci": ({"dra.cpu"}, 1, 1),
    "gaudi.intel.com": ({"gaudi.intel.com"}, 1, 2),
    "gke-dra.net-old-format": ({""}, 1, 1),
    "gpu.amd.com-2025-10": ({""}, 1, 1),
    "gpu.amd.com-2026-04": ({""}, 1, 1),
    "gpu.example.com": ({"gpu.example.com"}, 1, 8),
    "gpu.intel.com": ({"gpu.intel.com"}, 1, 2),
    "gpu.nvidia.com-gpu-mig-vfio": ({"gpu.nvidia.com"}, 1, 3),
    "kep4815-multihost": ({"tpu.dra.example.com"}, 1, 7),
    "kep4815-shared-counters": ({"resource-driver.example.com"}, 2, 5),
    "kep5491-list-pcieroot": ({"cpu.example.com", "gpu.example.com", "nic.example.com"}, 3, 4),
    "kep5941-shared-counter": ({"resource-driver.example.com"}, 2, 2),
    "oci-gb200-dra.net": ({"dra.net"}, 1, 8),
    "oci-gb200-gpu.nvidia.com": ({"gpu.nvidia.com"}, 1, 4),
    "spyre.ibm.com": ({"spyre.ibm.com"}, 1, 8),
    "tpu.google.com": ({"tpu.google.com"}, 1, 2),
    "ascend.project-hami.io": ({"ascend.project-hami.io"}, 1, 1),
    "cohdi": ({"composable.example.com"}, 1, 1),
    "composite.dra.example.io": ({"composite.dra.example.io"}, 1, 1),
    "compute-domain.nvidia.com": ({"compute-domain.nvidia.com"}, 1, 2),
    "dra.cpu-grouped-machine": ({"dra.cpu"}, 1, 1),
    "dra.cpu-grouped-socket": ({"dra.cpu"}, 1, 2),
    "dra.memory": ({"dra.memory"}, 1, 3),
    "dra.net-virtual": ({"dra.net"}, 1, 3),
    "dra.nvme": ({"dra.nvme"}, 1, 2),
    "gpu.amd.com-vfio": ({"gpu.amd.com"}, 1, 2),
    "gpu.intel.com-old": ({"gpu.intel.com"}, 1, 2),
    "gpu.nvidia.com-main": ({"gpu.nvidia.com"}, 1, 5),
    "gpu.nvidia.com-v25.3": ({"gpu.nvidia.com"}, 1, 2),
    "hami-core-gpu.project-hami.io": ({"hami-core-gpu.project-hami.io"}, 1, 3),
    "mock-accel.example.com": ({"mock-accel.example.com"}, 1, 2),
    "neuron.aws.com": ({"neuron.aws.com"}, 1, 2),
    "npu.furiosa.ai": ({"npu.furiosa.ai"}, 1, 2),
    "npu.rebellions.ai": ({"npu.rebellions.ai"}, 1, 2),
    "ovsdpdk.k8snetworkplumbingwg.io": ({"ovsdpdk.k8snetworkplumbingwg.io"}, 1, 1),
    "qat.intel.com": ({"qat.intel.com"}, 1, 1),
    "sriovnetwork.k8snetworkplumbingwg.io": ({"sriovnetwork.k8snetworkplumbingwg.io"}, 1, 2),
    "tenstorrent.com": ({"tenstorrent.com"}, 1, 1),
}
REFUSED = "kep4816-firstavailable"


def test_every_sample_is_expected():
    """A sample added to the folder is not forgotten here."""
    assert {path.stem for path in (DATA / "slices").glob("*.yaml")} == set(SLICES)


@pytest.mark.parametrize("name", SLICES)
def test_slice_sample(name):
    """Every slice and device of the sample is there, each with a name, under its driver."""
    cluster = read_sample("slices", name)
    devices = [device for each in cluster.slices for device in each.devices]
    assert ({each.driver for each in cluster.slices}, len(cluster.slices), len(devices)) == SLICES[name]
    assert all(device.name for device in devices)


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (DATA / "claims").glob("*.yaml") if path.stem != REFUSED)
)
def test_claim_sample(name):
    """Every request of the sample names a class, exactly or in each alternative."""
    cluster = read_sample("claims", name)
    specs = [each.spec for each in cluster.claims] + [each.spec for each in cluster.templates]
    exact = [
        alternative
        for spec in specs
        for request in spec.requests
        for alternative in (request.first_available or (request.exactly,))
        if alternative is not None
    ]
    assert exact
    assert all(each.device_class for each in exact)


def test_sample_that_no_server_accepts():
    """A list where the API wants text is refused, with its place."""
    with pytest.raises(cluster_file.ClusterFileError) as refusal:
        cluster_file.read([str(DATA / "claims" / f"{REFUSED}.yaml")])
    assert (
        f'{REFUSED}.yaml: ResourceClaim "device-consumer-claim":'
        " spec.devices.constraints[0].matchAttribute: expected str, got array"
    ) in str(refusal.value)


def test_v1_header_over_v1beta1_body():
    """Devices nested in ``basic`` have their attributes whatever the header says."""
    cluster = cluster_file.read([str(DATA / "slices" / "spyre.ibm.com.yaml")])
    (device, *_) = cluster.slices[0].devices
    assert device.attributes["spyre.ibm.com/numaInfo"] == Attribute(AttributeKind.STRING, "0")


def test_list_attribute():
    """A CPU's list of roots is a tuple, beside the GPU's single one."""
    cluster = cluster_file.read([str(DATA / "slices" / "kep5491-list-pcieroot.yaml")])
    roots = {
        each.driver: {device.attributes["resource.kubernetes.io/pcieRoot"].kind for device in each.devices}
        for each in cluster.slices
    }
    assert roots["cpu.example.com"] == {AttributeKind.STRINGS}
    assert roots["gpu.example.com"] == {AttributeKind.STRING}


def test_allocated_claim():
    """The results of an allocation keep their order and name devices in full."""
    cluster = cluster_file.read([str(DATA / "claims" / "allocated-gpu-efa-p4d.yaml")])
    allocation = cluster.claims[0].allocation
    assert allocation is not None
    node = "ip-192-168-153-160.ec2.internal"
    assert [(result.request, result.id) for result in allocation.results] == [
        ("gpu", DeviceID("gpu.nvidia.com", node, "gpu-6")),
        ("efa", DeviceID("dra.net", node, "pci-0000-a0-1b-0")),
    ]
