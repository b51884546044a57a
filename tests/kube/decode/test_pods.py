"""Pods: claims as far as the pod resolves them, requests, annotations."""

from __future__ import annotations

import json

import pytest

from extender.kube import decode
from extender.kube.decode import Interner
from extender.kube.encode import pod_json
from extender.model import Container, ContainerClaim, PodClaim
from extender.model.quantity import parse_quantity


def pod(spec=None, status=None, **metadata):
    wire = {"metadata": {"name": "job-0"} | metadata, "spec": spec or {}, "status": status}
    return decode.pod(json.dumps(wire).encode(), Interner())


def test_identity():
    """Name, namespace, UID, node and annotations."""
    found = pod({"nodeName": "n"}, namespace="team", uid="u", annotations={"a": "b"})
    assert (found.namespace, found.name, found.uid, found.node_name) == ("team", "job-0", "u", "n")
    assert found.annotations == {"a": "b"}


@pytest.mark.parametrize(("status", "node"), [({"nominatedNodeName": "n"}, "n"), ({}, ""), (None, "")])
def test_nomination(status, node):
    """The node that the scheduler has chosen, or wants to make room on."""
    assert pod(status=status).nominated_node_name == node


def test_manifest_without_namespace_means_default():
    """As kubectl would take it."""
    assert pod().namespace == "default"


@pytest.mark.parametrize(
    ("entry", "statuses", "expected"),
    [
        ({"resourceClaimName": "x"}, None, PodClaim("c", claim="x")),
        ({"resourceClaimName": "x"}, [{"name": "c"}], PodClaim("c", claim="x")),
        ({"resourceClaimTemplateName": "t"}, None, PodClaim("c", template="t")),
        ({"resourceClaimTemplateName": "t"}, [{"name": "other"}], PodClaim("c", template="t")),
        (
            {"resourceClaimTemplateName": "t"},
            [{"name": "other", "resourceClaimName": "y"}, {"name": "c", "resourceClaimName": "x"}],
            PodClaim("c", claim="x", template="t"),
        ),
        ({"resourceClaimTemplateName": "t"}, [{"name": "c"}], PodClaim("c", template="t", needed=False)),
        ({}, None, PodClaim("c")),
    ],
    ids=[
        "named",
        "named-with-status",
        "not-made-yet",
        "not-its-status",
        "made",
        "not-needed",
        "unknown-kind",
    ],
)
def test_claims(entry, statuses, expected):
    """What the pod says of its claim, with what the claim controller noted."""
    found = pod({"resourceClaims": [{"name": "c", **entry}]}, {"resourceClaimStatuses": statuses})
    assert found.claims == (expected,)


def test_claims_keep_their_order():
    """The allocator takes them in the order of the spec."""
    names = ["b", "a", "c"]
    found = pod({"resourceClaims": [{"name": name, "resourceClaimName": name} for name in names]})
    assert [claim.name for claim in found.claims] == names


def test_containers():
    """Requests are sorted, limits count where no request is given, sidecars are marked."""
    found = pod(
        {
            "containers": [
                {
                    "name": "main",
                    "resources": {
                        "requests": {"memory": "1Gi", "cpu": "1"},
                        "limits": {"cpu": "2", "nvidia.com/gpu": 4},
                    },
                }
            ],
            "initContainers": [
                {"name": "sidecar", "restartPolicy": "Always"},
                {"name": "setup", "resources": {"claims": [{"name": "c"}, {"name": "d", "request": "r"}]}},
            ],
        }
    )
    amounts = {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": "4"}
    assert found.containers == (
        Container("main", tuple((name, parse_quantity(amount)) for name, amount in amounts.items())),
    )
    setup = Container("setup", claims=(ContainerClaim("c"), ContainerClaim("d", "r")))
    assert found.init_containers == (Container("sidecar", restartable=True), setup)


@pytest.mark.parametrize(
    ("spec", "group"),
    [
        ({"schedulingGroup": {"podGroupName": "crew"}}, "crew"),
        ({"schedulingGroup": {}}, ""),
        ({"schedulingGroup": None}, ""),
        ({"workloadRef": {"name": "w", "podGroup": "crew"}}, ""),
    ],
)
def test_pod_group(spec, group):
    """As 1.36 and later name it; in 1.35 no claim is a group's, and pods are scheduled one by one."""
    assert pod(spec).pod_group == group


def test_a_pod_group_is_written_as_it_is_read():
    """A recording says of which group a pod is."""
    found = pod({"schedulingGroup": {"podGroupName": "crew"}})
    assert decode.pod(json.dumps(pod_json(found)).encode(), Interner()) == found


@pytest.mark.parametrize(
    ("spec", "condition", "unschedulable"),
    [
        ({"schedulingGroup": {"podGroupName": "crew"}}, ("PodScheduled", "False", "Unschedulable"), True),
        ({"schedulingGroup": {"podGroupName": "crew"}}, ("PodScheduled", "False", "SchedulerError"), True),
        ({"schedulingGroup": {"podGroupName": "crew"}}, ("PodScheduled", "False", "SchedulingGated"), False),
        ({"schedulingGroup": {"podGroupName": "crew"}}, ("PodScheduled", "True", None), False),
        ({"schedulingGroup": {"podGroupName": "crew"}}, ("Ready", "False", "Unschedulable"), False),
        ({}, ("PodScheduled", "False", "Unschedulable"), False),
    ],
)
def test_a_pod_of_a_group_that_is_refused(spec, condition, unschedulable):
    """The condition is read for pods in groups only."""
    given = dict(zip(("type", "status", "reason"), condition, strict=True))
    assert pod(spec, {"conditions": [given]}).unschedulable is unschedulable
