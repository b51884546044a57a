"""The sample cluster of most tests: values of the model, with the defaults that most want."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.core.releases.release import Release
from extender.core.scheduling import RULES, Nodes, node_info, nodes_of, placed_pod
from extender.core.topology.machine_facts import NO_FACTS, MachineFacts
from extender.model import (
    Allocation,
    Attribute,
    AttributeKind,
    Claim,
    ClaimSpec,
    Constraint,
    Device,
    DeviceClass,
    DeviceID,
    DeviceResult,
    Devices,
    DeviceTaintRule,
    DeviceTraits,
    ExactRequest,
    Namespace,
    Node,
    Pod,
    PodClaim,
    Request,
    ResourceSlice,
)
from extender.model.kinds import (
    DEVICE_CLASS,
    DEVICE_TAINT_RULE,
    NAMESPACE,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
)
from extender.model.quantity import parse_quantity
from extender.model.scheduling import ContainerResources, PodResources, SchedulingNode, SchedulingPod

ROOT = "resource.kubernetes.io/pcieRoot"
NUMA = "resource.kubernetes.io/numaNode"

GPU_CLASS = DeviceClass("gpu", ("device.driver == 'gpu.nvidia.com'",))
NIC_CLASS = DeviceClass("nic", ("device.driver == 'dra.net'",))
CLASSES = (GPU_CLASS, NIC_CLASS)

Machine = tuple[Node, list[ResourceSlice]]
"""A node and what its drivers publish."""


def text(value: str) -> Attribute:
    return Attribute(AttributeKind.STRING, value)


def number(value: int) -> Attribute:
    return Attribute(AttributeKind.INT, value)


def device(
    name: str,
    root: str | None = None,
    numa: int | None = None,
    traits: DeviceTraits | None = None,
    **attributes: Attribute,
) -> Device:
    """A device with the standard topology attributes; others belong to ``example.com``."""
    found = {f"example.com/{key}": value for key, value in attributes.items()}
    if root is not None:
        found[ROOT] = text(root)
    if numa is not None:
        found[NUMA] = number(numa)
    return Device(name, found, traits or DeviceTraits())


def slice_of(driver: str, node: str, devices: Iterable[Device], name: str = "") -> ResourceSlice:
    """The only slice of the node's pool."""
    return ResourceSlice(
        name or f"{node}-{driver}", driver, node, node_name=node, devices=Devices.of(devices)
    )


def machine(node: str, gpus: Iterable[Device], nics: Iterable[Device]) -> Machine:
    """A node with a slice of GPUs and one of NICs, where there are any."""
    offered = {"gpu.nvidia.com": tuple(gpus), "dra.net": tuple(nics)}
    return Node(node), [slice_of(driver, node, devices) for driver, devices in offered.items() if devices]


def pair_node(
    node: str, gpu_roots: Iterable[str], nic_roots: Iterable[str], numa: Mapping[str, int] | None = None
) -> Machine:
    """A node with one GPU per GPU root and one NIC per NIC root; ``numa``: the NUMA node of a root."""
    nodes = numa or {}
    return machine(
        node,
        [device(f"gpu-{i}", root, nodes.get(root)) for i, root in enumerate(gpu_roots)],
        [device(f"nic-{i}", root, nodes.get(root)) for i, root in enumerate(nic_roots)],
    )


def snapshot(
    *machines: Machine,
    release: Release | str = "1.36.2",
    nodes: Iterable[Node] = (),
    slices: Iterable[ResourceSlice] = (),
    classes: Iterable[DeviceClass] = CLASSES,
    claims: Iterable[Claim] = (),
    pods: Iterable[Pod] = (),
    taint_rules: Iterable[DeviceTaintRule] = (),
    machines_known: MachineFacts = NO_FACTS,
) -> Snapshot:
    """A cluster of machines, and of further nodes and slices."""
    return Snapshot.of(
        release=release_for(release) if isinstance(release, str) else release,
        nodes=[*(node for node, _ in machines), *nodes],
        slices=[*(slice_ for _, of_node in machines for slice_ in of_node), *slices],
        classes=classes,
        claims=claims,
        pods=pods,
        taint_rules=taint_rules,
        machines=machines_known,
    )


def request(name: str, device_class: str, count: int = 1, **fields: object) -> Request:
    return Request(name, ExactRequest(name, device_class, count=count, **fields))  # type: ignore[arg-type]


def spec(*requests: Request, constraints: Iterable[Constraint] = ()) -> ClaimSpec:
    """A spec whose fingerprint is its content."""
    frozen = tuple(constraints)
    return ClaimSpec(repr((requests, frozen)), tuple(requests), frozen)


PAIR = spec(request("gpu", "gpu"), request("nic", "nic"))


def claim(name: str, of: ClaimSpec = PAIR, allocation: Allocation | None = None) -> Claim:
    return Claim("default", name, f"uid-{name}", of, allocation)


def holding(name: str, *devices: DeviceID, of: ClaimSpec = PAIR) -> Claim:
    """A claim that holds devices."""
    return claim(name, of, Allocation(tuple(DeviceResult("r", each) for each in devices)))


def pod(name: str, *claims: str) -> Pod:
    return Pod("default", name, f"uid-{name}", claims=tuple(PodClaim(each, each) for each in claims))


def first_lists(
    nodes: Iterable[Node] = (),
    slices: Iterable[ResourceSlice] = (),
    classes: Iterable[DeviceClass] = (),
    claims: Iterable[Claim] = (),
    pods: Iterable[Pod] = (),
    taint_rules: Iterable[DeviceTaintRule] = (),
    namespaces: Iterable[Namespace] = (),
) -> Iterator[Changes]:
    """A complete list of every kind, as reflectors report them at first."""
    yield Changes.of(NAMESPACE, namespaces, complete=True)
    yield Changes.of(NODE, nodes, complete=True)
    yield Changes.of(POD, pods, complete=True)
    yield Changes.of(DEVICE_CLASS, classes, complete=True)
    yield Changes.of(RESOURCE_CLAIM, claims, complete=True)
    yield Changes.of(RESOURCE_SLICE, slices, complete=True)
    yield Changes.of(DEVICE_TAINT_RULE, taint_rules, complete=True)


NEWEST = RULES["1.38"]
"""The scheduling rules of tests that are not about a release."""


def containers(*requests: Mapping[str, str]) -> PodResources:
    """What a pod requests whose containers request these quantities."""
    return PodResources(
        tuple(
            ContainerResources(tuple((name, parse_quantity(text)) for name, text in sorted(each.items())))
            for each in requests
        )
    )


def scheduling_pod(name: str = "p", cpu: str = "1", memory: str = "1Gi", **fields: object) -> SchedulingPod:
    made = {"resources": containers({"cpu": cpu, "memory": memory}), "images": ("app",)} | fields
    return SchedulingPod("default", name, **made)  # type: ignore[arg-type]


def scheduling_node(
    name: str = "n", cpu: str = "8", memory: str = "16Gi", pods: str = "110", **fields: object
) -> SchedulingNode:
    amounts = {"cpu": cpu, "memory": memory, "pods": pods}
    allocatable = tuple((key, parse_quantity(text)) for key, text in sorted(amounts.items()))
    return SchedulingNode(name, **({"allocatable": allocatable} | fields))  # type: ignore[arg-type]


def scheduling_nodes(
    *nodes: SchedulingNode | tuple[SchedulingNode, Iterable[SchedulingPod]],
    namespaces: Mapping[str, Mapping[str, str]] | None = None,
) -> Nodes:
    """Nodes, each alone or with the pods on it."""
    infos = []
    for each in nodes:
        node, on_it = each if isinstance(each, tuple) else (each, ())
        infos.append(node_info(node, (placed_pod(pod, NEWEST) for pod in on_it)))
    return nodes_of(infos, namespaces)
