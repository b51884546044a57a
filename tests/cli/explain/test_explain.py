"""explain: the document, the table, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from extender.cli import cluster_input
from extender.kube.api.listing import LiveError
from extender.kube.decode import DecodeError
from extender.kube.files.cluster import Cluster
from extender.kube.files.cluster_file import read
from tests import api_objects as api
from tests.cases.case import FOLDERS


@pytest.fixture
def explained(run, cluster_file, version_file):
    """Explain job-1 on the small cluster; more arguments follow."""

    def run_explain(*argv):
        return run("explain", "--cluster", cluster_file, version_file, "--pod", "default/job-1", *argv)

    return run_explain


def test_the_document(explained):
    """-o json prints the explanation that the service answers, with every key of the contract."""
    document = explained("-o", "json").document
    assert document["apiVersion"] == "dra-extender.io/v1alpha1"
    assert document["kind"] == "Explanation"
    assert document["pod"] == "default/job-1"
    assert document["kubernetes"] == "1.36.2"
    assert list(document["nodes"]) == ["empty", "far", "near"]
    assert document["nodes"]["near"] == {
        "outcome": "allocated",
        "certainty": "exact",
        "reason": None,
        "message": None,
        "devices": [
            {
                "claim": "job-1-devices",
                "request": "gpu",
                "driver": "gpu.nvidia.com",
                "pool": "near",
                "device": "gpu-0",
            },
            {
                "claim": "job-1-devices",
                "request": "nic",
                "driver": "dra.net",
                "pool": "near",
                "device": "net0",
            },
        ],
        "score": 100,
        "alignment": {
            "predicted": 1.0,
            "best": 1.0,
            "bestComplete": True,
            "pairs": [
                {
                    "a": "gpu.nvidia.com/near/gpu-0",
                    "b": "dra.net/near/net0",
                    "kinds": "gpu-nic",
                    "distance": "pcie-root",
                    "worth": 1.0,
                }
            ],
        },
        "fragmentation": {
            "intactGroups": {"before": 1, "after": 0},
            "firstFitGroups": {"before": 1, "after": 0},
            "ownGroups": 1,
        },
        "fit": None,
    }
    assert document["attempt"] == {
        "outcome": "allocated",
        "nodes": {"allocated": 2, "unschedulable": 1, "error": 0, "unknown": 0},
    }


def test_first_fit_is_predicted_not_the_best(explained):
    """On `far` the first NIC is taken although the second would be near: predicted and best differ."""
    far = explained("-o", "json").document["nodes"]["far"]
    assert [device["device"] for device in far["devices"]] == ["gpu-0", "net0"]
    assert far["alignment"]["pairs"][0]["distance"] == "remote"
    assert far["alignment"]["predicted"] < far["alignment"]["best"] == 1.0


def test_a_node_without_devices(explained):
    """A node that cannot run the pod has all keys too, and a reason."""
    empty = explained("-o", "json").document["nodes"]["empty"]
    assert empty["outcome"] == "unschedulable"
    assert empty["reason"] == "no-fit"
    assert empty["devices"] == []
    assert empty["score"] == 0
    assert empty["alignment"] == {"predicted": None, "best": None, "bestComplete": True, "pairs": []}


def test_only_the_nodes_asked_for(explained):
    """--node limits the document, in the order given; each name counts once."""
    document = explained("--node", "near", "empty", "--node", "near", "-o", "json").document
    assert list(document["nodes"]) == ["near", "empty"]


def test_a_node_that_is_not_there(explained):
    """An unknown node has its entry, and a note names the nearest."""
    ran = explained("--node", "neer", "-o", "json")
    assert ran.status == 0
    assert ran.document["nodes"]["neer"]["outcome"] == "unknown"
    assert ran.document["nodes"]["neer"]["reason"] == "node-unknown"
    assert "--node neer is not in the input; did you mean near?" in ran.err


def test_the_table(explained):
    """The table has a summary, then the nodes best first, with devices, distances and reasons in words."""
    ran = explained()
    assert ran.status == 0
    assert ran.out == (
        "pod default/job-1 on Kubernetes 1.36.2: 2 of 3 nodes can run it; the best score is 100, on near\n"
        "hint: the scheduler does not take the nearest free devices on 1 node, but the node with the best\n"
        "  score is as good as any choice there\n"
        "\n"
        "near: score 100, alignment 1.00, the best here\n"
        "  gpu  gpu.nvidia.com/near/gpu-0  request gpu of claim job-1-devices\n"
        "  nic  dra.net/near/net0          request nic of claim job-1-devices\n"
        "  gpu-0 and net0 share a PCIe root (worth 1.00)\n"
        "  leaves 0 of 1 free pair (a GPU and a NIC near each other); first-fit pairs: 1 before, 0 after\n"
        "\n"
        "far: score 39, alignment 0.40, 1.00 is possible here\n"
        "  gpu  gpu.nvidia.com/far/gpu-0  request gpu of claim job-1-devices\n"
        "  nic  dra.net/far/net0          request nic of claim job-1-devices\n"
        "  gpu-0 and net0 are on different NUMA nodes (worth 0.40)\n"
        "  leaves 0 of 1 free pair (a GPU and a NIC near each other); first-fit pairs: 0 before, 0 after\n"
        "\n"
        "empty: cannot run it, score 0\n"
        "  why: no driver publishes devices for this node\n"
    )


def test_the_hint_says_what_could_be_gained(explained):
    """Where only a far choice is left, the hint tells the gain and who knows a way to it."""
    out = " ".join(explained("--node", "far").out.split())
    assert "on far the scheduler takes the first devices that fit (alignment 0.40)" in out
    assert "free ones reach 1.00; dra-extender advise --pod default/job-1 tells which constraint" in out


@pytest.mark.parametrize(
    ("folder", "cluster", "pod", "tail"),
    [
        (
            "02-accelerator-and-nic-groups",
            "cluster",
            "loose",
            "0.98; dra-extender advise --pod default/loose tells which constraint, if any, makes it look",
        ),
        (
            "11-shares-of-cards",
            "cluster-empty",
            "pair",
            "distinctAttribute: hami-core-gpu.project-hami.io/uuid in the claim asks for different cards",
        ),
        (
            "11-shares-of-cards",
            "cluster-empty",
            "two-claims",
            "distinctAttribute: hami-core-gpu.project-hami.io/uuid in one claim in place of one and two asks",
        ),
    ],
)
def test_the_hint_names_no_constraint_that_does_not_help(run, folder, cluster, pod, tail):
    """Devices of one PCIe root would be parts of one card, or have no root in common at all."""
    ran = run("explain", "--cluster", FOLDERS / folder / f"{cluster}.yaml", "--pod", pod)
    hint = " ".join(ran.out.split()).partition("hint: ")[2]
    assert tail in hint
    assert "matchAttribute" not in hint


def test_nodes_that_look_alike_are_one_group(run, dump, objects):
    """Nodes with the same devices, score and reason are shown once."""
    for number in range(12):
        objects.append({"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"bare-{number:02}"}})
    out = run("explain", "--cluster", dump(objects), "--pod", "default/job-1").out
    assert "13 nodes: cannot run it, score 0" in out
    assert "bare-07 and 5 more" in " ".join(out.split())


def test_lines_fit_the_terminal(monkeypatch, explained):
    """Prose is wrapped to the terminal's width."""
    monkeypatch.setenv("COLUMNS", "70")
    assert max(map(len, explained().out.splitlines())) <= 70


def test_a_claim_that_is_allocated(run, dump, objects, version_file):
    """Devices that a claim holds already are marked, in the document and in the table."""
    held = api.claim(
        "held",
        ("gpu", "gpu"),
        ("nic", "nic"),
        allocated=[("gpu", "gpu.nvidia.com", "near", "gpu-0"), ("nic", "dra.net", "near", "net1")],
    )
    bound = api.pod("runs", "held")
    bound["spec"]["nodeName"] = "near"
    path = dump([*objects, held, bound])
    argv = ("explain", "--cluster", path, version_file, "--pod", "default/runs", "--node", "near")
    near = run(*argv, "-o", "json").document["nodes"]["near"]
    assert [(device["device"], device["allocated"]) for device in near["devices"]] == [
        ("gpu-0", True),
        ("net1", True),
    ]
    out = run(*argv).out
    assert "it is bound to near" in " ".join(out.split())
    assert out.count(", allocated before") == 2


def test_a_pod_without_claims(run, dump, objects):
    """No claims: allocated everywhere with empty lists, all nodes equal."""
    path = dump([*objects, api.pod("plain")])
    argv = ("explain", "--cluster", path, "--pod", "default/plain")
    nodes = run(*argv, "-o", "json").document["nodes"].values()
    assert {(node["outcome"], len(node["devices"]), node["score"]) for node in nodes} == {
        ("allocated", 0, 50)
    }
    assert "no two devices to align, so all score alike" in " ".join(run(*argv).out.split())


def test_a_missing_claim_is_unknown(run, dump, objects):
    """A claim that does not exist yet: unknown, neutral score, and the reason names it."""
    path = dump([*objects, api.pod("early", "not-yet")])
    out = run("explain", "--cluster", path, "--pod", "default/early").out
    assert "3 nodes: could not be judged, score 50" in out
    assert "why: claim not-yet is not known (yet)" in out


def test_a_missing_class_is_unschedulable(run, dump, objects):
    """A class that is gone: unschedulable, and the reason names it."""
    path = dump([*objects, api.claim("odd", ("x", "gone")), api.pod("odd", "odd")])
    document = run("explain", "--cluster", path, "--pod", "default/odd", "-o", "json").document
    near = document["nodes"]["near"]
    assert near["outcome"] == "unschedulable"
    assert near["reason"] == "class-missing"
    assert "gone" in near["message"]


def test_a_selector_that_fails_is_an_error(run, dump, objects):
    """A CEL runtime error would abort the attempt: outcome error, and the reason says where."""
    expression = "device.attributes['dra.net'].nothing == 1"
    objects[-2]["spec"]["devices"]["requests"][1]["exactly"]["selectors"] = [
        {"cel": {"expression": expression}}
    ]
    out = run("explain", "--cluster", dump(objects), "--pod", "default/job-1").out
    assert "would abort the scheduling attempt, score 0" in out
    assert "the CEL selector fails on" in " ".join(out.split())


def test_the_policy_ignore_makes_all_nodes_equal(run, dump, objects):
    """A pod that ignores alignment has the middle score on every node."""
    calm = api.pod("calm", "job-1-devices", annotations={"dra-extender.io/alignment": "ignore"})
    path = dump([*objects, calm])
    document = run("explain", "--cluster", path, "--pod", "default/calm", "-o", "json").document
    assert {node["score"] for node in document["nodes"].values()} == {50}


@pytest.mark.parametrize("name", ["default/job-2", "other/job-1", "jbo-1"])
def test_a_pod_that_is_not_there(explained, run, cluster_file, name):
    """An unknown pod: status 2, and the nearest names."""
    ran = run("explain", "--cluster", cluster_file, "--pod", name)
    assert ran.status == 2
    assert "did you mean default/job-1?" in ran.err


def test_a_dump_without_pods(run, dump, objects):
    """Without any Pod in the dump the advice is to dump pods too."""
    ran = run("explain", "--cluster", dump(objects[:-1]), "--pod", "default/job-1")
    assert ran.status == 2
    assert "holds no Pod; dump pods too" in ran.err


@pytest.mark.parametrize("name", ["a/b/c", "/job-1", "default/", ""])
def test_a_pod_name_of_the_wrong_form(run, cluster_file, name):
    """The form of --pod is checked first."""
    ran = run("explain", "--cluster", cluster_file, "--pod", name)
    assert ran.status == 2
    assert "expected NAMESPACE/NAME" in ran.err


def test_the_namespace_may_be_left_out(run, cluster_file):
    """A bare name is in the namespace `default`, as with kubectl."""
    assert run("explain", "--cluster", cluster_file, "--pod", "job-1").status == 0


def test_without_a_file_the_live_cluster_is_asked(run, monkeypatch, cluster_file):
    """No --cluster: one reading of the live cluster."""
    live = read([str(cluster_file)])
    asked: list[str] = []

    def read_live(resources, readings, step):
        asked.extend(resource.kind.name for resource in resources)
        return live

    monkeypatch.setattr(cluster_input, "read_live", read_live)
    ran = run("explain", "--pod", "default/job-1")
    assert ran.status == 0
    assert "2 of 3 nodes can run it" in ran.out
    # Nothing that is not needed: whoever explains may not have the right to read it.
    assert "ResourceClaimTemplate" not in asked


def test_objects_of_a_live_cluster_that_cannot_be_read(run, monkeypatch, cluster_file):
    """They are left out and named, the first ones with what is wrong; all else is explained."""
    wrong = tuple(
        DecodeError("Node", f"n-{number}", "spec", "expected object, got int") for number in range(7)
    )
    live = replace(read([str(cluster_file)]), left_out=wrong)
    monkeypatch.setattr(cluster_input, "read_live", lambda **_: live)
    ran = run("explain", "--pod", "default/job-1", "-o", "json")
    assert ran.status == 0
    assert json.loads(ran.out)["nodes"]
    assert ran.err.count("expected object, got int; the object is left out") == 5
    assert "2 more objects cannot be read and are left out" in ran.err


def test_a_live_cluster_that_cannot_be_read(run, monkeypatch):
    """What is wrong with the live cluster: status 2 and the reason."""

    def refuse(**_: object) -> Cluster:
        raise LiveError("nodes: forbidden; grant list on nodes")

    monkeypatch.setattr(cluster_input, "read_live", refuse)
    ran = run("explain", "--pod", "default/job-1")
    assert ran.status == 2
    assert "nodes: forbidden; grant list on nodes" in ran.err


def test_a_card_that_is_used_twice(run):
    """The pod gets a whole card while another pod holds its slices: all of them are named."""
    cluster = FOLDERS / "17-whole-and-sliced-card" / "cluster.yaml"
    text = " ".join(run("explain", "--cluster", cluster, "--pod", "whole").out.split())
    assert (
        "used twice: gpu-0 (the whole card, for this pod) and gpu-0-mig-0, gpu-0-mig-1 (parts of it, held by "
        "default/slices) are one card"
    ) in text


def test_a_device_that_left_its_slice(run):
    """Nothing tells where it is, so its pod is not aligned, which is not to have nothing to align."""
    cluster = FOLDERS / "25-held-device-left-its-slice" / "cluster.yaml"
    lines = run("explain", "--cluster", cluster, "--pod", "running").out.splitlines()
    assert "n1: score 50, not aligned: where its devices are cannot be told" in lines
    nic = next(line for line in lines if line.startswith("  nic"))
    assert nic.endswith("allocated before, which no slice of the node lists any more")


def test_a_nic_without_rdma_is_named(run, dump, objects):
    """It may share the GPU's root and still be of no use: the table says so where the slice does."""
    nics = next(each for each in objects if each["metadata"]["name"] == "near-dra.net")
    for device, rdma in zip(nics["spec"]["devices"], (False, True), strict=True):
        device["attributes"]["dra.net/rdma"] = {"bool": rdma}
    lines = run("explain", "--cluster", dump(objects), "--pod", "job-1").out.splitlines()
    assert [line.rpartition(" of claim ")[2] for line in lines if line.startswith("  nic")] == [
        "job-1-devices, no RDMA",
        "job-1-devices",
    ]


def test_as_if_the_pod_came_anew(run, dump, objects):
    """Its own devices count as free; without the option it is bound to them."""
    held = [("gpu", "gpu.nvidia.com", "far", "gpu-0"), ("nic", "dra.net", "far", "net0")]
    running = api.pod("job-2", "job-2-devices")
    running["spec"]["nodeName"] = "far"
    cluster = dump([*objects, api.claim("job-2-devices", *api.GPU_AND_NIC, allocated=held), running])
    bound = run("explain", "--cluster", cluster, "--pod", "job-2", "-o", "json").document
    assert [device["allocated"] for device in bound["nodes"]["near"]["devices"]] == [True, True]
    ran = run("explain", "--cluster", cluster, "--pod", "job-2", "--anew", "-o", "json")
    near = ran.document["nodes"]["near"]
    assert [(device["pool"], device["device"]) for device in near["devices"]] == [
        ("near", "gpu-0"),
        ("near", "net0"),
    ]
    assert near["alignment"]["predicted"] == 1.0
    assert "note: as if default/job-2 gave back what it holds on far and was created anew" in ran.err
