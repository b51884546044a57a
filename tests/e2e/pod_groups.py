"""Pod groups: what a control plane needs for them in each minor, and their objects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import workload
from tests.e2e.api import Api, Object, each
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.workload import NAMESPACE, Ask

PROTECTION = "podgroup-protection-controller"
"""Lets a deleted PodGroup go once no pod of it is left."""


@dataclass(frozen=True, slots=True)
class Support:
    """``version``: of ``scheduling.k8s.io``, served on request only. ``gates``: all off by default."""

    version: str
    gates: tuple[str, ...]


SUPPORT = {
    "1.36": Support("v1alpha2", ("GenericWorkload", "GangScheduling", "WorkloadAwarePreemption")),
    "1.37": Support("v1beta1", ("GenericWorkload",)),
    "1.38": Support("v1beta1", ("GenericWorkload",)),
}
"""The minors whose pods name a PodGroup."""

CLAIMS_GATE = "DRAWorkloadResourceClaims"
"""Lets claims belong to a PodGroup."""

TOPOLOGY_GATE = "TopologyAwareWorkloadScheduling"
"""Lets a PodGroup ask for nodes that have one value of a label in common."""


def start_with_groups(minor: str, directory: Path, *gates: str) -> ControlPlane:
    """Start a control plane that knows pod groups; ``gates``: those that are on as well."""
    support = SUPPORT[minor]
    return start(
        minor,
        directory,
        dict.fromkeys((*support.gates, *gates), True),
        served=(f"scheduling.k8s.io/{support.version}",),
        controllers=(PROTECTION,),
    )


@dataclass(frozen=True, slots=True)
class Gang:
    """
    ``size`` pods ``<name>-<n>``, each with one claim, that are scheduled together or not at all.

    ``nodes``: where they must go, anywhere if empty. ``cpu``: what each takes. ``plain``: without a group.
    ``topology``: the label of which their nodes must have one value in common, if any (``TOPOLOGY_GATE``).
    """

    name: str
    size: int
    plain: bool = False
    nodes: tuple[str, ...] = ()
    cpu: str = "1m"
    priority: int = 0
    topology: str = ""

    @property
    def pods(self) -> list[str]:
        return [f"{self.name}-{number}" for number in range(self.size)]


async def create(api: Api, minor: str, gang: Gang) -> None:
    """Create the group, then its pods with their claims, all at once."""
    if not gang.plain:
        await create_group(api, minor, gang.name, gang.size, priority=gang.priority, topology=gang.topology)

    async def create_member(name: str) -> None:
        await workload.create_claims(api, name)
        await api.create(member(gang, name))

    await each(create_member, gang.pods)


def member(gang: Gang, name: str) -> Object:
    """The pod of a gang, which refers to its claim."""
    pod = workload.pod(name, Ask.ONE_CLAIM)
    pod["spec"]["containers"][0]["resources"]["requests"] = {"cpu": gang.cpu}
    pod["spec"]["priority"] = gang.priority
    if gang.nodes:
        pod["spec"] |= workload.on_nodes(gang.nodes)
    if not gang.plain:
        pod["spec"]["schedulingGroup"] = {"podGroupName": gang.name}
    return pod


async def create_group(
    api: Api,
    minor: str,
    name: str,
    size: int,
    *,
    priority: int = 0,
    claims: Sequence[Mapping[str, str]] = (),
    topology: str = "",
) -> Object:
    """
    Create a PodGroup whose ``size`` pods go together.

    ``claims``: its entries of ``resourceClaims``. ``topology``: as of ``Gang``.
    """
    spec: Object = {"schedulingPolicy": {"gang": {"minCount": size}}, "priority": priority}
    if claims:
        spec["resourceClaims"] = [dict(entry) for entry in claims]
    if topology:
        spec["schedulingConstraints"] = {"topology": [{"key": topology}]}
    document = {
        "apiVersion": f"scheduling.k8s.io/{SUPPORT[minor].version}",
        "kind": "PodGroup",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }
    return await api.request("POST", _path(minor), document, fieldValidation="Strict")


async def delete(api: Api, gang: Gang) -> None:
    """Delete the pods of a gang with their claims; the group stays."""

    await each(lambda name: workload.delete_pair(api, name), gang.pods)


async def clear(api: Api, minor: str, seconds: float = 60.0) -> None:
    """
    Remove all pods, claims, templates and groups, and wait until none is left.

    A group goes when its pods have gone, and its claims go after it.
    """

    async def remove(found: Object) -> None:
        await api.request("DELETE", f"{_path(minor)}/{found['metadata']['name']}")

    await each(remove, (await api.request("GET", _path(minor)))["items"])
    await workload.clear(api, seconds)
    deadline = time.monotonic() + seconds
    while left := (await api.request("GET", _path(minor)))["items"]:
        await asyncio.sleep(workload.POLL_SECONDS)
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(left)} pod groups are still there after {seconds:g} s")


def _path(minor: str) -> str:
    return f"/apis/scheduling.k8s.io/{SUPPORT[minor].version}/namespaces/{NAMESPACE}/podgroups"
