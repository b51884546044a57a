"""What of a pending pod decides about its nomination."""

from __future__ import annotations

import json

import pytest

from extender.kube.decode import DecodeError, Interner
from extender.kube.decode.open_nodes import open_node
from extender.kube.decode.pending_pods import pending_pod
from extender.model.open_nodes import OpenNode
from extender.model.pending_pods import NodeDemand, PendingPod

CLAIMS = [{"name": "c", "resourceClaimName": "job-1-c"}]


def read(metadata=None, spec=None, status=None):
    document = {
        "metadata": {"namespace": "team", "name": "job-1", "uid": "u-1", "resourceVersion": "7"}
        | (metadata or {}),
        "spec": {"resourceClaims": CLAIMS} | (spec or {}),
        "status": status or {},
    }
    key, value = pending_pod(json.dumps(document).encode(), Interner())
    assert key == ("team", "job-1")
    return value


def test_defaults():
    """A pod that asks for devices and nothing else."""
    assert read() == PendingPod("team", "job-1", "u-1", "7")


def test_fields():
    """Each field that decides."""
    pod = read(
        {"creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": "2026-01-01T00:00:01Z"},
        {"priority": 5, "schedulerName": "other", "schedulingGates": [{"name": "g"}]},
        {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]},
    )
    assert pod == PendingPod(
        "team",
        "job-1",
        "u-1",
        "7",
        priority=5,
        created="2026-01-01T00:00:00Z",
        scheduler="other",
        unschedulable=True,
        deleting=True,
        gated=True,
    )


@pytest.mark.parametrize("spec", [{"nodeName": "a"}, {"resourceClaims": None}, {"resourceClaims": []}])
def test_pods_that_do_not_matter(spec):
    """Those with a node, and those without claims."""
    assert read(spec=spec) is None


@pytest.mark.parametrize("field", ["schedulingGroup", "workloadRef"])
def test_pod_groups(field):
    """As 1.36 and as 1.35 spell it."""
    assert read(spec={field: {"name": "g"}}).grouped
    assert not read(spec={field: None}).grouped


def test_who_nominated():
    """The managers of the field, not those of other fields."""
    managed = [
        {"manager": "kube-scheduler", "fieldsV1": {"f:status": {"f:conditions": {}}}},
        {"manager": "us", "fieldsV1": {"f:status": {"f:nominatedNodeName": {}}}},
        {"manager": "kubelet"},
    ]
    pod = read({"managedFields": managed}, status={"nominatedNodeName": "node-a"})
    assert (pod.nominated_node, pod.nominated_by) == ("node-a", ("us",))
    assert read({"managedFields": managed}).nominated_by == ()


@pytest.mark.parametrize(
    ("demand", "spec"),
    [
        (NodeDemand.NODE_SELECTOR, {"nodeSelector": {"zone": "a"}}),
        (NodeDemand.AFFINITY, {"affinity": {"nodeAffinity": {}}}),
        (NodeDemand.SPREAD, {"topologySpreadConstraints": [{}]}),
        (NodeDemand.HOST_PORTS, {"containers": [{"ports": [{"hostPort": 80}]}]}),
        (NodeDemand.HOST_PORTS, {"initContainers": [{"ports": [{"hostPort": 80}]}]}),
        (NodeDemand.VOLUMES, {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "v"}}]}),
        (NodeDemand.VOLUMES, {"volumes": [{"name": "v", "ofTheFuture": {}}]}),
        (NodeDemand.RESOURCES, {"containers": [{"resources": {"requests": {"cpu": "1"}}}]}),
        (NodeDemand.RESOURCES, {"containers": [{"resources": {"limits": {"cpu": "1"}}}]}),
        (NodeDemand.RESOURCES, {"resources": {"requests": {"cpu": "1"}}}),
        (NodeDemand.OVERHEAD, {"overhead": {"cpu": "1"}}),
    ],
)
def test_demands(demand, spec):
    """What a node must have apart from devices."""
    assert read(spec=spec).demands == (demand,)


def test_what_demands_nothing():
    """Ports of the pod itself, volumes of the node, empty affinity, tolerations."""
    spec = {
        "affinity": {},
        "tolerations": [{"operator": "Exists"}],
        "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "configMap": {"name": "b"}}],
        "containers": [{"ports": [{"containerPort": 80}], "resources": {"claims": [{"name": "c"}]}}],
    }
    assert read(spec=spec).demands == ()


def test_what_cannot_be_read():
    """The error names the pod."""
    with pytest.raises(DecodeError, match="team/job-1"):
        read(spec={"priority": "high"})


def node(spec=None, pods="110"):
    document = {"metadata": {"name": "n"}, "spec": spec or {}, "status": {"allocatable": {"pods": pods}}}
    return open_node(json.dumps(document).encode(), Interner())


def test_open_nodes():
    """Schedulable, and without taints that keep pods away."""
    assert node() == ("n", OpenNode("n", 110))
    assert node({"taints": [{"key": "k", "effect": "PreferNoSchedule"}]}) == ("n", OpenNode("n", 110))
    for spec in (
        {"unschedulable": True},
        *({"taints": [{"effect": each}]} for each in ("NoSchedule", "NoExecute")),
    ):
        assert node(spec) == ("n", None)
    with pytest.raises(DecodeError):
        node(pods="many")
