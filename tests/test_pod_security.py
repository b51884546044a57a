"""The pods of every overlay may run where the profile *restricted* is enforced, and the namespace does."""

from __future__ import annotations

import copy

import pytest

from tests.e2e.releases import RELEASES
from tests.manifests import OVERLAYS, deployed, the
from tests.pod_security import violations


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_pod_meets_the_restricted_profile(folder):
    """Pod Security Standards, profile restricted, with a root file system that nobody writes to."""
    pod = deployed(folder)["spec"]["template"]["spec"]
    assert violations(pod) == []
    assert all(each["securityContext"]["readOnlyRootFilesystem"] is True for each in pod["containers"])


UNRESTRICTED: list[tuple[str, dict, dict]] = [
    ("allowPrivilegeEscalation", {}, {"allowPrivilegeEscalation": True}),
    ("appArmorProfile", {"appArmorProfile": {"type": "Unconfined"}}, {}),
    ("capabilities", {}, {"capabilities": {"drop": ["NET_RAW"]}}),
    ("capabilities", {}, {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}),
    ("privileged", {}, {"privileged": True}),
    ("procMount", {}, {"procMount": "Unmasked"}),
    ("runAsNonRoot", {"runAsNonRoot": None}, {}),
    ("runAsNonRoot", {}, {"runAsNonRoot": False}),
    ("runAsUser", {}, {"runAsUser": 0}),
    ("seLinuxOptions", {"seLinuxOptions": {"type": "spc_t"}}, {}),
    ("seccompProfile", {"seccompProfile": {}}, {}),
    ("seccompProfile", {}, {"seccompProfile": {"type": "Unconfined"}}),
    ("sysctls", {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}, {}),
]


@pytest.mark.parametrize(("check", "of_pod", "of_container"), UNRESTRICTED)
def test_the_check_of_the_profile_sees_each_security_context(check, of_pod, of_container):
    """Changing one field of our own pod is found, under the name of its check."""
    pod = copy.deepcopy(the("Deployment")["spec"]["template"]["spec"])
    pod["securityContext"].update(of_pod)
    pod["containers"][0]["securityContext"].update(of_container)
    assert violations(pod) == [check]


@pytest.mark.parametrize(
    ("check", "of_pod", "of_container"),
    [
        ("hostNamespaces", {"hostNetwork": True}, {}),
        ("restrictedVolumes", {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}, {}),
        ("hostPorts", {}, {"ports": [{"containerPort": 1, "hostPort": 1}]}),
        ("hostProbesAndHostLifecycle", {}, {"livenessProbe": {"httpGet": {"port": 1, "host": "a"}}}),
    ],
)
def test_the_check_of_the_profile_sees_what_reaches_the_node(check, of_pod, of_container):
    """Namespaces, folders and ports of the node, and probes of other addresses."""
    pod = copy.deepcopy(the("Deployment")["spec"]["template"]["spec"])
    pod.update(of_pod)
    pod["containers"][0].update(of_container)
    assert violations(pod) == [check]


def test_the_namespace_enforces_the_profile_of_the_oldest_release():
    """A newer release may ask for more: that is reported and does not lock the pods out."""
    labels = the("Namespace")["metadata"]["labels"]
    profile = "pod-security.kubernetes.io"
    oldest = min(RELEASES, key=lambda minor: int(minor.removeprefix("1.")))
    assert labels == {
        f"{profile}/enforce": "restricted",
        f"{profile}/enforce-version": f"v{oldest}",
        f"{profile}/audit": "restricted",
        f"{profile}/audit-version": "latest",
        f"{profile}/warn": "restricted",
        f"{profile}/warn-version": "latest",
    }


def test_only_the_pod_gets_a_token():
    """Other pods that use the ServiceAccount ask for a token themselves."""
    assert the("ServiceAccount")["automountServiceAccountToken"] is False
    assert deployed("base")["spec"]["template"]["spec"]["automountServiceAccountToken"] is True
