"""Random clusters that change: every kind of object comes, changes, moves and goes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

from hypothesis import strategies as st

from extender.core.cluster.changes import Changes
from extender.core.cluster.objects import Objects
from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.release import Release
from extender.model import (
    Attribute,
    Claim,
    Container,
    CounterConsumption,
    CounterSet,
    Device,
    DeviceClass,
    DeviceID,
    DeviceTaintRule,
    DeviceTraits,
    Node,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
    Pod,
    PodClaim,
    ResourceSlice,
    Taint,
)
from extender.model.kinds import (
    DEVICE_CLASS,
    DEVICE_TAINT_RULE,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    Key,
)
from extender.model.quantity import Quantity
from tests import builders as b

NODES = ("node-0", "node-1", "node-2", "node-3")
DRIVERS = ("gpu.nvidia.com", "dra.net")
POOLS = ("node-0", "node-1", "fabric")
SLICES = tuple(f"slice-{i}" for i in range(8))
DEVICES = ("device-0", "device-1", "device-2")
EXTENDED = "example.com/gpu"
ONE = Quantity(10**9, "1")

_PODS = ("claims", "extended")
_CLAIMS = ("wanted-0", "wanted-1", "held-0", "held-1")
_CLASSES = ("gpu", "nic", "any")
_RULES = ("rule-0", "rule-1")
_SPECS = (
    b.spec(b.request("r", "any")),
    b.spec(b.request("r", "gpu"), b.request("s", "nic")),
    b.spec(b.request("r", "any", mode="All")),
)


@dataclass(slots=True)
class Cluster:
    """What the API server would list, by kind's name and key."""

    objects: dict[str, dict[Key, object]] = field(default_factory=dict)

    def apply(self, changes: Changes) -> None:
        for kind, table in changes.by_kind.items():
            there = self.objects.setdefault(kind, {})
            for key, value in table.items():
                if value is None:
                    there.pop(key, None)
                else:
                    there[key] = value

    def listed(self) -> Objects:
        return Objects({kind: dict(table) for kind, table in self.objects.items()})

    def snapshot(self, release: Release) -> Snapshot:
        return Snapshot.of_objects(self.listed(), release)


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    return Node(
        draw(st.sampled_from(NODES)),
        {"zone": draw(st.sampled_from("ab"))} if draw(st.integers(0, 3)) else {},
        {EXTENDED: ONE} if draw(st.integers(0, 3)) == 0 else {},
        draw(st.sampled_from(((), ("DRAOptionalNodeOperations",)))),
    )


@st.composite
def selectors(draw: st.DrawFn) -> NodeSelector:
    """One that matches by zone, or rarely one that Kubernetes refuses."""
    values = () if draw(st.integers(0, 9)) == 0 else (draw(st.sampled_from("ab")),)
    return NodeSelector((NodeSelectorTerm((NodeRequirement("zone", "In", values),)),))


@st.composite
def devices(draw: st.DrawFn, *, each_for_itself: bool) -> tuple[Device, ...]:
    made = []
    for name in draw(st.lists(st.sampled_from(DEVICES), max_size=2)):
        attributes: dict[str, Attribute] = {"example.com/n": b.number(draw(st.integers(0, 1)))}
        if draw(st.booleans()):
            attributes[b.ROOT] = b.text(draw(st.sampled_from(("pci0000:10", "pci0000:20"))))
        if draw(st.booleans()):
            attributes[b.NUMA] = b.number(draw(st.integers(0, 1)))
        traits = DeviceTraits(
            consumes_counters=draw(
                st.sampled_from(((), (), (CounterConsumption("set", (("units", ONE),)),)))
            ),
            binding_conditions=("Attached",) if draw(st.integers(0, 5)) == 0 else (),
            allow_multiple_allocations=draw(st.integers(0, 5)) == 0,
        )
        if draw(st.integers(0, 7)) == 0:
            grouped = CounterConsumption("set", (("units", ONE),), ("group",))
            traits = replace(traits, consumes_counters=(grouped,))
        if each_for_itself:
            match draw(st.integers(0, 2)):
                case 0:
                    traits = replace(traits, node_name=draw(st.sampled_from(NODES)))
                case 1:
                    traits = replace(traits, all_nodes=True)
                case _:
                    traits = replace(traits, node_selector=draw(selectors()))
        made.append(Device(name, attributes, traits))
    return tuple(made)


@st.composite
def slices(draw: st.DrawFn) -> ResourceSlice:
    """Of few names, pools and generations, so that slices move and pools break and heal."""
    kind = draw(st.sampled_from(("node", "node", "node", "all", "selector", "devices", "counters")))
    made = ResourceSlice(
        draw(st.sampled_from(SLICES)),
        draw(st.sampled_from(DRIVERS)),
        draw(st.sampled_from(POOLS)),
        generation=draw(st.sampled_from((0, 0, 0, 1))),
        resource_slice_count=draw(st.sampled_from((1, 1, 2))),
        devices=draw(devices(each_for_itself=kind == "devices")) if kind != "counters" else (),
        skip_node_operations=draw(st.sampled_from(((), ("PrepareResources",)))),
    )
    node = draw(st.sampled_from(NODES))
    match kind:
        case "node":
            return replace(made, node_name=node)
        case "all":
            return replace(made, all_nodes=True)
        case "selector":
            return replace(made, node_selector=draw(selectors()))
        case "devices":
            return replace(made, per_device_node_selection=True)
        case _:
            units = Quantity(draw(st.integers(1, 2)) * 10**9)
            counters = (CounterSet("set", (("units", units),)),)
            where = replace(made, node_name=node) if draw(st.booleans()) else replace(made, all_nodes=True)
            return replace(where, shared_counters=counters)


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    made = b.claim(draw(st.sampled_from(_CLAIMS)), draw(st.sampled_from(_SPECS)))
    ids = st.builds(DeviceID, st.sampled_from(DRIVERS), st.sampled_from(POOLS), st.sampled_from(DEVICES))
    held = draw(st.lists(ids, max_size=2)) if made.name.startswith("held") else []
    if held:
        made = b.holding(made.name, *held)
    return replace(made, deleting=draw(st.integers(0, 9)) == 0)


@st.composite
def classes(draw: st.DrawFn) -> DeviceClass:
    name = draw(st.sampled_from(_CLASSES))
    selecting = {each.name: each.selectors for each in b.CLASSES}.get(name, ())
    narrower = (*selecting, "device.attributes['example.com'].n == 1")
    return DeviceClass(
        name,
        draw(st.sampled_from((selecting, selecting, narrower))),
        extended_resource_name=EXTENDED if draw(st.booleans()) else "",
    )


@st.composite
def pods(draw: st.DrawFn) -> Pod:
    name = draw(st.sampled_from(_PODS))
    if name == "extended":
        return Pod("default", name, "uid", containers=(Container("c", ((EXTENDED, ONE),)),))
    wanted = draw(st.lists(st.sampled_from(("wanted-0", "wanted-1", "held-0")), unique=True, max_size=2))
    return Pod("default", name, "uid", claims=tuple(PodClaim(each, each) for each in wanted))


@st.composite
def taint_rules(draw: st.DrawFn) -> DeviceTaintRule:
    return DeviceTaintRule(
        draw(st.sampled_from(_RULES)),
        Taint("drain", draw(st.sampled_from(("NoSchedule", "None")))),
        driver=draw(st.sampled_from(("", *DRIVERS))),
        pool=draw(st.sampled_from(("", *POOLS))),
        device=draw(st.sampled_from(("", *DEVICES))),
        selects=draw(st.booleans()),
        by_class_or_cel=draw(st.integers(0, 5)) == 0,
    )


def changes(most: int = 2) -> st.SearchStrategy[Changes]:
    """A batch with up to ``most`` objects of each kind and as many that go, often none."""

    def some(each: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
        return st.just(()) | st.lists(each, max_size=most).map(tuple)

    def keys(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, str]]:
        return st.sampled_from(names).map(lambda name: ("default", name))

    return st.builds(
        lambda *parts: reduce(or_, parts),
        *(
            st.builds(Changes.of, st.just(kind), some(objects), some(gone))
            for kind, objects, gone in (
                (NODE, nodes(), st.sampled_from(NODES)),
                (RESOURCE_SLICE, slices(), st.sampled_from(SLICES)),
                (DEVICE_CLASS, classes(), st.sampled_from(_CLASSES)),
                (RESOURCE_CLAIM, claims(), keys(_CLAIMS)),
                (POD, pods(), keys(_PODS)),
                (DEVICE_TAINT_RULE, taint_rules(), st.sampled_from(_RULES)),
            )
        ),
    )


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    """A cluster with every node and class, and a good part of the rest."""
    cluster = Cluster()
    cluster.apply(Changes.of(NODE, [replace(draw(nodes()), name=name) for name in NODES]))
    published = [replace(draw(slices()), name=name) for name in SLICES[: draw(st.integers(0, 8))]]
    cluster.apply(Changes.of(RESOURCE_SLICE, published))
    cluster.apply(Changes.of(DEVICE_CLASS, (*b.CLASSES, DeviceClass("any"))))
    cluster.apply(draw(changes(most=3)))
    return cluster


def histories() -> st.SearchStrategy[tuple[Cluster, list[Changes]]]:
    """A cluster and what then happens to it, batch by batch."""
    return st.tuples(clusters(), st.lists(changes(), min_size=1, max_size=5))
