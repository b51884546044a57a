"""check: who tells each distance, what to do about the others, and its exit status."""

from __future__ import annotations

import json

import pytest

from extender.cli import cluster_input
from extender.kube.api.errors import LiveError
from tests.paths import DOCS

SILENT, MACHINES = DOCS / "examples" / "silent.yaml", DOCS / "examples" / "machines.yaml"


def types(ran):
    return {each["instanceType"]: each for each in ran.document["types"]}


def test_the_document(run):
    """Every key: of the node where GPUs are silent, then with facts of its machine."""
    ran = run("check", "--cluster", SILENT, "--kubernetes", "1.36", "-o", "json")
    assert ran.status == 1
    (silent,) = ran.document["types"]
    assert silent["nodes"] == ["node-1"]
    assert silent["facts"] is None
    assert silent["distances"] == {
        "gpu-nic": {"known": {}, "unknown": 4, "silent": ["gpu.nvidia.com"]},
        "gpu-gpu": {"known": {}, "unknown": 1, "silent": ["gpu.nvidia.com"]},
    }
    assert [(way["way"], way["driver"]) for way in silent["ways"]] == [
        ("upgrade", "gpu.nvidia.com"),
        ("machine-facts", None),
    ]
    ran = run("check", "--cluster", SILENT, "--kubernetes", "1.36", "--machines", MACHINES, "-o", "json")
    assert ran.status == 0
    (told,) = ran.document["types"]
    assert told["distances"]["gpu-nic"] == {"known": {"machine-facts": 4}, "unknown": 0, "silent": []}
    assert told["facts"]["machine"] == "r760xa"
    assert told["facts"]["problem"] is None
    assert told["ways"] == []


def slices(node, driver, devices):
    spec = {
        "driver": driver,
        "nodeName": node,
        "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
        "devices": [
            {"name": f"d{number}", "attributes": attributes} for number, attributes in enumerate(devices)
        ],
    }
    metadata = {"name": f"{node}-{driver}"}
    return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": metadata, "spec": spec}


ROOT, NUMA = "resource.kubernetes.io/pcieRoot", "dra.cpu/numaNodeID"
GPU = {ROOT: {"string": "pci0000:15"}}


@pytest.fixture
def checked(run, dump):
    """Check a node with the devices of drivers."""

    def run_check(drivers):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
        path = dump([node, *(slices("n", driver, devices) for driver, devices in drivers.items())])
        return run("check", "--cluster", path, "--kubernetes", "1.36", "-o", "json")

    return run_check


@pytest.mark.parametrize(
    ("cpu", "ways", "status"),
    [
        ({NUMA: {"int": 0}}, ["upgrade", "expose-pcie-roots", "machine-facts"], 1),
        ({NUMA: {"int": 0}, ROOT: {"strings": ["pci0000:15"]}}, [], 0),
        ({}, ["group-cpus", "upgrade", "expose-pcie-roots", "machine-facts"], 1),
    ],
    ids=["without roots", "with roots", "by machine"],
)
def test_what_helps_with_cpus(checked, cpu, ways, status):
    """Roots of CPUs tell the NUMA nodes of GPUs on these roots; CPUs of no node help nobody."""
    ran = checked({"gpu.nvidia.com": [GPU], "dra.cpu": [cpu]})
    assert [way["way"] for way in types(ran)[None]["ways"]] == ways
    assert ran.status == status


def test_who_tells(checked):
    """Both devices themselves, or another device of the node."""
    nic = {ROOT: {"string": "pci0000:15"}, "dra.net/numaNode": {"int": 0}}
    other = {ROOT: {"string": "pci0000:97"}, "dra.net/numaNode": {"int": 1}}
    ran = checked({"gpu.nvidia.com": [GPU], "dra.net": [nic, other]})
    assert types(ran)[None]["distances"]["gpu-nic"]["known"] == {"published": 1, "inferred": 1}


def test_nics_without_rdma_do_not_count(checked):
    """As with free pairs: a node with RDMA has no other partners for its GPUs."""
    rdma = {ROOT: {"string": "pci0000:15"}, "dra.net/rdma": {"bool": True}}
    ran = checked({"gpu.nvidia.com": [GPU], "dra.net": [rdma, {"dra.net/rdma": {"bool": False}}]})
    assert types(ran)[None]["distances"]["gpu-nic"] == {"known": {"published": 1}, "unknown": 0, "silent": []}


def test_nothing_to_know(checked, run, dump):
    """Nodes without devices, or with one: nothing is unknown."""
    assert checked({}).document["types"] == []
    path = dump([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}])
    ran = run("check", "--cluster", path)
    assert (ran.status, ran.out) == (0, "no node has devices whose distances matter\n")


def test_types_with_the_same_ways_are_together(run, dump):
    """Two types that lack the same are named before what helps both."""
    objects = []
    for name in ("a", "b"):
        labels = {"node.kubernetes.io/instance-type": f"type-{name}"}
        objects.append({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
        devices = [GPU, {ROOT: {"string": f"pci0000:1{name}"}}]
        objects.append(slices(name, "gpu.nvidia.com", devices))
    out = run("check", "--cluster", dump(objects), "--kubernetes", "1.36").out
    assert out.count("gpu.nvidia.com publishes the NUMA node") == 1
    assert "type-a (a): no NUMA node is known of devices of gpu.nvidia.com\ntype-b (b): no" in out


def test_a_cluster_that_cannot_be_reached(run, monkeypatch):
    """Exit status 2 and the reason."""

    def read_live(**_):
        raise LiveError("no kubeconfig")

    monkeypatch.setattr(cluster_input, "read_live", read_live)
    ran = run("check")
    assert (ran.status, ran.err) == (2, "dra-extender check: no kubeconfig\n")


def test_bad_facts_name_their_line(run, tmp_path):
    """As for every command that takes them."""
    path = tmp_path / "machines.yaml"
    path.write_text(json.dumps({"machines": {"box": {"labels": {"a": "b"}, "device": {}}}}))
    ran = run("check", "--cluster", SILENT, "--machines", path)
    assert ran.status == 2
    assert "unknown field device; did you mean devices?" in ran.err
