"""
Generate pods for the scheduling plugins: pending ones, and those on nodes.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.differential.scheduling_affinity import affinity, spread_constraints
from tests.differential.scheduling_nodes import (
    ATTACHABLE,
    DISK,
    EFFECTS,
    GPU,
    HUGE,
    IMAGES,
    NAMESPACES,
    NATIVE,
    TAINT_KEYS,
    TAINT_VALUES,
    ZONE,
    labels,
)

JSON = dict[str, Any]

CPU = ("0", "100m", "0.1", "333m", "500m", "1.0001", "2", "0.0000001")
MEMORY = ("0", "128Mi", "300M", "1Gi", "1.5", "2Gi", "100m")


def pending(random: Random) -> JSON:
    """The pod to schedule."""
    made = pod(random, "pending", affinity_chance=0.2)
    spec = made["spec"]
    if random.random() < 0.05:
        spec["nodeName"] = random.choice(("n0", "n1", "gone"))
    if random.random() < 0.4:
        spec["tolerations"] = [toleration(random) for _ in range(random.randint(1, 3))]
    if random.random() < 0.2:
        values = {DISK: ("ssd", "hdd"), ZONE: ("z1", "z2")}
        spec["nodeSelector"] = {
            key: random.choice(chosen) for key, chosen in values.items() if random.random() < 0.6
        }
    if random.random() < 0.35:
        spec["topologySpreadConstraints"] = spread_constraints(random)
    if random.random() < 0.03:
        spec["containers"][0]["restartPolicyRules"] = [{"action": "RestartAllContainers"}]
    if random.random() < 0.03:
        spec["hostNetwork"], spec["hostUsers"] = True, False
    if random.random() < 0.03:
        spec["containers"][0]["volumeMounts"] = [
            {"name": "v", "mountPath": "/v", "bindMountOptions": ["noexec"]}
        ]
    if random.random() < 0.1:
        spec["volumes"] = [{"name": "v", "image": {"reference": random.choice(IMAGES)}}]
    if random.random() < 0.03:
        key = random.choice(("MLDSA44", "MLDSA65", "MLDSA87", "ED25519"))
        source = {"podCertificate": {"signerName": "example.com/s", "keyType": key}}
        spec.setdefault("volumes", []).append({"name": "p", "projected": {"sources": [source]}})
    if random.random() < 0.03:
        profile = {"seccompProfile": {"type": random.choice(("OCI", "OCI", "RuntimeDefault"))}}
        random.choice((spec, *spec["containers"], *spec.get("initContainers", ())))["securityContext"] = (
            profile
        )
    if random.random() < 0.2:
        made["metadata"]["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "u", "controller": True}
        ]
    if random.random() < 0.05:
        made["status"] = resized(random, spec)
    return made


def undemanding(pod: JSON) -> JSON:
    """The same pod with wishes in the place of demands, so that more nodes are scored."""
    spec = pod["spec"]
    for field in ("nodeName", "nodeSelector"):
        spec.pop(field, None)
    everywhere = {"operator": "Exists", "effect": "NoSchedule"}
    spec["tolerations"] = [*spec.get("tolerations", ()), everywhere]
    for kind in spec.get("affinity", {}).values():
        kind.pop("requiredDuringSchedulingIgnoredDuringExecution", None)
    for constraint in spec.get("topologySpreadConstraints", ()):
        constraint["whenUnsatisfiable"] = "ScheduleAnyway"
        constraint.pop("minDomains", None)
    for each in (*spec["containers"], *spec.get("initContainers", ())):
        for amounts in each.get("resources", {}).values():
            for name in amounts.keys() - {"cpu", "memory", "ephemeral-storage"}:
                del amounts[name]
    return pod


def placed(random: Random, name: str, node: str) -> JSON:
    """A pod on a node."""
    made = pod(random, name, affinity_chance=0.08)
    made["spec"]["nodeName"] = node
    if random.random() < 0.2:
        made["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    if random.random() < 0.25:
        made["status"] = resized(random, made["spec"])
    return made


def pod(random: Random, name: str, *, affinity_chance: float) -> JSON:
    containers = [container(random, f"c{index}") for index in range(random.choice((1, 1, 2)))]
    spec: JSON = {"containers": containers}
    if random.random() < 0.25:
        spec["initContainers"] = [container(random, f"i{index}") for index in range(random.choice((1, 2, 3)))]
        for each in spec["initContainers"]:
            if random.random() < 0.5:
                each["restartPolicy"] = "Always"
    if random.random() < 0.1:
        spec["overhead"] = {"cpu": "50m", "memory": "10Mi"}
    if random.random() < 0.15:
        spec["resources"] = pod_level_resources(random)
        for each in (*containers, *spec.get("initContainers", ())):
            # With a limit on huge pages the API server would derive more requests of the pod.
            each.get("resources", {}).get("limits", {}).pop(HUGE, None)
    if random.random() < 0.1:
        spec["hostNetwork"] = True
    found = affinity(random, affinity_chance)
    if found:
        spec["affinity"] = found
    metadata = {
        "name": name,
        "namespace": random.choice(("default", *NAMESPACES)),
        "uid": name,
        "labels": labels(random),
    }
    if not metadata["labels"]:
        del metadata["labels"]
    return {"metadata": metadata, "spec": spec}


def pod_level_resources(random: Random) -> JSON:
    """As the API server stores them: whoever has limits has the requests that follow from them."""
    if random.random() < 0.7:
        return {"requests": amounts(random, 0.7, pod_level=True)}
    requests = {"cpu": random.choice(CPU), "memory": random.choice(MEMORY)}
    return {"requests": requests, "limits": {"cpu": "4", "memory": "4Gi"}}


def container(random: Random, name: str) -> JSON:
    made: JSON = {"name": name, "image": random.choice(IMAGES)}
    resources = {}
    if random.random() < 0.8:
        resources["requests"] = amounts(random, 0.6)
    if random.random() < 0.2:
        resources["limits"] = amounts(random, 0.4)
    if resources:
        made["resources"] = resources
    if random.random() < 0.2:
        made["ports"] = [port(random) for _ in range(random.choice((1, 2)))]
    return made


def amounts(random: Random, chance: float, *, pod_level: bool = False) -> JSON:
    made = {}
    if random.random() < chance:
        made["cpu"] = random.choice(CPU)
    if random.random() < chance:
        made["memory"] = random.choice(MEMORY)
    if pod_level:
        return made
    for name, values, rate in (
        ("ephemeral-storage", ("0", "1Gi", "20Gi"), 0.1),
        (GPU, ("0", "1", "2"), 0.1),
        (HUGE, ("2Mi", "64Mi"), 0.02),
        (ATTACHABLE, ("1",), 0.015),
        (NATIVE, ("1",), 0.015),
        ("unknown", ("5",), 0.02),
        ("requests.example.com/gpu", ("5",), 0.02),
        ("bad_domain/gpu", ("5",), 0.02),
    ):
        if random.random() < rate:
            made[name] = random.choice(values)
    return made


def port(random: Random) -> JSON:
    made: JSON = {"containerPort": random.choice((80, 443))}
    if random.random() < 0.6:
        made["hostPort"] = random.choice((80, 443, 8080))
    if random.random() < 0.3:
        made["protocol"] = random.choice(("TCP", "UDP"))
    if random.random() < 0.4:
        made["hostIP"] = random.choice(("0.0.0.0", "10.0.0.1", "10.0.0.2"))
    return made


def toleration(random: Random) -> JSON:
    made: JSON = {}
    if random.random() < 0.85:
        made["key"] = random.choice(TAINT_KEYS)
    if random.random() < 0.7:
        made["operator"] = random.choice(("Exists", "Equal", "Gt", "Lt"))
    if random.random() < 0.5:
        made["value"] = random.choice(TAINT_VALUES)
    if random.random() < 0.6:
        made["effect"] = random.choice(EFFECTS)
    return made


def resized(random: Random, spec: JSON) -> JSON:
    """The status of a pod that is being resized, or was."""
    status: JSON = {}
    for field, key in (("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")):
        for each in spec.get(field, ()):
            if random.random() < 0.6:
                status.setdefault(key, []).append(_container_status(random, each["name"]))
    if random.random() < 0.4:
        status["conditions"] = [
            {
                "type": "PodResizePending",
                "status": "True",
                "reason": random.choice(("Infeasible", "Deferred")),
            }
        ]
    if random.random() < 0.4:
        status["resources"] = {"requests": amounts(random, 0.7)} if random.random() < 0.8 else {}
    if random.random() < 0.4:
        status["allocatedResources"] = amounts(random, 0.7)
    return status


def _container_status(random: Random, name: str) -> JSON:
    made: JSON = {"name": name}
    if random.random() < 0.6:
        made["allocatedResources"] = amounts(random, 0.6)
    if random.random() < 0.7:
        made["resources"] = {"requests": amounts(random, 0.6)} if random.random() < 0.8 else {}
    return made
