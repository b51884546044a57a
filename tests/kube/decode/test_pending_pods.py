"""What of a pending pod decides about its nomination."""

from __future__ import annotations

import json

import pytest

from extender.kube.decode import DecodeError, Interner
from extender.kube.decode.pending_pods import pending_pod
from extender.model.pending_pods import PendingPod

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
    """As 1.36 and as 1.35 spell it; an empty object is there, as for the scheduler."""
    assert read(spec={field: {"name": "g"}}).grouped
    assert read(spec={field: {}}).grouped
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


def test_what_cannot_be_read():
    """The error names the pod."""
    with pytest.raises(DecodeError, match="team/job-1"):
        read(spec={"priority": "high"})
