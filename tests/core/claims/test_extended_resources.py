"""The claim that the scheduler makes up for extended resources."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.claims.extended_resources import (
    IMPLICIT_PREFIX,
    backed_resources,
    claim_spec,
    class_for,
    through_dra,
)
from extender.model import Container, DeviceClass, Node
from extender.model.quantity import parse_quantity
from tests import builders as b

GPU = "example.com/gpu"
CLASSES = {
    "gpu": replace(b.GPU_CLASS, extended_resource_name=GPU, created="2026-01-01T00:00:00Z"),
    "nic": b.NIC_CLASS,
}


def container(*, restartable=False, **counts):
    """Asks for ``count`` of ``example.com/<name>``, and for memory, which comes later by name."""
    requests = [(f"example.com/{name}", parse_quantity(str(count))) for name, count in counts.items()]
    return Container("c", (*requests, ("memory", parse_quantity("1Gi"))), restartable)


def pod(*containers, init=()):
    return replace(b.pod("p"), containers=containers, init_containers=init)


def requests_of(asking):
    """Request name, class and count of the claim."""
    spec = claim_spec(asking, (GPU,), CLASSES)
    exact = [(request.name, request.exactly) for request in spec.requests]
    return [(name, each.device_class, each.count) for name, each in exact if each is not None]


def asking_for(name):
    return pod(Container("c", ((name, parse_quantity("1")),)))


@pytest.mark.parametrize(
    ("name", "backed"),
    [
        (GPU, True),
        (f"{IMPLICIT_PREFIX}nic", True),
        (f"{IMPLICIT_PREFIX}gone", False),
        ("example.com/other", False),
    ],
)
def test_what_a_class_backs(name, backed):
    """A resource that a class names, or that names a class."""
    assert backed_resources(asking_for(name), CLASSES) == ((name,) if backed else ())


@pytest.mark.parametrize("name", ["memory", "hugepages-2Mi", "requests.example.com/gpu", "kubernetes.io/gpu"])
def test_native_resources_are_not_extended(name):
    """Whatever class names them."""
    assert backed_resources(asking_for(name), {"c": DeviceClass("c", extended_resource_name=name)}) == ()


def test_one_backed_resource_brings_the_others_along():
    """All are looked at on each node, sorted; what asks for zero asks for nothing."""
    asking = pod(container(other=1, gpu=1, none=0))
    assert backed_resources(asking, CLASSES) == (GPU, "example.com/other")


def test_of_several_classes_the_newest_counts():
    """Of equally old ones the first by name."""
    older = replace(CLASSES["gpu"], name="older", created="2025-01-01T00:00:00Z")
    twin = replace(CLASSES["gpu"], name="a-gpu")
    found = class_for(GPU, {each.name: each for each in (older, CLASSES["gpu"], twin)})
    assert found is twin


@pytest.mark.parametrize(
    ("allocatable", "found"),
    [
        ({}, (GPU,)),
        ({GPU: "0"}, (GPU,)),
        ({GPU: "4"}, ()),
        ({"example.com/other": "1"}, (GPU,)),
    ],
)
def test_a_device_plugin_of_the_node_goes_first(allocatable, found):
    """A node that offers the resource itself does not need devices for it."""
    node = Node("n", allocatable={name: parse_quantity(text) for name, text in allocatable.items()})
    assert through_dra([GPU], node, CLASSES) == found


def test_a_resource_that_the_node_lacks():
    """No class and no device plugin: its name is the answer."""
    assert through_dra([GPU, "example.com/other"], Node("n"), CLASSES) == "example.com/other"


def test_a_request_for_each_container():
    """Named by the positions of container and resource; sorted as strings."""
    asking = pod(*(container(gpu=number) for number in (1, 0, 2)), *[container()] * 7, container(gpu=4))
    assert requests_of(asking) == [
        ("container-0-request-0", "gpu", 1),
        ("container-10-request-0", "gpu", 4),
        ("container-2-request-0", "gpu", 2),
    ]


@pytest.mark.parametrize(
    ("init", "made"),
    [
        ([container(gpu=2)], []),
        ([container(gpu=5)], [("container-0-request-0", "gpu", 2)]),
        ([container(gpu=5), container(gpu=4)], [("container-0-request-0", "gpu", 2)]),
        ([container(gpu=4), container(gpu=6)], [("container-1-request-0", "gpu", 3)]),
    ],
    ids=["enough", "two more", "the first is neediest", "the second is neediest"],
)
def test_init_containers_reuse_what_comes_later(init, made):
    """Only what the neediest lacks is one more request."""
    main = len(init)
    asking = pod(container(gpu=3), init=tuple(init))
    assert requests_of(asking) == [*made, (f"container-{main}-request-0", "gpu", 3)]


def test_a_sidecar_keeps_its_devices():
    """It runs as long as the pod: containers before it reuse its devices, those after it do not."""
    sidecar = container(gpu=2, restartable=True)
    asking = pod(container(), init=(container(gpu=2), sidecar, container(gpu=1)))
    assert requests_of(asking) == [("container-1-request-0", "gpu", 2), ("container-2-request-0", "gpu", 1)]
