"""What single devices say about their location."""

from __future__ import annotations

import pytest

from extender.core.topology.published import PublishedTopology, canonical_address, read_published
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from extender.model import Attribute, AttributeKind, Device

ROOT = "resource.kubernetes.io/pcieRoot"
BUS_ID = "resource.kubernetes.io/pciBusID"
NUMA = "resource.kubernetes.io/numaNode"
SRIOV = "sriovnetwork.k8snetworkplumbingwg.io"


def attribute(value: object) -> Attribute:
    if isinstance(value, tuple):
        kind = AttributeKind.INTS if all(isinstance(item, int) for item in value) else AttributeKind.STRINGS
        return Attribute(kind, value)
    if isinstance(value, bool):
        return Attribute(AttributeKind.BOOL, value)
    if isinstance(value, int):
        return Attribute(AttributeKind.INT, value)
    return Attribute(AttributeKind.STRING, str(value))


def said(driver: str, attributes: dict[str, object], name: str = "d") -> PublishedTopology:
    full = {key if "/" in key else f"{driver}/{key}": attribute(value) for key, value in attributes.items()}
    return read_published(DEFAULT_VOCABULARY.attributes(driver), driver, Device(name, full))


def test_negative_numa_is_unknown():
    """-1 is what the kernel says when it does not know, not a node (pitfall 1)."""
    assert said(SRIOV, {"dra.net/numaNode": -1}).numa == ()
    assert said("gpu.amd.com", {"numaNode": -1}).numa == ()


def test_negative_standard_numa_leaves_the_word_to_the_next_name():
    """Early SR-IOV drivers put -1 under the standard name (pitfall 18)."""
    assert said(SRIOV, {NUMA: -1, "dra.net/numaNode": 1}).numa == (1,)


def test_empty_root_is_unknown():
    """An empty root was published because detection failed (pitfall 2)."""
    published = said(SRIOV, {ROOT: ""})
    assert (published.root, published.reach) == ("", ())


@pytest.mark.parametrize("driver", ["gpu.nvidia.com", "gpu.intel.com", "npu.example.com"])
def test_absent_is_not_zero(driver):
    """A device that says nothing is nowhere, not on node 0 (pitfall 3)."""
    published = said(driver, {})
    assert (published.numa, published.socket, published.root, published.keys) == ((), -1, "", ())


def test_lists_and_scalars_mix():
    """One name holds a scalar here and a list there; the first node is the physical one (pitfall 4)."""
    assert said("dra.net", {NUMA: (6, 4, 5, 7)}).numa == (6, 4, 5, 7)
    assert said("dra.net", {NUMA: 6}).numa == (6,)
    assert said("gpu.nvidia.com", {ROOT: ("pci0000:15",)}).root == "pci0000:15"


def test_list_without_a_physical_node_says_nothing():
    """Where the first element is unknown, the rest does not tell where the device is."""
    assert said("dra.net", {NUMA: (-1, 0)}).numa == ()
    assert said("dra.net", {NUMA: (), "dra.net/numaNode": 1}).numa == (1,)


@pytest.mark.parametrize("value", [True, "none", "", "-1", "1.5"])
def test_numa_of_a_strange_type_says_nothing(value):
    """A bool is no node, nor is a text that is no number."""
    assert said("dra.net", {NUMA: value}).numa == ()


def test_numa_as_decimal_text():
    """One driver publishes its node as a string."""
    assert said("npu.example.com", {NUMA: "1"}).numa == (1,)


def test_cpu_roots_are_served_not_sat_on():
    """A CPU's roots, one or many, are its NUMA node in disguise (pitfall 5)."""
    for roots in (("pci0000:00", "pci0000:10"), ("pci0000:00",)):
        published = said("dra.cpu", {ROOT: roots, "numaNodeID": 0})
        assert (published.root, published.reach) == ("", roots)


def test_several_roots_are_served_whatever_the_driver():
    """No PCI device sits on two roots."""
    assert said("cpu.example.com", {ROOT: ("pci0000:01", "pci0000:02")}).root == ""


def test_aliases_in_order_of_trust():
    """The standard name wins over the older spellings."""
    published = said("dra.cpu", {"numaNode": 3, "dra.net/numaNode": 2, "numaNodeID": 1, NUMA: 0})
    assert published.numa == (0,)
    assert said("dra.cpu", {"dra.net/numaNode": 2, "numaNodeID": 1}).numa == (1,)
    assert said("gpu.nvidia.com", {"numa": 1}).numa == (1,)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0000:4e:00.0", "0000:4e:00.0"),
        ("0000:4E:00.0", "0000:4e:00.0"),
        ("00000000:1B:00.0", "0000:1b:00.0"),
        ("000A:00:00.0", "000a:00:00.0"),
        ("10000:01:00.0", "10000:01:00.0"),
        ("0", ""),
        ("", ""),
        ("pci0000:00", ""),
        ("0000:4e:00.9", ""),
    ],
)
def test_addresses_have_one_spelling(text, address):
    """NVML, sysfs and VMD spell addresses differently (pitfall 16)."""
    assert canonical_address(text) == address


@pytest.mark.parametrize(
    ("driver", "attributes", "name"),
    [
        ("gpu.nvidia.com", {BUS_ID: "0000:c8:00.0"}, "gpu-0"),
        ("gpu.nvidia.com", {"pcieBusID": "00000000:C8:00.0"}, "gpu-0"),
        ("gpu.amd.com", {"pciAddr": "0000:c8:00.0"}, "gpu-0-128"),
        ("gpu.intel.com", {"pciAddress": "0000:c8:00.0"}, "gpu"),
        ("gaudi.intel.com", {}, "0000-c8-00-0-0x1020"),
        ("qat.intel.com", {}, "0000-c8-00-0"),
        ("dra.net", {"dra.net/pciAddress": "0000:c8:00.0"}, "net0"),
        ("dra.net", {}, "pci-0000-c8-00-0"),
        (
            "dra.net",
            {
                "pciAddressDomain": "0000",
                "pciAddressBus": "c8",
                "pciAddressDevice": "00",
                "pciAddressFunction": "0",
            },
            "gpu7rdma0",
        ),
        (SRIOV, {"pciAddress": "0000:c8:00.0"}, "vf"),
        (SRIOV, {"k8s.cni.cncf.io/deviceID": "0000:c8:00.0"}, "vf"),
        ("npu.example.com", {BUS_ID: "0000:c8:00.0"}, "npu0"),
    ],
)
def test_address_wherever_the_driver_puts_it(driver, attributes, name):
    """Drivers name the PCI address in a dozen ways, some only in the device's name."""
    assert said(driver, attributes, name).keys == ("0000:c8:00.0",)


def test_device_names_of_other_drivers_hold_no_address():
    """Only where the driver is known to name devices by address is the name read."""
    assert said("gpu.nvidia.com", {}, "0000-c8-00-0").keys == ()


def test_bus_digits_are_widened_by_a_known_domain():
    """Intel's older root is a bus number that collides between domains."""
    assert said("gpu.intel.com", {"pciRoot": "01", "pciAddress": "0002:03:00.0"}).root == "pci0002:01"
    assert said("gaudi.intel.com", {"pciRoot": "B0"}, "0000-b1-00-0-0x1020").root == "pci0000:b0"
    assert said("gpu.intel.com", {"pciRoot": "01"}).root == ""
    assert said("gpu.intel.com", {"pciRoot": "root", "pciAddress": "0002:03:00.0"}).root == ""


def test_bus_digits_stand_in_for_an_empty_root_only():
    """The standard root is trusted first; empty, it leaves the word to the older name."""
    bus: dict[str, object] = {"pciRoot": "01", "pciAddress": "0000:03:00.0"}
    assert said("gpu.intel.com", {ROOT: "pci0000:00", **bus}).root == "pci0000:00"
    assert said("gpu.intel.com", {ROOT: "", **bus}).root == "pci0000:01"


def test_socket_is_read_where_it_is_published():
    """CPUs grouped by socket have a socket and no NUMA node (pitfall 12)."""
    published = said("dra.cpu", {"socketID": 1})
    assert (published.socket, published.numa) == (1, ())
    assert said("dra.cpu", {"socketID": -2}).socket == -1
    assert said("disk.example.com", {"resource.kubernetes.io/cpuSocketID": 0}).socket == 0
