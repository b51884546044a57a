"""Pods that ask for a GPU and a NIC: created, waited for, read, removed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from tests.e2e.api import Api, Object, each

NAMESPACE = "default"
GPU_CLASS, NIC_CLASS, CPU_CLASS = "gpu", "rdma", "dra.cpu"
"""Classes of both fleets of ``tests.e2e.fleet``."""
CPUS = "4"
POLL_SECONDS = 0.05
MANY, POLL_MANY_SECONDS = 50, 0.5
"""To list hundreds of pods all the time would cost the API server as much as to schedule them."""


class Ask(Enum):
    """How a pod asks: the requests of each of its claims."""

    ONE_CLAIM = (("gpu", "nic"),)
    TWO_CLAIMS = (("gpu",), ("nic",))
    WITH_CPU = (("gpu", "nic", "cpu"),)


class Unbound(Exception):
    """Pods that got no node in time; the text has what the scheduler says of the first."""


async def create_pairs(
    api: Api,
    count: int,
    ask: Ask = Ask.ONE_CLAIM,
    *,
    prefix: str = "pair",
    template: bool = False,
    annotations: Mapping[str, str] | None = None,
) -> list[str]:
    """
    Create ``count`` pods with their claims, all at once; the names of the pods.

    Pod ``<prefix>-<n>`` has the claims ``<prefix>-<n>-<m>``, or, with ``template``, claims that the
    controller makes from templates of that name. ``annotations``: of the claims or templates.
    """
    names = [f"{prefix}-{number}" for number in range(count)]

    async def create(name: str) -> None:
        await create_claims(api, name, ask, template=template, annotations=annotations)
        await create_pod(api, name, ask, template=template)

    await each(create, names)
    return names


async def create_pair(api: Api, name: str, ask: Ask = Ask.ONE_CLAIM, *, template: bool = False) -> Object:
    """Create one pod with its claims; the pod as the server stored it."""
    await create_claims(api, name, ask, template=template)
    return await create_pod(api, name, ask, template=template)


async def create_claims(
    api: Api,
    name: str,
    ask: Ask = Ask.ONE_CLAIM,
    *,
    template: bool = False,
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Create what the pod ``name`` will refer to: claims, or templates of claims."""
    for document in _claims(name, ask, template=template):
        document["metadata"]["annotations"] = dict(annotations or {})
        await api.create(document)


async def create_pod(api: Api, name: str, ask: Ask = Ask.ONE_CLAIM, *, template: bool = False) -> Object:
    """Create one pod whose claims are there; the pod as the server stored it."""
    return await api.create(pod(name, ask, template=template))


async def delete_pair(api: Api, name: str, ask: Ask = Ask.ONE_CLAIM) -> None:
    """Delete one pod and its claims, whose devices are free once the controller has released them."""
    await api.delete("Pod", name, NAMESPACE)
    for number in range(len(ask.value)):
        await api.delete("ResourceClaim", f"{name}-{number}", NAMESPACE)


def pod(name: str, ask: Ask, *, template: bool = False) -> Object:
    """The pod, which refers to its claims."""
    kind = "resourceClaimTemplateName" if template else "resourceClaimName"
    numbers = range(len(ask.value))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "image": "registry.example.com/train:1",
                    "resources": {"claims": [{"name": f"claim-{number}"} for number in numbers]},
                }
            ],
            "resourceClaims": [{"name": f"claim-{number}", kind: f"{name}-{number}"} for number in numbers],
        },
    }


def on_nodes(names: Sequence[str]) -> Object:
    """The fields of a pod's spec for one that must go to one of these nodes."""
    # Terms are alternatives, and a field takes one value.
    terms = [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]} for name in names
    ]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"affinity": {"nodeAffinity": required}}


def pod_without_devices(name: str, cpu: str, **spec: object) -> Object:
    """A pod that takes so much CPU and no devices; ``spec``: further fields."""
    document = pod(name, Ask.ONE_CLAIM)
    del document["spec"]["resourceClaims"]
    document["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}}
    document["spec"] |= spec
    return document


def filler(name: str, node: str, cpu: str, priority: int) -> Object:
    """A pod that is bound to the node, takes CPU there, and may be preempted at once."""
    return pod_without_devices(name, cpu, nodeName=node, priority=priority, terminationGracePeriodSeconds=0)


async def wait_bound(
    api: Api, names: Sequence[str], seconds: float = 60.0, *, gone: Collection[str] = ()
) -> dict[str, str]:
    """The node of each pod, once all are bound but those that are ``gone``; ``Unbound``."""
    deadline = time.monotonic() + seconds
    poll = POLL_SECONDS if len(names) <= MANY else POLL_MANY_SECONDS
    while True:
        pods = await _pods(api, names)
        nodes = _nodes(pods)
        waiting = [name for name in names if name not in nodes and name not in gone]
        if not waiting:
            return {name: nodes[name] for name in names if name in nodes}
        if time.monotonic() > deadline:
            said = [found.get("status", {}).get("conditions") for found in pods if _name(found) == waiting[0]]
            raise Unbound(f"{len(waiting)} of {len(names)} pods have no node: {said or 'no such pod'}")
        await asyncio.sleep(poll)


async def bound(api: Api, names: Sequence[str]) -> dict[str, str]:
    """The node of each pod that has one."""
    return _nodes(await _pods(api, names))


async def _pods(api: Api, names: Sequence[str]) -> list[Object]:
    if len(names) == 1:
        return [await api.get("Pod", names[0], NAMESPACE)]
    wanted = set(names)
    return [found for found in await api.list_all("Pod", NAMESPACE) if _name(found) in wanted]


def _nodes(pods: Iterable[Object]) -> dict[str, str]:
    return {_name(found): found["spec"]["nodeName"] for found in pods if found["spec"].get("nodeName")}


async def claims_of(api: Api, names: Iterable[str]) -> dict[str, list[Object]]:
    """The ResourceClaims of each pod, in the order of the pod's claims."""
    claims = {_name(claim): claim for claim in await api.list_all("ResourceClaim", NAMESPACE)}
    pods = {_name(found): found for found in await api.list_all("Pod", NAMESPACE)}
    return {name: [claims[claim] for claim in _claim_names(pods[name])] for name in names}


async def allocations(api: Api, names: Iterable[str]) -> dict[str, list[str]]:
    """The devices of each pod as ``driver/pool/device``, claims in pod order, each in its own order."""
    return {
        name: [
            f"{result['driver']}/{result['pool']}/{result['device']}"
            for claim in claims
            for result in claim["status"]["allocation"]["devices"]["results"]
        ]
        for name, claims in (await claims_of(api, names)).items()
    }


async def condition(api: Api, name: str, seconds: float = 20.0) -> str:
    """Why a pod has no node, as its condition says; ``Unbound`` where nobody has said."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for found in (await api.get("Pod", name, NAMESPACE)).get("status", {}).get("conditions") or ():
            if found["type"] == "PodScheduled" and found.get("message"):
                return str(found["message"])
        await asyncio.sleep(POLL_SECONDS)
    raise Unbound(f"{name}: nothing is said of it within {seconds:g} s")


async def notes(api: Api, reason: str) -> dict[str, str]:
    """What the Events of a reason say, by the name of the pod that they are about."""
    events = (await api.request("GET", f"/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events"))["items"]
    return {event["regarding"]["name"]: event["note"] for event in events if event["reason"] == reason}


async def clear(api: Api, seconds: float = 60.0) -> None:
    """Remove all pods, claims and templates, and wait until the controller has released the devices."""
    deadline = time.monotonic() + seconds
    while True:
        left = 0
        for kind in ("Pod", "ResourceClaimTemplate", "ResourceClaim"):
            left += await api.delete_all(kind, NAMESPACE)
        if not left:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{left} pods, templates and claims are still there after {seconds:g} s")
        await asyncio.sleep(4 * POLL_SECONDS)


def _claims(name: str, ask: Ask, *, template: bool) -> list[Object]:
    documents = []
    for number, requests in enumerate(ask.value):
        spec: dict[str, Any] = {"devices": {"requests": list(map(_request, requests))}}
        documents.append(
            {
                "apiVersion": "resource.k8s.io/v1",
                "kind": "ResourceClaimTemplate" if template else "ResourceClaim",
                "metadata": {"name": f"{name}-{number}", "namespace": NAMESPACE},
                "spec": {"spec": spec} if template else spec,
            }
        )
    return documents


def _request(kind: str) -> Object:
    if kind == "cpu":
        # The capacity that is asked for is dropped by servers without DRAConsumableCapacity.
        capacity = {"requests": {"dra.cpu/cpu": CPUS}}
        return {"name": kind, "exactly": {"deviceClassName": CPU_CLASS, "count": 1, "capacity": capacity}}
    return {"name": kind, "exactly": {"deviceClassName": GPU_CLASS if kind == "gpu" else NIC_CLASS}}


def _claim_names(found: Object) -> list[str]:
    """The claims of a pod; those made from templates have their names in the status."""
    made = {
        status["name"]: status.get("resourceClaimName", "")
        for status in found.get("status", {}).get("resourceClaimStatuses") or ()
    }
    return [
        claim.get("resourceClaimName") or made[claim["name"]] for claim in found["spec"]["resourceClaims"]
    ]


def _name(found: Object) -> str:
    name: str = found["metadata"]["name"]
    return name
