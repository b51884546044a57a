"""
Pods, as the default scheduler sees them.

Fills in what ``SetDefaults_Pod`` of the API server does: requests from limits, and host ports of
pods in the node's network. Pod-level requests are taken as they are written: what the API server
derives from pod-level limits and from limits on huge pages, it has stored.

Source: k8s.io/api core/v1 types.go, v0.37; k8s.io/kubernetes pkg/apis/core/v1/defaults.go and
pkg/scheduler/util/utils.go GetHostPorts, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from extender.model.scheduling import HostPort, Owner, SchedulingPod

from .affinity import (
    AffinityJSON,
    SpreadConstraintJSON,
    pod_affinity,
    preferred_nodes,
    required_nodes,
    spread_constraint,
)
from .errors import UNREADABLE, refuse
from .fields import (
    ABSENT,
    Metadata,
    TolerationJSON,
    Wire,
    is_given,
    object_name,
    object_namespace,
    tolerations,
)
from .interner import Interner
from .node_features import FeatureContainerJSON, FeatureSpec, node_features
from .pod_resources import ResourceStatus, pod_resources
from .queueing import is_gated, is_grouped, pod_group_name

PLUGIN_VOLUMES = (
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cinder",
    "ephemeral",
    "gcePersistentDisk",
    "iscsi",
    "persistentVolumeClaim",
    "portworxVolume",
    "rbd",
    "vsphereVolume",
)
"""The sources of volumes that VolumeBinding and its neighbours look at."""


class PortJSON(Wire):
    container_port: int | None = None
    host_port: int | None = None
    host_ip: str | None = msgspec.field(name="hostIP", default=None)
    protocol: str | None = None


class ContainerJSON(FeatureContainerJSON):
    image: str | None = None
    ports: list[PortJSON] | None = None


class ImageVolumeJSON(Wire):
    reference: str | None = None


class PodSpec(FeatureSpec):
    init_containers: list[ContainerJSON] | None = None  # type: ignore[assignment]
    containers: list[ContainerJSON] | None = None  # type: ignore[assignment]
    node_name: str | None = None
    scheduling_gates: list[msgspec.Raw] | None = None
    scheduling_group: msgspec.Raw = ABSENT
    workload_ref: msgspec.Raw = ABSENT
    tolerations: list[TolerationJSON] | None = None
    node_selector: dict[str, str] | None = None
    affinity: AffinityJSON | None = None
    topology_spread_constraints: list[SpreadConstraintJSON] | None = None
    resource_claims: list[msgspec.Raw] | None = None


class PodStatus(ResourceStatus):
    phase: str | None = None
    nominated_node_name: str | None = None


class PodJSON(Wire):
    metadata: Metadata | None = None
    spec: PodSpec | None = None
    status: PodStatus | None = None


_POD = msgspec.json.Decoder(PodJSON)
_IMAGE = msgspec.json.Decoder(ImageVolumeJSON)


def scheduling_pod(data: bytes | msgspec.Raw, interner: Interner) -> SchedulingPod:
    """Decode a Pod. Raises ``DecodeError``."""
    try:
        return _pod(_POD.decode(data), interner)
    except UNREADABLE as error:
        raise refuse("Pod", data, error, _POD) from None


def _pod(wire: PodJSON, interner: Interner) -> SchedulingPod:
    metadata, spec, status = (
        wire.metadata or Metadata(),
        wire.spec or PodSpec(),
        wire.status or PodStatus(),
    )
    init, containers = spec.init_containers or (), spec.containers or ()
    selector = spec.node_selector
    return SchedulingPod(
        namespace=interner.texts[object_namespace(metadata)],
        name=object_name(metadata),
        uid=metadata.uid or "",
        labels=metadata.labels or {},
        node_name=interner.texts[spec.node_name or ""],
        nominated_node_name=interner.texts[status.nominated_node_name or ""],
        gated=is_gated(spec.scheduling_gates),
        grouped=is_grouped(spec.scheduling_group, spec.workload_ref),
        pod_group=pod_group_name(spec.scheduling_group, spec.workload_ref),
        deleting=metadata.deletion_timestamp is not None,
        finished=status.phase in ("Succeeded", "Failed"),
        claims=bool(spec.resource_claims),
        owner=_controller(metadata),
        tolerations=tolerations(spec.tolerations),
        node_selector=None if selector is None else tuple(sorted(selector.items())),
        required_nodes=required_nodes(spec.affinity),
        preferred_nodes=preferred_nodes(spec.affinity),
        affinity=pod_affinity(spec.affinity),
        spread=tuple(spread_constraint(entry) for entry in spec.topology_spread_constraints or ()),
        resources=pod_resources(spec, status, interner),
        host_ports=_host_ports(init, containers, in_host_network=bool(spec.host_network)),
        images=tuple(interner.texts[each.image or ""] for each in (*init, *containers)),
        image_volumes=tuple(_image_volumes(spec.volumes or ())),
        volumes=tuple(sorted({key for volume in spec.volumes or () for key in _plugin_volumes(volume)})),
        node_features=tuple(node_features(spec)),
    )


def _controller(metadata: Metadata) -> Owner | None:
    owner = next((each for each in metadata.owner_references or () if each.controller), None)
    if owner is None:
        return None
    return Owner(owner.api_version or "", owner.kind or "", owner.name or "")


def _host_ports(
    init: Iterable[ContainerJSON], containers: Iterable[ContainerJSON], *, in_host_network: bool
) -> tuple[HostPort, ...]:
    long_lived = (*(each for each in init if each.restart_policy == "Always"), *containers)
    ports = []
    for entry in (port for container in long_lived for port in container.ports or ()):
        number = entry.host_port or (in_host_network and entry.container_port) or 0
        if number > 0:
            ports.append(HostPort(number, entry.protocol or "TCP", entry.host_ip or "0.0.0.0"))  # noqa: S104
    return tuple(ports)


def _plugin_volumes(volume: dict[str, msgspec.Raw]) -> Iterable[str]:
    return (key for key in volume if key in PLUGIN_VOLUMES and is_given(volume[key]))


def _image_volumes(volumes: Iterable[dict[str, msgspec.Raw]]) -> Iterable[str]:
    for volume in volumes:
        image = volume.get("image", ABSENT)
        if is_given(image):
            yield _IMAGE.decode(image).reference or ""
