"""What an audit tells to do: the plan, its commands, jobs, pods that wait, and equal findings."""

from __future__ import annotations

import re
import shlex

import pytest

from tests import api_objects as api
from tests.paths import DOCS


def far_node(name):
    """A node whose first GPU and first NIC are on different NUMA nodes, and have no near ones."""
    return [
        api.node(name),
        api.resource_slice(name, "gpu.nvidia.com", ("gpu-0", "pci0000:10", 0)),
        api.resource_slice(name, "dra.net", ("net0", "pci0000:80", 1)),
    ]


def pod_on(node, name, labels=None, owner=None):
    """A pod bound to a node, with the first GPU and NIC there."""
    results = (("gpu", "gpu.nvidia.com", node, "gpu-0"), ("nic", "dra.net", node, "net0"))
    claim = api.claim(f"{name}-devices", *api.GPU_AND_NIC, allocated=results)
    metadata = {"labels": labels} if labels else {}
    if owner:
        kind, called = owner
        metadata["ownerReferences"] = [{"kind": kind, "name": called, "controller": True}]
    pod = api.pod(name, f"{name}-devices", **metadata)
    pod["spec"]["nodeName"] = node
    return [claim, pod]


def near_node(name):
    """A node with a GPU and a NIC on one root."""
    return [
        api.node(name),
        api.resource_slice(name, "gpu.nvidia.com", ("gpu-0", "pci0000:10", 0)),
        api.resource_slice(name, "dra.net", ("net0", "pci0000:10", 0)),
    ]


def gpu_taken(node):
    """A claim that holds the GPU of a node, so that no pod can go there."""
    return [api.claim(f"takes-{node}", ("gpu", "gpu"), allocated=[("gpu", "gpu.nvidia.com", node, "gpu-0")])]


@pytest.fixture
def audited(run, dump, objects):
    """Audit the small cluster, whose node `near` is free, with more objects."""

    def audit(*more, output="json", top=10):
        cluster = dump([*objects, *(each for group in more for each in group)])
        ran = run("audit", "--cluster", cluster, "--kubernetes", "1.36.2", "-o", output, "--top", top)
        return ran if output != "json" else ran.document

    return audit


def test_two_pods_for_one_place_are_one_move(audited):
    """Each could go to the free node, and only one of them can."""
    pods = (far_node("x"), pod_on("x", "a"), far_node("y"), pod_on("y", "b"))
    document = audited(gpu_taken("far"), *pods)
    assert document["totals"]["avoidable"] == 2
    (move,) = document["plan"]["moves"]
    assert (move["pod"], move["from"], move["node"]) == ("default/a", "x", "near")
    assert {each["pool"] for each in move["devices"]} == {"near"}
    assert [each["device"] for each in move["devices"]] == ["gpu-0", "net0"]
    assert document["plan"]["complete"]


def test_the_command_of_a_move_shows_its_devices(run, audited):
    """It can be run as it is printed."""
    (move,) = audited(far_node("x"), pod_on("x", "a"))["plan"]["moves"]
    program, *arguments = shlex.split(move["command"])
    assert program == "dra-extender"
    shown = run(*arguments, "-o", "json").document["nodes"]["near"]["devices"]
    assert [each["device"] for each in shown] == [each["device"] for each in move["devices"]]


def test_the_command_of_a_move_knows_the_hardware_too(run, dump, objects):
    """Files of the site change what is near, so that each command names them."""
    examples = {name: DOCS / "examples" / f"{name}.yaml" for name in ("vocabulary", "worths", "machines")}
    cluster = dump([*objects, *far_node("x"), *pod_on("x", "a")])
    site = [part for name, path in examples.items() for part in (f"--{name}", path)]
    ran = run("audit", "--cluster", cluster, "--kubernetes", "1.36.2", "-o", "json", *site, "none")
    (move,) = ran.document["plan"]["moves"]
    assert move["command"].endswith(f"{shlex.join(map(str, site))} none")
    _, *arguments = shlex.split(move["command"])
    assert run(*arguments).status == 0


def test_a_claim_that_has_to_be_rewritten_is_named_and_advised_on(run, audited):
    """The near NIC of the only node that is left is not the first one."""
    (move,) = audited(gpu_taken("near"), pod_on("far", "a"))["plan"]["moves"]
    assert (move["node"], move["rewritten"]) == ("far", ["a-devices"])
    _, *arguments = shlex.split(move["command"])
    assert arguments[0] == "advise"
    assert "Pod default/a" in run(*arguments).out


def test_equal_findings_are_told_once(audited):
    """With how many pods they are about, in the table and on the page."""
    more = [part for name in "xyz" for part in (far_node(name), pod_on(name, f"p-{name}"))]
    more.append(gpu_taken("far"))
    table = audited(*more, output="table").out
    assert "default/p-x on x, and 2 pods alike: has 40 %, could have 100 %" in table
    assert table.count("has 40 %, could have") == 1
    assert "move 1 of the plan; 1 of these 3 pods are in it" in " ".join(table.split())
    page = audited(*more, output="html").out
    assert page.count("could have 100") == 2  # the card, and the machine type


def test_one_slow_pod_of_a_job_comes_first(audited):
    """A job is as fast as its worst pod."""
    of_job = {"jobset.sigs.k8s.io/jobset-name": "llama"}
    pods = (pod_on("x", "slow", of_job), pod_on("near", "a", of_job), pod_on("n2", "b", of_job))
    more = (far_node("x"), near_node("n2"), near_node("n3"), *pods)
    (job,) = audited(*more)["jobs"]
    assert (job["kind"], job["name"]) == ("JobSet", "llama")
    assert (job["achieved"], job["slow"], job["others"]) == (0.4, 1, 1.0)
    told = " ".join(audited(*more, output="table").out.split())
    sentence = (
        "JobSet default/llama: 1 pod of 3 slows it, default/slow on x: has 40 %, the others at least 100 %"
    )
    assert sentence in told
    assert told.index(sentence) < told.index("pods that lose most")


def test_pods_that_wait_are_told_with_the_reason(audited):
    """On how many nodes what is in the way; the pod of the small cluster fits on two nodes."""
    big = api.claim("big", ("gpu", "gpu"))
    big["spec"]["devices"]["requests"][0]["exactly"]["count"] = 5
    fits, waits = audited([big, api.pod("waits", "big")])["pending"]
    assert (fits["pods"], fits["fit"]) == (["default/job-1"], 2)
    assert (waits["pods"], waits["fit"]) == (["default/waits"], 0)
    assert sum(each["nodes"] for each in waits["reasons"]) == 3
    assert "--pod default/waits --anew" in waits["command"]


def test_free_pairs_are_counted_by_machine_type(audited):
    """A GPU and a NIC near each other that nobody holds."""
    pairs = {each["example"]: each["freePairs"] for each in audited(pod_on("far", "a"))["nodeShapes"]}
    assert pairs == {"near": 1, "far": 0}


def test_the_page_says_where_it_is_from_and_links_to_drawings(audited):
    """Which cluster, when, by which command; every link leads somewhere on the page."""
    page = audited(far_node("x"), pod_on("x", "a"), output="html").out
    assert re.search(r"Cluster: [^<]*cluster\.json; read \d{4}-\d\d-\d\d \d\d:\d\d UTC", page)
    assert "<code>dra-extender " in page
    targets = re.findall(r'href="#([^"]*)"', page)
    assert "machine-x" in targets
    assert all(f'id="{target}"' in page for target in targets)


def test_a_spent_budget_is_said(monkeypatch, audited):
    """The plan is what was found until then."""
    monkeypatch.setattr("extender.core.audit.planner.PLAN_UNITS", 1)
    table = audited(far_node("x"), pod_on("x", "a"), output="table").out
    assert "1 could have nearer devices now, at least 0 of them together" in " ".join(table.split())
