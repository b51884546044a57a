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
from extender.core.topology.machine_facts import NO_FACTS, MachineFacts
from extender.model import (
    Attribute,
    Claim,
    Container,
    CounterConsumption,
    CounterSet,
    Device,
    DeviceClass,
    DeviceID,
    Devices,
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
from tests.property.draws import EITHER, below, between

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


_A_NODE = st.sampled_from(NODES)
_A_ZONE = st.sampled_from("ab")
_FEATURES = st.sampled_from(((), ("DRAOptionalNodeOperations",)))
_DEVICE_NAMES = st.lists(st.sampled_from(DEVICES), max_size=2)
_A_ROOT = st.sampled_from(("pci0000:10", "pci0000:20"))
_CONSUMED = st.sampled_from(((), (), (CounterConsumption("set", (("units", ONE),)),)))
_REACH = st.sampled_from(("node", "node", "node", "all", "selector", "devices", "counters"))
_A_SLICE = st.sampled_from(SLICES)
_GENERATION = st.sampled_from((0, 0, 0, 1))
_SLICE_COUNT = st.sampled_from((1, 1, 2))
_SKIPPED = st.sampled_from(((), ("PrepareResources",)))
_A_DRIVER = st.sampled_from(DRIVERS)
_A_POOL = st.sampled_from(POOLS)
_HELD = st.lists(st.builds(DeviceID, _A_DRIVER, _A_POOL, st.sampled_from(DEVICES)), max_size=2)
_A_CLAIM = st.sampled_from(_CLAIMS)
_A_SPEC = st.sampled_from(_SPECS)
_A_CLASS = st.sampled_from(_CLASSES)
_A_POD = st.sampled_from(_PODS)
_WANTED = st.lists(st.sampled_from(("wanted-0", "wanted-1", "held-0")), unique=True, max_size=2)
_A_RULE = st.sampled_from(_RULES)
_AN_EFFECT = st.sampled_from(("NoSchedule", "None"))
_ANY_DRIVER = st.sampled_from(("", *DRIVERS))
_ANY_POOL = st.sampled_from(("", *POOLS))
_ANY_DEVICE = st.sampled_from(("", *DEVICES))


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

    def snapshot(self, release: Release, machines: MachineFacts = NO_FACTS) -> Snapshot:
        return Snapshot.of_objects(self.listed(), release, machines=machines)


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    return Node(
        draw(_A_NODE),
        {"zone": draw(_A_ZONE)} if draw(below(4)) else {},
        {EXTENDED: ONE} if draw(below(4)) == 0 else {},
        draw(_FEATURES),
    )


_OPERATORS = st.sampled_from(("In", "In", "NotIn"))


@st.composite
def selectors(draw: st.DrawFn) -> NodeSelector:
    """One that matches by zone, by name or both, or rarely one that Kubernetes refuses."""
    values = () if draw(below(10)) == 0 else (draw(_A_ZONE),)
    zone = NodeRequirement("zone", draw(_OPERATORS), values)
    name = NodeRequirement("metadata.name", draw(_OPERATORS), (draw(_A_NODE),))
    by_zone, by_name = NodeSelectorTerm((zone,)), NodeSelectorTerm((), (name,))
    terms = ((by_zone,), (by_name,), (by_zone, by_name), (NodeSelectorTerm((zone,), (name,)),))
    return NodeSelector(draw(st.sampled_from(terms)))


_SELECTORS = selectors()


@st.composite
def devices(draw: st.DrawFn, *, each_for_itself: bool) -> tuple[Device, ...]:
    made = []
    for name in draw(_DEVICE_NAMES):
        attributes: dict[str, Attribute] = {"example.com/n": b.number(draw(below(2)))}
        if draw(EITHER):
            attributes[b.ROOT] = b.text(draw(_A_ROOT))
        if draw(EITHER):
            attributes[b.NUMA] = b.number(draw(below(2)))
        traits = DeviceTraits(
            consumes_counters=draw(_CONSUMED),
            binding_conditions=("Attached",) if draw(below(6)) == 0 else (),
            allow_multiple_allocations=draw(below(6)) == 0,
        )
        if draw(below(8)) == 0:
            grouped = CounterConsumption("set", (("units", ONE),), ("group",))
            traits = replace(traits, consumes_counters=(grouped,))
        if each_for_itself:
            match draw(below(3)):
                case 0:
                    traits = replace(traits, node_name=draw(_A_NODE))
                case 1:
                    traits = replace(traits, all_nodes=True)
                case _:
                    traits = replace(traits, node_selector=draw(_SELECTORS))
        made.append(Device(name, attributes, traits))
    return tuple(made)


_DEVICES = {alone: devices(each_for_itself=alone) for alone in (False, True)}


@st.composite
def slices(draw: st.DrawFn) -> ResourceSlice:
    """Of few names, pools and generations, so that slices move and pools break and heal."""
    kind = draw(_REACH)
    made = ResourceSlice(
        draw(_A_SLICE),
        draw(_A_DRIVER),
        draw(_A_POOL),
        generation=draw(_GENERATION),
        resource_slice_count=draw(_SLICE_COUNT),
        devices=Devices.of(draw(_DEVICES[kind == "devices"]) if kind != "counters" else ()),
        skip_node_operations=draw(_SKIPPED),
    )
    node = draw(_A_NODE)
    match kind:
        case "node":
            return replace(made, node_name=node)
        case "all":
            return replace(made, all_nodes=True)
        case "selector":
            return replace(made, node_selector=draw(_SELECTORS))
        case "devices":
            return replace(made, per_device_node_selection=True)
        case _:
            units = Quantity(draw(between(1, 2)) * 10**9)
            counters = (CounterSet("set", (("units", units),)),)
            where = replace(made, node_name=node) if draw(EITHER) else replace(made, all_nodes=True)
            return replace(where, shared_counters=counters)


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    made = b.claim(draw(_A_CLAIM), draw(_A_SPEC))
    held = draw(_HELD) if made.name.startswith("held") else []
    if held:
        made = b.holding(made.name, *held)
    return replace(made, deleting=draw(below(10)) == 0)


@st.composite
def classes(draw: st.DrawFn) -> DeviceClass:
    name = draw(_A_CLASS)
    selecting = {each.name: each.selectors for each in b.CLASSES}.get(name, ())
    narrower = draw(below(3)) == 0
    return DeviceClass(
        name,
        (*selecting, "device.attributes['example.com'].n == 1") if narrower else selecting,
        extended_resource_name=EXTENDED if draw(EITHER) else "",
    )


@st.composite
def pods(draw: st.DrawFn) -> Pod:
    name = draw(_A_POD)
    if name == "extended":
        return Pod("default", name, "uid", containers=(Container("c", ((EXTENDED, ONE),)),))
    wanted = draw(_WANTED)
    return Pod("default", name, "uid", claims=tuple(PodClaim(each, each) for each in wanted))


@st.composite
def taint_rules(draw: st.DrawFn) -> DeviceTaintRule:
    return DeviceTaintRule(
        draw(_A_RULE),
        Taint("drain", draw(_AN_EFFECT)),
        driver=draw(_ANY_DRIVER),
        pool=draw(_ANY_POOL),
        device=draw(_ANY_DEVICE),
        selects=draw(EITHER),
        by_class_or_cel=draw(below(6)) == 0,
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


_NODES, _SLICES, _AT_FIRST = nodes(), slices(), changes(most=3)


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    """A cluster with every node and class, and a good part of the rest."""
    cluster = Cluster()
    cluster.apply(Changes.of(NODE, [replace(draw(_NODES), name=name) for name in NODES]))
    published = [replace(draw(_SLICES), name=name) for name in SLICES[: draw(below(9))]]
    cluster.apply(Changes.of(RESOURCE_SLICE, published))
    cluster.apply(Changes.of(DEVICE_CLASS, (*b.CLASSES, DeviceClass("any"))))
    cluster.apply(draw(_AT_FIRST))
    return cluster


def histories() -> st.SearchStrategy[tuple[Cluster, list[Changes]]]:
    """A cluster and what then happens to it, batch by batch."""
    return st.tuples(clusters(), st.lists(changes(), min_size=1, max_size=5))
