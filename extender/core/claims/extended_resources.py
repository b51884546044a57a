"""
Extended resources backed by DRA: the claim the scheduler makes up for a pod.

Which resources go through DRA depends on the node, so one pod can have several
variants of this claim. It exists only inside the scheduler until it binds.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources
extendeddynamicresources.go and pkg/scheduler/util/utils.go, v1.36.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from extender.model import Claim, ClaimSpec, Container, DeviceClass, ExactRequest, Node, Pod, Request

from ..cluster.snapshot import ClaimKey

IMPLICIT_PREFIX = "deviceclass.resource.kubernetes.io/"


def backed_resources(pod: Pod, classes: Mapping[str, DeviceClass]) -> tuple[str, ...]:
    """
    The pod's extended resources, sorted; empty unless a device class backs at least one.
    """
    requested = sorted(
        {
            name
            for container in (*pod.init_containers, *pod.containers)
            for name, quantity in container.requests
            if quantity.nanos and _is_extended(name)
        }
    )
    return tuple(requested) if any(class_for(name, classes) for name in requested) else ()


def plugin_resources(
    pod: Pod, nodes: Iterable[Node], classes: Mapping[str, DeviceClass], *, through_classes: bool
) -> tuple[str, ...]:
    """
    The pod's extended resources that device plugins offer on some node, sorted.

    ``through_classes``: whether the release gives out through DRA what a class backs.
    """
    requested = {
        name
        for container in (*pod.init_containers, *pod.containers)
        for name, quantity in container.requests
        if quantity.nanos and _is_extended(name) and not (through_classes and class_for(name, classes))
    }
    offered = {
        name
        for node in (nodes if requested else ())
        for name in requested
        if (allocatable := node.allocatable.get(name)) is not None and allocatable.value
    }
    return tuple(sorted(offered))


def class_for(resource: str, classes: Mapping[str, DeviceClass]) -> DeviceClass | None:
    """The class behind a resource: by implicit name, else the newest that names it explicitly."""
    if resource.startswith(IMPLICIT_PREFIX):
        return classes.get(resource.removeprefix(IMPLICIT_PREFIX))
    named = [
        device_class for device_class in classes.values() if device_class.extended_resource_name == resource
    ]
    newest = max((device_class.created for device_class in named), default="")
    return min(
        (device_class for device_class in named if device_class.created == newest),
        key=lambda device_class: device_class.name,
        default=None,
    )


def through_dra(
    resources: Iterable[str], node: Node, classes: Mapping[str, DeviceClass]
) -> tuple[str, ...] | str:
    """
    Which of ``resources`` this node provides through DRA, in order.

    The name of a resource instead, if the node does not provide that one at all.
    """
    chosen = []
    for name in resources:
        allocatable = node.allocatable.get(name)
        if class_for(name, classes) and (allocatable is None or allocatable.value == 0):
            chosen.append(name)
        elif allocatable is None:
            return name
    return tuple(chosen)


def claim_spec(pod: Pod, resources: Sequence[str], classes: Mapping[str, DeviceClass]) -> ClaimSpec:
    """
    The claim for ``resources`` (sorted): one request per container and resource.

    Plain init containers reuse the devices of later long-lived containers; what
    the neediest still lacks is one more request. Requests are sorted by name *as
    strings*: container-10 comes before container-2.
    """
    containers = (*pod.init_containers, *pod.containers)
    requests: list[Request] = []
    for resource in resources:
        device_class = class_for(resource, classes)
        if device_class is not None:
            requests += _requests(containers, len(pod.init_containers), resource, device_class.name)
    requests.sort(key=lambda request: request.name)
    text = ",".join(
        f"{request.name}={each.device_class}*{each.count}"
        for request in requests
        if (each := request.exactly) is not None
    )
    return ClaimSpec(fingerprint=f"extended-resources:{text}", requests=tuple(requests))


def _requests(
    containers: Sequence[Container], init_count: int, resource: str, class_name: str
) -> list[Request]:
    short_lived = [
        number
        for number, container in enumerate(containers)
        if number < init_count and not container.restartable
    ]
    long_lived: dict[int, int] = {
        number: count
        for number, container in enumerate(containers)
        if number not in short_lived and (count := _count(container, resource))
    }
    made = [
        _request(containers[number], number, resource, class_name, count)
        for number, count in long_lived.items()
    ]
    neediest: tuple[int, int] | None = None
    for number in short_lived:
        reusable = sum(count for later, count in long_lived.items() if later >= number)
        missing = _count(containers[number], resource) - reusable
        if missing > 0 and (neediest is None or missing > neediest[1]):
            neediest = (number, missing)
    if neediest is not None:
        number, missing = neediest
        made.append(_request(containers[number], number, resource, class_name, missing))
    return made


def _request(container: Container, number: int, resource: str, class_name: str, count: int) -> Request:
    names = sorted(name for name, _ in container.requests)
    name = f"container-{number}-request-{names.index(resource)}"
    return Request(name, ExactRequest(name, class_name, count=count))


def _count(container: Container, resource: str) -> int:
    quantity = dict(container.requests).get(resource)
    return quantity.value if quantity is not None and quantity.exact_int64 else 0


def _is_extended(name: str) -> bool:
    if name.startswith(IMPLICIT_PREFIX):
        return True
    return "/" in name and "kubernetes.io/" not in name and not name.startswith("requests.")


EXTENDED_CLAIM_NAME = "<extended-resources>"
"""What the scheduler calls the claim that it makes up, before it exists."""


def made_up_claim(pod: Pod) -> Claim:
    """
    The claim that the scheduler makes up for a pod's extended resources.

    Its name, which no real claim can have, is unique by the pod's UID; what it asks for depends on the
    node.
    """
    namespace, name = made_up_key(pod.namespace, pod.uid)
    return Claim(namespace, name, uid=name, spec=ClaimSpec(name), owner_uid=pod.uid)


def made_up_key(namespace: str, pod_uid: str) -> ClaimKey:
    """The key of a pod's made-up claim."""
    return namespace, f"{EXTENDED_CLAIM_NAME}/{pod_uid}"


def awaited_key(claim: Claim) -> ClaimKey:
    """The key under which a claim was known before it existed: that of the made-up one, or its own."""
    return made_up_key(claim.namespace, claim.owner_uid) if claim.extended_resource else claim.key
