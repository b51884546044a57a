"""
What the bench sends: pods with their claims, and claims that get allocated meanwhile.

Every pod and claim is new; only specs repeat, as in a cluster where jobs are
made from templates. Deterministic.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from .fleet import JSON, Machine, gpu_name, machines, nic_name, node_name

NAMESPACE = "bench"
MOST_OFFERED = 5_000
"""How many nodes a pod is offered at most: of a larger cluster kube-scheduler looks at a part."""

_STRIDE = 101


def _request(name: str, device_class: str, count: int, form: int) -> JSON:
    exactly: dict[str, object] = {
        "deviceClassName": device_class,
        "allocationMode": "ExactCount",
        "count": count,
    }
    if form:
        exactly["selectors"] = [{"cel": {"expression": f'device.driver != "form-{form}.example.com"'}}]
    return {"name": name, "exactly": exactly}


def _claim_spec(*requests: JSON, constraints: Sequence[JSON] = ()) -> JSON:
    return {"devices": {"requests": requests, **({"constraints": constraints} if constraints else {})}}


_ON_ONE_ROOT: JSON = {"requests": ["gpu", "nic"], "matchAttribute": "resource.kubernetes.io/pcieRoot"}


def specs_of(form: int) -> Mapping[str, tuple[JSON, ...]]:
    """
    The claim specs of a pod, by what they ask for.

    Those of a ``form`` that is not 0 have a selector that matches every device and is in no other form.
    """

    def request(name: str, device_class: str, count: int = 1) -> JSON:
        return _request(name, device_class, count, form)

    pair = request("gpu", "gpu"), request("nic", "rdma")
    return {
        "1 GPU + 1 NIC": (_claim_spec(*pair),),
        "1 GPU + 1 NIC on one PCIe root": (_claim_spec(*pair, constraints=[_ON_ONE_ROOT]),),
        "4 GPUs + 4 NICs": (_claim_spec(request("gpu", "gpu", 4), request("nic", "rdma", 4)),),
        "2 GPUs, 2 NICs, CPUs in three claims": (
            _claim_spec(request("gpu", "gpu", 2)),
            _claim_spec(request("nic", "rdma", 2)),
            _claim_spec(request("cpu", "dra.cpu")),
        ),
    }


SPECS = specs_of(0)
(PAIR,) = SPECS["1 GPU + 1 NIC"]


class Pair(NamedTuple):
    """One GPU and one NIC of a node, by device name."""

    node: str
    gpu_driver: str
    gpu: str
    nic: str


@dataclass(frozen=True, slots=True)
class Job:
    """A pod's new claims, and ``body``: what kube-scheduler posts for the pod."""

    claims: tuple[JSON, ...]
    body: bytes


class Load:
    """Makes jobs for ``fleet(nodes)``. A job is offered all nodes, of many at most ``MOST_OFFERED``."""

    def __init__(self, nodes: int) -> None:
        types = machines()
        self.names = [node_name(types[index % len(types)], index) for index in range(nodes)]
        self._order = list(range(nodes))
        random.Random(0).shuffle(self._order)  # noqa: S311  the scheduler's order is of no use to us
        self._offered = [json.dumps(self.names[index]).encode() for index in self._order]
        self._start = 0
        self._numbers = itertools.count(1)
        self._forms = itertools.count(1)

    def job(self, spec: str, annotations: Mapping[str, str] | None = None, *, form: int = 0) -> Job:
        """A new pod with new claims of a spec, in a ``form`` of it (see ``specs_of``)."""
        name = f"job-{next(self._numbers)}"
        bodies = (specs_of(form) if form else SPECS)[spec]
        claims = tuple(self._claim(f"{name}-claim-{index}", body) for index, body in enumerate(bodies))
        metadata: JSON = {
            "name": name,
            "namespace": NAMESPACE,
            "uid": self._uid(),
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": "job"},
            "annotations": annotations or {},
        }
        pod = _pod(metadata, [f"{name}-claim-{index}" for index in range(len(claims))])
        body = b'{"Pod":%s,"Nodes":null,"NodeNames":[%s]}' % (json.dumps(pod).encode(), self._next_names())
        return Job(claims, body)

    def job_of_new_form(self, spec: str) -> Job:
        """A new pod of a spec that no pod had before, which asks for the same as ``SPECS[spec]``."""
        return self.job(spec, form=next(self._forms))

    def placed_claims(self) -> Iterator[JSON]:
        """
        New claims, each just allocated one GPU and one NIC of a node that the next job is offered.

        They end when the fleet is full.
        """
        types, order = machines(), self._order
        left = {index: free_pairs(types[index % len(types)], index) for index in order}
        while left:
            first = self._start + 2 * _STRIDE
            places = (place % len(order) for place in range(first, first + len(order)))
            node = next(order[place] for place in places if order[place] in left)
            pair = next(left[node], None)
            if pair is None:
                del left[node]
            else:
                yield self._placed(pair)

    def _placed(self, pair: Pair) -> JSON:
        results = [
            {"request": "gpu", "driver": pair.gpu_driver, "pool": pair.node, "device": pair.gpu},
            {"request": "nic", "driver": "dra.net", "pool": pair.node, "device": pair.nic},
        ]
        term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [pair.node]}]}
        allocation = {"devices": {"results": results}, "nodeSelector": {"nodeSelectorTerms": [term]}}
        claim = self._claim(f"placed-{next(self._numbers)}", PAIR)
        return {**claim, "status": {"allocation": allocation}}

    def _next_names(self) -> bytes:
        """The names offered, from another start each time: kube-scheduler goes on where it stopped before."""
        self._start = (self._start + _STRIDE) % len(self._offered)
        names = self._offered[self._start :] + self._offered[: self._start]
        return b",".join(names[:MOST_OFFERED])

    def _claim(self, name: str, spec: JSON) -> JSON:
        return {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {"name": name, "namespace": NAMESPACE, "uid": self._uid()},
            "spec": spec,
        }

    def _uid(self) -> str:
        return str(UUID(int=next(self._numbers)))


def free_pairs(machine: Machine, index: int) -> Iterator[Pair]:
    """The GPUs and RDMA NICs of a node of ``fleet``, paired by position."""
    node = node_name(machine, index)
    gpus = [gpu_name(gpu) for gpu in range(len(machine.of_kind("gpu")))]
    nics = [nic_name(nic, position) for position, nic in enumerate(machine.of_kind("nic")) if nic.rdma]
    yield from (Pair(node, machine.gpu_driver, gpu, nic) for gpu, nic in zip(gpus, nics, strict=False))


def _pod(metadata: JSON, claims: Sequence[str]) -> JSON:
    """A Pod as the scheduler's cache holds it, defaults filled in."""
    container = {
        "name": "main",
        "image": "registry.example.com/train:1",
        "command": ["train"],
        "env": [{"name": "RANK", "value": "0"}],
        "resources": {
            "requests": {"cpu": "8", "memory": "64Gi"},
            "claims": [{"name": f"c{index}"} for index in range(len(claims))],
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    return {
        "metadata": metadata,
        "spec": {
            "containers": [container],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "securityContext": {},
            "schedulerName": "default-scheduler",
            "tolerations": [
                {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute"}
                for key in ("not-ready", "unreachable")
            ],
            "enableServiceLinks": True,
            "resourceClaims": [
                {"name": f"c{index}", "resourceClaimName": claim} for index, claim in enumerate(claims)
            ],
        },
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    }
