"""Pods and nodes as the default scheduler sees them."""

from __future__ import annotations

import json

import pytest

from extender.kube.decode import DecodeError, Interner
from extender.kube.decode.scheduling_nodes import scheduling_node
from extender.kube.decode.scheduling_pods import scheduling_pod
from extender.model import NodeRequirement, NodeSelector, NodeSelectorTerm, Taint, Toleration
from extender.model.scheduling import (
    AffinityTerm,
    HostPort,
    LabelRequirement,
    LabelSelector,
    Owner,
    PodAffinity,
    PreferredNodes,
    SpreadConstraint,
)


def pod(spec=None, status=None, **metadata):
    wire = {"metadata": {"name": "job-0"} | metadata, "spec": spec or {}, "status": status}
    return scheduling_pod(json.dumps(wire).encode(), Interner())


def node(spec=None, status=None, **metadata):
    wire = {"metadata": {"name": "n"} | metadata, "spec": spec, "status": status}
    return scheduling_node(json.dumps(wire).encode(), Interner())


def requests_of(container):
    return {name: quantity.nanos for name, quantity in container.requests}


def test_nulls_and_absent_fields():
    """Nothing is asked for, and nothing is in the way."""
    found = pod({"containers": None, "tolerations": None, "schedulingGates": None, "schedulingGroup": None})
    assert found.namespace == "default"
    marks = (found.gated, found.grouped, found.deleting, found.finished, found.claims)
    assert not any(marks)
    assert (found.node_selector, found.required_nodes, found.affinity, found.owner) == (None,) * 4


def test_what_no_plugin_looks_at_makes_no_difference():
    """Pods of several priorities and profiles pass on the same nodes, so they are equal."""
    assert pod({"priority": 5, "schedulerName": "other"}) == pod({})


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"schedulingGates": [{"name": "g"}]}, "gated"),
        ({"schedulingGroup": {"podGroupName": "g"}}, "grouped"),
        ({"schedulingGroup": {}}, "grouped"),
        ({"workloadRef": {"name": "w"}}, "grouped"),
        ({"resourceClaims": [{"name": "c"}]}, "claims"),
    ],
)
def test_marks(spec, field):
    assert getattr(pod(spec), field) is True


@pytest.mark.parametrize("phase", ["Pending", "Running", "Unknown", "Succeeded", "Failed"])
def test_finished(phase):
    """A finished pod takes nothing of its node."""
    assert pod(status={"phase": phase}).finished is (phase in {"Succeeded", "Failed"})


def test_controller():
    """The owner that controls the pod, not just any."""
    owners = [
        {"apiVersion": "v1", "kind": "Node", "name": "n"},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "controller": True},
    ]
    assert pod(ownerReferences=owners).owner == Owner("apps/v1", "ReplicaSet", "r")


def test_requests():
    """A limit stands in for a request, and quantities are rounded up to thousandths."""
    resources = {"requests": {"cpu": "100n", "memory": "1.5"}, "limits": {"cpu": "2", "example.com/gpu": 1}}
    found = pod({"containers": [{"name": "c", "resources": resources}]})
    assert requests_of(found.resources.containers[0]) == {
        "cpu": 10**6,
        "memory": 1_500_000_000,
        "example.com/gpu": 10**9,
    }


def test_status_of_containers():
    """By name; a status without resources says nothing, one with empty resources that there are none."""
    spec = {
        "containers": [{"name": "a"}, {"name": "b"}],
        "initContainers": [{"name": "i", "restartPolicy": "Always"}],
    }
    status = {
        "containerStatuses": [{"name": "b", "resources": {"requests": {"cpu": "1"}}}, {"name": "a"}],
        "initContainerStatuses": [{"name": "i", "allocatedResources": {"cpu": "2"}, "resources": {}}],
        "conditions": [{"type": "PodResizePending", "reason": "Infeasible"}],
        "resources": {"requests": {"cpu": "3"}},
    }
    found = pod(spec, status).resources
    first, second = found.containers
    assert (first.reported, first.actual, first.allocated) == (False, None, None)
    assert second.reported
    assert second.actual is not None
    sidecar = found.init_containers[0]
    assert (sidecar.restartable, sidecar.reported, sidecar.actual) == (True, True, None)
    assert sidecar.allocated is not None
    assert found.resize_infeasible
    assert found.pod_reported
    assert found.pod_allocated is None


@pytest.mark.parametrize(("in_host_network", "port"), [(True, [HostPort(80)]), (False, [])])
def test_host_network(in_host_network, port):
    """In the node's network every port is a host port; those of init containers do not last."""
    ports = [{"containerPort": 80}]
    spec = {
        "hostNetwork": in_host_network,
        "containers": [{"name": "c", "ports": ports}],
        "initContainers": [{"name": "i", "ports": [{"containerPort": 81}]}],
    }
    assert list(pod(spec).host_ports) == port


def test_host_ports():
    """Of sidecars first; address and protocol have defaults."""
    port = {"containerPort": 80, "hostPort": 8080, "hostIP": "10.0.0.1", "protocol": "UDP"}
    spec = {
        "containers": [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 80}]}],
        "initContainers": [{"name": "i", "restartPolicy": "Always", "ports": [port]}],
    }
    assert pod(spec).host_ports == (HostPort(8080, "UDP", "10.0.0.1"), HostPort(80, "TCP", "0.0.0.0"))


def test_volumes():
    """Only sources that a plugin looks at; images of image volumes apart."""
    volumes = [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "persistentVolumeClaim": {"claimName": "c"}},
        {"name": "c", "ephemeral": None},
        {"name": "d", "image": {"reference": "app:1"}},
    ]
    found = pod({"volumes": volumes})
    assert found.volumes == ("persistentVolumeClaim",)
    assert found.image_volumes == ("app:1",)


def test_images_in_order():
    spec = {"containers": [{"name": "c", "image": "b"}], "initContainers": [{"name": "i", "image": "a"}]}
    assert pod(spec).images == ("a", "b")


def test_needed_features():
    container = {
        "name": "c",
        "restartPolicyRules": [{"action": "RestartAllContainers"}],
        "volumeMounts": [{"name": "v", "bindMountOptions": ["noexec"]}],
    }
    spec = {"containers": [container], "hostNetwork": True, "hostUsers": False}
    assert pod(spec).node_features == (
        "RestartAllContainersOnContainerExits",
        "UserNamespacesHostNetworkSupport",
        "VolumeBindMountOptions",
    )


OCI = {"securityContext": {"seccompProfile": {"type": "OCI"}}}


@pytest.mark.parametrize(
    "spec",
    [
        OCI,
        {"containers": [{"name": "c", **OCI}]},
        {"initContainers": [{"name": "i", **OCI}]},
        {"ephemeralContainers": [{"name": "e", **OCI}]},
    ],
)
def test_seccomp_profiles_from_registries(spec):
    assert pod(spec).node_features == ("SecurityProfileOCI",)


@pytest.mark.parametrize(
    "profile", [None, {}, {"seccompProfile": None}, {"seccompProfile": {"type": "RuntimeDefault"}}]
)
def test_other_seccomp_profiles(profile):
    assert pod({"securityContext": profile}).node_features == ()


@pytest.mark.parametrize(
    ("key", "needed"), [("MLDSA44", True), ("MLDSA65", True), ("MLDSA87", True), ("ED25519", False)]
)
def test_keys_of_pod_certificates(key, needed):
    sources = [{"secret": {}}, {"podCertificate": {"keyType": key}}]
    volumes = [{"name": "a", "projected": None}, {"name": "b", "projected": {"sources": sources}}]
    assert pod({"volumes": volumes}).node_features == (("PodCertificateMLDSA",) if needed else ())


def test_node_affinity():
    """Selector, required and preferred terms."""
    required = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}
    preferred = [
        {"weight": 5, "preference": {"matchFields": [{"key": "f", "operator": "In", "values": ["n"]}]}}
    ]
    affinity = {
        "requiredDuringSchedulingIgnoredDuringExecution": required,
        "preferredDuringSchedulingIgnoredDuringExecution": preferred,
    }
    found = pod({"nodeSelector": {"b": "2", "a": "1"}, "affinity": {"nodeAffinity": affinity}})
    assert found.node_selector == (("a", "1"), ("b", "2"))
    assert found.required_nodes == NodeSelector((NodeSelectorTerm((NodeRequirement("a", "Exists"),)),))
    field = NodeSelectorTerm((), (NodeRequirement("f", "In", ("n",)),))
    assert found.preferred_nodes == (PreferredNodes(5, field),)
    assert found.affinity is None


def test_pod_affinity():
    """Required terms weigh nothing; an absent selector is not an empty one."""
    selector = {"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]}
    term = {"topologyKey": "zone", "labelSelector": selector, "namespaces": ["x"], "namespaceSelector": {}}
    affinity = {
        "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 7, "podAffinityTerm": {"topologyKey": "host"}}
            ]
        },
    }
    chosen = LabelSelector(
        (
            LabelRequirement("a", "In", ("1",)),
            LabelRequirement("b", "In", ("2",)),
            LabelRequirement("c", "Exists"),
        )
    )
    assert pod({"affinity": affinity}).affinity == PodAffinity(
        required=(AffinityTerm("zone", chosen, ("x",), LabelSelector()),),
        preferred_anti=(AffinityTerm("host", weight=7),),
    )


def test_spread_constraints():
    """Policies and domains have the scheduler's defaults."""
    entries = [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 3},
        {
            "maxSkew": 2,
            "topologyKey": "host",
            "whenUnsatisfiable": "ScheduleAnyway",
            "nodeAffinityPolicy": "Ignore",
            "nodeTaintsPolicy": "Honor",
            "matchLabelKeys": ["v"],
            "labelSelector": {},
        },
    ]
    assert pod({"topologySpreadConstraints": entries}).spread == (
        SpreadConstraint("zone", 1, required=True, min_domains=3),
        SpreadConstraint(
            "host",
            2,
            required=False,
            selector=LabelSelector(),
            honor_affinity=False,
            honor_taints=True,
            match_label_keys=("v",),
        ),
    )


def test_tolerations():
    assert pod({"tolerations": [{"key": "a"}]}).tolerations == (Toleration("a", "Equal"),)


def test_node():
    """What plugins look at."""
    found = node(
        {"unschedulable": True, "taints": [{"key": "a", "effect": "NoSchedule"}]},
        {
            "allocatable": {"cpu": "4"},
            "images": [{"names": ["a", "b"], "sizeBytes": 7}, {"names": None}],
            "declaredFeatures": ["F"],
        },
        labels={"l": "1"},
    )
    assert (found.name, found.labels, found.unschedulable) == ("n", {"l": "1"}, True)
    assert found.taints == (Taint("a", "NoSchedule"),)
    assert found.images == (("a", 7), ("b", 7))
    assert found.declared_features == ("F",)
    assert [name for name, _ in found.allocatable] == ["cpu"]
    assert node() == node({}, {})


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"containers": [{"resources": {"requests": {"cpu": "much"}}}]}, "spec.containers[0].resources"),
        ({"overhead": {"cpu": "much"}}, "spec.overhead"),
        ({"tolerations": 1}, "tolerations"),
    ],
)
def test_errors_name_the_field(spec, place):
    with pytest.raises(DecodeError, match=place.replace("[", r"\[").replace("]", r"\]")):
        pod(spec)
