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
    Devices,
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
from tests.property.draws import EITHER, below, between

NODES = tuple(Node(f"node-{i}", {"zone": "ab"[i % 2]}) for i in range(4))
ROOTS = ("pci0000:10", "pci0000:20", "", None)
CLASSES = (
    *b.CLASSES,
    DeviceClass("any"),
    DeviceClass("marked", ("device.attributes['example.com'].?mark.orValue(false)",)),
    DeviceClass("fragile", ("device.attributes['example.com'].mark",)),
)
_SHARED = NodeSelector((NodeSelectorTerm((NodeRequirement("zone", "In", ("a",)),)),))

_ROOTS = st.sampled_from(ROOTS)
_NUMA = st.sampled_from((-1, 0, 1, None))
_UUIDS = st.sampled_from("uvwxyz")
_REACH = st.sampled_from((None, _SHARED))
_CLASS_NAMES = st.sampled_from(("gpu", "nic", "any", "marked", "fragile"))
_CONSTRAINTS = st.sampled_from(
    [
        constraint
        for attribute in (b.ROOT, b.NUMA)
        for constraint in (Constraint((), attribute), Constraint((), None, attribute))
    ]
)


class World(NamedTuple):
    nodes: tuple[Node, ...]
    slices: tuple[ResourceSlice, ...]
    classes: tuple[DeviceClass, ...]
    claims: tuple[Claim, ...]
    pod: Pod


@st.composite
def traits(draw: st.DrawFn, counters: bool) -> DeviceTraits:
    shareable = draw(below(6)) == 0
    return DeviceTraits(
        capacity=(("memory", Capacity(parse_quantity("4"))),) if draw(EITHER) else (),
        taints=(Taint("broken", "NoSchedule"),) if draw(below(6)) == 0 else (),
        allow_multiple_allocations=shareable,
        consumes_counters=(CounterConsumption("set", (("units", Quantity(10**9)),)),) if counters else (),
        binding_conditions=("Attached",) if draw(below(8)) == 0 else (),
    )


_TRAITS = {counters: traits(counters) for counters in (False, True)}


@st.composite
def devices(draw: st.DrawFn, counters: bool) -> tuple[Device, ...]:
    made = []
    for i in range(draw(below(5))):
        attributes = {}
        root = draw(_ROOTS)
        if root is not None:
            attributes[b.ROOT] = b.text(root)
        numa = draw(_NUMA)
        if numa is not None:
            attributes[b.NUMA] = b.number(numa)
        if draw(EITHER):
            attributes["example.com/mark"] = Attribute(AttributeKind.BOOL, value=True)
        attributes["example.com/uuid"] = b.text(draw(_UUIDS))
        made.append(Device(f"device-{i}", attributes, draw(_TRAITS[counters])))
    return tuple(made)


_DEVICES = {counters: devices(counters) for counters in (False, True)}


@st.composite
def slices(draw: st.DrawFn) -> tuple[ResourceSlice, ...]:
    made = []
    for node in NODES:
        for driver in ("gpu.nvidia.com", "dra.net"):
            if draw(below(10)) == 0:
                continue
            counters = draw(below(6)) == 0
            count = 2 if counters else 1
            expected = count + (draw(below(10)) == 0)
            made.append(
                ResourceSlice(
                    f"{node.name}-{driver}",
                    driver,
                    node.name,
                    resource_slice_count=expected,
                    node_name=node.name,
                    devices=Devices.of(draw(_DEVICES[counters])),
                )
            )
            if counters:
                total = Quantity(draw(between(1, 3)) * 10**9)
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
    if draw(EITHER):
        shared = draw(_REACH)
        made.append(
            ResourceSlice(
                "fabric",
                "dra.net",
                "fabric",
                all_nodes=shared is None,
                node_selector=shared,
                devices=Devices.of(draw(_DEVICES[False])),
            )
        )
    return tuple(made)


_SLICES = slices()


@st.composite
def exact(draw: st.DrawFn, name: str) -> ExactRequest:
    everything = draw(below(8)) == 0
    return ExactRequest(
        name,
        draw(_CLASS_NAMES),
        mode="All" if everything else "ExactCount",
        count=draw(between(1, 3)),
        tolerations=(Toleration(operator="Exists"),) if draw(EITHER) else (),
        capacity=(("memory", parse_quantity("2")),) if draw(below(6)) == 0 else None,
    )


_EXACT = {name: exact(name) for name in ("r0", "r1", "r2", "a0", "a1")}


@st.composite
def specs(draw: st.DrawFn) -> ClaimSpec:
    requests = []
    for i in range(draw(between(1, 3))):
        name = f"r{i}"
        if draw(below(4)) == 0:
            alternatives = tuple(draw(_EXACT[f"a{k}"]) for k in range(draw(between(1, 2))))
            requests.append(Request(name, first_available=alternatives))
        else:
            requests.append(Request(name, draw(_EXACT[name])))
    constraints: tuple[Constraint, ...] = ()
    if draw(EITHER):
        constraints = (draw(_CONSTRAINTS),)
    return b.spec(*requests, constraints=constraints)


_SPECS = specs()


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A cluster in which some devices are allocated, and a pod with one or two claims."""
    offered = draw(_SLICES)
    ids = [DeviceID(each.driver, each.pool, device.name) for each in offered for device in each.devices]
    held = draw(st.lists(st.sampled_from(ids), max_size=4, unique=True)) if ids else []
    claims = [b.holding(f"held-{i}", each) for i, each in enumerate(held)]
    wanted = [b.claim(f"claim-{i}", draw(_SPECS)) for i in range(draw(between(1, 2)))]
    return World(NODES, offered, CLASSES, (*claims, *wanted), b.pod("pod", *(each.name for each in wanted)))
