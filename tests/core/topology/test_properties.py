"""What holds of locations whatever drivers publish."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from extender.core.topology.locate import locate
from extender.core.topology.locations import Location, distance
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from extender.model import Attribute, AttributeKind, Device

SRIOV = "sriovnetwork.k8snetworkplumbingwg.io"

Published = tuple[str, Device]


def location(*devices: Published) -> tuple[Location, ...]:
    return locate(devices, DEFAULT_VOCABULARY)


TEXTS = st.sampled_from(
    ["", "0", "GPU-1", "pci0000:00", "pci0000:15", "0000:15:00.0", "0001:16:00.1", "15", "ATS"]
)
VALUES = st.one_of(
    TEXTS.map(lambda text: Attribute(AttributeKind.STRING, text)),
    st.integers(-1, 4).map(lambda number: Attribute(AttributeKind.INT, number)),
    st.booleans().map(lambda flag: Attribute(AttributeKind.BOOL, flag)),
    st.lists(st.integers(-1, 4), max_size=3).map(lambda items: Attribute(AttributeKind.INTS, tuple(items))),
    st.lists(TEXTS, max_size=3).map(lambda items: Attribute(AttributeKind.STRINGS, tuple(items))),
    st.just(Attribute(AttributeKind.UNKNOWN, None)),
)
DRIVERS = ["gpu.nvidia.com", "gpu.amd.com", "gpu.intel.com", "dra.net", SRIOV, "dra.cpu", "npu.example.com"]


@st.composite
def nodes(draw: st.DrawFn) -> list[Published]:
    devices = []
    for number in range(draw(st.integers(0, 6))):
        driver = draw(st.sampled_from(DRIVERS))
        words = DEFAULT_VOCABULARY.attributes(driver)
        names = [*words.root, *words.root_bus, *words.numa, *words.socket, *words.address]
        names += [*words.parent, *words.identity, "gpu.nvidia.com/addressingMode"]
        devices.append((driver, Device(f"d{number}", draw(st.dictionaries(st.sampled_from(names), VALUES)))))
    return devices


@given(nodes().flatmap(lambda devices: st.permutations(list(enumerate(devices)))))
def test_order_of_devices_changes_no_distance(shuffled):
    """Whatever is published, in whatever order, the devices are equally far apart."""
    locations = location(*[device for _, device in shuffled])
    ordered = location(*[device for _, device in sorted(shuffled, key=lambda entry: entry[0])])
    for i, (a, _) in enumerate(shuffled):
        for j, (b, _) in enumerate(shuffled):
            assert distance(locations[i], locations[j]) is distance(ordered[a], ordered[b])


@given(nodes())
def test_places_nest(devices):
    """A NUMA node is in one socket, and every number is given by first occurrence."""
    locations = location(*devices)
    sockets: dict[int, int] = {}
    for found in locations:
        if found.numa >= 0:
            assert sockets.setdefault(found.numa, found.socket) == found.socket
    for column in zip(*locations, strict=True):
        numbers = [number for number in column if isinstance(number, int) and number >= 0]
        assert list(dict.fromkeys(numbers)) == list(range(len(set(numbers))))
