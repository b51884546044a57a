"""demo: the main job on the embedded recording, over HTTP."""

from __future__ import annotations

import json

import pytest

from extender.cli import main
from extender.cli.bench.documents import documented_facts
from tests import api_objects as api
from tests.cli.recorded import attempt
from tests.machines.facts import facts_file
from tests.paths import DOCS

SAMPLE_FACTS = DOCS / "examples" / "machines.yaml"


def shown(directory, *options):
    """What the demo of the embedded recording prints."""
    path = directory / "out.json"
    with path.open("w") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", stream)
        assert main(["demo", "-o", "json", *options]) == 0
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """Run once."""
    return shown(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def informed(tmp_path_factory):
    """The same with facts of all its machines."""
    directory = tmp_path_factory.mktemp("informed")
    machines = directory / "machines.json"
    machines.write_text(facts_file(documented_facts()))
    return shown(directory, "--machines", str(machines))


def test_every_pod_is_shown(document):
    """All 60 pods are there; 55 got a node, of which 4 had no choice."""
    totals = document["totals"]
    assert len(document["pods"]) == totals["pods"] == 60
    assert totals["placed"] == 55
    assert totals["noChoice"] == 4


def test_every_prediction_was_right(document):
    """The devices predicted on the node that the scheduler chose are those that it allocated."""
    assert document["totals"]["predictions"] == document["totals"]["predictionsRight"] == 55


def test_our_choice_is_never_farther(document):
    """By our own measure the node with the best score is at least as good as the stock one."""
    for pod in document["pods"]:
        if pod["ours"] is not None:
            assert pod["ours"]["score"] >= pod["stock"]["score"], pod["pod"]


def test_more_gpus_share_a_root_with_their_nic(document):
    """The reason for all this: GPU-NIC pairs below one PCIe root, out of equally many."""
    stock, ours = document["totals"]["stockGpuNic"], document["totals"]["oursGpuNic"]
    assert stock["pairs"] == ours["pairs"] == 72
    assert ours["oneRoot"] > 3 * stock["oneRoot"]


def test_the_documents_judge_both_sides(document):
    """The truth is better than what drivers publish, for the stock scheduler most; and we are ahead."""
    documented, published = document["totals"]["documented"], document["totals"]
    assert documented["stockGpuNic"]["pairs"] == documented["oursGpuNic"]["pairs"] == 72
    assert published["stockGpuNic"]["oneRoot"] < documented["stockGpuNic"]["oneRoot"]
    assert documented["stockGpuNic"]["oneRoot"] < documented["oursGpuNic"]["oneRoot"]
    assert published["oursGpuNic"]["oneRoot"] <= documented["oursGpuNic"]["oneRoot"]
    assert documented["ours"]["mean"] > documented["stock"]["mean"]


def test_nearer_is_nearer_by_the_documents(document):
    """Of the moved pods some have nearer devices, and others only known ones; they are told apart."""
    moved = [pod for pod in document["pods"] if pod["ours"] and pod["ours"]["node"] != pod["stock"]["node"]]
    nearer = [
        pod
        for pod in moved
        if (pod["ours"]["documented"]["alignment"] or 0) > (pod["stock"]["documented"]["alignment"] or 0)
    ]
    totals = document["totals"]
    assert (totals["moved"], totals["better"]) == (len(moved), len(nearer))
    assert 0 < totals["told"] <= totals["moved"] - totals["better"]


def test_facts_change_what_is_chosen_and_not_how_it_is_judged(document, informed):
    """The stock placements are judged as before by both; ours are the best by the documents."""
    before, after = document["totals"], informed["totals"]
    assert (before["stock"], before["stockGpuNic"]) == (after["stock"], after["stockGpuNic"])
    assert before["documented"]["stock"] == after["documented"]["stock"]
    assert after["documented"]["ours"]["mean"] > before["documented"]["ours"]["mean"]
    assert after["documented"]["ours"]["oneRoot"] > before["documented"]["ours"]["oneRoot"]
    assert after["predictionsRight"] == 55


def test_what_facts_tell_is_marked(document, informed):
    """No pair without facts; with them those that nothing published tells, and no others."""
    for shown, sources in ((document, {None}), (informed, {None, "machine-facts"})):
        placements = [pod[side] for pod in shown["pods"] for side in ("stock", "ours") if pod[side]]
        assert {pair["source"] for each in placements for pair in each["pairs"]} == sources
        for each in placements:
            told = any(pair["source"] for pair in each["pairs"])
            known = [pair["distance"] for pair in each["pairs"]]
            assert told is (known != [pair["distance"] for pair in each["published"]["pairs"]])


def test_the_table_says_what_facts_tell(run, tmp_path):
    """Beside the distances of the placement; facts that no node has are named."""
    machines = tmp_path / "machines.json"
    machines.write_text(facts_file(documented_facts()))
    ran = run("demo", "--pods", "2", "--machines", machines, SAMPLE_FACTS)
    assert "unknown; gpu-0, pci-0000-00-15-0" in ran.out
    assert "pcie-root by facts of the machine" in ran.out
    assert "the facts of r760xa" in ran.err
    assert "no node has their labels" in ran.err


def test_no_reachable_alignment_is_left(document):
    """Where several nodes are equal, ours is the stock node if that is one of them."""
    for pod in document["pods"]:
        if pod["ours"] is not None and pod["ours"]["score"] == pod["stock"]["score"]:
            assert pod["ours"]["node"] == pod["stock"]["node"]


def test_the_table(run, record, placed):
    """A pod, what it asked for, where it went and where it would have gone, with distance and devices."""
    ran = run("demo", "--recording", record(placed(node="far", allocations={"job-1-devices": FAR})))
    assert ran.status == 0
    assert (
        "job-1: 1 gpu, 1 nic; best of 2 nodes\n"
        "  stock  far    40  remote; gpu-0, net0\n"
        "  ours   near  100  pcie-root; gpu-0, net0\n"
    ) in ran.out
    assert "1 pod: 1 got a node, 1 of them with devices to align; 0 had no choice" in ran.out
    assert "with our scores 1 would have gone to another node: 1 to nearer devices, 0 others" in ran.out
    assert "predicted devices right: 1/1" in ran.out
    assert "judged on the state that the real cluster had at that moment" in " ".join(ran.out.split())


FAR = {
    "devices": {
        "results": [
            {"request": "gpu", "driver": "gpu.nvidia.com", "pool": "far", "device": "gpu-0"},
            {"request": "nic", "driver": "dra.net", "pool": "far", "device": "net0"},
        ]
    }
}


def test_a_sites_own_vocabulary_and_worths_count(run, record, placed, tmp_path):
    """What the devices are, and what the score and both means say of their distance."""
    vocabulary, worths = tmp_path / "vocabulary.yaml", tmp_path / "worths.yaml"
    vocabulary.write_text("drivers: {dra.net: {kind: nvme}}")
    worths.write_text("pairs: {gpu-nvme: {remote: 0.5}}")
    recording = record(placed(node="far", allocations={"job-1-devices": FAR}))
    out = run("demo", "--recording", recording, "--vocabulary", vocabulary, "--worths", worths).out
    assert "job-1: 1 gpu, 1 nvme; best of 2 nodes\n  stock  far    50  remote; gpu-0, net0\n" in out
    assert "mean alignment of a pod, 0..1 0.50 1.00" in " ".join(out.split())


def test_the_stock_node_wins_a_tie(run, record, placed):
    """The scheduler's own choice stands where it has the highest score."""
    out = run("demo", "--recording", record(placed())).out
    assert "  both   near  100  pcie-root; gpu-0, net0\n" in out
    assert "with our scores 0 would have gone to another node" in out


def test_one_feasible_node_is_no_choice(run, record, placed):
    """Prioritize is not called for a single node, so nothing could have been chosen."""
    out = run("demo", "--recording", record(placed(offered=("near",)))).out
    assert "no choice, one node could run it" in out
    assert "1 had no choice" in out


def test_a_pod_without_a_node_has_a_reason(run, record):
    """For a pod that got no node the reason is told in words, with the number of nodes."""
    line = attempt(
        "job-9",
        [api.claim("job-9-devices", *[(f"gpu-{number}", "gpu") for number in range(3)])],
        node=None,
        allocations={"job-9-devices": None},
        condition={"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no"},
    )
    out = run("demo", "--recording", record(line)).out
    assert "job-9: 3 gpu; got no node (Unschedulable)" in out
    assert "3 nodes: no set of free devices on this node satisfies all claims of the pod" in out


def test_a_wrong_prediction_is_not_hidden(run, record, placed):
    """Devices other than predicted count as such, and the ones that were allocated are shown."""
    other = api.allocation(("gpu", "gpu.nvidia.com", "near", "gpu-0"), ("nic", "dra.net", "near", "net1"))
    out = run("demo", "--recording", record(placed(allocations={"job-1-devices": other}))).out
    assert "remote; gpu-0, net1" in out
    assert "predicted devices right: 0/1" in out


def test_pods_limits_the_demo(run):
    """--pods shows the first few only."""
    ran = run("demo", "--pods", "2", "-o", "json")
    assert [pod["pod"] for pod in ran.document["pods"]] == ["job-0", "job-1"]


def test_pods_must_be_positive(run):
    """--pods 0 is wrong usage."""
    assert run("demo", "--pods", "0").status == 2


def test_a_broken_recording(run, tmp_path):
    """A file that is no recording: status 2 and its name."""
    path = tmp_path / "broken.jsonl"
    path.write_text("{}\n")
    ran = run("demo", "--recording", path)
    assert ran.status == 2
    assert f"{path}: line 1" in ran.err


def test_a_recorded_request_that_is_refused(run, record, placed):
    """A body that the service refuses ends the demo with the service's reason."""
    line = placed()
    line["requests"][1]["body"] = {"Pod": line["requests"][0]["body"]["Pod"]}
    ran = run("demo", "--recording", record(line))
    assert ran.status == 2
    assert "the recorded prioritize is refused" in ran.err
    assert "NodeNames" in ran.err
