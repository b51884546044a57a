"""The nomination of a pending pod, as a dump shows it."""

from __future__ import annotations

from copy import deepcopy

import pytest

from tests import api_objects as api

OURS, SCHEDULER = "dra-extender-nominate", "kube-scheduler"
ALIGNMENT = "dra-extender.io/alignment"


@pytest.fixture
def nominated(run, dump):
    """Explain job-1, which is nominated for a node by a manager."""

    def explain(node, manager="", *argv, **annotations):
        objects = deepcopy(api.SMALL_CLUSTER)
        (pod,) = (each for each in objects if each["kind"] == "Pod" and each["metadata"]["name"] == "job-1")
        pod["status"] = {"nominatedNodeName": node}
        pod["metadata"]["annotations"] = annotations
        if manager:
            fields_v1 = {"f:status": {"f:nominatedNodeName": dict[str, object]()}}
            pod["metadata"]["managedFields"] = [{"manager": manager, "fieldsV1": fields_v1}]
        return run("explain", "--cluster", dump(objects), "--kubernetes", "1.36", "--pod", "job-1", *argv)

    return explain


@pytest.mark.parametrize(
    ("node", "manager", "said"),
    [
        ("near", OURS, "named by dra-extender; as things stand it ranks first, alone"),
        ("far", OURS, "named by dra-extender; as things stand other nodes rank before it by alignment"),
        ("gone", OURS, "named by dra-extender"),
        ("near", "", "the input does not tell who named it; kubectl tells with --show-managed-fields; as"),
        ("near", SCHEDULER, "named by kube-scheduler: for preemption, or because the pod is about to be"),
    ],
)
def test_who_named_the_node_and_how_it_ranks(nominated, node, manager, said):
    """In the document, and after the summary of the table."""
    nomination = nominated(node, manager, "-o", "json").document["nomination"]
    assert (nomination["node"], nomination["reason"]) == (node, None)
    assert nomination["message"].startswith(said)
    text = " ".join(nominated(node, manager).out.split())
    assert f" nominated for {node}: {nomination['message']} " in text


def test_a_node_that_lost_its_devices(nominated):
    """The reason is that of the node."""
    message = nominated("empty", OURS, "-o", "json").document["nomination"]["message"]
    assert message == "named by dra-extender; as things stand no driver publishes devices for this node"


def test_equal_nodes(nominated):
    """A node that is not asked about does not count."""
    message = nominated("far", OURS, "-o", "json", "--node", "far").document["nomination"]["message"]
    assert message.endswith("it ranks first, alone")


def test_where_all_nodes_are_alike(nominated):
    """The pod ignores alignment, so that no node ranks."""
    message = nominated("near", OURS, "-o", "json", **{ALIGNMENT: "ignore"}).document["nomination"]["message"]
    assert message == "named by dra-extender"


def test_pods_without_a_nomination(run, cluster_file):
    """The document has no such key."""
    document = run(
        "explain", "--cluster", cluster_file, "--kubernetes", "1.36", "--pod", "job-1", "-o", "json"
    ).document
    assert "nomination" not in document
