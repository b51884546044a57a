"""advise: the table, the document, the manifests, and what it refuses."""

from __future__ import annotations

import pytest
import yaml

from extender.cli import cluster_input
from extender.kube.api.listing import LiveError
from extender.kube.files.cluster import Cluster
from extender.kube.files.cluster_file import read
from tests import api_objects as api
from tests.cli.advise.manifests import pod_of, template

PCIE_ROOT = "resource.kubernetes.io/pcieRoot"


@pytest.fixture
def advised(run, cluster_file, version_file):
    """Advise on the small cluster; arguments follow."""

    def run_advise(*argv):
        return run("advise", "--cluster", cluster_file, version_file, *argv)

    return run_advise


PAIR = (("gpu", "gpu"), ("nic", "nic"))


def test_the_table(advised):
    """Counts for each constraint, nearness, and one sentence of advice."""
    ran = advised("--pod", "default/job-1")
    assert ran.status == 0
    assert ran.out == (
        "Pod default/job-1 on Kubernetes 1.36.2, 3 nodes: 2 can meet it as written now, 2 when empty\n"
        "  not all is known of the nodes that accept the pod: the input does not say how much CPU and "
        "memory\n"
        "  3 nodes have\n"
        "\n"
        "nodes that can meet the claim                     now  empty\n"
        "  as written                                        2      2\n"
        "  resource.kubernetes.io/pcieRoot over gpu + nic    2      2\n"
        "  resource.kubernetes.io/numaNode over gpu + nic    2      2\n"
        "  rewritten to prefer near devices                  2      2\n"
        "\n"
        "nodes by distance, no topology constraint  one root  one NUMA  farther  unknown\n"
        "  the scheduler takes, now                        1         0        1        0\n"
        "  the scheduler takes, rewritten                  2         0        0        0\n"
        "  nearest possible, now                           2         0        0        0\n"
        "  nearest possible, empty                         2         0        0        0\n"
        "\n"
        "advice: a hard matchAttribute, resource.kubernetes.io/pcieRoot over gpu + nic, costs no node when\n"
        "    the cluster is empty\n"
    )


def test_the_document(advised):
    """-o json has every key of the contract."""
    document = advised("--pod", "default/job-1", "-o", "json").document
    assert {key: document[key] for key in ("apiVersion", "kind", "kubernetes")} == {
        "apiVersion": "dra-extender.io/v1alpha1",
        "kind": "Advice",
        "kubernetes": "1.36.2",
    }
    (subject,) = document["subjects"]
    assert subject["subject"] == "Pod default/job-1"
    assert subject["claims"] == ["job-1-devices"]
    assert (subject["nodes"], subject["blocked"], subject["warnings"]) == (3, False, [])
    assert [each["constraint"] for each in subject["options"]] == [
        "as-written",
        "none",
        "match",
        "match",
        "soft",
    ]
    assert subject["options"][2] == {
        "constraint": "match",
        "attribute": PCIE_ROOT,
        "groups": [{"claim": "job-1-devices", "requests": ["gpu", "nic"]}],
        "oneClaim": False,
        "count": None,
        "now": {"allocated": 2, "unschedulable": 1, "error": 0, "unknown": 0},
        "empty": {"allocated": 2, "unschedulable": 1, "error": 0, "unknown": 0},
        "published": [
            {"driver": "dra.net", "devices": 4, "published": 4, "sayNothing": 0, "flatNodes": 0},
            {"driver": "gpu.nvidia.com", "devices": 2, "published": 2, "sayNothing": 0, "flatNodes": 0},
        ],
    }
    assert subject["nearness"] == {
        "firstFit": {"pcie-root": 1, "numa": 0, "unknown": 0, "far": 1},
        "rewritten": {"pcie-root": 2, "numa": 0, "unknown": 0, "far": 0},
        "best": {"pcie-root": 2, "numa": 0, "unknown": 0, "far": 0},
        "bestEmpty": {"pcie-root": 2, "numa": 0, "unknown": 0, "far": 0},
        "guessed": 0,
        "guessedEmpty": 0,
    }
    (rewrite,) = subject["rewrites"]
    assert rewrite["claim"] == "job-1-devices"
    assert rewrite["form"] in (1, 2)
    assert rewrite["reason"] is rewrite["message"] is None


def test_a_template_of_a_file(advised, manifest):
    """-f takes a template that no cluster has yet."""
    ran = advised("-f", manifest(template("pair", *PAIR)), "-o", "json")
    (subject,) = ran.document["subjects"]
    assert subject["subject"] == "ResourceClaimTemplate default/pair"
    assert subject["options"][0]["now"]["allocated"] == 2


def test_a_pod_of_a_file_with_two_templates(advised, manifest):
    """A pod stands for the templates it uses; a template it does not use is a subject of its own."""
    path = manifest(
        pod_of("g", "n"), template("g", ("dev", "gpu")), template("n", ("dev", "nic")), template("o", *PAIR)
    )
    subjects = advised("-f", path, "-o", "json").document["subjects"]
    assert [each["subject"] for each in subjects] == ["Pod default/new", "ResourceClaimTemplate default/o"]
    assert [each["code"] for each in subjects[0]["warnings"]] == ["separate-claims"]
    assert subjects[0]["options"][2]["oneClaim"] is True
    assert subjects[0]["options"][2]["groups"] == [{"claim": None, "requests": ["new-g-dev", "new-n-dev"]}]


def test_a_deployment(advised, manifest):
    """The pods that a workload makes count as pods."""
    pod = pod_of("pair")
    workload = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"metadata": {}, "spec": pod["spec"]}},
    }
    subjects = advised("-f", manifest(workload, template("pair", *PAIR)), "-o", "json").document["subjects"]
    assert [each["subject"] for each in subjects] == ["Pod default/web"]


def test_classes_of_the_file_count(advised, manifest):
    """A class that comes with the claim is there when the claim is."""
    mine = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": "mine"},
        "spec": {"selectors": [{"cel": {"expression": "device.driver == 'gpu.nvidia.com'"}}]},
    }
    assert advised("-f", manifest(template("one", ("gpu", "mine")))).status == 1
    assert advised("-f", manifest(template("one", ("gpu", "mine")), mine)).status == 0


def test_a_claim_that_holds_nowhere_is_a_finding(advised, manifest):
    """Status 1 if a claim can be met on no node, not even an empty one; the table says so first."""
    wrong = {"requests": ["gpu", "nic"], "matchAttribute": "k8s.io/pcieRoot"}
    ran = advised("-f", manifest(template("pair", *PAIR, constraints=[wrong])))
    assert ran.status == 1
    text = " ".join(ran.out.split())
    assert "3 nodes: can be met nowhere as written blocks: no node can meet this" in text
    assert f"no device publishes that name; use {PCIE_ROOT}" in text


def test_the_rewritten_claim(advised, manifest):
    """-o yaml prints the claim with everything else kept, then policies that do the same."""
    config = [{"requests": ["nic"], "opaque": {"driver": "dra.net", "parameters": {"mtu": 9000}}}]
    pair = template("pair", *PAIR)
    pair["spec"]["spec"]["devices"]["config"] = config
    ran = advised("-f", manifest(pair), "-o", "yaml")
    assert ran.status == 0
    claim, *policies = yaml.safe_load_all(ran.out)
    assert claim["metadata"] == pair["metadata"]
    devices = claim["spec"]["spec"]["devices"]
    assert devices["config"] == config
    assert {name for each in devices["requests"] for name in [each["name"]]} == {"gpu", "nic"}
    assert any("firstAvailable" in each for each in devices["requests"])
    assert devices["constraints"][0]["matchAttribute"] == PCIE_ROOT
    assert {each["kind"] for each in policies} == {
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
    }


def test_the_rewritten_claim_of_a_dump(advised, cluster_file):
    """The claim of a pod in a dump is printed without what the API server adds."""
    claim = next(iter(yaml.safe_load_all(advised("--pod", "job-1", "-o", "yaml").out)))
    assert claim["metadata"] == {"name": "job-1-devices", "namespace": "default"}
    assert "status" not in claim


def test_a_required_root_becomes_a_preferred_one(advised, manifest):
    """A claim with a constraint on locations is printed as one that prefers, and the comment says so."""
    hard = {"requests": ["gpu", "nic"], "matchAttribute": PCIE_ROOT}
    ran = advised("-f", manifest(template("pair", *PAIR, constraints=[hard])), "-o", "yaml")
    assert f"it prefers what the constraint on {PCIE_ROOT} required" in " ".join(ran.out.split("\n# "))


def test_no_rewrite_is_a_comment(advised, manifest):
    """A claim for which no form is safe stays as it is, and the comment says why."""
    ran = advised("-f", manifest(template("one", ("gpu", "gpu"))), "-o", "yaml")
    assert ran.status == 0
    assert ran.out.startswith("# ResourceClaimTemplate default/one is not rewritten: ")
    assert list(yaml.safe_load_all(ran.out)) in ([], [None])


def test_extended_resources(run, dump, objects, manifest):
    """A pod with extended resources has no claim to rewrite, but could have a constraint."""
    for each in objects:
        if each["kind"] == "DeviceClass":
            each["spec"]["extendedResourceName"] = f"example.com/{each['metadata']['name']}"
    pod = pod_of()
    pod["spec"]["containers"][0]["resources"] = {"requests": {"example.com/gpu": 1, "example.com/nic": 1}}
    gates = ("--kubernetes", "1.36", "--feature-gates", "DRAExtendedResource=true")
    argv = ("advise", "--cluster", dump(objects), *gates, "-f", manifest(pod))
    (subject,) = run(*argv, "-o", "json").document["subjects"]
    assert [each["code"] for each in subject["warnings"]] == ["extended-resources"]
    assert [each["now"]["allocated"] for each in subject["options"]] == [2, 2, 2, 2]
    assert {each["claim"] for each in subject["options"][2]["groups"]} == {"<extended-resources>"}
    assert run(*argv, "-o", "yaml").out == "# Pod default/new has no claim to rewrite\n"


def test_a_pod_without_claims(advised, manifest):
    """There is nothing to advise on, and nothing wrong with it."""
    ran = advised("-f", manifest(pod_of()))
    assert ran.status == 0
    assert ran.out == "Pod default/new on Kubernetes 1.36.2, 3 nodes: asks for no devices\n"


def test_without_a_file_the_live_cluster_is_asked(run, monkeypatch, cluster_file, manifest):
    """No --cluster: one reading of the live cluster, whose claims are not there as written."""
    live = read([str(cluster_file)])
    monkeypatch.setattr(cluster_input, "read_live", lambda **_: live)
    assert "2 can meet it as written" in run("advise", "--pod", "job-1").out
    assert "to print it, give the claim" in run("advise", "--pod", "job-1", "-o", "yaml").out
    assert run("advise", "-f", manifest(template("pair", *PAIR))).status == 0


def test_a_live_cluster_that_cannot_be_read(run, monkeypatch):
    """What is wrong with the live cluster: status 2 and the reason."""

    def refuse(**_: object) -> Cluster:
        raise LiveError("nodes: forbidden; grant list on nodes")

    monkeypatch.setattr(cluster_input, "read_live", refuse)
    ran = run("advise", "--pod", "default/job-1")
    assert ran.status == 2
    assert "nodes: forbidden" in ran.err


def test_a_claim_that_is_missing(advised, manifest):
    """A pod whose template is nowhere: status 2, with file, field and what to add."""
    path = manifest(pod_of("gone"))
    ran = advised("-f", path)
    assert ran.status == 2
    assert ran.err == (
        f"dra-extender advise: -f {path}: Pod default/new: spec.resourceClaims[0]: ResourceClaimTemplate "
        f"default/gone is not in {path} and the cluster; add it\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Service\nmetadata: {name: x}\n", "holds no claim; expected a ResourceClaim"),
        ("{", "the file ends within an object"),
        ("kind: ResourceClaim\nmetadata: {}\n", "metadata.name: missing"),
        (
            "kind: ResourceClaim\nmetadata: {name: x}\nspec: {devices: {requests: 7}}\n",
            "spec.devices.requests: expected array, got int",
        ),
        ("- 1\n", "no object of Kubernetes"),
    ],
)
def test_files_that_hold_no_claim(advised, tmp_path, text, message):
    """What is wrong with the file of -f is told with its name."""
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    ran = advised("-f", path)
    assert ran.status == 2
    assert str(path) in ran.err
    assert message in ran.err


def test_pod_or_file(run, cluster_file):
    """One of --pod and -f is needed, not both."""
    assert run("advise", "--cluster", cluster_file).status == 2
    assert run("advise", "--cluster", cluster_file, "--pod", "a", "-f", "b").status == 2
    ran = run("advise", "--cluster", cluster_file, "--pod", "default/job-2")
    assert "did you mean default/job-1?" in ran.err


def test_a_field_that_came_with_a_later_release(advised, manifest):
    """The API server of 1.36 does not know it; that of 1.37 does."""
    written = template("pair", *PAIR)
    request = written["spec"]["spec"]["devices"]["requests"][0]
    request["exactly"]["derivedAttributes"] = [
        {"name": "a.example/b", "expression": "device.attributes['a.example'].b"}
    ]
    path = manifest(written)
    ran = advised("-f", path, "--kubernetes", "1.36")
    assert ran.status == 2
    assert (
        'ResourceClaimTemplate "default/pair": spec.spec.devices.requests[0].exactly.derivedAttributes: '
        "unknown field in Kubernetes 1.36; it came with 1.37" in ran.err
    )
    assert "unknown field" not in advised("-f", path, "--kubernetes", "1.37").err


def test_a_claim_that_the_pod_cannot_use(run, dump, objects):
    """As explain says it: the claim was made for another pod; the counts are of a pod that could."""
    for each in objects:
        if each["kind"] == "Pod" and each["metadata"]["name"] == "job-1":
            each["spec"]["resourceClaims"] = [
                {"name": entry["name"], "resourceClaimTemplateName": "t"}
                for entry in each["spec"]["resourceClaims"]
            ]
            each["status"] = {
                "resourceClaimStatuses": [
                    {"name": entry["name"], "resourceClaimName": "job-1-devices"}
                    for entry in each["spec"]["resourceClaims"]
                ]
            }
    ran = run("advise", "--cluster", dump(objects), "--pod", "default/job-1", "--kubernetes", "1.36")
    assert "the pod cannot use its claims as they stand" in ran.out.replace("\n", " ")
    assert "was made from a template, but for another pod" in ran.out.replace("\n    ", " ")


def with_taint(objects, name):
    """The objects of the cluster, one node of which has a taint."""
    for each in objects:
        if each["kind"] == "Node" and each["metadata"]["name"] == name:
            each["spec"] = {"taints": [{"key": "reserved", "effect": "NoSchedule"}]}
        if each["kind"] == "Node":
            each["status"] = {"allocatable": {"cpu": "8", "memory": "16Gi", "pods": "110"}}
    return objects


def test_only_nodes_that_accept_the_pod_count(run, dump, objects):
    """Its node selector, taints, CPU and the like decide; who refuses it, and why, is said."""
    cluster = dump(with_taint(objects, "far"))
    ran = run("advise", "--cluster", cluster, "--pod", "job-1", "--kubernetes", "1.36.2")
    assert "2 of 3 nodes: 1 can meet it as written now, 1 when empty" in ran.out
    words = " ".join(ran.out.split())
    assert "2 of 3 nodes accept the pod beside its devices, and only these are counted: " in words
    assert "the node has taint reserved:NoSchedule, which the pod does not tolerate (1 node)" in words
    document = run("advise", "--cluster", cluster, "--pod", "job-1", "-o", "json").document
    runnable = document["subjects"][0]["runnable"]
    assert (runnable["nodes"], runnable["now"], runnable["empty"]) == (3, 2, 2)
    assert [(each["code"], each["nodes"]) for each in runnable["refusals"]] == [("taint", 1)]
    assert runnable["unchecked"] == []


def test_a_node_that_is_full_counts_when_it_is_empty(run, dump, objects):
    """CPU that others have is missing now, and is there on the empty cluster."""
    busy = api.pod("busy")
    busy["spec"] |= {
        "nodeName": "near",
        "containers": [{"name": "main", "resources": {"requests": {"cpu": "8"}}}],
    }
    for each in with_taint(objects, "far"):
        if each["kind"] == "Pod":
            each["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1"}}
    ran = run("advise", "--cluster", dump([*objects, busy]), "--pod", "job-1", "--kubernetes", "1.36.2")
    assert "2 of 3 nodes: 0 can meet it as written now, 1 when empty" in ran.out
    assert "1 of 3 nodes accepts the pod beside its devices, 2 when empty" in " ".join(ran.out.split())


def test_where_no_node_accepts_the_pod_all_count(run, dump, objects):
    """Else nothing could be said of its claims; that the pod can run nowhere is said first."""
    for each in with_taint(objects, "far"):
        if each["kind"] == "Pod":
            each["spec"]["nodeSelector"] = {"zone": "mars"}
    ran = run("advise", "--cluster", dump(objects), "--pod", "job-1", "--kubernetes", "1.36.2")
    assert "3 nodes: 2 can meet it as written now" in ran.out
    assert "no node accepts the pod, not even an empty one, so all are counted: " in ran.out


def test_what_a_dump_does_not_tell_is_said(run, cluster_file):
    """Nodes without amounts refuse nothing."""
    ran = run("advise", "--cluster", cluster_file, "--pod", "job-1", "--kubernetes", "1.36.2")
    assert "the input does not say how much CPU and memory 3 nodes have" in " ".join(ran.out.split())


def test_a_workload_of_a_file_is_asked_for_what_its_pods_ask(run, dump, objects, manifest):
    """The node selector of a template counts, too; a lone claim asks for nothing of a node."""
    given = template("pair", *PAIR), pod_of("pair")
    given[1]["spec"]["nodeSelector"] = {"zone": "a"}
    for each in with_taint(objects, "far"):
        if each["kind"] == "Node" and each["metadata"]["name"] == "near":
            each["metadata"]["labels"] = {"zone": "a"}
    cluster = dump(objects)
    ran = run("advise", "--cluster", cluster, "-f", manifest(*given), "-o", "json")
    assert ran.document["subjects"][0]["runnable"]["now"] == 1
    ran = run("advise", "--cluster", cluster, "-f", manifest(given[0]), "-o", "json")
    assert ran.document["subjects"][0]["runnable"] is None
