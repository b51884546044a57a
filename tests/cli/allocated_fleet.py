"""
A generated fleet with pods on it, as kubectl dumps it, for tests and measurements.

The devices of each pod are those that the allocator takes. Per machine and mix of pods
they are worked out once, on one node, and renamed for all others. As a program it
prints the dump of as many nodes as its argument says.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from extender.cli.bench.fleet import fleet
from extender.core.prediction.evaluate import Memo, Settings, Snapshot, evaluate
from extender.core.releases.history import release_for
from extender.kube.files.cluster import ClusterBuilder
from extender.model import Pod, PodClaim

MIXES = (
    ({"gpu": 1, "rdma": 1}, {"gpu": 1, "rdma": 1, "dra.cpu": 1}),
    ({"gpu": 2, "rdma": 2}, {"gpu": 1, "rdma": 1}),
    ({"gpu": 4, "rdma": 4}, {"gpu": 1, "dra.cpu": 1}),
    ({"gpu": 1}, {"gpu": 2, "rdma": 1}, {"gpu": 1, "rdma": 1}),
)
"""Devices by class of the pods of a node, in the order in which they came; nodes take turns."""

NAMESPACES = ("training", "inference", "research")


def allocated_fleet(nodes: int) -> dict[str, Any]:
    """A List of ``nodes`` nodes with two or three pods on each, where they fit."""
    listed: dict[str, Any] = fleet(nodes)
    names = [item["metadata"]["name"] for item in listed["items"] if item["kind"] == "Node"]
    solved: dict[tuple[str, int], list] = {}
    pods: list[dict[str, Any]] = []
    for index, name in enumerate(names):
        mix = index // 20 % len(MIXES)
        machine = (name.rpartition("-")[0], mix)
        if machine not in solved:
            solved[machine] = _solve(name, MIXES[mix])
        for number, (wanted, results) in enumerate(zip(MIXES[mix], solved[machine], strict=True)):
            if results:
                pods += _pod(f"job-{index}-{number}", NAMESPACES[index % 3], name, wanted, results)
    return {**listed, "items": [*listed["items"], *pods]}


def _solve(node, mix):
    """What each pod gets, one after the other, as (request, driver, device); empty if nothing."""
    index = int(node.rpartition("-")[2])
    builder = ClusterBuilder()
    builder.add(json.dumps(_only(node, fleet(index + 1))).encode())
    for number, wanted in enumerate(mix):
        builder.add(json.dumps(_claim(f"job-{number}", "default", wanted)).encode())
    cluster = builder.build()
    snapshot = Snapshot.of(
        release=release_for("1.36.2"),
        nodes=cluster.nodes,
        slices=cluster.slices,
        classes=cluster.classes,
        claims=cluster.claims,
    )
    found = []
    for number in range(len(mix)):
        pod = Pod("default", f"job-{number}", claims=(PodClaim("devices", f"job-{number}"),))
        claims = evaluate(
            snapshot, pod, Memo(lambda names, score: [score] * len(names)), Settings()
        ).allocated_on(node)
        snapshot = snapshot.with_claims(claims)
        found.append(
            [
                (result, [(name, quantity.nanos // 10**9) for name, quantity in result.consumed_capacity])
                for claim in claims
                if claim.allocation is not None
                for result in claim.allocation.results
            ]
        )
    return found


def _only(node, listed):
    """The classes, one node and its slices."""
    kept = [
        item
        for item in listed["items"]
        if item["kind"] == "DeviceClass"
        or node in (item["metadata"]["name"], item.get("spec", {}).get("nodeName"))
    ]
    return {**listed, "items": kept}


def _claim(name, namespace, wanted):
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}-devices"},
        "spec": {
            "devices": {
                "requests": [
                    {
                        "name": device_class.replace(".", "-"),
                        "exactly": {"deviceClassName": device_class, "count": count},
                    }
                    for device_class, count in wanted.items()
                ]
            }
        },
    }


def _pod(name, namespace, node, wanted, results):
    """The pod and its claim."""
    claim = _claim(name, namespace, wanted)
    entries = []
    for number, (result, consumed) in enumerate(results):
        entry = {
            "request": result.request,
            "driver": result.id.driver,
            "pool": node,
            "device": result.id.device,
        }
        if consumed:
            entry["shareID"] = f"{name}-{number}"
            entry["consumedCapacity"] = {key: str(amount) for key, amount in consumed}
        entries.append(entry)
    claim["status"] = {
        "allocation": {"devices": {"results": entries}},
        "reservedFor": [{"resource": "pods", "name": name, "uid": f"uid-{name}"}],
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}"},
        "spec": {
            "nodeName": node,
            "containers": [{"name": "main"}],
            "resourceClaims": [{"name": "devices", "resourceClaimName": name}],
        },
    }
    return [claim, pod]


if __name__ == "__main__":
    json.dump(allocated_fleet(int(sys.argv[1])), sys.stdout)
