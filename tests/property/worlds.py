"""Random small clusters with every kind of slice, and pods that ask for what they offer."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from extender.model import (
    Attribute,
    AttributeKind,
    Capacity,
    Claim,
    ClaimSpec,
    Constraint,
    CounterConsumption,
    CounterSet,
    Device,
    DeviceClass,
    DeviceID,
    DeviceTraits,
    ExactRequest,
    Node,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
    Pod,
    Request,
    ResourceSlice,
    Taint,
    Toleration,
)
from extender.model.quantity import Quantity, parse_quantity
from tests import builders as b

NODES = tuple(Node(f"node-{i}", {"zone": "ab"[i % 2]}) for i in range(4))
ROOTS = ("pci0000:10", "pci0000:20", "", None)
CLASSES = (
    *b.CLASSES,
    DeviceClass("any"),
    DeviceClass("marked", ("device.attributes['example.com'].?mark.orValue(false)",)),
    DeviceClass("fragile", ("device.attributes['example.com'].mark",)),
)
_SHARED = NodeSelector((NodeSelectorTerm((NodeRequirement("zone", "In", ("a",)),)),))


class World(NamedTuple):
    nodes: tuple[Node, ...]
    slices: tuple[ResourceSlice, ...]
    classes: tuple[DeviceClass, ...]
    claims: tuple[Claim, ...]
    pod: Pod


@st.composite
def traits(draw: st.DrawFn, counters: bool) -> DeviceTraits:
    shareable = draw(st.integers(0, 5)) == 0
    return DeviceTraits(
        capacity=(("memory", Capacity(parse_quantity("4"))),) if draw(st.booleans()) else (),
        taints=(Taint("broken", "NoSchedule"),) if draw(st.integers(0, 5)) == 0 else (),
        allow_multiple_allocations=shareable,
        consumes_counters=(CounterConsumption("set", (("units", Quantity(10**9)),)),) if counters else (),
        binding_conditions=("Attached",) if draw(st.integers(0, 7)) == 0 else (),
    )


@st.composite
def devices(draw: st.DrawFn, counters: bool) -> tuple[Device, ...]:
    made = []
    for i in range(draw(st.integers(0, 4))):
        attributes = {}
        root = draw(st.sampled_from(ROOTS))
        if root is not None:
            attributes[b.ROOT] = b.text(root)
        numa = draw(st.sampled_from((-1, 0, 1, None)))
        if numa is not None:
            attributes[b.NUMA] = b.number(numa)
        if draw(st.booleans()):
            attributes["example.com/mark"] = Attribute(AttributeKind.BOOL, value=True)
        attributes["example.com/uuid"] = b.text(draw(st.sampled_from("uvwxyz")))
        made.append(Device(f"device-{i}", attributes, draw(traits(counters))))
    return tuple(made)


@st.composite
def slices(draw: st.DrawFn) -> tuple[ResourceSlice, ...]:
    made = []
    for node in NODES:
        for driver in ("gpu.nvidia.com", "dra.net"):
            if draw(st.integers(0, 9)) == 0:
                continue
            counters = draw(st.integers(0, 5)) == 0
            count = 2 if counters else 1
            expected = count + (draw(st.integers(0, 9)) == 0)
            made.append(
                ResourceSlice(
                    f"{node.name}-{driver}",
                    driver,
                    node.name,
                    resource_slice_count=expected,
                    node_name=node.name,
                    devices=draw(devices(counters)),
                )
            )
            if counters:
                total = Quantity(draw(st.integers(1, 3)) * 10**9)
                made.append(
                    ResourceSlice(
                        f"{node.name}-{driver}-counters",
                        driver,
                        node.name,
                        resource_slice_count=expected,
                        node_name=node.name,
                        shared_counters=(CounterSet("set", (("units", total),)),),
                    )
                )
    if draw(st.booleans()):
        shared = draw(st.sampled_from((None, _SHARED)))
        made.append(
            ResourceSlice(
                "fabric",
                "dra.net",
                "fabric",
                all_nodes=shared is None,
                node_selector=shared,
                devices=draw(devices(counters=False)),
            )
        )
    return tuple(made)


@st.composite
def exact(draw: st.DrawFn, name: str) -> ExactRequest:
    everything = draw(st.integers(0, 7)) == 0
    return ExactRequest(
        name,
        draw(st.sampled_from(("gpu", "nic", "any", "marked", "fragile"))),
        mode="All" if everything else "ExactCount",
        count=draw(st.integers(1, 3)),
        tolerations=(Toleration(operator="Exists"),) if draw(st.booleans()) else (),
        capacity=(("memory", parse_quantity("2")),) if draw(st.integers(0, 5)) == 0 else None,
    )


@st.composite
def specs(draw: st.DrawFn) -> ClaimSpec:
    requests = []
    for i in range(draw(st.integers(1, 3))):
        name = f"r{i}"
        if draw(st.integers(0, 3)) == 0:
            alternatives = tuple(draw(exact(f"a{k}")) for k in range(draw(st.integers(1, 2))))
            requests.append(Request(name, first_available=alternatives))
        else:
            requests.append(Request(name, draw(exact(name))))
    constraints: tuple[Constraint, ...] = ()
    if draw(st.booleans()):
        attribute = draw(st.sampled_from((b.ROOT, b.NUMA)))
        constraints = (draw(st.sampled_from((Constraint((), attribute), Constraint((), None, attribute)))),)
    return b.spec(*requests, constraints=constraints)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A cluster in which some devices are allocated, and a pod with one or two claims."""
    offered = draw(slices())
    ids = [DeviceID(each.driver, each.pool, device.name) for each in offered for device in each.devices]
    held = draw(st.lists(st.sampled_from(ids), max_size=4, unique=True)) if ids else []
    claims = [b.holding(f"held-{i}", each) for i, each in enumerate(held)]
    wanted = [b.claim(f"claim-{i}", draw(specs())) for i in range(draw(st.integers(1, 2)))]
    return World(NODES, offered, CLASSES, (*claims, *wanted), b.pod("pod", *(each.name for each in wanted)))
