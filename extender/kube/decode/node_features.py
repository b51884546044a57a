"""
The features that a pod needs its node to declare.

Source: k8s.io/component-helpers nodedeclaredfeatures/features, ``InferForScheduling`` of each feature
that a pod can need before it is on a node, v0.37 and v0.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from .fields import ABSENT, Wire, is_given
from .pod_resources import ResourceContainerJSON, ResourceSpec

RESTART_ALL_CONTAINERS = "RestartAllContainersOnContainerExits"
USER_NAMESPACES_HOST_NETWORK = "UserNamespacesHostNetworkSupport"
VOLUME_BIND_MOUNT_OPTIONS = "VolumeBindMountOptions"
POD_CERTIFICATE_MLDSA = "PodCertificateMLDSA"
SECURITY_PROFILE_OCI = "SecurityProfileOCI"

_MLDSA_KEYS = ("MLDSA44", "MLDSA65", "MLDSA87")


class RestartRuleJSON(Wire):
    action: str | None = None


class MountJSON(Wire):
    bind_mount_options: list[str] | None = None


class SeccompProfileJSON(Wire):
    type: str | None = None


class SecurityContextJSON(Wire):
    seccomp_profile: SeccompProfileJSON | None = None


class EphemeralContainerJSON(Wire):
    security_context: SecurityContextJSON | None = None


class FeatureContainerJSON(ResourceContainerJSON):
    restart_policy_rules: list[RestartRuleJSON] | None = None
    volume_mounts: list[MountJSON] | None = None
    security_context: SecurityContextJSON | None = None


class FeatureSpec(ResourceSpec):
    init_containers: list[FeatureContainerJSON] | None = None  # type: ignore[assignment]
    containers: list[FeatureContainerJSON] | None = None  # type: ignore[assignment]
    ephemeral_containers: list[EphemeralContainerJSON] | None = None
    host_network: bool | None = None
    host_users: bool | None = None
    security_context: SecurityContextJSON | None = None
    volumes: list[dict[str, msgspec.Raw]] | None = None


class PodCertificateJSON(Wire):
    key_type: str | None = None


class ProjectionJSON(Wire):
    pod_certificate: PodCertificateJSON | None = None


class ProjectedVolumeJSON(Wire):
    sources: list[ProjectionJSON] | None = None


_PROJECTED = msgspec.json.Decoder(ProjectedVolumeJSON)


def node_features(spec: FeatureSpec) -> Iterable[str]:
    """Yield each feature that the pod needs, whichever releases know it."""
    containers = (*(spec.init_containers or ()), *(spec.containers or ()))
    if any(
        rule.action == "RestartAllContainers" for c in containers for rule in c.restart_policy_rules or ()
    ):
        yield RESTART_ALL_CONTAINERS
    if spec.host_network and spec.host_users is False:
        yield USER_NAMESPACES_HOST_NETWORK
    if any(mount.bind_mount_options for c in containers for mount in c.volume_mounts or ()):
        yield VOLUME_BIND_MOUNT_OPTIONS
    if any(key in _MLDSA_KEYS for key in _certificate_keys(spec.volumes or ())):
        yield POD_CERTIFICATE_MLDSA
    if any(
        _has_oci_profile(each.security_context)
        for each in (spec, *containers, *(spec.ephemeral_containers or ()))
    ):
        yield SECURITY_PROFILE_OCI


def _certificate_keys(volumes: Iterable[dict[str, msgspec.Raw]]) -> Iterable[str | None]:
    for volume in volumes:
        projected = volume.get("projected", ABSENT)
        if is_given(projected):
            for source in _PROJECTED.decode(projected).sources or ():
                if source.pod_certificate:
                    yield source.pod_certificate.key_type


def _has_oci_profile(context: SecurityContextJSON | None) -> bool:
    return bool(context and context.seccomp_profile and context.seccomp_profile.type == "OCI")
