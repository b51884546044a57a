"""What a pod of Linux does against the profile *restricted*; k8s.io/pod-security-admission policy, v0.34."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Spec = dict[str, Any]

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim"}
VOLUMES |= {"projected", "secret"}
"""check_restrictedVolumes.go"""
SECCOMP = {"Localhost", "RuntimeDefault"}
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def violations(spec: Spec) -> list[str]:
    """The names of the checks that the pod fails, of both *baseline* and *restricted*, sorted."""
    return sorted({*_of_the_pod(spec), *(name for each in _containers(spec) for name in _of_one(spec, each))})


def _containers(spec: Spec) -> list[Spec]:
    return [each for kind in ("initContainers", "containers") for each in spec.get(kind, ())]


def _of_the_pod(spec: Spec) -> Iterator[str]:
    if any(spec.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")):
        yield "hostNamespaces"
    for volume in spec.get("volumes", ()):
        if not set(volume) - {"name"} <= VOLUMES:
            yield "restrictedVolumes"
    context = spec.get("securityContext", {})
    if context.get("sysctls"):
        yield "sysctls"
    yield from _of_either(context)


def _of_one(spec: Spec, container: Spec) -> Iterator[str]:
    context = container.get("securityContext", {})
    inherited = {**spec.get("securityContext", {}), **context}
    yield from _of_either(context)
    if inherited.get("runAsNonRoot") is not True:
        yield "runAsNonRoot"
    if inherited.get("seccompProfile", {}).get("type") not in SECCOMP:
        yield "seccompProfile"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    if context.get("privileged"):
        yield "privileged"
    if context.get("procMount", "Default") != "Default":
        yield "procMount"
    capabilities = context.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", ()) or set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield "capabilities"
    if any(port.get("hostPort") for port in container.get("ports", ())):
        yield "hostPorts"
    actions = [container.get(probe, {}) for probe in PROBES] + list(container.get("lifecycle", {}).values())
    if any(action.get(kind, {}).get("host") for action in actions for kind in ("httpGet", "tcpSocket")):
        yield "hostProbesAndHostLifecycle"


def _of_either(context: Spec) -> Iterator[str]:
    """Fields that the pod and each container have; what is allowed unless it is set."""
    if context.get("runAsUser") == 0:
        yield "runAsUser"
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot"
    if context.get("seccompProfile", {"type": "RuntimeDefault"}).get("type") not in SECCOMP:
        yield "seccompProfile"
    if context.get("appArmorProfile", {"type": "RuntimeDefault"}).get("type") not in SECCOMP:
        yield "appArmorProfile"
    if context.get("seLinuxOptions") or context.get("windowsOptions"):
        yield "seLinuxOptions"
