"""Facts of machines: which type a node is of, what they fill, and what contradicts them."""

from __future__ import annotations

import pytest

from extender.core.topology.known_machines import BUILT_IN_FACTS, INSTANCE_TYPE
from extender.core.topology.locate import Located, locate_with
from extender.core.topology.locations import Distance, distance, told_by_facts
from extender.core.topology.machine_facts import (
    BUILT_IN,
    FactsProblem,
    FactsUse,
    MachineFacts,
    MachineType,
    Place,
)
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from extender.model import Device
from tests import builders as b

GPU, NIC = "gpu.nvidia.com", "dra.net"
BUS_ID = "resource.kubernetes.io/pciBusID"
LABELS = {INSTANCE_TYPE: frozenset({"box"})}


def device(driver: str, name: str, address: str = "", **published: int | str) -> tuple[str, Device]:
    """``root`` and ``numa`` as published; an address where there is one."""
    names = {"root": b.ROOT, "numa": b.NUMA}
    found = {
        names[key]: b.text(value) if isinstance(value, str) else b.number(value)
        for key, value in published.items()
    }
    return driver, Device(name, found | ({BUS_ID: b.text(address)} if address else {}))


def box(name: str = "box", origin: str = "f.yaml, line 2", /, **places: Place) -> MachineType:
    """A type whose devices are ``bb``, for the address ``0000:bb:00.0``."""
    return MachineType(name, origin, LABELS, {f"0000:{bus[1:]}:00.0": place for bus, place in places.items()})


def located(devices: list[tuple[str, Device]], *types: MachineType) -> Located:
    return locate_with(devices, DEFAULT_VOCABULARY, types)


def use_of(found: Located) -> FactsUse:
    assert found.facts is not None
    return found.facts


PAIR = [device(GPU, "g", "0000:1b:00.0", root="pci0000:15"), device(NIC, "n", "0000:3d:00.0", numa=0)]


def test_facts_fill_what_nobody_says():
    """A GPU without a NUMA node gets it, and the distance says whose word it is."""
    gpu, nic = located(PAIR).locations
    assert distance(gpu, nic) is Distance.UNKNOWN
    found = located(PAIR, box(b1b=Place(numa=0), b3d=Place(numa=0)))
    assert distance(*found.locations) is Distance.NUMA
    assert told_by_facts(*found.locations)
    assert (use_of(found).machine, use_of(found).problem) == ("box", None)


def test_what_is_published_is_not_said_to_come_from_facts():
    """Two devices that publish their NUMA node are near by their own word, whatever else facts add."""
    devices = [device(GPU, "g", "0000:1b:00.0", numa=0), device(NIC, "n", "0000:3d:00.0", numa=0)]
    found = located(devices, box(b1b=Place("pci0000:15", numa=0), b3d=Place("pci0000:37", numa=0)))
    assert distance(*found.locations) is Distance.NUMA
    assert not told_by_facts(*found.locations)


def test_what_facts_say_of_one_device_helps_others():
    """The NIC is no part of the facts and shares a root with a GPU that is."""
    devices = [
        device(GPU, "g", "0000:1b:00.0", root="pci0000:15"),
        device(NIC, "n", "0000:1c:00.0", root="pci0000:15"),
        device("dra.cpu", "c", numa=1),
    ]
    assert distance(*located(devices).locations[1:]) is Distance.UNKNOWN
    found = located(devices, box(b1b=Place(numa=1))).locations
    assert distance(*found[1:]) is Distance.NUMA
    assert told_by_facts(*found[1:])


def test_a_vf_is_where_its_port_is():
    """A device that names its parent is placed by it where it is not listed itself."""
    published = {BUS_ID: b.text("0000:1b:02.0"), "gpu.amd.com/parentPciAddr": b.text("0000:1b:00.0")}
    vf = ("gpu.amd.com", Device("vf", published))
    found = located([vf, PAIR[1]], box(b1b=Place(numa=0)))
    assert distance(*found.locations) is Distance.NUMA


def test_a_device_without_an_address_goes_by_its_name():
    """``driver/name``: some drivers publish no address."""
    known = MachineType("box", "f", LABELS, {"dra.net/n": Place(numa=0), "0000:1b:00.0": Place(numa=0)})
    devices = [PAIR[0], device(NIC, "n")]
    assert distance(*located(devices, known).locations) is Distance.NUMA


def test_the_own_memory_of_a_gpu_is_no_place():
    """Grace: the NUMA node that the GPU publishes is its HBM, so facts say where it is."""
    driver, bare = device(GPU, "g", "0000:1b:00.0", numa=10)
    gpu = (driver, Device("g", {**bare.attributes, f"{GPU}/addressingMode": b.text("ATS")}))
    nic = device(NIC, "n", numa=0)
    assert distance(*located([gpu, nic]).locations) is Distance.UNKNOWN
    found = located([gpu, nic], box(b1b=Place(numa=0)))
    assert use_of(found).problem is None
    assert distance(*found.locations) is Distance.NUMA


@pytest.mark.parametrize(
    ("published", "told", "level", "says"),
    [
        ({"root": "pci0000:15"}, Place("pci0000:37"), "root", ("pci0000:15", "pci0000:37")),
        ({"numa": 0}, Place(numa=1), "numa", ("0", "1")),
        ({"root": "pci0000:20"}, Place(numa=1), "numa", ("0", "1")),
        ({}, Place("pci0000:20", numa=1), "numa", ("0", "1")),
        ({"numa": 0}, Place(numa=0, socket=1), "socket", ("0", "1")),
    ],
    ids=[
        "root",
        "NUMA node",
        "of its root",
        "of the told root",
        "socket of its NUMA node",
    ],
)
def test_a_contradiction_drops_the_facts_of_the_node(published, told, level, says):
    """What a driver says counts; all other places of these facts are in doubt then, too."""
    cpu = ("dra.cpu", Device("c", {"dra.cpu/numaNodeID": b.number(0), "dra.cpu/socketID": b.number(0)}))
    devices = [
        device(GPU, "g", "0000:1b:00.0", **published),
        device(NIC, "n", "0000:21:00.0", root="pci0000:20", numa=0),
        device(GPU, "other", "0000:5f:00.0"),
        cpu,
    ]
    found = located(devices, box(b1b=told, b5f=Place(numa=0)))
    assert found.locations == located(devices).locations
    use = use_of(found)
    assert (use.problem, use.device, use.level) == (FactsProblem.CONTRADICTED, f"{GPU}/g", level)
    assert (use.published, use.told) == says


def test_one_published_root_is_not_on_two_numa_nodes():
    """Unless it is flat, as on a virtual machine."""
    roots = [device(GPU, f"g{bus}", f"0000:{bus}:00.0", root="pci0000:15") for bus in ("1b", "3d")]
    elsewhere = device(NIC, "n", root="pci0000:20")
    known = box(b1b=Place(numa=0), b3d=Place(numa=1))
    assert use_of(located([*roots, elsewhere], known)).problem is FactsProblem.CONTRADICTED
    flat = [device(GPU, f"g{slot}", f"0000:00:{slot}.0", root="pci0000:00") for slot in ("16", "1a")]
    vm = MachineType("vm", "f", LABELS, {"0000:00:16.0": Place(numa=0), "0000:00:1a.0": Place(numa=1)})
    found = located(flat, vm)
    assert use_of(found).problem is None
    assert distance(*found.locations) is Distance.REMOTE


def test_another_card_is_another_machine():
    """The labels say one type, the addresses of the cards another; NICs come and go."""
    known = box(b3d=Place(numa=0))
    use = use_of(located(PAIR, known))
    assert (use.problem, use.device) == (FactsProblem.OTHER_ADDRESSES, f"{GPU}/g")
    further = device(NIC, "m", "0000:99:00.0")
    assert use_of(located([*PAIR, further], box(b1b=Place(numa=0)))).problem is None
    assert use_of(located([further], known)).problem is FactsProblem.OTHER_ADDRESSES
    assert located(PAIR).facts is None


def test_two_types_that_match_one_node():
    """Neither is used where they differ; the site's comes before what is built in."""
    one, other = box("one", b1b=Place(numa=0)), box("other", "f.yaml, line 9", b1b=Place(numa=1))
    use = use_of(located(PAIR, one, other))
    assert (use.problem, use.machine) == (FactsProblem.AMBIGUOUS, "one")
    assert use.told == "other (f.yaml, line 9)"
    assert use_of(located(PAIR, one, box("same", b1b=Place(numa=0)))).machine == "one"
    assert use_of(located(PAIR, one, box("known", BUILT_IN, b1b=Place(numa=1)))).problem is None


def test_switches_count_where_a_root_holds_several():
    """One root with two switches: nearer than the root on one of them, and as near as the root across."""
    buses = ("11", "12", "21", "22")
    devices = [device(GPU if bus < "20" else NIC, bus, f"0000:{bus}:00.0") for bus in buses]
    places = {f"b{bus}": Place("pci0000:10", "ab"[int(bus[1]) - 1], 0) for bus in buses}
    gpu, other, nic, _ = located(devices, box(**places)).locations
    assert distance(gpu, nic) is Distance.PCIE_SWITCH
    assert distance(other, nic) is Distance.PCIE_ROOT
    assert told_by_facts(gpu, nic)
    single = {bus: place._replace(switch="a") for bus, place in places.items()}
    gpu, _, nic, _ = located(devices, box(**single)).locations
    assert distance(gpu, nic) is Distance.PCIE_ROOT


def test_a_shared_switch_is_a_shared_root():
    """Also where nobody names the root, or only one of the two devices does."""
    devices = [device(GPU, "g", "0000:11:00.0"), device(NIC, "n", "0000:21:00.0")]
    places = {"b11": Place(switch="s"), "b21": Place(switch="s")}
    assert distance(*located(devices, box(**places)).locations) is Distance.PCIE_ROOT
    devices[1] = device(NIC, "n", "0000:21:00.0", root="pci0000:10")
    assert distance(*located(devices, box(**places)).locations) is Distance.PCIE_ROOT


def test_types_by_labels():
    """A label must have one of the values; a node without the label is of no type."""
    known = MachineFacts((box(),))
    assert known.labelled({INSTANCE_TYPE: "box", "zone": "a"}) == known.types
    assert known.labelled({INSTANCE_TYPE: "crate"}) == ()
    assert known.labelled({}) == ()


def test_built_in_types_name_what_they_are():
    """Each has an instance type of its own, and only cloud machines are among them."""
    names = [value for type_ in BUILT_IN_FACTS.types for value in type_.labels[INSTANCE_TYPE]]
    assert len(names) == len(set(names))
    assert all(type_.origin == BUILT_IN and type_.devices for type_ in BUILT_IN_FACTS.types)
