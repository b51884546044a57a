"""Nodes that are built alike, and the map of one of them."""

from __future__ import annotations

from dataclasses import replace

from extender.core.audit.machine_types import INSTANCE_TYPE, machine_types
from extender.core.audit.node_map import node_map
from extender.core.topology.machine_facts import MachineFacts, MachineType, Place
from extender.core.topology.vocabulary import DeviceKind
from extender.model import Consumer, Device, DeviceID, Node
from tests import builders as b

NUMA = {"r0": 0, "r1": 1}
ROOT = "resource.kubernetes.io/pcieRoot"


def test_names_and_allocations_do_not_tell_shapes_apart():
    """The same devices in the same locations are one shape; a node without devices has none."""
    a, c = (b.pair_node(name, ["r0", "r1"], ["r0"], NUMA) for name in "ac")
    other = b.pair_node("b", ["r0"], ["r0"], NUMA)
    claim = b.holding("c", DeviceID("gpu.nvidia.com", "a", "gpu-0"))
    types = machine_types(b.snapshot(a, other, c, (Node("bare"), []), claims=[claim]))
    assert [machine_type.nodes for machine_type in types] == [("a", "c"), ("b",)]
    first = types[0]
    assert first.devices == ((DeviceKind.GPU, 2), (DeviceKind.NIC, 1))
    assert (first.sockets, first.numa_nodes, first.roots) == (0, 2, 2)
    assert first.drivers == ("dra.net", "gpu.nvidia.com")


def test_a_shape_has_the_instance_types_of_its_nodes():
    """Each once, sorted; a node without the label adds none."""
    pairs = [b.pair_node(name, ["r0"], ["r0"], NUMA) for name in "abcd"]
    types = ("y", "x", "y", "")
    labelled = [
        (replace(node, labels={INSTANCE_TYPE: name} if name else {}), slices)
        for (node, slices), name in zip(pairs, types, strict=True)
    ]
    assert machine_types(b.snapshot(*labelled))[0].types == ("x", "y")


def test_parts_of_one_card_are_one_device():
    """Two entries with the same PCI address."""
    address = {"resource.kubernetes.io/pciBusID": b.text("0000:1b:00.0")}
    slices = [b.slice_of("gpu.nvidia.com", "n", [Device("gpu-0", address), Device("mig-0", address)])]
    assert machine_types(b.snapshot((Node("n"), slices)))[0].devices == ((DeviceKind.GPU, 1),)


def test_a_map_has_every_device_with_the_names_that_drivers_give():
    """Roots below NUMA nodes; what is known of nothing comes last."""
    pair = b.pair_node("n", ["r1"], ["r0"], {"r0": 3, "r1": 1})
    mute = b.slice_of("example.com", "n", [Device("x-0")])
    (socket,) = node_map("n", b.snapshot(pair, slices=[mute]))
    assert not socket.known
    found = [
        (node.name, root.name, [device.id.device for device in root.devices])
        for node in socket.numa_nodes
        for root in node.roots
    ]
    assert sorted(found[:2]) == [("1", "r1", ["gpu-0"]), ("3", "r0", ["nic-0"])]
    assert found[2:] == [("", "", ["x-0"])]


def test_a_map_tells_who_holds_what():
    """Pods by namespace and name, a claim where no pod is known."""
    pair = b.pair_node("n", ["r0", "r0"], ["r0"], NUMA)
    gpu, nic = DeviceID("gpu.nvidia.com", "n", "gpu-0"), DeviceID("dra.net", "n", "nic-0")
    users = (Consumer("pods", "p", "u"), Consumer("pods", "q", "v"))
    claim = replace(b.holding("c", gpu), reserved_for=users)
    (socket,) = node_map("n", b.snapshot(pair, claims=[claim, b.holding("d", nic)]))
    holders = {
        device.id.device: device.holders
        for node in socket.numa_nodes
        for root in node.roots
        for device in root.devices
    }
    assert holders == {"gpu-0": ("default/p", "default/q"), "gpu-1": (), "nic-0": ("claim default/d",)}


def test_cpus_are_on_no_root_and_come_first():
    """A socket is known where a driver tells it."""
    cpu = Device("cpu-0", {"dra.cpu/numaNodeID": b.number(0), "dra.cpu/socketID": b.number(1)})
    pair = b.pair_node("n", ["r0"], [], NUMA)
    (socket,) = node_map("n", b.snapshot(pair, slices=[b.slice_of("dra.cpu", "n", [cpu])]))
    assert (socket.known, socket.name) == (True, "1")
    ((first, second),) = [node.roots for node in socket.numa_nodes]
    assert first.off_bus
    assert not second.off_bus


def test_facts_of_the_machine_fill_the_names():
    """What only facts tell is marked, and what is published is not; facts that contradict it tell nothing."""
    silent = Device("gpu-0")
    nic = Device("nic-0", {"dra.net/numaNode": b.number(1), ROOT: b.text("pci0000:b4")})
    slices = [b.slice_of("gpu.nvidia.com", "n", [silent]), b.slice_of("dra.net", "n", [nic])]

    def drawn(nic_node):
        places = {
            "gpu.nvidia.com/gpu-0": Place("pci0000:15", numa=0, socket=0),
            "dra.net/nic-0": Place("pci0000:b4", numa=nic_node, socket=1),
        }
        facts = MachineFacts((MachineType("box", "facts.yaml, line 2", {}, places),))
        return [
            (socket.name, socket.told, node.name, node.told, root.name, root.told, device.told)
            for socket in node_map("n", b.snapshot((Node("n"), slices), machines_known=facts))
            for node in socket.numa_nodes
            for root in node.roots
            for device in root.devices
        ]

    assert drawn(nic_node=1) == [
        ("1", True, "1", False, "pci0000:b4", False, True),
        ("0", True, "0", True, "pci0000:15", True, True),
    ]
    assert drawn(nic_node=0) == [
        ("", False, "1", False, "pci0000:b4", False, False),
        ("", False, "", False, "", False, False),
    ]
