"""
Generate nodes, namespaces and services for the scheduling plugins.
"""

from __future__ import annotations

from random import Random
from typing import Any

JSON = dict[str, Any]

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
RACK, DISK, RANK = "rack", "disk", "rank"
TAINT_KEYS = ("dedicated", "node.kubernetes.io/unschedulable", "flaky")
TAINT_VALUES = ("", "gpu", "7")
EFFECTS = ("NoSchedule", "NoExecute", "PreferNoSchedule")
GPU, HUGE, ATTACHABLE, NATIVE = (
    "example.com/gpu",
    "hugepages-2Mi",
    "attachable-volumes-x",
    "a.kubernetes.io/b",
)
IMAGES = ("app", "app:v1", "registry.example/team/app", "registry.example:5000/base:2", "side@sha256:0")
NAMESPACES = ("default", "team-a", "team-b")
LABELS = {"app": ("web", "db"), "tier": ("1", "2", "x"), "version": ("v1", "v2")}
FEATURES = (
    "RestartAllContainersOnContainerExits",
    "UserNamespacesHostNetworkSupport",
    "VolumeBindMountOptions",
    "PodCertificateMLDSA",
    "SecurityProfileOCI",
)


def node(random: Random, name: str) -> JSON:
    labels = {}
    if random.random() < 0.9:
        # Two nodes may share a hostname label, as after a restored backup.
        labels[HOSTNAME] = name if random.random() < 0.95 else "n0"
    for key, values, chance in (
        (ZONE, ("z1", "z2", "z3"), 0.8),
        (RACK, ("r1", "r2", ""), 0.5),
        (DISK, ("ssd", "hdd"), 0.5),
        (RANK, ("1", "7", "20", "x", "99999999999999999999"), 0.4),
    ):
        if random.random() < chance:
            labels[key] = random.choice(values)
    made: JSON = {
        "metadata": {"name": name, "labels": labels} if labels else {"name": name},
        "spec": {},
        "status": {"allocatable": allocatable(random)},
    }
    if random.random() < 0.07:
        made["spec"]["unschedulable"] = True
    if random.random() < 0.25:
        made["spec"]["taints"] = [taint(random) for _ in range(random.choice((1, 1, 2)))]
    if random.random() < 0.5:
        made["status"]["images"] = [image(random) for _ in range(random.randint(1, 3))]
    if random.random() < 0.4:
        made["status"]["declaredFeatures"] = sorted(random.sample(FEATURES, random.randint(1, 4)))
    return made


def allocatable(random: Random) -> JSON:
    made = {
        "cpu": random.choice(("2", "4", "8", "16", "3999m", "64", "0.5")),
        "memory": random.choice(("4Gi", "8Gi", "16Gi", "1.5Gi", "8e9", "7999999999")),
        "pods": random.choice(("110", "110", "110", "3")),
    }
    for name, amounts, chance in (
        ("ephemeral-storage", ("10Gi", "100Gi"), 0.7),
        (GPU, ("0", "1", "2", "8"), 0.4),
        (HUGE, ("0", "128Mi"), 0.2),
        (ATTACHABLE, ("3",), 0.2),
        (NATIVE, ("2",), 0.1),
    ):
        if random.random() < chance:
            made[name] = random.choice(amounts)
    if random.random() < 0.03:
        made.pop(random.choice(("cpu", "memory", "pods")))
    return made


def taint(random: Random) -> JSON:
    return {
        "key": random.choice(TAINT_KEYS),
        "value": random.choice(TAINT_VALUES),
        "effect": random.choice(EFFECTS),
    }


def image(random: Random) -> JSON:
    name = random.choice(IMAGES)
    names = [name, f"{name}:latest"] if random.random() < 0.7 else [f"{name}:v1"]
    return {"names": names, "sizeBytes": random.choice((1, 24 << 20, 300 << 20, 987654321, 3 << 30))}


def labels(random: Random, chance: float = 0.7) -> JSON:
    return {key: random.choice(values) for key, values in LABELS.items() if random.random() < chance}


def namespace(random: Random, name: str) -> JSON:
    return {"metadata": {"name": name, "labels": {"team": random.choice(("a", "b")), "name": name}}}


def service(random: Random, name: str) -> JSON:
    made: JSON = {"metadata": {"name": name, "namespace": random.choice(NAMESPACES)}, "spec": {}}
    if random.random() < 0.9:
        made["spec"]["selector"] = labels(random, 0.5)
    return made
