"""The generated fleet is what drivers publish on the machines it names."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib import resources

import pytest

from extender.cli.bench.fleet import fleet, machines, node_name
from extender.kube import decode

MACHINES = machines()
ONE_OF_EACH = len(MACHINES)


def listed(nodes=ONE_OF_EACH):
    return json.loads(json.dumps(fleet(nodes)))["items"]


def objects(kind, nodes=ONE_OF_EACH):
    return [item for item in listed(nodes) if item["kind"] == kind]


def slice_of(node, driver):
    (found,) = [
        item["spec"]
        for item in objects("ResourceSlice")
        if (item["spec"]["nodeName"], item["spec"]["driver"]) == (node, driver)
    ]
    return found


def every_device():
    return [
        ((spec["driver"], spec["pool"]["name"], device["name"]), device["attributes"])
        for spec in (item["spec"] for item in objects("ResourceSlice", 60))
        for device in spec["devices"]
    ]


def test_sizes():
    """As many nodes as asked for, machines taken in turns, each with its GPU, NIC and CPU slices."""
    nodes = [node["metadata"]["name"] for node in objects("Node", 45)]
    assert nodes == [node_name(MACHINES[index % len(MACHINES)], index) for index in range(45)]
    slices = Counter(item["spec"]["nodeName"] for item in objects("ResourceSlice", 45))
    assert {slices[node] for node in nodes if node.startswith("azure-nc-a100-v4")} == {2}  # it has no NIC
    assert {slices[node] for node in nodes if not node.startswith("azure-nc-a100-v4")} == {3}


def test_the_same_size_gives_the_same_fleet():
    """Two runs are equal, and a larger fleet begins with the smaller one."""
    small = listed(25)
    assert listed(25) == small
    assert listed(30)[: len(small)] == small


@pytest.mark.parametrize(("driver", "attribute"), [("gpu.nvidia.com", "uuid"), ("dra.net", "dra.net/mac")])
def test_identities_are_unique(driver, attribute):
    """No two devices share a UUID or a MAC address."""
    values = [attributes[attribute]["string"] for key, attributes in every_device() if key[0] == driver]
    assert len(values) == len(set(values)) > 100


def test_device_ids_are_unique():
    """Driver, pool and device name identify a device."""
    keys = [key for key, _ in every_device()]
    assert len(keys) == len(set(keys))


def test_names_are_valid_in_kubernetes():
    """Object names are DNS subdomains, device names DNS labels, attribute strings at most 64 long."""
    label = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
    for item in listed():
        assert re.fullmatch(rf"{label}(\.{label})*", item["metadata"]["name"])
    for (_, _, device), attributes in every_device():
        assert re.fullmatch(label, device)
        assert all(len(value.get("string", "")) <= 64 for value in attributes.values())


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("Node", decode.node),
        ("DeviceClass", decode.device_class),
        ("ResourceSlice", decode.resource_slice),
    ],
)
def test_the_service_can_read_it(kind, read):
    """Each object decodes, under its own name."""
    interner = decode.Interner()
    for item in objects(kind):
        assert read(json.dumps(item).encode(), interner).name == item["metadata"]["name"]


def test_p4d_looks_as_published():
    """Two GPUs and one EFA per root, ENA cards without RDMA behind them, no NUMA node on NVIDIA's GPUs."""
    node = "aws-p4d-24xlarge-0000"
    gpus, nics = slice_of(node, "gpu.nvidia.com")["devices"], slice_of(node, "dra.net")["devices"]
    roots = [gpu["attributes"]["resource.kubernetes.io/pcieRoot"]["string"] for gpu in gpus]
    assert roots == ["pci0000:10"] * 2 + ["pci0000:20"] * 2 + ["pci0000:90"] * 2 + ["pci0000:a0"] * 2
    assert not any("numaNode" in name for gpu in gpus for name in gpu["attributes"])
    assert [nic["attributes"]["dra.net/rdma"]["bool"] for nic in nics] == [True] * 4 + [False] * 3
    assert nics[0]["name"] == "pci-0000-10-1b-0"


def test_what_a_driver_does_not_know_is_left_out():
    """No root on Azure's virtual functions, no NUMA node where it is -1, no address where none is known."""
    azure = slice_of("azure-nd-h100-v5-0002", "dra.net")["devices"]
    assert not any("resource.kubernetes.io/pcieRoot" in nic["attributes"] for nic in azure)
    (g5,) = slice_of("aws-g5-48xlarge-0019", "dra.net")["devices"]
    assert "dra.net/numaNode" not in g5["attributes"]
    (r7725,) = slice_of("dell-r7725-nps4-0016", "dra.net")["devices"]
    assert r7725["name"] == "nic-0"
    assert "dra.net/pciAddress" not in r7725["attributes"]


def test_amd_publishes_the_numa_node():
    """With sub-NUMA clustering on, the GPUs of one socket lie on two nodes."""
    gpus = slice_of("dell-xe9680-mi300x-snc-on-0013", "gpu.amd.com")["devices"]
    assert [gpu["attributes"]["numaNode"]["int"] for gpu in gpus] == [0, 1, 1, 0, 2, 3, 3, 2]


def test_cpus_are_shared_out_over_numa_nodes():
    """One device per NUMA node that several claims may share; together they hold the node's CPUs."""
    cpus = slice_of("dgx-a100-0011", "dra.cpu")["devices"]
    assert [cpu["attributes"]["dra.cpu/socketID"]["int"] for cpu in cpus] == [0] * 4 + [1] * 4
    assert all(cpu["allowMultipleAllocations"] for cpu in cpus)
    assert sum(int(cpu["capacity"]["dra.cpu/cpu"]["value"]) for cpu in cpus) == 192


def test_every_machine_names_its_sources():
    """The data says where each machine comes from, and how sure each device is."""
    data = json.loads(resources.files("extender").joinpath("data/topologies.json").read_text())
    for machine in data["machines"]:
        assert all(len(source) > 5 for source in machine["source"])
        assert machine["source"]
        assert {device["quality"] for device in machine["devices"]} <= set(data["legend"]["quality"])
