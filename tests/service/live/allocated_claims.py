"""Claims for a GPU and a NIC of the node ``n``, as kube-scheduler writes them."""

from __future__ import annotations

from dataclasses import replace

from extender.model import (
    Allocation,
    Claim,
    Consumer,
    DeviceID,
    DeviceResult,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
)
from tests import builders as b

THIS_NODE = NodeSelector((NodeSelectorTerm(fields=(NodeRequirement("metadata.name", "In", ("n",)),)),))


def device(name: str) -> DeviceID:
    """The device of that name of the node; ``gpu-0`` is a GPU, any other a NIC."""
    return DeviceID("gpu.nvidia.com" if name.startswith("gpu") else "dra.net", "n", name)


def allocation(gpu: str, nic: str) -> Allocation:
    """Both devices, on the node alone."""
    results = (DeviceResult("gpu", device(gpu)), DeviceResult("nic", device(nic)))
    return Allocation(results, node_selector=THIS_NODE)


def allocated(gpu: str, nic: str, name: str = "c", pod: str = "job") -> Claim:
    """The claim as the scheduler writes it for a pod."""
    return replace(
        b.claim(name, allocation=allocation(gpu, nic)),
        reserved_for=(Consumer("pods", pod, f"uid-{pod}"),),
    )
